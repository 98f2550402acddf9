//! Where things are: the server's address as the user gave it, and the URLs made from it.

use crate::status::{Problem, Status};
use url::{Host, Url};

/// A checked server address: `http` or `https`, a host, no path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    origin: Url,
}

/// Why a server address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerAddressError {
    /// Not an address at all.
    #[error("\"{0}\" is no server address; it should look like https://chat.example.org")]
    Invalid(String),
    /// Plain HTTP to another machine.
    #[error(
        "Refusing to log in to {0} over plain HTTP: the password would travel readable. Use https://, or set allow_insecure if the network is yours"
    )]
    Insecure(String),
}

impl ServerAddressError {
    /// The status that hosts see.
    pub fn status(&self) -> Status {
        match self {
            ServerAddressError::Invalid(_) => Status::Argument,
            ServerAddressError::Insecure(_) => Status::Insecure,
        }
    }
}

impl From<ServerAddressError> for Problem {
    fn from(error: ServerAddressError) -> Self {
        Problem::new(error.status(), error.to_string())
    }
}

impl ServerAddress {
    /// Checks an address that a person typed. Without a scheme, `https` is meant, or `http` on this machine.
    ///
    /// # Errors
    /// [`ServerAddressError::Insecure`] for plain HTTP to a host that is not loopback unless `allow_insecure`.
    pub fn parse(text: &str, allow_insecure: bool) -> Result<Self, ServerAddressError> {
        let invalid = || ServerAddressError::Invalid(text.chars().take(200).collect());
        let text = text.trim();
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
        let plain = origin.path() == "/" && origin.query().is_none() && origin.fragment().is_none();
        let bare = origin.username().is_empty() && origin.password().is_none();
        if !matches!(origin.scheme(), "http" | "https") || origin.host().is_none() || !bare {
            return Err(invalid());
        }
        if !plain {
            // People paste the address of the login page; only the origin matters.
            origin.set_path("/");
            origin.set_query(None);
            origin.set_fragment(None);
        }
        let address = ServerAddress { origin };
        if !allow_insecure && !is_confidential(&address.origin) {
            return Err(ServerAddressError::Insecure(address.label()));
        }
        Ok(address)
    }

    /// Host and, if unusual, port: how sentences name the server.
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
