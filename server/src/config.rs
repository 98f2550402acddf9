//! Settings: defaults, then the file, then flags.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::hub::Limits;

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

/// All settings, as in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
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
    /// A value makes no sense.
    #[error("The setting {0} must be {1}.")]
    Value(&'static str, &'static str),
    /// Neither HOME nor XDG_DATA_HOME.
    #[error("There is no home directory for the data. Choose a directory with --data.")]
    NoHome,
}

impl Config {
    /// Reads a file, if one is named.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(file) = file else {
            return Ok(Config::default());
        };
        let text = std::fs::read_to_string(file).map_err(|why| ConfigError::Read {
            file: file.to_owned(),
            why,
        })?;
        let config: Config = toml::from_str(&text).map_err(|why| ConfigError::Parse {
            file: file.to_owned(),
            why: Box::new(why),
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let host = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
        };
        let day = 1..=86_400;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path())).map_err(|error| error.to_string())
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
        let example = include_str!("../fbchatd.toml");
        let settings: String = example
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| line.contains(" = "))
            .map(|line| format!("{line}\n"))
            .collect();
        let all: toml::Table = toml::from_str(&settings).unwrap();
        let (config, default) = (load(&settings).unwrap(), Config::default());
        assert_eq!(all.len(), 10);
        let numbers = |c: &Config| {
            (
                c.listen,
                c.message_limit,
                c.offline_after_s,
                c.idle_after_s,
                c.hold_s,
                c.offline_messages,
                c.registration,
            )
        };
        assert_eq!(numbers(&config), numbers(&default));
    }
}
