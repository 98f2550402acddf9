//! The log, on standard error: a level, a sentence, and keys and values for programs. It never contains passwords or texts of messages.

use std::collections::BTreeMap;
use std::io::{self, Write};

use env_logger::fmt::Formatter;
use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Record};
use serde::Serialize;

use crate::config::{Level, LogFormat};

/// Starts to log, but nothing of the module `silent`.
pub fn start(level: Level, format: LogFormat, silent: &str) {
    let mut logger = env_logger::Builder::new();
    logger.filter_level(match level {
        Level::Error => LevelFilter::Error,
        Level::Warn => LevelFilter::Warn,
        Level::Info => LevelFilter::Info,
        Level::Debug => LevelFilter::Debug,
    });
    logger.filter_module(silent, LevelFilter::Off);
    if format == LogFormat::Json {
        logger.format(json);
    }
    logger.init();
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'a str,
    target: &'a str,
    message: String,
    #[serde(flatten)]
    more: Pairs,
}

#[derive(Default, Serialize)]
#[serde(transparent)]
struct Pairs(BTreeMap<String, String>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        self.0.insert(key.to_string(), value.to_string());
        Ok(())
    }
}

fn json(to: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let mut more = Pairs::default();
    record
        .key_values()
        .visit(&mut more)
        .map_err(io::Error::other)?;
    let line = Line {
        time: to.timestamp_millis().to_string(),
        level: record.level().as_str(),
        target: record.target(),
        message: record.args().to_string(),
        more,
    };
    serde_json::to_writer(&mut *to, &line)?;
    writeln!(to)
}
