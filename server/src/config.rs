//! Settings: defaults, then the file, then the environment, then flags.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use crate::hub::Limits;

/// A file with every setting, its default and what it means.
pub const EXAMPLE: &str = include_str!("../fbchatd.toml");
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

    /// When somebody counts as idle or gone.
    pub fn limits(&self) -> Limits {
        Limits {
            offline_after: Duration::from_secs(self.offline_after_s),
            idle_after: Duration::from_secs(self.idle_after_s),
        }
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
mod tests {
    use super::*;

    fn load_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let environment = environment.iter().map(|(k, v)| (k.into(), v.into()));
        Config::read(Some(file.path()), environment).map_err(|error| error.to_string())
    }

    fn load(text: &str) -> Result<Config, String> {
        load_with(text, &[])
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let environment = [
            ("FBCHATD_HOLD_S", "7"),
            ("FBCHATD_LISTEN", "127.0.0.1:2"),
            ("FBCHATD_DATA", "1"),
            ("FBCHATD_TRUSTED_PROXIES", "[\"10.0.0.0/8\"]"),
            ("FBCHATD_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("HOLD_S", "x"),
        ];
        let config = load_with("hold_s = 5\nlisten = \"0.0.0.0:1\"\n", &environment).unwrap();
        assert_eq!((config.hold_s, config.listen.port()), (7, 2));
        assert_eq!(config.data.as_deref(), Some(Path::new("1")));
        assert!(config.trusted_proxies[0].contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!config.trusted_proxies[0].contains("127.0.0.1".parse().unwrap()));
        for (name, value, words) in [
            ("FBCHATD_HOLD_S", "soon", &["FBCHATD_HOLD_S"][..]),
            ("FBCHATD_HOLD_S", "60", &["hold_s", "1 to 59"]),
            (
                "FBCHATD_REGISTRATION",
                "all",
                &["FBCHATD_REGISTRATION", "closed", "invite", "open"],
            ),
            (
                "FBCHATD_LOG",
                "loud",
                &["FBCHATD_LOG", "error", "warn", "info", "debug"],
            ),
            (
                "FBCHATD_TRUSTED_PROXIES",
                "[\"proxy\"]",
                &["\"proxy\"", "10.0.0.0/8"],
            ),
        ] {
            let told = load_with("", &[(name, value)]).unwrap_err();
            assert!(words.iter().all(|word| told.contains(word)), "{told}");
        }
    }

    #[test]
    fn tls_is_all_or_nothing() {
        for some in [
            "tls_listen = \"[::]:443\"",
            "tls_cert = \"c\"\ntls_key = \"k\"",
        ] {
            assert!(load(some).unwrap_err().contains("tls_cert and tls_key"));
        }
        let all = load("tls_listen = \"[::]:443\"\ntls_cert = \"c\"\ntls_key = \"k\"");
        assert_eq!(all.unwrap().tls().unwrap().key, Path::new("k"));
    }

    #[test]
    fn a_file_changes_what_it_names_and_errors_name_the_key() {
        let config = load("listen = \"0.0.0.0:1\"\nhold_s = 5\n").unwrap();
        assert_eq!(
            (config.listen.port(), config.hold_s, config.message_limit),
            (1, 5, 20_000)
        );
        assert!(load("lisen = 1").unwrap_err().contains("lisen"));
        assert!(load("hold_s = 60").unwrap_err().contains("hold_s"));
        assert!(
            load("registration = \"all\"")
                .unwrap_err()
                .contains("invite")
        );
        assert!(load("hold_s = -1").unwrap_err().contains("hold_s"));
        assert!(
            load("channel_host_pattern = \"0.{channel}.{base}\"")
                .unwrap_err()
                .contains("base_domain")
        );
        assert!(
            load("base_domain = \"e.org\"\nchannel_host_pattern = \"0.{channel}.{base}\"").is_ok()
        );
        assert!(load("base_domain = \"e.org; x\"").is_err());
    }

    #[test]
    fn the_example_names_every_setting_with_its_default() {
        let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#'));
        let settings: String = lines
            .filter(|line| line.contains(" = "))
            .map(|line| format!("{line}\n"))
            .collect();
        let all: toml::Table = toml::from_str(&settings).unwrap();
        let (config, default) = (load(&settings).unwrap(), Config::default());
        let all: Vec<_> = all.keys().map(String::as_str).collect();
        let mut named: Vec<_> = keys().collect();
        named.sort();
        assert_eq!(named, all);
        let debug = format!("{default:#?}");
        let fields = debug
            .lines()
            .filter(|line| line.starts_with("    ") && !line.starts_with("     "));
        let fields = fields.filter_map(|line| Some(line.trim().split_once(':')?.0));
        let mut fields: Vec<_> = fields.collect();
        fields.sort();
        assert_eq!(fields, all);
        // These have no default that a file could show.
        let bare = |config: &Config| Config {
            data: None,
            base_domain: None,
            channel_host_pattern: None,
            tls_listen: None,
            tls_cert: None,
            tls_key: None,
            metrics_listen: None,
            ..config.clone()
        };
        assert_eq!(format!("{:?}", bare(&config)), format!("{default:?}"));
    }
}
