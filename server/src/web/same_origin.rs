//! Keeps the pages of other sites from acting for the people who visit them. Browsers say which site a request comes from: in
//! `Sec-Fetch-Site`, but only over TLS and to localhost, and in `Origin`, but only with a POST and with what scripts send. Clients of 2008
//! to 2010 and those of this project send neither, and pass.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;

use super::cookies;
use super::pages::{self, Message};
use super::params::Params;
use crate::config::Config;
use crate::secrets;

/// Paths that only scripts of our own pages read. Reading them can say that the user is there, or has received something. The last one is
/// a WebSocket, for which browsers ask no permission of ours.
const SCRIPTS: [&str; 3] = ["/ajax/", "/x/", "/xmpp-websocket"];

/// Whether another site asks for what only our own pages may ask for.
pub fn is_refused(config: &Config, request: &Request) -> bool {
    let path = request.uri().path();
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let guarded = !reads || SCRIPTS.iter().any(|prefix| path.starts_with(prefix));
    guarded && is_foreign(config, request.method(), request.headers())
}

/// Whether another site made a browser send this request.
pub fn is_foreign(config: &Config, method: &Method, headers: &HeaderMap) -> bool {
    let text = |name| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or_default())
    };
    let origin = text("origin").map(|origin| is_own(config, headers, origin));
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => false,
        // Our own names are each other's neighbours, but so are the servers of other people in the same domain.
        Some("same-site") => origin != Some(true),
        Some(_) => true,
        // Browsers send this header with a link that was followed, and not with what scripts ask for.
        None => !origin.unwrap_or(
            method == Method::POST || !headers.contains_key(header::UPGRADE_INSECURE_REQUESTS),
        ),
    }
}

/// Whether an origin is this server, by the name that the request uses or another one of the base domain. Scheme and port do not count:
/// proxies change both, and browsers share the cookies of all ports of a host.
fn is_own(config: &Config, headers: &HeaderMap, origin: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else {
        // `null`: a page that hides where it comes from.
        return false;
    };
    let host = host(authority);
    let named = headers
        .get(header::HOST)
        .and_then(|name| name.to_str().ok());
    if named.is_some_and(|named| self::host(named).eq_ignore_ascii_case(host)) {
        return true;
    }
    let domain = config.base_domain.as_deref();
    domain.is_some_and(|domain| {
        let rest = host.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// The host of `HOST:PORT`.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The answer to a request of another site.
pub fn refusal() -> Response {
    let refusal = Message {
        title: "fbchat",
        heading: "This comes from another site",
        wrong: Some(
            "Only the pages of this server may do that. If you are on one of them, the operator must let the proxy pass on the header Host.",
        ),
        link: Some(("/", "Home")),
    };
    pages::page(StatusCode::FORBIDDEN, &refusal)
}

/// The token of a form for people without a session: the one that the client has as a cookie, or a new one. It goes into the form and
/// into the cookie.
pub fn form_token(headers: &HeaderMap) -> Result<String, getrandom::Error> {
    match cookies::get(headers, "lsd") {
        Some(known) if is_token(known) => Ok(known.to_owned()),
        _ => secrets::random_hex(8),
    }
}

fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether a form without a session carries the token of its cookie. Clients of 2008 send no token at all, those of 2009 one of their own
/// choice in both places.
pub fn has_form_token(headers: &HeaderMap, params: &Params) -> bool {
    match (cookies::get(headers, "lsd"), params.get("lsd")) {
        (Some(cookie), Some(field)) if is_token(cookie) || !pages::is_browser(headers) => {
            secrets::same(cookie, field)
        }
        _ => !pages::is_browser(headers),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    fn foreign(method: &Method, more: &[(&'static str, &'static str)]) -> bool {
        let config = Config {
            base_domain: Some("example.org".to_owned()),
            ..Config::default()
        };
        let all = [&[("host", "chat.test:8080")], more].concat();
        is_foreign(&config, method, &headers(&all))
    }

    #[test]
    fn only_other_sites_are_foreign() {
        for method in [Method::GET, Method::POST] {
            for own in [
                &[][..],
                &[("sec-fetch-site", "same-origin")],
                &[("sec-fetch-site", "none")],
                &[("origin", "http://chat.test:8080")],
                &[("origin", "https://CHAT.test")],
                &[("origin", "http://www.example.org")],
                &[("origin", "http://example.org:81")],
                &[
                    ("sec-fetch-site", "same-site"),
                    ("origin", "http://0.channel07.example.org"),
                ],
                // A proxy that does not pass on the host.
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "https://elsewhere.test"),
                ],
            ] {
                assert!(!foreign(&method, own), "{method} {own:?}");
            }
            for other in [
                &[("sec-fetch-site", "cross-site")][..],
                &[("sec-fetch-site", "same-site")],
                &[("sec-fetch-site", "CROSS-SITE")],
                &[
                    ("sec-fetch-site", "same-site"),
                    ("origin", "http://evil.test"),
                ],
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://chat.test:8080"),
                ],
                &[("origin", "null")],
                &[("origin", "")],
                &[("origin", "http://evil.test")],
                &[("origin", "http://chat.test.evil.test")],
                &[("origin", "http://evilexample.org")],
                &[("origin", "http://chat.test:8080@evil.test")],
            ] {
                assert!(foreign(&method, other), "{method} {other:?}");
            }
        }
        let link = [("upgrade-insecure-requests", "1")];
        assert!(foreign(&Method::GET, &link) && !foreign(&Method::POST, &link));
    }

    #[test]
    fn browsers_need_the_token_of_the_form() {
        let own = |fields: &str, pairs: &[(&'static str, &'static str)]| {
            let params = Params::parse(fields.as_bytes(), "").unwrap();
            has_form_token(&headers(pairs), &params)
        };
        let browser = ("origin", "http://chat.test");
        assert!(own("lsd=a", &[browser, ("cookie", "lsd=a")]));
        assert!(own("", &[]) && own("", &[("cookie", "lsd=a")]) && own("lsd=a", &[]));
        assert!(own("lsd=a", &[("cookie", "lsd=a")]));
        assert!(!own("lsd=b", &[("cookie", "lsd=a")]));
        for (fields, cookie) in [
            ("", "lsd=a"),
            ("lsd=a", "x=y"),
            ("lsd=", "lsd="),
            ("lsd=b", "lsd=a"),
        ] {
            assert!(
                !own(fields, &[browser, ("cookie", cookie)]),
                "{fields} {cookie}"
            );
        }
    }
}
