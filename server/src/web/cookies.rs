//! The cookies of 2008: c_user, xs, datr, test_cookie, lsd.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::config::Config;
use crate::types::Uid;

/// The value of a cookie that the client sent.
pub fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Whether the client uses TLS. The header was removed from the requests of everybody who may not send it.
pub fn over_tls(headers: &HeaderMap) -> bool {
    headers
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme == "https")
}

/// The base domain, if the request is for the host where clients of 2009 log in over TLS, to continue at www without it.
pub fn at_old_login<'a>(config: &'a Config, headers: &HeaderMap) -> Option<&'a str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let base = config.base_domain.as_deref()?;
    let rest = host.strip_prefix("login.")?.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with(':')).then_some(base)
}

/// Domain and security of the cookies in an answer.
pub struct Scope<'a> {
    domain: Option<&'a str>,
    secure: bool,
}

impl<'a> Scope<'a> {
    /// The base domain if there is one, else the host. TLS only, if the client uses it and continues to.
    pub fn new(config: &'a Config, headers: &HeaderMap) -> Self {
        Scope {
            domain: config.base_domain.as_deref(),
            secure: over_tls(headers) && at_old_login(config, headers).is_none(),
        }
    }

    /// Sets a cookie for as long as the client runs. Old clients look for `name=value;`, so something always follows the value.
    pub fn set(&self, response: &mut Response, name: &str, value: &str) {
        self.add(response, name, value, "");
    }

    /// Sets the two cookies of a session, for `kept` seconds or as long as the client runs.
    pub fn log_in(&self, response: &mut Response, uid: Uid, secret: &str, kept: Option<i64>) {
        let age = kept.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        self.add(response, "c_user", &uid.to_string(), &age);
        self.add(response, "xs", secret, &age);
    }

    /// Deletes a cookie.
    pub fn delete(&self, response: &mut Response, name: &str) {
        self.add(
            response,
            name,
            "deleted",
            "; expires=Thu, 01-Jan-1970 00:00:01 GMT",
        );
    }

    fn add(&self, response: &mut Response, name: &str, value: &str, more: &str) {
        let domain = self
            .domain
            .map(|domain| format!("; domain=.{domain}"))
            .unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie =
            format!("{name}={value}; path=/{domain}{more}; HttpOnly; SameSite=Lax{secure}");
        match HeaderValue::from_str(&cookie) {
            Ok(cookie) => {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Err(error) => log::error!("cannot set the cookie {name}: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_in_any_spacing() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("isfbe=false;test_cookie=1; xs=a=b;;c_user"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("datr=d"));
        assert_eq!(get(&headers, "test_cookie"), Some("1"));
        assert_eq!(get(&headers, "xs"), Some("a=b"));
        assert_eq!(get(&headers, "datr"), Some("d"));
        assert_eq!(get(&headers, "c_user"), None);
    }

    #[test]
    fn a_semicolon_follows_the_value() {
        let mut response = Response::default();
        let scope = Scope {
            domain: Some("example.org"),
            secure: true,
        };
        scope.log_in(&mut response, Uid(5), "s", None);
        let cookie = response.headers().get(header::SET_COOKIE).unwrap();
        assert_eq!(
            cookie,
            "c_user=5; path=/; domain=.example.org; HttpOnly; SameSite=Lax; Secure"
        );
        let mut response = Response::default();
        scope.log_in(&mut response, Uid(5), "s", Some(600));
        let cookies = response.headers().get_all(header::SET_COOKIE);
        for (cookie, pair) in cookies.iter().zip(["c_user=5", "xs=s"]) {
            let rest = "; path=/; domain=.example.org; Max-Age=600; HttpOnly; SameSite=Lax; Secure";
            assert_eq!(cookie, &format!("{pair}{rest}"));
        }
        assert_eq!(cookies.iter().count(), 2);
    }
}
