//! The cookie jar. Each session has one, since sessions share an HTTP client, which must not mix accounts.

use cookie_store::{CookieStore, RawCookie};
use url::Url;

/// Further cookies are dropped.
const MOST: usize = 64;
/// A longer `Set-Cookie` header is dropped, in bytes.
const LONGEST: usize = 4_096;

/// Cookies, with the rules of browsers for domain, path and expiry.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    store: CookieStore,
}

impl Cookies {
    /// Takes over the `Set-Cookie` headers of a reply. The value `deleted` deletes (docs/protocol.md, Conventions).
    pub fn take(&mut self, url: &Url, headers: &[String]) {
        for header in headers.iter().filter(|header| header.len() <= LONGEST) {
            let Ok(cookie) = RawCookie::parse(header.as_str()) else {
                continue;
            };
            if cookie.value() == "deleted" {
                self.remove(cookie.name());
            } else if has_odd_domain(&cookie) {
                // The store would take it, for other hosts once it was saved.
            } else if self.store.iter_any().count() < MOST || self.get(cookie.name()).is_some() {
                // Nobody needs to hear of a refused cookie (foreign domain, already expired).
                let _ = self.store.insert_raw(&cookie, url);
            }
        }
    }

    /// Sets a cookie as if the server had set it, unless it has.
    pub fn preset(&mut self, url: &Url, name: &str, value: &str) {
        if self.get(name).is_none() {
            let _ = self.store.insert_raw(&RawCookie::new(name, value), url);
        }
    }

    /// The value of a cookie, whatever its domain.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.store
            .iter_unexpired()
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value())
    }

    /// Forgets a cookie, whatever its domain.
    pub fn remove(&mut self, name: &str) {
        let places: Vec<(String, String)> = self
            .store
            .iter_any()
            .filter(|cookie| cookie.name() == name)
            .filter_map(|cookie| {
                let domain = cookie.domain.as_cow()?.into_owned();
                Some((domain, String::from(&cookie.path)))
            })
            .collect();
        for (domain, path) in places {
            self.store.remove(&domain, &path, name);
        }
    }

    /// All cookies, as `Set-Cookie` headers that [`Cookies::take`] understands.
    pub fn save(&self) -> Vec<String> {
        let cookies = self.store.iter_unexpired();
        cookies.map(|cookie| cookie.to_string()).collect()
    }

    /// The `Cookie` header for a request, or `None` if there are no cookies for it.
    pub fn header(&self, url: &Url) -> Option<String> {
        let pairs: Vec<String> = self
            .store
            .get_request_values(url)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// True for a domain that cannot be one, like `..`. An empty one means the host itself.
fn has_odd_domain(cookie: &RawCookie<'_>) -> bool {
    let domain = cookie.domain().filter(|domain| !domain.is_empty());
    domain.is_some_and(|domain| domain.split('.').any(str::is_empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn domain_cookies_reach_the_channel_and_host_cookies_stay() {
        let www = url("http://www.facebook.com/login.php");
        let mut jar = Cookies::default();
        jar.take(
            &www,
            &[
                "c_user=7; path=/; domain=.facebook.com".into(),
                "lsd=x; path=/".into(),
            ],
        );
        assert_eq!(jar.get("c_user"), Some("7"));
        assert_eq!(jar.header(&www).unwrap().split("; ").count(), 2);
        let channel = url("http://0.channel07.facebook.com/x/0/false/p_7=1");
        assert_eq!(jar.header(&channel).as_deref(), Some("c_user=7"));
        assert_eq!(jar.header(&url("http://other.example/")), None);
    }

    #[test]
    fn deleted_and_foreign_cookies_are_gone() {
        let www = url("http://www.facebook.com/");
        let mut jar = Cookies::default();
        jar.take(
            &www,
            &[
                "a=1; path=/; domain=.facebook.com".into(),
                "b=2; domain=other.example".into(),
            ],
        );
        assert_eq!(jar.header(&www).as_deref(), Some("a=1"));
        jar.take(&www, &["a=deleted; path=/; domain=.facebook.com".into()]);
        assert_eq!(jar.header(&www), None);
    }

    #[test]
    fn preset_gives_way_to_the_server() {
        let www = url("http://127.0.0.1:8080/");
        let mut jar = Cookies::default();
        jar.take(&www, &["test_cookie=server; path=/".into()]);
        jar.preset(&www, "test_cookie", "1");
        assert_eq!(jar.header(&www).as_deref(), Some("test_cookie=server"));
        jar.preset(&www, "other", "1");
        assert!(jar.header(&www).unwrap().contains("other=1"));
    }

    #[test]
    fn cookies_are_for_the_same_hosts_after_they_were_saved() {
        let odd = url("https://c.../");
        for domain in ["..", "...", "a..b", "c...", ".", ""] {
            let (mut jar, mut copy) = (Cookies::default(), Cookies::default());
            jar.take(&odd, &[format!("a=1; domain={domain}")]);
            copy.take(&odd, &jar.save());
            assert_eq!(jar.header(&odd), copy.header(&odd), "{domain}");
        }
    }

    #[test]
    fn a_flood_of_cookies_is_bounded() {
        let www = url("http://127.0.0.1/");
        let mut jar = Cookies::default();
        let flood: Vec<String> = (0..1000).map(|n| format!("n{n}=1")).collect();
        jar.take(&www, &flood);
        jar.take(&www, &[format!("long={}", "x".repeat(100_000))]);
        assert_eq!(jar.header(&www).unwrap().split("; ").count(), MOST);
    }
}
