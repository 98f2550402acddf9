//! A configuration says where the server is and how to reach it. Clients and sessions copy what they need from it.

use super::handle::{self, Object, Table, Tables};
use super::panic;
use super::pointers;
use super::types::{fbchat_config, fbchat_config_key, fbchat_log_fn, fbchat_status};
use crate::client::{ClientConfig, Level, LogSettings, QUEUE_LIMITS};
use crate::options::{
    BATCHES, NetworkOptions, Pin, Proxy, Roots, SessionOptions, TIMEOUTS_MS, check_range,
    check_user_agent,
};
use crate::status::{Problem, Status};
use crate::types::{OwnPresence, Secret};
use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

c_enum! {
    /// Settings. The type says what sets them: str fbchat_config_set_str, int fbchat_config_set_int. For strings, "" restores the
    /// default.
    pub enum ConfigKey as fbchat_config_keys {
        /// str: the server's address, like "https://chat.example.org". Default "http://127.0.0.1:8080"; "" is refused.
        Server = 1 => FBCHAT_CONFIG_SERVER,
        /// int: 1 = allow plain HTTP to another machine, which exposes the password. Default 0.
        AllowInsecure = 2 => FBCHAT_CONFIG_ALLOW_INSECURE,
        /// int, 100 to 1000000: how many events may wait before sessions are slowed down. Read by fbchat_client_new only.
        /// Default 10000.
        QueueLimit = 3 => FBCHAT_CONFIG_QUEUE_LIMIT,
        /// str: the proxy, as `KIND://HOST:PORT`, with `USER:PASSWORD` and `@` before HOST if it wants a login. Default: none.
        ///
        /// KIND is http (CONNECT for https servers, plain requests for http servers), socks4, socks4a, socks5 or socks5h. With
        /// http, socks4a and socks5h only the proxy looks up the server's name: use socks5h for Tor. SOCKS 4 has no passwords.
        /// "environment" takes what http_proxy, https_proxy, all_proxy and no_proxy say during fbchat_config_set_str; otherwise
        /// the environment is never read. Behind a proxy, every http server counts as on another machine
        /// (FBCHAT_CONFIG_ALLOW_INSECURE).
        Proxy = 4 => FBCHAT_CONFIG_PROXY,
        /// str: a PEM file of certificates to trust besides the system's, read during fbchat_config_set_str. Default: none.
        CaFile = 5 => FBCHAT_CONFIG_CA_FILE,
        /// str: the SHA-256 of the only certificate (DER) to trust, in hexadecimal (colons allowed) or base64. Default: none.
        ///
        /// The server must present exactly this one; its issuer, names and dates are ignored, and no other certificate is
        /// trusted. FBCHAT_FIELD_CERTIFICATE_SHA256 gives the value to set. Only with the feature "pin" (fbchat_has_feature).
        PinSha256 = 6 => FBCHAT_CONFIG_PIN_SHA256,
        /// int, 1000 to 120000: the time limit for connecting to the server, in milliseconds, including proxy and TLS. Default
        /// 15000.
        ConnectTimeoutMs = 7 => FBCHAT_CONFIG_CONNECT_TIMEOUT_MS,
        /// int, 1000 to 120000: the time limit for an answer, in milliseconds, including connecting. The long-poll has a limit
        /// of its own. Default 30000.
        RequestTimeoutMs = 8 => FBCHAT_CONFIG_REQUEST_TIMEOUT_MS,
        /// str: the User-Agent, 1 to 256 ASCII characters. Servers of 2008 want one that looks like a browser. Default
        /// "Mozilla/5.0 (compatible; fbchat/VERSION)".
        UserAgent = 9 => FBCHAT_CONFIG_USER_AGENT,
        /// int: after login, appear as active (1), which is the ACTIVE flag of the long-poll, or as idle (0); later
        /// fbchat_session_set_presence changes it. Default 1.
        Active = 10 => FBCHAT_CONFIG_ACTIVE,
        /// int, 1 to 1000: the greatest number of messages and notices in one answer of the server. A small number takes less
        /// memory and more requests. Default: as many as the server offers.
        Batch = 11 => FBCHAT_CONFIG_BATCH,
        /// str: FBCHAT_FIELD_SAVED_SESSION or FBCHAT_FIELD_UNSENT of an earlier session of the same user, for
        /// fbchat_session_login: messages in it that were not sent are sent after the login. fbchat_session_resume does so
        /// without this setting. Default: none.
        SavedSession = 12 => FBCHAT_CONFIG_SAVED_SESSION,
    }
}

c_enum! {
    /// The levels of the log.
    pub enum LogLevel as fbchat_log_levels {
        /// Something is broken.
        Error = Level::Error as i32 => FBCHAT_LOG_ERROR,
        /// Something failed and is tried again.
        Warn = Level::Warn as i32 => FBCHAT_LOG_WARN,
        /// Milestones of a session.
        Info = Level::Info as i32 => FBCHAT_LOG_INFO,
        /// Every exchange with a server.
        Debug = Level::Debug as i32 => FBCHAT_LOG_DEBUG,
        /// Everything.
        Trace = Level::Trace as i32 => FBCHAT_LOG_TRACE,
    }
}

/// Behind a lock, so that a program that shares one between threads, against the rules, breaks nothing.
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
/// @param config  out: the configuration; free it with fbchat_config_free
/// @return FBCHAT_OK
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

/// Sets a setting of type str.
///
/// @param config  the configuration
/// @param key     FBCHAT_CONFIG_SERVER, _PROXY, _CA_FILE, _PIN_SHA256, _USER_AGENT or _SAVED_SESSION
/// @param value   the value, see the key
/// @return FBCHAT_OK; FBCHAT_ERR_KEY for another key; FBCHAT_ERR_ARGUMENT for a value that is not allowed (fbchat_last_error
///         says why, in a sentence for people), or for a configuration that was freed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_config_set_str(
    config: *mut fbchat_config,
    key: fbchat_config_key,
    value: *const c_char,
) -> fbchat_status {
    panic::status(|| {
        let config = handle::find::<Config>(config)?;
        let key = string_key(key)?;
        // SAFETY: the header asks for NULL or a C string.
        let value = unsafe { pointers::read(value, "value") }?;
        let mut settings = lock(&config);
        // Programs show these sentences to their users, who do not know keys.
        set_string(&mut settings.session, key, value)?;
        Ok(Status::Ok)
    })
}

/// Sets a setting of type int.
///
/// @param config  the configuration
/// @param key     FBCHAT_CONFIG_ALLOW_INSECURE, _QUEUE_LIMIT, _CONNECT_TIMEOUT_MS, _REQUEST_TIMEOUT_MS, _ACTIVE or _BATCH
/// @param value   the value, see the key
/// @return FBCHAT_OK; FBCHAT_ERR_KEY for another key; FBCHAT_ERR_ARGUMENT for a value out of range (fbchat_last_error names
///         the range), or for a configuration that was freed
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_config_set_int(
    config: *mut fbchat_config,
    key: fbchat_config_key,
    value: i64,
) -> fbchat_status {
    panic::status(|| {
        let config = handle::find::<Config>(config)?;
        let mut settings = lock(&config);
        let known = ConfigKey::from_code(key).ok_or_else(|| no_such_key(key, "an integer"))?;
        let name = known.subject();
        let flag = || pointers::flag(value, &format!("{name} must be 0 or 1"));
        let session = &mut settings.session;
        match known {
            ConfigKey::AllowInsecure => session.allow_insecure = flag()?,
            ConfigKey::QueueLimit => {
                settings.queue_limit = check_range(name, value, &QUEUE_LIMITS)?;
            }
            ConfigKey::ConnectTimeoutMs => {
                session.network.connect_timeout_ms = check_range(name, value, &TIMEOUTS_MS)?;
            }
            ConfigKey::RequestTimeoutMs => {
                session.request_timeout_ms = check_range(name, value, &TIMEOUTS_MS)?;
            }
            ConfigKey::Active => {
                session.presence = match flag()? {
                    true => OwnPresence::Active,
                    false => OwnPresence::Idle,
                };
            }
            ConfigKey::Batch => session.batch = Some(check_range(name, value, &BATCHES)?),
            ConfigKey::Server
            | ConfigKey::Proxy
            | ConfigKey::CaFile
            | ConfigKey::PinSha256
            | ConfigKey::UserAgent
            | ConfigKey::SavedSession => return Err(no_such_key(key, "an integer")),
        }
        Ok(Status::Ok)
    })
}

/// Sets the callback for the log lines of a client; read by fbchat_client_new only.
///
/// No line contains a message, an address, a cookie or a password.
///
/// @param config    the configuration
/// @param level     the least important of the fbchat_log_levels that is wanted
/// @param callback  takes each line, on the thread that polls; NULL = no log
/// @param user      passed to each call of callback; it stays the program's and must be valid as long as the client
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for an unknown level, or for a configuration that was freed
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_config_set_log(
    config: *mut fbchat_config,
    level: i32,
    callback: fbchat_log_fn,
    user: *mut c_void,
) -> fbchat_status {
    panic::status(|| {
        let config = handle::find::<Config>(config)?;
        let level = match LogLevel::from_code(level) {
            Some(LogLevel::Error) => Level::Error,
            Some(LogLevel::Warn) => Level::Warn,
            Some(LogLevel::Info) => Level::Info,
            Some(LogLevel::Debug) => Level::Debug,
            Some(LogLevel::Trace) => Level::Trace,
            None => {
                let text = format!("There is no log level {level}");
                return Err(Problem::new(Status::Argument, text));
            }
        };
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

/// Frees a configuration; clients and sessions keep their own copies.
///
/// @param config  the configuration, freed; NULL and a configuration that was freed before are ignored
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_config_free(config: *mut fbchat_config) {
    panic::value((), || {
        if !config.is_null() {
            handle::remove::<Config>(config)?;
        }
        Ok(())
    });
}

/// The key of a setting that takes a string.
fn string_key(key: fbchat_config_key) -> Result<ConfigKey, Problem> {
    match ConfigKey::from_code(key) {
        Some(
            known @ (ConfigKey::Server
            | ConfigKey::Proxy
            | ConfigKey::CaFile
            | ConfigKey::PinSha256
            | ConfigKey::UserAgent
            | ConfigKey::SavedSession),
        ) => Ok(known),
        _ => Err(no_such_key(key, "a string")),
    }
}

fn set_string(session: &mut SessionOptions, key: ConfigKey, value: &str) -> Result<(), Problem> {
    let network = &mut session.network;
    match key {
        ConfigKey::Server => {
            SessionOptions::check_server(value)?;
            session.server = value.to_owned();
        }
        ConfigKey::Proxy => network.proxy = Proxy::parse(value)?,
        ConfigKey::CaFile if value.is_empty() => network.roots = Roots::default(),
        ConfigKey::CaFile => network.roots = Roots::read(Path::new(value))?,
        ConfigKey::PinSha256 if value.is_empty() => network.pin = None,
        ConfigKey::PinSha256 => network.pin = Some(Pin::parse(value)?),
        ConfigKey::SavedSession if value.is_empty() => session.saved = None,
        ConfigKey::SavedSession => {
            SessionOptions::check_saved(value)?;
            session.saved = Some(Secret::new(value.to_owned()));
        }
        ConfigKey::UserAgent if value.is_empty() => {
            network.user_agent = NetworkOptions::default().user_agent;
        }
        // `string_key` lets nothing else through.
        _ => {
            check_user_agent(value)?;
            network.user_agent = value.to_owned();
        }
    }
    Ok(())
}

impl ConfigKey {
    /// What an integer is, at the beginning of a sentence for people, who do not know keys.
    fn subject(self) -> &'static str {
        match self {
            ConfigKey::AllowInsecure => "The permission for plain HTTP",
            ConfigKey::QueueLimit => "The limit of waiting events",
            ConfigKey::ConnectTimeoutMs => "The connect timeout in milliseconds",
            ConfigKey::RequestTimeoutMs => "The request timeout in milliseconds",
            ConfigKey::Active => "The active state",
            ConfigKey::Batch => "The batch size",
            _ => "This setting",
        }
    }
}

fn no_such_key(key: fbchat_config_key, kind: &str) -> Problem {
    let text = format!("No setting with the number {key} takes {kind}");
    Problem::new(Status::Key, text)
}

/// The program's log callback with its pointer.
struct Host {
    callback: unsafe extern "C" fn(*mut c_void, i32, *const c_char),
    user: *mut c_void,
}

// SAFETY: the header says that the callback runs on any thread that polls, so `user` must be usable there.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    fn take(&self, level: Level, line: &str) {
        let line = CString::new(line.replace('\0', "\u{FFFD}")).unwrap_or_default();
        // SAFETY: the program gave a function of this type; the line lives until it returns.
        unsafe { (self.callback)(self.user, level as i32, line.as_ptr()) }
    }
}
