//! Proxies: their syntax, the addresses that they apply to, and their names in sentences.

use crate::status::{Problem, Status};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::sync::Arc;
use url::Url;
use zeroize::Zeroizing;

/// Greatest length of a proxy's address.
const MAX_ADDRESS: usize = 1024;
/// An address that leads nowhere.
const NOWHERE: &str = "http://proxy.invalid:9/";
/// Greatest length of a user name or password in SOCKS.
const MAX_USER: usize = 255;

/// The proxy to use; by default none. May contain a password, which is never printed.
#[derive(Clone, Default)]
pub struct Proxy(Option<Arc<Routes>>);

struct Routes {
    /// For plain HTTP, for HTTPS.
    addresses: [Option<Address>; 2],
    /// What is wrong with the environment's address for it, if anything. Its place is taken by [`NOWHERE`], so that nothing
    /// goes out without the proxy that the user wants.
    wrong: [Option<Problem>; 2],
    /// As in `no_proxy`.
    exceptions: String,
    matcher: Matcher,
}

/// A checked address, wiped when dropped, since it may contain a password. The HTTP library's copy is not wiped.
#[derive(Clone, PartialEq, Eq)]
struct Address(Zeroizing<String>);

impl Proxy {
    /// Reads `http://`, `socks4://`, `socks4a://`, `socks5://` or `socks5h://` with host and port, and user and
    /// password if the proxy wants them; `socks://`, as desktops write it, is SOCKS 5; `environment` for [`Proxy::from_environment`]; nothing for no proxy.
    ///
    /// # Errors
    /// It is not such an address; the sentence does not repeat it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match text.trim() {
            "" => Ok(Proxy::default()),
            "environment" => Ok(Proxy::from_environment()),
            text => {
                let address = Address::parse(text, "The proxy setting")?;
                Ok(Proxy::new(
                    [Ok(Some(address.clone())), Ok(Some(address))],
                    String::new(),
                ))
            }
        }
    }

    /// Reads the current `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, also in capitals, except for `HTTP_PROXY`:
    /// a web server's visitors can set that variable for CGI programs.
    ///
    /// A value that is not a proxy address is an error only where it applies; opening a session tells it.
    pub fn from_environment() -> Self {
        Proxy::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| {
            let capitals = Some(name.to_ascii_uppercase()).filter(|_| name != "http_proxy");
            let found = get(name).or_else(|| get(&capitals?));
            found.filter(|value| !value.trim().is_empty())
        };
        let address = |name: &str| {
            let subject = format!("The environment's {name}");
            let found = value(name).map(Zeroizing::new);
            found
                .map(|text| Address::parse(text.trim(), &subject))
                .transpose()
        };
        let either = |name| match address(name) {
            Ok(None) => address("all_proxy"),
            found => found,
        };
        let found = [either("http_proxy"), either("https_proxy")];
        if found.iter().all(|found| matches!(found, Ok(None))) {
            return Proxy::default();
        }
        Proxy::new(found, value("no_proxy").unwrap_or_default())
    }

    fn new(found: [Result<Option<Address>, Problem>; 2], exceptions: String) -> Self {
        let wrong = [&found[0], &found[1]].map(|found| found.as_ref().err().cloned());
        let nowhere = |_| Some(Address(Zeroizing::new(NOWHERE.to_owned())));
        let addresses = found.map(|found| found.unwrap_or_else(nowhere));
        let text = |address: &Option<Address>| {
            let text = address.as_ref().map(|address| address.0.to_string());
            text.unwrap_or_default()
        };
        let [http, https] = &addresses;
        let matcher = Matcher::builder()
            .http(text(http))
            .https(text(https))
            .no(exceptions.clone())
            .build();
        Proxy(Some(Arc::new(Routes {
            addresses,
            wrong,
            exceptions,
            matcher,
        })))
    }

    /// The addresses for plain HTTP and for HTTPS.
    pub(crate) fn addresses(&self) -> [Option<&str>; 2] {
        let Some(routes) = &self.0 else {
            return [None, None];
        };
        let [http, https] = &routes.addresses;
        [http, https].map(|address| Some(address.as_ref()?.0.as_str()))
    }

    /// The hosts to reach directly, as in `no_proxy`.
    pub(crate) fn exceptions(&self) -> &str {
        self.0.as_ref().map_or("", |routes| &routes.exceptions)
    }

    /// Checks that the proxy for this address can be used.
    ///
    /// # Errors
    /// The environment's address for it is not one.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Problem> {
        let Some(routes) = self.0.as_ref().filter(|_| self.applies_to(url)) else {
            return Ok(());
        };
        let [http, https] = &routes.wrong;
        let wrong = if url.scheme() == "http" { http } else { https };
        wrong.clone().map_or(Ok(()), Err)
    }

    /// True if requests to this address go through a proxy.
    pub(crate) fn applies_to(&self, url: &Url) -> bool {
        self.intercept(url).is_some()
    }

    /// The proxy for this address, as sentences name it: host and port.
    pub(crate) fn label(&self, url: &Url) -> Option<String> {
        let intercept = self.intercept(url)?;
        Some(intercept.uri().authority()?.to_string())
    }

    fn intercept(&self, url: &Url) -> Option<Intercept> {
        let routes = self.0.as_ref()?;
        routes.matcher.intercept(&url.as_str().parse().ok()?)
    }
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        let parts = |proxy: &Proxy| {
            let routes = proxy.0.as_ref();
            routes.map(|routes| (routes.addresses.clone(), routes.exceptions.clone()))
        };
        parts(self) == parts(other)
    }
}

impl Eq for Proxy {}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Proxy"
        } else {
            "no proxy"
        })
    }
}

impl Address {
    fn parse(text: &str, subject: &str) -> Result<Self, Problem> {
        let wrong = |why: &str| {
            let text = format!("{subject} is not a proxy address: {why}");
            Problem::new(Status::Argument, text)
        };
        let example =
            "it should look like http://proxy.example.org:3128 or socks5h://127.0.0.1:9050";
        if text.len() > MAX_ADDRESS {
            return Err(wrong("it is too long"));
        }
        // Environment variables usually omit the scheme.
        let whole = match text.contains("://") {
            true => Zeroizing::new(text.to_owned()),
            false => Zeroizing::new(format!("http://{text}")),
        };
        let mut url = Url::parse(&whole).map_err(|_| wrong(example))?;
        if url.scheme() == "socks" {
            // Between these schemes the change is always possible.
            let _ = url.set_scheme("socks5h");
        }
        let is_socks4 = matches!(url.scheme(), "socks4" | "socks4a");
        let is_socks = is_socks4 || matches!(url.scheme(), "socks5" | "socks5h");
        if url.scheme() != "http" && !is_socks {
            return Err(wrong(
                "its scheme must be http, socks4, socks4a, socks5 or socks5h",
            ));
        }
        let bare =
            matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !bare || url.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
            return Err(wrong(example));
        }
        let (user, password) = (url.username(), url.password().unwrap_or_default());
        if is_socks4 && !(user.is_empty() && password.is_empty()) {
            return Err(wrong("SOCKS 4 does not support passwords; use socks5h"));
        }
        if user.len() > MAX_USER || password.len() > MAX_USER {
            return Err(wrong("user or password is too long"));
        }
        if is_socks && url.port().is_none() {
            // Fails only for an address without a host.
            let _ = url.set_port(Some(1080));
        }
        Ok(Address(Zeroizing::new(url.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let server = url("https://chat.example.org");
        for (text, label) in [
            ("http://proxy.example.org:3128", "proxy.example.org:3128"),
            ("proxy.example.org:3128", "proxy.example.org:3128"),
            ("http://user:p%40ss@10.0.0.1:8080/", "10.0.0.1:8080"),
            ("socks4://10.0.0.1", "10.0.0.1:1080"),
            ("socks4a://10.0.0.1:9050", "10.0.0.1:9050"),
            ("socks5://user:pass@[::1]:9050", "[::1]:9050"),
            (" socks5h://localhost:9050 ", "localhost:9050"),
            ("socks://localhost:9050/", "localhost:9050"),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.label(&server).as_deref(), Some(label), "{text}");
        }
        assert_eq!(Proxy::parse("").unwrap(), Proxy::default());
        assert!(!Proxy::default().applies_to(&server));
    }

    #[test]
    fn nonsense_is_refused_and_never_repeated() {
        for text in [
            "https://user:secret@proxy.example.org:443",
            "ftp://secret@proxy.example.org",
            "http://user:secret@",
            "http://secret@proxy.example.org/path",
            "http://proxy.example.org:0/secret",
            "http://proxy.example.org:99999/secret",
            "socks4://user:secret@10.0.0.1",
            &format!("http://user:{}@10.0.0.1:1", "secret".repeat(50)),
        ] {
            let problem = Proxy::parse(text).unwrap_err();
            assert_eq!(problem.status, Status::Argument);
            assert!(!problem.text.contains("secret"), "{}", problem.text);
        }
        let proxy = Proxy::parse("http://user:secret@10.0.0.1:3128").unwrap();
        assert_eq!(format!("{proxy:?}"), "Proxy");
    }

    #[test]
    fn equal_proxies_are_equal() {
        let one = || Proxy::parse("socks5h://user:one@127.0.0.1:9050").unwrap();
        assert_eq!(one(), one());
        assert_ne!(
            one(),
            Proxy::parse("socks5h://user:two@127.0.0.1:9050").unwrap()
        );
        assert_ne!(one(), Proxy::default());
    }

    #[test]
    fn environment_is_read_as_other_programs_do() {
        let environment = |variables: &[(&str, &str)]| {
            Proxy::from_variables(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let proxy = environment(&[
            ("https_proxy", "10.0.0.1:1"),
            ("ALL_PROXY", "socks5h://10.0.0.2:2"),
            ("HTTP_PROXY", "http://10.0.0.3:3"),
            ("no_proxy", "localhost,.example.net"),
        ]);
        let label = |text| proxy.label(&url(text));
        assert_eq!(label("https://chat.example.org").unwrap(), "10.0.0.1:1");
        assert_eq!(label("http://chat.example.org").unwrap(), "10.0.0.2:2");
        assert_eq!(label("https://chat.example.net"), None);
        assert_eq!(label("http://localhost:8080"), None);
        assert_eq!(environment(&[]), Proxy::default());
        let proxy = environment(&[("all_proxy", "gopher://x"), ("no_proxy", "localhost")]);
        let problem = proxy.check(&url("https://chat.example.org")).unwrap_err();
        assert!(
            problem
                .text
                .starts_with("The environment's all_proxy is not a proxy address")
        );
        assert_eq!(proxy.label(&url("http://x")).unwrap(), "proxy.invalid:9");
    }

    #[test]
    fn a_variable_that_does_not_apply_does_not_matter() {
        let proxy = |name: &str| {
            let found = match name {
                "all_proxy" => "gopher://x",
                "http_proxy" => "10.0.0.1:1",
                "no_proxy" => ".example.net",
                _ => return None,
            };
            Some(found.to_owned())
        };
        let proxy = Proxy::from_variables(proxy);
        for fine in ["http://chat.example.org", "https://chat.example.net"] {
            assert_eq!(proxy.check(&url(fine)), Ok(()), "{fine}");
        }
        assert!(proxy.check(&url("https://chat.example.org")).is_err());
    }

    #[test]
    fn socks_without_a_version_is_socks_5() {
        let proxy = Proxy::from_variables(|name| {
            (name == "all_proxy").then(|| "socks://localhost:9050/".to_owned())
        });
        assert_eq!(proxy.addresses(), [Some("socks5h://localhost:9050/"); 2]);
    }
}
