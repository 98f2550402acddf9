//! Settings, by numbered keys: a new setting is a new number, not a new symbol or struct.

use super::handle::{self, Object, Table, Tables};
use super::panic;
use super::pointers;
use super::status::fbchat_status;
use crate::client::{ClientConfig, Level, LogSettings, QUEUE_LIMITS};
use crate::options::{
    BATCHES, NetworkOptions, Pin, Proxy, Roots, SessionOptions, TIMEOUTS_MS, check_range,
    check_user_agent,
};
use crate::status::{Problem, Status};
use crate::types::OwnPresence;
use std::ffi::{CString, c_char, c_void};
use std::path::Path;
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
/// String: the proxy that leads to the server, as `KIND://HOST:PORT` or `KIND://USER:PASSWORD@HOST:PORT`. Default "", none.
///
/// KIND is http (a tunnel by CONNECT for https servers; plain requests for http servers), socks4, socks4a, socks5 or
/// socks5h. With http, socks4a and socks5h the server's name is looked up by the proxy only: use socks5h for Tor. SOCKS 4
/// has no passwords. "environment" takes what http_proxy, https_proxy, all_proxy and no_proxy say while
/// fbchat_config_set_str runs; without it, the environment is never read. Behind a proxy an http server counts as on
/// another machine, whatever its name (FBCHAT_CONFIG_ALLOW_INSECURE).
pub const FBCHAT_CONFIG_PROXY: fbchat_config_key = 4;
/// String: a PEM file of certificates to trust besides the system's, read while fbchat_config_set_str runs. Default "",
/// none.
pub const FBCHAT_CONFIG_CA_FILE: fbchat_config_key = 5;
/// String: the SHA-256 of the one certificate (DER) to trust, in hexadecimal (colons allowed) or base64. Default "", none.
///
/// The server must show exactly this one; its issuer, names and dates don't count then, and no other certificate is
/// trusted. FBCHAT_FIELD_CERTIFICATE_SHA256 gives what to set here. Only with the feature "pin" (fbchat_has_feature).
pub const FBCHAT_CONFIG_PIN_SHA256: fbchat_config_key = 6;
/// Integer, 1000 to 120000: milliseconds until a connection to the server must be up, proxy and TLS included. Default 15000.
pub const FBCHAT_CONFIG_CONNECT_TIMEOUT_MS: fbchat_config_key = 7;
/// Integer, 1000 to 120000: milliseconds until an answer must be there, connecting included. The held long-poll has a
/// limit of its own. Default 30000.
pub const FBCHAT_CONFIG_REQUEST_TIMEOUT_MS: fbchat_config_key = 8;
/// String: what the server is told as User-Agent, 1 to 256 ASCII characters; "" = the default, "Mozilla/5.0 (compatible;
/// fbchat/VERSION)". Servers of 2008 want something that looks like a browser.
pub const FBCHAT_CONFIG_USER_AGENT: fbchat_config_key = 9;
/// Integer, 0 or 1: come in as active (1), which is the ACTIVE flag of the long-poll, or as idle (0). Later changes are
/// fbchat_session_set_presence's. Default 1.
pub const FBCHAT_CONFIG_ACTIVE: fbchat_config_key = 10;
/// Integer, 1 to 1000: greatest number of messages and notices that the server may put into one answer. Less memory at
/// once, more requests. Default: as many as the server offers.
pub const FBCHAT_CONFIG_BATCH: fbchat_config_key = 11;

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
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe {
            pointers::clear(config, std::ptr::null_mut(), "configuration")?;
            pointers::fill(config, handle::insert(Config::default()));
        }
        Ok(Status::Ok)
    })
}

/// Sets a setting that takes a string.
///
/// @param config  the configuration
/// @param key     a setting that takes a string: FBCHAT_CONFIG_SERVER, _PROXY, _CA_FILE, _PIN_SHA256, _USER_AGENT
/// @param value   UTF-8; see the key
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_KEY for a key that is unknown or takes no string; FBCHAT_ERR_UTF8;
///         FBCHAT_ERR_ARGUMENT for a value that makes no sense (fbchat_last_error names the key), or a configuration that
///         was freed; FBCHAT_ERR_FORKED
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
    panic::status(|| {
        let config = handle::find::<Config>(config)?;
        let name = string_name(key)?;
        // SAFETY: the header asks for NULL or a C string.
        let value = unsafe { pointers::read(value, "value") }?;
        let mut settings = lock(&config);
        let session = &mut settings.session;
        set_string(session, key, value).map_err(|problem| match key {
            // Hosts show what is wrong with an address to their users, whom keys tell nothing.
            FBCHAT_CONFIG_SERVER => problem,
            _ => Problem {
                text: format!("{name}: {}", problem.text),
                ..problem
            },
        })?;
        Ok(Status::Ok)
    })
}

/// Sets a setting that takes an integer.
///
/// @param config  the configuration
/// @param key     a setting that takes an integer: FBCHAT_CONFIG_ALLOW_INSECURE, _QUEUE_LIMIT, _CONNECT_TIMEOUT_MS,
///                _REQUEST_TIMEOUT_MS, _ACTIVE, _BATCH
/// @param value   see the key
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_KEY for a key that is unknown or takes no integer;
///         FBCHAT_ERR_ARGUMENT for a value out of range (fbchat_last_error names key and range), or a configuration that
///         was freed; FBCHAT_ERR_FORKED
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
    panic::status(|| {
        let config = handle::find::<Config>(config)?;
        let mut settings = lock(&config);
        let flag = |name: &str| pointers::flag(value, &format!("{name} must be 0 or 1"));
        let session = &mut settings.session;
        match key {
            FBCHAT_CONFIG_ALLOW_INSECURE => {
                session.allow_insecure = flag("FBCHAT_CONFIG_ALLOW_INSECURE")?;
            }
            FBCHAT_CONFIG_QUEUE_LIMIT => {
                let range = &QUEUE_LIMITS;
                settings.queue_limit = check_range("FBCHAT_CONFIG_QUEUE_LIMIT", value, range)?;
            }
            FBCHAT_CONFIG_CONNECT_TIMEOUT_MS => {
                let name = "FBCHAT_CONFIG_CONNECT_TIMEOUT_MS";
                session.network.connect_timeout_ms = check_range(name, value, &TIMEOUTS_MS)?;
            }
            FBCHAT_CONFIG_REQUEST_TIMEOUT_MS => {
                let name = "FBCHAT_CONFIG_REQUEST_TIMEOUT_MS";
                session.request_timeout_ms = check_range(name, value, &TIMEOUTS_MS)?;
            }
            FBCHAT_CONFIG_ACTIVE => {
                session.presence = match flag("FBCHAT_CONFIG_ACTIVE")? {
                    true => OwnPresence::Active,
                    false => OwnPresence::Idle,
                };
            }
            FBCHAT_CONFIG_BATCH => {
                session.batch = Some(check_range("FBCHAT_CONFIG_BATCH", value, &BATCHES)?);
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
    panic::status(|| {
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
    panic::value((), || {
        if !config.is_null() {
            handle::remove::<Config>(config)?;
        }
        Ok(())
    });
}

/// The name of a key that takes a string.
fn string_name(key: fbchat_config_key) -> Result<&'static str, Problem> {
    Ok(match key {
        FBCHAT_CONFIG_SERVER => "FBCHAT_CONFIG_SERVER",
        FBCHAT_CONFIG_PROXY => "FBCHAT_CONFIG_PROXY",
        FBCHAT_CONFIG_CA_FILE => "FBCHAT_CONFIG_CA_FILE",
        FBCHAT_CONFIG_PIN_SHA256 => "FBCHAT_CONFIG_PIN_SHA256",
        FBCHAT_CONFIG_USER_AGENT => "FBCHAT_CONFIG_USER_AGENT",
        _ => return Err(no_such_key(key, "a string")),
    })
}

fn set_string(
    session: &mut SessionOptions,
    key: fbchat_config_key,
    value: &str,
) -> Result<(), Problem> {
    let network = &mut session.network;
    match key {
        FBCHAT_CONFIG_SERVER => {
            SessionOptions::check_server(value)?;
            session.server = value.to_owned();
        }
        FBCHAT_CONFIG_PROXY => network.proxy = Proxy::parse(value)?,
        FBCHAT_CONFIG_CA_FILE if value.is_empty() => network.roots = Roots::default(),
        FBCHAT_CONFIG_CA_FILE => network.roots = Roots::read(Path::new(value))?,
        FBCHAT_CONFIG_PIN_SHA256 if value.is_empty() => network.pin = None,
        FBCHAT_CONFIG_PIN_SHA256 => network.pin = Some(Pin::parse(value)?),
        FBCHAT_CONFIG_USER_AGENT if value.is_empty() => {
            network.user_agent = NetworkOptions::default().user_agent;
        }
        _ => {
            check_user_agent(value)?;
            network.user_agent = value.to_owned();
        }
    }
    Ok(())
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
