//! Reading settings from a file and the environment.

use std::ffi::OsString;
use std::path::Path;

use super::{Config, ConfigError};

/// An example file with every setting, its default and what it means.
pub const EXAMPLE: &str = include_str!("../../fbchatd.toml");
/// The prefix of environment variables that stand for settings.
const PREFIX: &str = "FBCHATD_";

impl Config {
    /// Reads a file, if one is given, and the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read(file, std::env::vars_os())
    }

    pub(super) fn read(
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
            // Unknown names are ignored: orchestrators create variables from the names of services.
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
pub fn keys() -> impl Iterator<Item = &'static str> {
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
