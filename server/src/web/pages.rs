//! The parts that pages share, for browsers and for the clients that scrape them (docs/protocol.md).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::cookies;
use super::response::text;
use crate::config::Config;
use crate::types::Uid;

const MEDIA_TYPE: &str = "text/html; charset=utf-8";

/// Makes text safe inside HTML and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A whole page; `title`, `head` and `body` are HTML.
pub fn whole(status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n\
         <meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n\
         <title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, interactive-widget=resizes-content\" />\n\
         <link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\" />\n\
         <link rel=\"stylesheet\" href=\"/assets/style.css\" />\n{head}</head>\n{body}</html>\n"
    );
    text(status, MEDIA_TYPE, page)
}

/// The link to the start page.
const BRAND: &str = "<header class=\"brand\"><a href=\"/\">fbchat</a></header>\n";

/// A page that clients of 2008 read as well; `body` is in it unchanged.
pub fn html(status: StatusCode, title: &str, body: &str) -> Response {
    let body = format!("<body class=\"old\">\n{BRAND}{body}</body>\n");
    whole(status, title, "", &body)
}

/// A page for one task: a heading, what went wrong, and a form or links.
pub fn sheet(
    status: StatusCode,
    title: &str,
    heading: &str,
    wrong: Option<&str>,
    body: &str,
) -> Response {
    let told = wrong.map(|text| {
        let text = escape(text);
        format!("<div class=\"told\" role=\"alert\"><h2 id=\"standard_error\">{text}</h2></div>\n")
    });
    let told = told.unwrap_or_default();
    let body = format!(
        "<body>\n{BRAND}<main class=\"sheet\">\n<h1>{heading}</h1>\n{told}{body}</main>\n</body>\n"
    );
    whole(status, title, "", &body)
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

/// Redirects to a path of this server with an absolute URL, as clients of 2008 expect. A modern browser gets a relative one: behind a
/// proxy that is not trusted it may use TLS without our knowledge, and must not be led out of it.
pub fn redirect(headers: &HeaderMap, path: &str) -> Response {
    let origin = if headers.contains_key("sec-fetch-mode") {
        String::new()
    } else {
        origin(headers)
    };
    redirect_to(&format!("{origin}{path}"))
}

/// Redirects to a URL.
pub fn redirect_to(url: &str) -> Response {
    let mut response = whole(StatusCode::FOUND, "fbchat", "", "");
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

/// The label with two digits in a user's channel host; always the same for one user.
pub fn channel_label(uid: Uid) -> String {
    format!("channel{:02}", uid.0.rem_euclid(20) + 1)
}

/// The URL of the channel; `/` is this server.
pub fn channel_url(config: &Config, headers: &HeaderMap, uid: Uid) -> String {
    let (Some(pattern), Some(base)) = (&config.channel_host_pattern, &config.base_domain) else {
        return "/".to_owned();
    };
    let host = pattern
        .replace("{channel}", &channel_label(uid))
        .replace("{base}", base);
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
    sheet(
        StatusCode::NOT_FOUND,
        "Page not found | fbchat",
        "There is no such page",
        None,
        "<p><a href=\"/\">Home</a></p>\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
