//! Settings. Later ones win: defaults, the file, the environment, flags.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

/// An example file with every setting, its default and what it means.
pub const EXAMPLE: &str = include_str!("../../fbchatd.toml");
/// The prefix of environment variables that stand for settings.
const PREFIX: &str = "FBCHATD_";
/// The largest message limit; such a message still fits a request when it is percent-encoded.
const MESSAGE_LIMIT: usize = 50_000;

/// The largest limit of files, in MiB.
const FILE_LIMIT: u32 = 1024;

/// Who may register an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Nobody; the operator adds accounts.
    #[default]
    Closed,
    /// People with a link from `fbchatd invite`.
    Invite,
    /// Everybody.
    Open,
}

impl Registration {
    /// The word in the settings and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Registration::Closed => "closed",
            Registration::Invite => "invite",
            Registration::Open => "open",
        }
    }
}

/// The most detailed level that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Problems that the operator must fix.
    Error,
    /// Problems that the operator should look at.
    Warn,
    /// Events.
    #[default]
    Info,
    /// Details for finding errors.
    Debug,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line, for programs.
    Json,
}

/// A network, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

#[cfg(test)]
impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Network(address.into())
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let network = text.parse::<IpNet>().ok();
        let network = network.or_else(|| Some(text.parse::<IpAddr>().ok()?.into()));
        network.map(Network).ok_or_else(|| {
            let must = "is neither an address like \"10.0.0.1\" nor a network like \"10.0.0.0/8\"";
            serde::de::Error::custom(format!("{text:?} {must}"))
        })
    }
}

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

/// A text with a password in it, which is never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
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
    /// Reads a file, if one is given, and the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read(file, std::env::vars_os())
    }

    fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(file) => parse(file)?,
            None => toml::Table::new(),
        };
        for (name, value) in environment {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
                continue;
            };
            // Unknown names are ignored: orchestrators make up variables from the names of services.
            if let Some(key) = name.strip_prefix(PREFIX).map(str::to_lowercase)
                && keys().any(|known| known == key)
            {
                let set = put(&mut table, key, value);
                set.map_err(|why| ConfigError::Variable {
                    name: name.to_owned(),
                    why: Box::new(why),
                })?;
            }
        }
        // Every part was tried alone, so together they are valid, too.
        let config: Config = table.try_into().map_err(|why| ConfigError::Parse {
            file: file.unwrap_or(Path::new("the environment")).to_owned(),
            why: Box::new(why),
        })?;
        config.check()?;
        Ok(config)
    }

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

    fn check(&self) -> Result<(), ConfigError> {
        let host = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
        };
        let day = 1..=86_400;
        let (cert, key) = (self.tls_cert.is_some(), self.tls_key.is_some());
        let is_open = |listen: SocketAddr| !listen.ip().is_loopback();
        let rules = [
            (
                self.store.as_ref().is_none_or(|Secret(url)| {
                    url.starts_with("postgres://") || url.starts_with("postgresql://")
                }),
                "store",
                "the URL of a PostgreSQL database, for instance \"postgres://fbchat@db1,db2/fbchat\"; without it, SQLite keeps everything in the data directory",
            ),
            (
                self.store.is_some()
                    || (self.store_ca.is_none() && self.store_password_file.is_none()),
                "store",
                "set together with store_ca and store_password_file",
            ),
            (
                self.hosts.iter().all(|name| host(name)),
                "hosts",
                "a list of names in lower case without ports, for instance [\"chat.example.org\"]",
            ),
            (
                self.base_domain.as_deref().is_none_or(host),
                "base_domain",
                "a domain in lower case, for instance \"example.org\"",
            ),
            (
                self.channel_host_pattern.as_deref().is_none_or(|pattern| {
                    self.base_domain.is_some()
                        && pattern.contains("{channel}")
                        && host(&pattern.replace("{channel}", "").replace("{base}", ""))
                }),
                "channel_host_pattern",
                "a host with {channel} and {base}, for instance \"0.{channel}.{base}\", and needs base_domain",
            ),
            (
                cert == key
                    && (cert || self.tls_listen.is_none())
                    && (!cert || self.tls_listen.is_some() || self.xmpp_listen.is_some()),
                "tls_listen",
                "set together with tls_cert and tls_key, or none of the three",
            ),
            (
                self.xmpp_domain.as_deref().is_none_or(host),
                "xmpp_domain",
                "a domain in lower case, for instance \"chat.example.org\"",
            ),
            (
                self.xmpp_listen.is_none() || self.xmpp_domain.is_some(),
                "xmpp_listen",
                "set together with xmpp_domain",
            ),
            (
                cert || !self.xmpp_listen.is_some_and(is_open),
                "xmpp_listen",
                "a loopback address without tls_cert and tls_key",
            ),
            (
                self.hsts_s == 0 || self.tls_listen.is_some(),
                "hsts_s",
                "0 without tls_listen; a proxy that does TLS sends the header itself",
            ),
            (
                self.connections_per_address > 0,
                "connections_per_address",
                "1 or more",
            ),
            (
                (1..=MESSAGE_LIMIT).contains(&self.message_limit),
                "message_limit",
                "from 1 to 50000",
            ),
            (self.message_burst > 0, "message_burst", "1 or more"),
            (
                self.file_limit_mib <= FILE_LIMIT,
                "file_limit_mib",
                "from 0 to 1024",
            ),
            (
                self.files_per_day_mib == 0 || self.files_per_day_mib >= self.file_limit_mib,
                "files_per_day_mib",
                "at least file_limit_mib, or 0 for no limit",
            ),
            (
                day.contains(&self.offline_after_s),
                "offline_after_s",
                "from 1 to 86400",
            ),
            (
                day.contains(&self.idle_after_s),
                "idle_after_s",
                "from 1 to 86400",
            ),
            (
                (1..=3650).contains(&self.session_days),
                "session_days",
                "from 1 to 3650",
            ),
            (
                (1..60).contains(&self.hold_s),
                "hold_s",
                "from 1 to 59, as old clients give up after a minute",
            ),
        ];
        match rules.into_iter().find(|(valid, ..)| !valid) {
            Some((_, key, must)) => Err(ConfigError::Value(key, must)),
            None => Ok(()),
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

/// The settings of a file. All of them are known and have the right type.
fn parse(file: &Path) -> Result<toml::Table, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|why| ConfigError::Read {
        file: file.to_owned(),
        why,
    })?;
    // Parsed as settings first, because these errors show the position in the file.
    toml::from_str::<Config>(&text)
        .and_then(|_| toml::from_str(&text))
        .map_err(|why| ConfigError::Parse {
            file: file.to_owned(),
            why: Box::new(why),
        })
}

/// The names of all settings. A test checks that the example has all of them.
fn keys() -> impl Iterator<Item = &'static str> {
    EXAMPLE
        .lines()
        .filter_map(|line| Some(line.strip_prefix('#')?.split_once(" = ")?.0))
}

/// Sets a key to the value of a variable: the text itself if the setting is a text, else the value that the text would be in the file.
fn put(table: &mut toml::Table, key: String, value: &str) -> Result<(), toml::de::Error> {
    let fits = |value: toml::Value| {
        let alone = toml::Table::from_iter([(key.clone(), value.clone())]);
        alone.try_into::<Config>().map(|_| value)
    };
    let value = fits(value.into()).or_else(|error| {
        let parsed = toml::from_str::<toml::Table>(&format!("v = {value}"));
        match parsed.ok().and_then(|mut table| table.remove("v")) {
            Some(value) => fits(value),
            None => Err(error),
        }
    })?;
    table.insert(key, value);
    Ok(())
}

#[cfg(test)]
mod tests;
