//! Settings, by numbered keys: a new setting is a new number, not a new symbol or struct.

use super::guard;
use super::handle::{self, Object, Table, Tables};
use super::library::fbchat_status;
use super::text;
use crate::client::{ClientConfig, Level, LogSettings, QUEUE_LIMITS, SessionOptions};
use crate::status::{Problem, Status};
use std::ffi::{CString, c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Settings for clients and sessions; made by fbchat_config_new, freed by fbchat_config_free.
pub struct fbchat_config {
    _opaque: [u8; 0],
}

/// Names a setting.
pub type fbchat_config_key = i32;

/// String: the server's address, like "https://chat.example.org". Default "http://127.0.0.1:8080".
pub const FBCHAT_CONFIG_SERVER: fbchat_config_key = 1;
/// Integer, 0 or 1: allow plain HTTP to another machine, where a password travels readable. Default 0.
pub const FBCHAT_CONFIG_ALLOW_INSECURE: fbchat_config_key = 2;
/// Integer, 100 to 1000000, read by fbchat_client_new only: how many events may wait before sessions are slowed down.
/// Default 10000.
pub const FBCHAT_CONFIG_QUEUE_LIMIT: fbchat_config_key = 3;

/// Log level: something is broken.
pub const FBCHAT_LOG_ERROR: i32 = 1;
/// Log level: something failed and is tried again.
pub const FBCHAT_LOG_WARN: i32 = 2;
/// Log level: milestones of a session.
pub const FBCHAT_LOG_INFO: i32 = 3;
/// Log level: every exchange with a server.
pub const FBCHAT_LOG_DEBUG: i32 = 4;
/// Log level: everything.
pub const FBCHAT_LOG_TRACE: i32 = 5;

/// Takes a log line: the pointer given with it, a FBCHAT_LOG_ level, and the line (UTF-8, valid during the call only).
///
/// Called only inside fbchat_client_poll, on the thread that polls. It may call the library, but must not throw.
pub type fbchat_log_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, level: i32, line: *const c_char)>;

/// Locked, so that even a host that shares one between threads against the rules breaks nothing.
pub(super) type Config = Mutex<ClientConfig>;

impl Object for Config {
    type Opaque = fbchat_config;
    const NAME: &'static str = "configuration";
    const DEAD: Status = Status::Argument;

    fn table(tables: &Tables) -> &Table<Self> {
        &tables.configs
    }
}

/// The settings behind a handle, or the defaults for NULL.
pub(super) fn settings(config: *const fbchat_config) -> Result<Option<ClientConfig>, Problem> {
    if config.is_null() {
        return Ok(None);
    }
    Ok(Some(lock(&*handle::find::<Config>(config)?).clone()))
}

fn lock(config: &Config) -> MutexGuard<'_, ClientConfig> {
    config.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a configuration with all defaults.
///
/// @param config  out: the configuration
/// @return FBCHAT_OK; FBCHAT_ERR_NULL
///
/// Ownership: the caller's; free it with fbchat_config_free.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_config_new(config: *mut *mut fbchat_config) -> fbchat_status {
    guard::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe {
            text::clear(config, std::ptr::null_mut(), "configuration")?;
            text::fill(config, handle::insert(Config::default()));
        }
        Ok(Status::Ok)
    })
}

/// Sets a setting that takes a string.
///
/// @param config  the configuration
/// @param key     FBCHAT_CONFIG_SERVER
/// @param value   UTF-8
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_KEY for a key that is unknown or takes no string; FBCHAT_ERR_UTF8;
///         FBCHAT_ERR_ARGUMENT for a value that makes no sense, or a configuration that was freed; FBCHAT_ERR_FORKED
///
/// Ownership: value is copied.
/// Threads: one at a time for one configuration.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_config_set_str(
    config: *mut fbchat_config,
    key: fbchat_config_key,
    value: *const c_char,
) -> fbchat_status {
    guard::status(|| {
        let config = handle::find::<Config>(config)?;
        if key != FBCHAT_CONFIG_SERVER {
            return Err(no_such_key(key, "a string"));
        }
        // SAFETY: the header asks for NULL or a C string.
        let server = unsafe { text::read(value, "value") }?;
        SessionOptions::check_server(server)?;
        lock(&config).session.server = server.to_owned();
        Ok(Status::Ok)
    })
}

/// Sets a setting that takes an integer.
///
/// @param config  the configuration
/// @param key     FBCHAT_CONFIG_ALLOW_INSECURE or FBCHAT_CONFIG_QUEUE_LIMIT
/// @param value   see the key
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_KEY for a key that is unknown or takes no integer;
///         FBCHAT_ERR_ARGUMENT for a value out of range, or a configuration that was freed; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: one at a time for one configuration.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_config_set_int(
    config: *mut fbchat_config,
    key: fbchat_config_key,
    value: i64,
) -> fbchat_status {
    guard::status(|| {
        let config = handle::find::<Config>(config)?;
        let mut settings = lock(&config);
        match key {
            FBCHAT_CONFIG_ALLOW_INSECURE => {
                let range = "FBCHAT_CONFIG_ALLOW_INSECURE must be 0 or 1";
                settings.session.allow_insecure = text::flag(value, range)?;
            }
            FBCHAT_CONFIG_QUEUE_LIMIT => {
                let limit = usize::try_from(value)
                    .ok()
                    .filter(|limit| QUEUE_LIMITS.contains(limit));
                settings.queue_limit = limit.ok_or_else(|| {
                    let (least, most) = (QUEUE_LIMITS.start(), QUEUE_LIMITS.end());
                    let text = format!(
                        "FBCHAT_CONFIG_QUEUE_LIMIT must be from {least} to {most}, not {value}"
                    );
                    Problem::new(Status::Argument, text)
                })?;
            }
            _ => return Err(no_such_key(key, "an integer")),
        }
        Ok(Status::Ok)
    })
}

/// Sets who takes the log lines of a client; read by fbchat_client_new only.
///
/// No line holds a message, an address, a cookie or a password.
///
/// @param config    the configuration
/// @param level     the least important FBCHAT_LOG_ level still wanted
/// @param callback  takes each line; NULL = no log
/// @param user      given to each call of callback; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for a level that does not exist, or a configuration that was
///         freed; FBCHAT_ERR_FORKED
///
/// Ownership: user stays the host's and must be valid as long as the client is.
/// Threads: one at a time for one configuration. The callback runs on whichever thread polls.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_config_set_log(
    config: *mut fbchat_config,
    level: i32,
    callback: fbchat_log_fn,
    user: *mut c_void,
) -> fbchat_status {
    guard::status(|| {
        let config = handle::find::<Config>(config)?;
        let levels = [
            Level::Error,
            Level::Warn,
            Level::Info,
            Level::Debug,
            Level::Trace,
        ];
        let known = levels.into_iter().find(|known| *known as i32 == level);
        let level = known.ok_or_else(|| {
            Problem::new(Status::Argument, format!("There is no log level {level}"))
        })?;
        lock(&config).log = callback.map(|callback| {
            let host = Host { callback, user };
            LogSettings {
                level,
                sink: Arc::new(move |level, line| host.take(level, line)),
            }
        });
        Ok(Status::Ok)
    })
}

/// Frees a configuration; clients and sessions made from it keep their own copies.
///
/// @param config  the configuration; NULL and one freed already are harmless
///
/// Ownership: taken.
/// Threads: when no other thread uses it.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_config_free(config: *mut fbchat_config) {
    guard::value((), || {
        if !config.is_null() {
            handle::remove::<Config>(config)?;
        }
        Ok(())
    });
}

fn no_such_key(key: fbchat_config_key, kind: &str) -> Problem {
    let text = format!("No setting with the number {key} takes {kind}");
    Problem::new(Status::Key, text)
}

/// The host's log callback with its pointer.
struct Host {
    callback: unsafe extern "C" fn(*mut c_void, i32, *const c_char),
    user: *mut c_void,
}

// SAFETY: the header says that the callback runs on any thread that polls, and that `user` must stand that.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    fn take(&self, level: Level, line: &str) {
        let line = CString::new(line.replace('\0', "\u{FFFD}")).unwrap_or_default();
        // SAFETY: the host gave a function of this type; the line lives until it returns.
        unsafe { (self.callback)(self.user, level as i32, line.as_ptr()) }
    }
}
