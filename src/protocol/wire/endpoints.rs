//! The server's address as the user gave it, and the URLs made from it.

use crate::status::{Problem, Status};
use url::{Host, Url};

/// A checked server address: `http` or `https`, a host, no path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    origin: Url,
    allow_insecure: bool,
}

/// Why a server address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerAddressError {
    /// Not an address at all.
    #[error("\"{0}\" is not a server address; it should look like https://chat.example.org")]
    Invalid(String),
    /// It leads below a path.
    #[error(
        "A chat server needs a host name of its own and cannot be below the path {path}; the address would be {origin}"
    )]
    Path {
        /// The path.
        path: String,
        /// The address without the path.
        origin: String,
    },
    /// Plain HTTP to another machine.
    #[error(
        "Refusing to log in to {0} over plain HTTP: the password could be read on the way. Use https://, or set allow_insecure if the network is yours"
    )]
    Insecure(String),
}

impl ServerAddressError {
    /// The status that hosts see.
    pub fn status(&self) -> Status {
        match self {
            ServerAddressError::Invalid(_) | ServerAddressError::Path { .. } => Status::Argument,
            ServerAddressError::Insecure(_) => Status::Insecure,
        }
    }
}

impl From<ServerAddressError> for Problem {
    fn from(error: ServerAddressError) -> Self {
        Problem::new(error.status(), error.to_string())
    }
}

/// Greatest length of an address in bytes. There is room for a pasted address with its query.
const MAX_ADDRESS: usize = 4096;

impl ServerAddress {
    /// Checks an address that a person typed. Without a scheme, `https` is meant, or `http` on this machine. The address of a
    /// page like `/login.php` stands for its server.
    ///
    /// # Errors
    /// [`ServerAddressError::Path`] for a server below a path, and [`ServerAddressError::Insecure`] for plain HTTP to a host that is not loopback unless `allow_insecure`.
    pub fn parse(text: &str, allow_insecure: bool) -> Result<Self, ServerAddressError> {
        let invalid = || ServerAddressError::Invalid(text.chars().take(200).collect());
        let text = text.trim();
        if text.len() > MAX_ADDRESS {
            return Err(invalid());
        }
        let mut origin = if text.contains("://") {
            Url::parse(text).map_err(|_| invalid())?
        } else {
            let url = Url::parse(&format!("https://{text}")).map_err(|_| invalid())?;
            if is_loopback(&url) {
                Url::parse(&format!("http://{text}")).map_err(|_| invalid())?
            } else {
                url
            }
        };
        let bare = origin.username().is_empty() && origin.password().is_none();
        if !matches!(origin.scheme(), "http" | "https") || origin.host().is_none() || !bare {
            return Err(invalid());
        }
        let path = origin.path().to_owned();
        origin.set_path("/");
        origin.set_query(None);
        origin.set_fragment(None);
        let is_page = |path: &str| !path.contains('/') && path.ends_with(".php");
        if path != "/" && !path.strip_prefix('/').is_some_and(is_page) {
            return Err(ServerAddressError::Path {
                path: path.chars().take(200).collect(),
                origin: origin.origin().ascii_serialization(),
            });
        }
        let address = ServerAddress {
            origin,
            allow_insecure,
        };
        if !address.may_talk_to(&address.origin) {
            return Err(ServerAddressError::Insecure(address.label()));
        }
        Ok(address)
    }

    /// Host and, if it is not the default, port: how sentences name the server.
    pub fn label(&self) -> String {
        let host = self.origin.host_str().unwrap_or_default();
        match self.origin.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The address with path `/`.
    pub fn origin(&self) -> &Url {
        &self.origin
    }

    /// Follows a trusted redirect permanently, unless it leads to the host that only logs people in (docs/protocol.md,
    /// Conventions).
    pub fn move_to(&mut self, url: &Url) {
        if self.trusts(url)
            && !url
                .host_str()
                .is_some_and(|host| host.starts_with("login."))
        {
            self.origin = url.clone();
            self.origin.set_path("/");
            self.origin.set_query(None);
            self.origin.set_fragment(None);
        }
    }

    /// An address on the server: `path` begins with `/` and may have a query.
    pub fn at(&self, path: &str) -> Url {
        // Joining an absolute path to an origin cannot fail; if it ever did, the origin itself would be harmless.
        self.origin
            .join(path)
            .unwrap_or_else(|_| self.origin.clone())
    }

    /// The domain that host names of the channel are made from: the server's name without the label that names a service.
    fn base_domain(&self) -> Option<&str> {
        let Some(Host::Domain(name)) = self.origin.host() else {
            return None;
        };
        let services = ["www.new.", "www.", "login.", "apps.", "m."];
        let base = services.iter().find_map(|label| name.strip_prefix(label));
        Some(base.unwrap_or(name))
    }

    /// True if credentials may be sent there: this server or a host of its domain, at the same port and over a connection that
    /// nobody can read. Other ports of a machine may belong to somebody else. Where the user has named no port, a server may
    /// go from the default port of HTTP to that of HTTPS.
    pub fn trusts(&self, url: &Url) -> bool {
        let same_host = url.host() == self.origin.host();
        let same_domain = || {
            let (Some(base), Some(name)) = (self.base_domain(), url.domain()) else {
                return false;
            };
            let front = name.strip_suffix(base);
            base.contains('.')
                && front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
        };
        let downgraded = self.origin.scheme() == "https" && url.scheme() != "https";
        matches!(url.scheme(), "http" | "https")
            && (same_host || same_domain())
            && url.port() == self.origin.port()
            && !downgraded
            && self.may_talk_to(url)
    }

    fn may_talk_to(&self, url: &Url) -> bool {
        self.allow_insecure || is_confidential(url)
    }

    /// The channel's address, from the host label on a page or in a reply of reconnect.php (docs/protocol.md, Logging in). The
    /// port that stands beside it is not needed: the channel is where the server is.
    ///
    /// The label is opaque: clients that read it as a number could not reach channels 01 to 09. `None` if it is not a host name.
    /// A server without a domain (an IP address, `localhost`) has its channel on the same host.
    pub fn channel_at_label(&self, label: &str) -> Option<Url> {
        let clean = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if label.is_empty() || label.len() > 100 || !label.chars().all(clean) {
            return None;
        }
        let base = self.base_domain().filter(|base| base.contains('.'));
        let Some(base) = base.filter(|_| !is_loopback(&self.origin)) else {
            return Some(self.origin.clone());
        };
        let mut url = self.origin.clone();
        url.set_host(Some(&format!("0.{label}.{base}"))).ok()?;
        Some(url)
    }

    /// The channel's address, from a reference relative to the page that ends in `/`.
    pub fn channel_at_reference(&self, page: &Url, reference: &str) -> Option<Url> {
        let url = page.join(reference).ok()?;
        (self.trusts(&url) && url.path().ends_with('/') && url.query().is_none()).then_some(url)
    }
}

/// True if what is sent there cannot be read on the way: TLS, or this machine.
fn is_confidential(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// True for 127.0.0.0/8, ::1, `localhost` and `*.localhost` (RFC 6761).
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> ServerAddress {
        ServerAddress::parse(text, false).unwrap()
    }

    #[test]
    fn people_type_addresses_in_many_ways() {
        for (typed, origin) in [
            ("https://chat.example.org", "https://chat.example.org/"),
            (" chat.example.org ", "https://chat.example.org/"),
            (
                "chat.example.org:8443/login.php?x",
                "https://chat.example.org:8443/",
            ),
            ("localhost:8080", "http://localhost:8080/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://[::1]:8080", "http://[::1]:8080/"),
        ] {
            assert_eq!(server(typed).origin().as_str(), origin, "{typed}");
        }
        for wrong in [
            "",
            "http://",
            "ftp://example.org",
            "not an address",
            "https://user:pw@example.org",
        ] {
            let error = ServerAddress::parse(wrong, true).unwrap_err();
            assert_eq!(error.status(), Status::Argument, "{wrong}");
        }
    }

    #[test]
    fn an_address_below_a_path_is_refused_with_the_one_above() {
        for (typed, path) in [
            ("https://example.org:8443/chat/", "/chat/"),
            ("example.org:8443/chat", "/chat"),
            ("example.org:8443/chat/login.php?x", "/chat/login.php"),
            ("https://example.org:8443//", "//"),
        ] {
            let error = ServerAddress::parse(typed, false).unwrap_err();
            assert_eq!(error.status(), Status::Argument);
            let said = error.to_string();
            assert!(said.contains(&format!("the path {path};")), "{said}");
            assert!(
                said.ends_with("would be https://example.org:8443"),
                "{said}"
            );
        }
    }

    #[test]
    fn plain_http_to_another_machine_is_refused_unless_allowed() {
        for remote in [
            "http://chat.example.org",
            "http://192.168.1.2:8080",
            "http://localhost.example.org",
        ] {
            let error = ServerAddress::parse(remote, false).unwrap_err();
            assert_eq!(error.status(), Status::Insecure, "{remote}");
            assert!(ServerAddress::parse(remote, true).is_ok());
        }
    }

    #[test]
    fn channel_label_is_taken_verbatim() {
        let old = ServerAddress::parse("http://www.facebook.com", true).unwrap();
        let at = |label| old.channel_at_label(label).map(String::from);
        assert_eq!(at("channel07").unwrap(), "http://0.channel07.facebook.com/");
        assert_eq!(
            at("100.channel").unwrap(),
            "http://0.100.channel.facebook.com/"
        );
        assert_eq!(at("evil.example/?"), None);
        assert_eq!(at("evil.example:99"), None);
        assert_eq!(at(""), None);
        let with_port = ServerAddress::parse("http://www.example.org:8080", true).unwrap();
        let url = with_port.channel_at_label("channel07").unwrap();
        assert_eq!(url.as_str(), "http://0.channel07.example.org:8080/");
        let single = server("http://127.0.0.1:8080");
        let url = single.channel_at_label("channel07").unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:8080/");
    }

    #[test]
    fn credentials_stay_with_the_server() {
        let server = server("https://www.example.org");
        let trusts = |text| server.trusts(&Url::parse(text).unwrap());
        assert!(trusts("https://www.example.org/login.php"));
        assert!(trusts("https://login.example.org/login.php"));
        assert!(!trusts("http://login.example.org/login.php"));
        assert!(!trusts("https://evilexample.org/"));
        assert!(!trusts("https://example.org.evil.example/"));
        assert!(!trusts("https://www.example.org:8443/login.php"));
        assert!(!trusts("https://login.example.org:8443/login.php"));
        let page = Url::parse("https://www.example.org/home.php").unwrap();
        let reference = |text| server.channel_at_reference(&page, text).map(String::from);
        assert_eq!(reference("/").unwrap(), "https://www.example.org/");
        assert_eq!(
            reference("https://0.channel07.example.org/").unwrap(),
            "https://0.channel07.example.org/"
        );
        assert_eq!(reference("https://evil.example/"), None);
        assert_eq!(reference("https://www.example.org:8443/"), None);
        assert_eq!(reference("javascript:alert(1)"), None);
    }

    #[test]
    fn port_is_the_users_and_the_way_to_tls_leads_nowhere_else() {
        let trusts = |from, to| {
            let server = ServerAddress::parse(from, true).unwrap();
            server.trusts(&Url::parse(to).unwrap())
        };
        assert!(trusts("http://example.org", "https://example.org/"));
        assert!(trusts("http://example.org", "https://example.org:443/"));
        assert!(trusts(
            "http://example.org:8080",
            "https://example.org:8080/"
        ));
        assert!(!trusts("http://example.org", "https://example.org:8443/"));
        assert!(!trusts("http://127.0.0.1:8080", "http://127.0.0.1:8081/"));
        assert!(!trusts("http://127.0.0.1:8080", "https://127.0.0.1:8443/"));
        assert!(!trusts("http://localhost:8080", "http://localhost/"));
        assert!(!trusts(
            "https://example.org:8080",
            "http://example.org:8080/"
        ));
        assert!(!trusts("https://example.org", "http://example.org/"));
        let mut moved = server("localhost:8080");
        moved.move_to(&Url::parse("https://localhost:8080/").unwrap());
        moved.move_to(&Url::parse("http://localhost:8080/").unwrap());
        assert_eq!(moved.origin().as_str(), "https://localhost:8080/");
    }
}
