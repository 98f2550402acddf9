//! The host names under which the server may be addressed. A page of another site can make the browser of its visitor send requests to a
//! server on loopback or in a private network, under a name that the site resolves to that address (DNS rebinding). The browser then
//! treats the answers as the site's own.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::{Request, StatusCode, Version, header};

use crate::config::Config;

/// Suffixes of names that nobody can register or point at another server.
const RESERVED: &[&str] = &[
    ".localhost",
    ".local",
    ".home.arpa",
    ".internal",
    ".onion",
    ".test",
    ".invalid",
];

/// Why a request is refused: a status, and a sentence for the operator.
pub type Refusal = (StatusCode, String);

/// The names of a server. Over its own TLS they do not matter, because there the browser compares the name with the certificate.
#[derive(Default)]
pub struct Hosts {
    names: Vec<String>,
    /// Suffixes; all names under them belong to the server.
    ends: Vec<String>,
    warned: AtomicBool,
}

impl Hosts {
    /// The names in the settings.
    pub fn new(config: &Config) -> Self {
        let mut names = config.hosts.clone();
        names.extend(config.base_domain.clone());
        names.extend(config.xmpp_domain.clone());
        let labels = (1..=20).map(|number| format!("channel{number:02}"));
        names.extend(labels.filter_map(|label| config.channel_host(&label)));
        let base = config.base_domain.as_ref();
        // Clients of 2008 may ask for pictures under the host names of that time.
        let ends = base.map(|base| vec![format!(".{base}"), ".fbcdn.net".to_owned()]);
        let ends = ends.unwrap_or_default();
        Hosts {
            names,
            ends,
            warned: AtomicBool::new(false),
        }
    }

    /// Refuses a request without a usable name, or by a name that is not one of the server's.
    pub fn check(&self, request: &Request<Body>, tls: bool) -> Result<(), Refusal> {
        let mut headers = request.headers().get_all(header::HOST).iter();
        let (first, second) = (headers.next(), headers.next());
        let authority = request
            .uri()
            .authority()
            .map(|host| host.as_str().as_bytes());
        let host = match (authority, first) {
            (_, Some(_)) if second.is_some() => return Err(bad("more than one host")),
            (_, None) if request.version() == Version::HTTP_11 => return Err(bad("no host")),
            (Some(authority), _) => authority,
            (None, Some(host)) => host.as_bytes(),
            // Clients of 2008 may send none.
            (None, None) if request.version() < Version::HTTP_2 => return Ok(()),
            (None, None) => return Err(bad("no host")),
        };
        let name = std::str::from_utf8(host).ok().and_then(name);
        let name = name.ok_or_else(|| bad("an invalid host"))?;
        if tls || self.is_own(&name) {
            return Ok(());
        }
        if !self.warned.swap(true, Ordering::Relaxed) {
            log::warn!(
                "a request for the host {name} was refused; if it is yours, set hosts = [\"{name}\"]"
            );
        }
        Err((
            StatusCode::MISDIRECTED_REQUEST,
            format!(
                "{name} is not a name of this server. If it is yours, set hosts = [\"{name}\"] in the settings of fbchatd.\n"
            ),
        ))
    }

    /// Whether only the operator, or somebody in their network, can make this name resolve to the server.
    fn is_own(&self, name: &str) -> bool {
        let ends_with = |end: &str| name.ends_with(end);
        !name.contains('.')
            || name.parse::<IpAddr>().is_ok()
            || RESERVED.iter().any(|end| ends_with(end))
            || self.ends.iter().any(|end| ends_with(end))
            || self.names.iter().any(|own| own == name)
    }
}

fn bad(what: &str) -> Refusal {
    (
        StatusCode::BAD_REQUEST,
        format!("The request names {what}.\n"),
    )
}

/// The name in `NAME:PORT`, in lower case and without brackets and final dot; `None` if it cannot be one.
fn name(host: &str) -> Option<String> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            let valid = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
            if !name.bytes().all(valid) {
                return None;
            }
            (name.strip_suffix('.').unwrap_or(name), port)
        }
    };
    let port_is_one =
        port.is_empty() || port.strip_prefix(':')?.bytes().all(|b| b.is_ascii_digit());
    (!name.is_empty() && port_is_one).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(&Config {
            hosts: vec!["chat.example.org".into()],
            base_domain: Some("example.com".into()),
            channel_host_pattern: Some("0.{channel}.example.net".into()),
            ..Config::default()
        })
    }

    fn status(hosts: &Hosts, version: Version, names: &[&str]) -> u16 {
        let mut request = Request::builder().version(version);
        for name in names {
            request = request.header(header::HOST, *name);
        }
        let refused = hosts.check(&request.body(Body::empty()).unwrap(), false);
        refused.map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn own_names_and_those_that_nobody_can_register_are_accepted() {
        let (own, default) = (hosts(), Hosts::default());
        for name in [
            "127.0.0.1",
            "192.0.2.1:8080",
            "[::1]:8080",
            "[2001:DB8::1]",
            "localhost:5280",
            "LocalHost.",
            "raspberrypi:5280",
            "my_box",
            "a.localhost",
            "raspberrypi.local:80",
            "chat.home.arpa",
            "chat.corp.internal",
            "chat.onion",
            "chat.test",
        ] {
            assert_eq!(status(&own, Version::HTTP_11, &[name]), 200, "{name}");
            assert_eq!(status(&default, Version::HTTP_11, &[name]), 200, "{name}");
        }
        for name in [
            "chat.example.org",
            "Chat.Example.org.:443",
            "example.com",
            "0.channel07.example.com",
            "login.example.com:8443",
            "0.channel07.example.net",
            "profile.ak.fbcdn.net",
        ] {
            assert_eq!(status(&own, Version::HTTP_11, &[name]), 200, "{name}");
            assert_eq!(status(&default, Version::HTTP_11, &[name]), 421, "{name}");
        }
        for name in [
            "evil.example",
            "evil.example:8080",
            "chat.example.org.evil.example",
            "xchat.example.org",
            "evilexample.com",
            "0.channel21.example.net",
            "127.0.0.1.evil.example",
            "local.evil.example",
        ] {
            assert_eq!(status(&own, Version::HTTP_11, &[name]), 421, "{name}");
        }
    }

    #[test]
    fn a_request_has_one_host_unless_it_is_old() {
        let own = hosts();
        for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
            let without = if version == Version::HTTP_10 {
                200
            } else {
                400
            };
            assert_eq!(status(&own, version, &[]), without, "{version:?}");
            assert_eq!(status(&own, version, &["x", "x"]), 400, "{version:?}");
            assert_eq!(status(&own, version, &["evil.example"]), 421);
            for wrong in [
                "",
                ":80",
                ".",
                "evil\"><x",
                "a b",
                "[x]",
                "x:y",
                "[::1]x",
                "u@x",
            ] {
                assert_eq!(status(&own, version, &[wrong]), 400, "{wrong:?}");
            }
        }
    }

    #[test]
    fn an_address_in_the_request_line_counts() {
        let request = |uri: &str| {
            let request = Request::builder()
                .uri(uri)
                .header(header::HOST, "localhost");
            hosts().check(&request.body(Body::empty()).unwrap(), false)
        };
        assert!(request("http://chat.example.org/").is_ok());
        let (status, sentence) = request("http://evil.example/").unwrap_err();
        assert_eq!(status, 421);
        assert!(
            sentence.contains("hosts = [\"evil.example\"]"),
            "{sentence}"
        );
    }

    #[test]
    fn over_own_tls_the_certificate_names_the_server() {
        let request = Request::builder().header(header::HOST, "chat.example.edu");
        let request = request.body(Body::empty()).unwrap();
        assert!(hosts().check(&request, true).is_ok());
        assert!(hosts().check(&request, false).is_err());
    }
}
