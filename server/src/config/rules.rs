//! Checks the values of settings, individually and in combination.

use std::net::SocketAddr;

use super::{Config, ConfigError, Secret};

/// The largest message limit; such a message still fits a request when it is percent-encoded.
const MESSAGE_LIMIT: usize = 50_000;

/// The largest limit of files, in MiB.
const FILE_LIMIT: u32 = 1024;

impl Config {
    /// Finds the first setting with an invalid value, and says which values are valid.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
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
}
