//! The parts that pages share, for browsers and for the clients that scrape them (docs/protocol.md).

use std::fmt;

use askama::{Template, filters};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::cookies;
use super::envelope::AjaxError;
use super::response::text;
use crate::config::Config;
use crate::types::Uid;

const MEDIA_TYPE: &str = "text/html; charset=utf-8";
/// What no page asks for, so that nothing on it can.
const PERMISSIONS: &str =
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Makes text safe inside HTML and quoted attributes, with the entities that clients of 2008 know.
#[derive(Clone, Copy, Default)]
pub struct Escaper;

impl filters::Escaper for Escaper {
    fn write_escaped_str<W: fmt::Write>(&self, mut out: W, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => out.write_str("&amp;"),
                '<' => out.write_str("&lt;"),
                '>' => out.write_str("&gt;"),
                '"' => out.write_str("&quot;"),
                '\'' => out.write_str("&#39;"),
                c => out.write_char(c),
            }?;
        }
        Ok(())
    }
}

/// A page from a template.
pub fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => {
            let mut response = text(status, MEDIA_TYPE, page);
            let name = HeaderName::from_static("permissions-policy");
            let denied = HeaderValue::from_static(PERMISSIONS);
            response.headers_mut().insert(name, denied);
            response
        }
        Err(error) => AjaxError::from(error).into_response(),
    }
}

/// A page that says something, and perhaps links to another one.
#[derive(Template)]
#[template(path = "message.html")]
pub struct Message<'a> {
    pub title: &'a str,
    pub heading: &'a str,
    pub wrong: Option<&'a str>,
    /// The path and the words of the link.
    pub link: Option<(&'a str, &'a str)>,
}

/// `http://HOST` as the client sees it; empty if it sent no usable host.
pub fn origin(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if host.is_empty()
        || !host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b))
    {
        return String::new();
    }
    let scheme = if cookies::over_tls(headers) {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{host}")
}

/// Whether the request comes from a browser of today.
pub fn is_browser(headers: &HeaderMap) -> bool {
    ["sec-fetch-site", "sec-fetch-mode", "origin"]
        .into_iter()
        .any(|name| headers.contains_key(name))
}

/// Redirects to a path of this server with an absolute URL, as clients of 2008 expect. A modern browser gets a relative one: behind a
/// proxy that is not trusted it may use TLS without our knowledge, and must not be led out of it.
pub fn redirect(headers: &HeaderMap, path: &str) -> Response {
    let origin = if is_browser(headers) {
        String::new()
    } else {
        origin(headers)
    };
    redirect_to(&format!("{origin}{path}"))
}

/// A page with nothing on it.
#[derive(Template)]
#[template(path = "page.html")]
struct Empty;

/// Redirects to a URL.
pub fn redirect_to(url: &str) -> Response {
    let mut response = page(StatusCode::FOUND, &Empty);
    if let Ok(location) = HeaderValue::from_str(url) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Redirects to the login form, with the cookie that a login needs: some clients take it from here and do not follow.
pub fn to_login(config: &Config, headers: &HeaderMap) -> Response {
    let mut response = redirect(headers, "/login.php");
    cookies::Scope::new(config, headers).set(&mut response, "test_cookie", "1");
    response
}

/// The refusal if a proxy says that it shows this server below a path: all calls and links begin at the root of the host.
pub fn below_a_path(headers: &HeaderMap) -> Option<Response> {
    let path = headers.get("x-forwarded-prefix")?.as_bytes();
    if path.iter().all(|&b| b == b'/') {
        return None;
    }
    let refusal = Message {
        title: "fbchat",
        heading: "fbchat needs a host name of its own",
        wrong: Some(
            "This server is shown below a path of its host, where it does not work. Its operator must give it a host name, for example chat.example.org.",
        ),
        link: None,
    };
    Some(page(StatusCode::NOT_IMPLEMENTED, &refusal))
}

/// The label with two digits in a user's channel host; always the same for one user.
pub fn channel_label(uid: Uid) -> String {
    format!("channel{:02}", uid.0.rem_euclid(20) + 1)
}

/// The URL of the channel; `/` is this server.
pub fn channel_url(config: &Config, headers: &HeaderMap, uid: Uid) -> String {
    let Some(host) = config.channel_host(&channel_label(uid)) else {
        return "/".to_owned();
    };
    let scheme = if cookies::over_tls(headers) {
        "https"
    } else {
        "http"
    };
    match port(headers) {
        Some(port) => format!("{scheme}://{host}:{port}/"),
        None => format!("{scheme}://{host}/"),
    }
}

/// The port in the client's Host header.
pub fn port(headers: &HeaderMap) -> Option<u16> {
    let (_, port) = headers.get(header::HOST)?.to_str().ok()?.rsplit_once(':')?;
    port.parse().ok()
}

/// The answer for an unknown path.
pub async fn not_found() -> Response {
    page(
        StatusCode::NOT_FOUND,
        &Message {
            title: "Page not found | fbchat",
            heading: "There is no such page",
            wrong: None,
            link: Some(("/", "Home")),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_escape_with_entities_of_that_time() {
        let page = Message {
            title: "&<>\"'é",
            heading: "&amp;",
            wrong: Some("</h2>"),
            link: None,
        };
        let page = page.render().unwrap();
        for part in [
            "<title>&amp;&lt;&gt;&quot;&#39;é</title>",
            "<h1>&amp;amp;</h1>",
            "<h2 id=\"standard_error\">&lt;/h2&gt;</h2>",
        ] {
            assert!(page.contains(part), "{page}");
        }
        assert!(page.ends_with("</body>\n</html>\n"), "{page}");
    }

    #[test]
    fn the_channel_url_follows_the_pattern() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::HOST,
            HeaderValue::from_static("www.example.org:8080"),
        );
        let mut config = Config::default();
        assert_eq!(channel_url(&config, &headers, Uid(26)), "/");
        config.base_domain = Some("example.org".into());
        config.channel_host_pattern = Some("0.{channel}.{base}".into());
        assert_eq!(
            channel_url(&config, &headers, Uid(26)),
            "http://0.channel07.example.org:8080/"
        );
        headers.insert(header::HOST, HeaderValue::from_static("www.example.org"));
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        assert_eq!(
            channel_url(&config, &headers, Uid(26)),
            "https://0.channel07.example.org/"
        );
    }

    #[test]
    fn an_unusable_host_and_a_modern_browser_get_a_relative_redirect() {
        let location = |headers: &[(&'static str, &'static str)]| {
            let pairs = headers.iter().map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            let answer = redirect(&pairs.collect(), "/home.php");
            answer.headers()[header::LOCATION].clone()
        };
        assert_eq!(location(&[("host", "h")]), "http://h/home.php");
        assert_eq!(location(&[("host", "evil\"><x")]), "/home.php");
        let browser = [("host", "h"), ("sec-fetch-mode", "navigate")];
        assert_eq!(location(&browser), "/home.php");
    }
}
