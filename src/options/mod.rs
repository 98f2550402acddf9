//! The options of clients and sessions. All interfaces use them, and each value is checked here.

#![forbid(unsafe_code)]

mod proxy;
mod trust;

pub use proxy::Proxy;
pub use trust::{Pin, Roots};

use crate::protocol::{
    CALL_TIMEOUT, MOST_ITEMS, SavedState, ServerAddress, ServerAddressError, SessionConfig,
    USER_AGENT,
};
use crate::status::{Problem, Status};
use crate::types::{OwnPresence, Secret};
use std::ops::RangeInclusive;

/// Allowed values of [`NetworkOptions::connect_timeout_ms`] and [`SessionOptions::request_timeout_ms`].
pub const TIMEOUTS_MS: RangeInclusive<u32> = 1_000..=120_000;
/// Allowed values of [`SessionOptions::batch`].
pub const BATCHES: RangeInclusive<u32> = 1..=MOST_ITEMS as u32;
/// Greatest length of [`NetworkOptions::user_agent`], in bytes.
pub const MAX_USER_AGENT: usize = 256;

/// The options of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// The server's address.
    pub server: String,
    /// Allow plain HTTP to another machine, which exposes the password.
    pub allow_insecure: bool,
    /// How to connect. Sessions with equal values share their connections.
    pub network: NetworkOptions,
    /// A complete answer must arrive within this time, connecting included; the long-poll has its own limit.
    pub request_timeout_ms: u32,
    /// Greatest number of items in one answer of the channel; without it, the number that the server offers.
    pub batch: Option<u32>,
    /// The presence to log in with.
    pub presence: OwnPresence,
    /// What an earlier session of the same user saved; its messages that were not sent are sent after the login.
    pub saved: Option<Secret>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions {
            server: "http://127.0.0.1:8080".to_owned(),
            allow_insecure: false,
            network: NetworkOptions::default(),
            request_timeout_ms: u32::try_from(CALL_TIMEOUT).unwrap_or(u32::MAX),
            batch: None,
            presence: OwnPresence::default(),
            saved: None,
        }
    }
}

/// How to connect to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkOptions {
    /// The proxy to use, if any.
    pub proxy: Proxy,
    /// Certificates to trust in addition to the system's.
    pub roots: Roots,
    /// If set, only this certificate is trusted, regardless of issuer, name and dates.
    pub pin: Option<Pin>,
    /// Time limit for name lookup, connection and TLS handshake together.
    pub connect_timeout_ms: u32,
    /// The `User-Agent` that servers and HTTP proxies see.
    pub user_agent: String,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        NetworkOptions {
            proxy: Proxy::default(),
            roots: Roots::default(),
            pin: None,
            connect_timeout_ms: 15_000,
            user_agent: USER_AGENT.to_owned(),
        }
    }
}

impl SessionOptions {
    /// Checks the syntax of a server address, whether it is allowed or not.
    ///
    /// # Errors
    /// [`ServerAddressError::Invalid`] if it is not an address.
    pub fn check_server(server: &str) -> Result<(), ServerAddressError> {
        ServerAddress::parse(server, true).map(drop)
    }

    /// Checks what is to become [`SessionOptions::saved`].
    ///
    /// # Errors
    /// It is not a saved session.
    pub fn check_saved(saved: &str) -> Result<(), Problem> {
        SavedState::parse(saved).map(drop)
    }

    /// The server, if a password may be sent to it.
    ///
    /// # Errors
    /// [`ServerAddressError::Insecure`] for plain HTTP to another machine, unless it is allowed.
    pub fn server_address(&self) -> Result<ServerAddress, ServerAddressError> {
        let server = ServerAddress::parse(&self.server, self.allow_insecure)?;
        // For a proxy, "this machine" is the proxy's own.
        let origin = server.origin();
        let readable = origin.scheme() == "http" && self.network.proxy.applies_to(origin);
        if readable && !self.allow_insecure {
            return Err(ServerAddressError::Insecure(server.label()));
        }
        Ok(server)
    }

    /// The configuration of the protocol session.
    ///
    /// # Errors
    /// A value out of range, or a server that is not allowed.
    pub(crate) fn session_config(&self, seed: u64) -> Result<SessionConfig, Problem> {
        let network = &self.network;
        check_range("request timeout", self.request_timeout_ms, &TIMEOUTS_MS)?;
        check_range("connect timeout", network.connect_timeout_ms, &TIMEOUTS_MS)?;
        if let Some(batch) = self.batch {
            check_range("batch", batch, &BATCHES)?;
        }
        check_user_agent(&network.user_agent)?;
        let server = self.server_address()?;
        network.proxy.check(server.origin())?;
        let saved = self.saved.as_ref();
        let saved = saved.map(|saved| SavedState::parse(saved.reveal()));
        Ok(SessionConfig {
            call_timeout: self.request_timeout_ms.into(),
            batch: self.batch,
            presence: self.presence,
            saved: saved.transpose()?,
            ..SessionConfig::new(server, seed)
        })
    }
}

/// Checks a number against its limits. `name` begins the error's sentence.
///
/// # Errors
/// It is out of range.
pub fn check_range<T, N>(name: &str, value: N, range: &RangeInclusive<T>) -> Result<T, Problem>
where
    T: PartialOrd + std::fmt::Display,
    N: TryInto<T> + Copy + std::fmt::Display,
{
    let number = value
        .try_into()
        .ok()
        .filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        let text = format!("{name} must be from {least} to {most}, not {value}");
        Problem::new(Status::Argument, text)
    })
}

/// Checks a user agent.
///
/// # Errors
/// It cannot be an HTTP header's value, or is too long.
pub fn check_user_agent(text: &str) -> Result<(), Problem> {
    let is_printable = |byte| matches!(byte, b' '..=b'~');
    if text.is_empty() || text.len() > MAX_USER_AGENT || !text.bytes().all(is_printable) {
        let text = format!("A user agent is one line of 1 to {MAX_USER_AGENT} ASCII characters");
        return Err(Problem::new(Status::Argument, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        let mut options = SessionOptions {
            request_timeout_ms: 999,
            ..SessionOptions::default()
        };
        let problem = options.session_config(1).unwrap_err();
        assert_eq!(problem.status, Status::Argument);
        assert_eq!(
            problem.text,
            "request timeout must be from 1000 to 120000, not 999"
        );
        options.request_timeout_ms = 1_000;
        options.network.user_agent = "two\r\nlines".into();
        assert!(options.session_config(1).is_err());
        options.network.user_agent = "one line".into();
        assert_eq!(options.session_config(1).unwrap().call_timeout, 1_000);
    }

    #[test]
    fn loopback_is_not_this_machine_behind_a_proxy() {
        let mut options = SessionOptions::default();
        assert!(options.session_config(1).is_ok());
        options.network.proxy = Proxy::parse("socks5h://127.0.0.1:9050").unwrap();
        let problem = options.session_config(1).unwrap_err();
        assert_eq!(problem.status, Status::Insecure);
        options.allow_insecure = true;
        assert!(options.session_config(1).is_ok());
        options.allow_insecure = false;
        options.server = "https://127.0.0.1:8443".into();
        assert!(options.session_config(1).is_ok());
    }
}
