//! Settings: defaults, then the file, then the environment, then flags.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

/// A file with every setting, its default and what it means.
pub const EXAMPLE: &str = include_str!("../../fbchatd.toml");
/// What the name of an environment variable begins with that stands for a setting.
const PREFIX: &str = "FBCHATD_";

/// The longest message limit: percent-encoded it still fits a request.
const MESSAGE_LIMIT: usize = 50_000;

/// Who may make himself an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Nobody; the operator adds accounts.
    #[default]
    Closed,
    /// Whoever has a link from `fbchatd invite`.
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

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What somebody must look after.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// What helps to find a mistake.
    Debug,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// An object a line, for programs.
    Json,
}

/// A network, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

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
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    /// Where to listen for it.
    pub listen: SocketAddr,
    /// The certificate and those that vouch for it (PEM).
    pub cert: &'a Path,
    /// Its private key (PEM).
    pub key: &'a Path,
}

/// All settings, as in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to listen for TLS.
    pub tls_listen: Option<SocketAddr>,
    /// The certificate file.
    pub tls_cert: Option<PathBuf>,
    /// The file of its key.
    pub tls_key: Option<PathBuf>,
    /// Whose word counts about where a request comes from, and whether that was over TLS.
    pub trusted_proxies: Vec<Network>,
    /// Where the operator's programs find the metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// How much is logged.
    pub log: Level,
    /// How the log is written.
    pub log_format: LogFormat,
    /// The most connections from one address that is no proxy.
    pub connections_per_address: usize,
    /// The data directory.
    pub data: Option<PathBuf>,
    /// The domain that all cookies are for; unset, they are for the one host.
    pub base_domain: Option<String>,
    /// The channel's host, with `{channel}` and `{base}`; unset, it is the one host.
    pub channel_host_pattern: Option<String>,
    /// The longest message in characters.
    pub message_limit: usize,
    /// Seconds without a poll or a request until one is offline.
    pub offline_after_s: u64,
    /// Seconds without a sign of the person until one is idle.
    pub idle_after_s: u64,
    /// Seconds that a poll is held.
    pub hold_s: u64,
    /// Whether messages to friends who are offline are kept for them.
    pub offline_messages: bool,
    /// Who may make himself an account.
    pub registration: Registration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls_listen: None,
            tls_cert: None,
            tls_key: None,
            trusted_proxies: vec![
                IpAddr::from(Ipv4Addr::LOCALHOST).into(),
                IpAddr::from(Ipv6Addr::LOCALHOST).into(),
            ],
            metrics_listen: None,
            log: Level::Info,
            log_format: LogFormat::Text,
            connections_per_address: 256,
            data: None,
            base_domain: None,
            channel_host_pattern: None,
            message_limit: 20_000,
            offline_after_s: 90,
            idle_after_s: 300,
            hold_s: 55,
            offline_messages: true,
            registration: Registration::Closed,
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No such file, or no permission.
    #[error("Cannot read {}: {why}.", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// Not TOML, or an unknown key.
    #[error("{} is not right: {why}", file.display())]
    Parse {
        /// The file.
        file: PathBuf,
        /// The place and the reason.
        why: Box<toml::de::Error>,
    },
    /// A variable's value does not fit.
    #[error("The environment variable {name} is not right: {why}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong.
        why: Box<toml::de::Error>,
    },
    /// A value makes no sense.
    #[error("The setting {0} must be {1}.")]
    Value(&'static str, &'static str),
    /// Neither HOME nor XDG_DATA_HOME.
    #[error("There is no home directory for the data. Choose a directory with --data.")]
    NoHome,
}

impl Config {
    /// Reads a file, if one is named, and the environment.
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
            // Other names may be anybody's: orchestrators make up variables from the names of services.
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
        // Each part has been tried; together they are the same.
        let config: Config = table.try_into().map_err(|why| ConfigError::Parse {
            file: file.unwrap_or(Path::new("the environment")).to_owned(),
            why: Box::new(why),
        })?;
        config.check()?;
        Ok(config)
    }

    /// What TLS needs, if it is wanted.
    pub fn tls(&self) -> Option<Tls<'_>> {
        Some(Tls {
            listen: self.tls_listen?,
            cert: self.tls_cert.as_deref()?,
            key: self.tls_key.as_deref()?,
        })
    }

    fn check(&self) -> Result<(), ConfigError> {
        let host = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
        };
        let day = 1..=86_400;
        let tls = [
            self.tls_listen.is_some(),
            self.tls_cert.is_some(),
            self.tls_key.is_some(),
        ];
        let rules = [
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
                tls.iter().all(|set| *set == self.tls_listen.is_some()),
                "tls_listen",
                "set together with tls_cert and tls_key, or none of the three",
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
                (1..60).contains(&self.hold_s),
                "hold_s",
                "from 1 to 59, as old clients give up after a minute",
            ),
        ];
        match rules.into_iter().find(|(right, ..)| !right) {
            Some((_, key, must)) => Err(ConfigError::Value(key, must)),
            None => Ok(()),
        }
    }

    /// The data directory, by default where the system keeps users' data.
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

/// The settings of a file, all of which are known and of the right kind.
fn parse(file: &Path) -> Result<toml::Table, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|why| ConfigError::Read {
        file: file.to_owned(),
        why,
    })?;
    // Read as settings first: such errors show the place in the file.
    toml::from_str::<Config>(&text)
        .and_then(|_| toml::from_str(&text))
        .map_err(|why| ConfigError::Parse {
            file: file.to_owned(),
            why: Box::new(why),
        })
}

/// The names of all settings; a test sees to it that the example has them.
fn keys() -> impl Iterator<Item = &'static str> {
    EXAMPLE
        .lines()
        .filter_map(|line| Some(line.strip_prefix('#')?.split_once(" = ")?.0))
}

/// Sets a key to what stands in a variable: the text itself where a text belongs, else what the file would have there.
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
