//! Settings. Later ones win: defaults, the file, the environment, flags.

mod loading;
mod rules;
#[cfg(test)]
mod tests;
mod values;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use loading::EXAMPLE;
pub use values::{Level, LogFormat, Network, Registration, Secret};

/// Certificate and key for TLS.
#[derive(Clone, Debug)]
pub struct Tls<'a> {
    /// The certificate and its chain (PEM).
    pub cert: &'a Path,
    /// Its private key (PEM).
    pub key: &'a Path,
    /// Names under which clients may ask for the server, as far as the settings say.
    pub names: Vec<String>,
    /// The domain of XMPP addresses, for which clients of XMPP want a certificate.
    pub xmpp_domain: Option<&'a str>,
}

/// All settings. What they mean is in the example file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub listen: SocketAddr,
    pub tls_listen: Option<SocketAddr>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub xmpp_domain: Option<String>,
    pub xmpp_listen: Option<SocketAddr>,
    pub hosts: Vec<String>,
    pub hsts_s: u32,
    pub trusted_proxies: Vec<Network>,
    pub metrics_listen: Option<SocketAddr>,
    pub log: Level,
    pub log_format: LogFormat,
    pub connections_per_address: usize,
    pub data: Option<PathBuf>,
    pub store: Option<Secret>,
    pub store_ca: Option<PathBuf>,
    pub store_password_file: Option<PathBuf>,
    pub files_dir: Option<PathBuf>,
    pub base_domain: Option<String>,
    pub channel_host_pattern: Option<String>,
    pub message_limit: usize,
    pub messages_per_s: u32,
    pub message_burst: u32,
    pub message_quota_mib: u32,
    pub file_limit_mib: u32,
    pub files_per_day_mib: u32,
    pub files_total_mib: u32,
    pub file_days: u16,
    pub offline_after_s: u64,
    pub idle_after_s: u64,
    pub hold_s: u64,
    pub offline_messages: bool,
    pub session_days: u16,
    pub registration: Registration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls_listen: None,
            tls_cert: None,
            tls_key: None,
            xmpp_domain: None,
            xmpp_listen: None,
            hosts: Vec::new(),
            hsts_s: 0,
            trusted_proxies: Vec::new(),
            metrics_listen: None,
            log: Level::Info,
            log_format: LogFormat::Text,
            connections_per_address: 256,
            data: None,
            store: None,
            store_ca: None,
            store_password_file: None,
            files_dir: None,
            base_domain: None,
            channel_host_pattern: None,
            message_limit: 20_000,
            messages_per_s: 20,
            message_burst: 5_000,
            message_quota_mib: 1024,
            file_limit_mib: 25,
            files_per_day_mib: 100,
            files_total_mib: 2048,
            file_days: 0,
            offline_after_s: 90,
            idle_after_s: 300,
            hold_s: 55,
            offline_messages: true,
            session_days: 30,
            registration: Registration::Closed,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("Cannot read {}: {why}.", file.display())]
    Read { file: PathBuf, why: std::io::Error },
    #[error("{} is not valid: {why}", file.display())]
    Parse {
        file: PathBuf,
        why: Box<toml::de::Error>,
    },
    #[error("The environment variable {name} is not valid: {why}")]
    Variable {
        name: String,
        why: Box<toml::de::Error>,
    },
    #[error("The setting {0} must be {1}.")]
    Value(&'static str, &'static str),
    #[error("There is no home directory for the data. Choose a directory with --data.")]
    NoHome,
}

impl Config {
    /// The settings of TLS, if it is configured.
    pub fn tls(&self) -> Option<Tls<'_>> {
        Some(Tls {
            cert: self.tls_cert.as_deref()?,
            key: self.tls_key.as_deref()?,
            names: match &self.base_domain {
                Some(base) => vec![base.clone(), format!("www.{base}"), format!("login.{base}")],
                None => Vec::new(),
            },
            xmpp_domain: self.xmpp_domain.as_deref(),
        })
    }

    /// The host of the channel with this label, if there is one for it.
    pub fn channel_host(&self, label: &str) -> Option<String> {
        let (pattern, base) = (
            self.channel_host_pattern.as_ref()?,
            self.base_domain.as_ref()?,
        );
        Some(pattern.replace("{channel}", label).replace("{base}", base))
    }

    /// The most bytes that the messages of one user may take, if there is a limit.
    pub fn message_quota(&self) -> Option<i64> {
        let bytes = i64::from(self.message_quota_mib) << 20;
        (bytes > 0).then_some(bytes)
    }

    /// The largest file in bytes; 0 if there are no files.
    pub fn file_limit(&self) -> u64 {
        if self.has_files() {
            u64::from(self.file_limit_mib) << 20
        } else {
            0
        }
    }

    /// Whether there is a place for files. With a database elsewhere it has to be named.
    fn has_files(&self) -> bool {
        self.files_dir.is_some() || self.store.is_none()
    }

    /// The directory with the directory of the files; by default the data directory.
    pub fn files_dir(&self) -> Result<Option<PathBuf>, ConfigError> {
        match &self.files_dir {
            Some(dir) => Ok(Some(dir.clone())),
            None if self.has_files() => Ok(Some(self.data_dir()?)),
            None => Ok(None),
        }
    }

    /// The data directory; by default where the system keeps the data of users.
    pub fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        let directory = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let base =
            directory("XDG_DATA_HOME").or_else(|| Some(directory("HOME")?.join(".local/share")));
        Ok(base.ok_or(ConfigError::NoHome)?.join("fbchatd"))
    }
}
