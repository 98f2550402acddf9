//! The HTML that clients scrape (docs/protocol.md, Logging in), and what little a person in a browser needs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::auth::{Page, Session};
use super::{cookies, pictures, status, text};
use crate::app::App;
use crate::config::Config;
use crate::types::Uid;

const KIND: &str = "text/html; charset=utf-8";

/// The most items that a client may ask for per channel reply.
pub const BATCH: usize = 100;

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

/// A whole page; `title` and `body` are HTML already.
pub fn html(status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n\
         <title>{title}</title>\n{head}</head>\n<body>\n{body}</body>\n</html>\n"
    );
    let mut response = text(status, KIND, page);
    response
        .headers_mut()
        .insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// `http://HOST` as the client sees it; empty if it named no usable host.
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

/// Sends the client to a path of this server; absolute, as 2008's clients expect.
pub fn redirect(headers: &HeaderMap, path: &str) -> Response {
    let mut response = html(StatusCode::FOUND, "Facebook", "", "");
    if let Ok(location) = HeaderValue::from_str(&format!("{}{path}", origin(headers))) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The two digits in a user's channel host; always the same for one user.
pub fn channel_label(uid: Uid) -> String {
    format!("channel{:02}", uid.0.rem_euclid(20) + 1)
}

/// Where the client finds its channel; `/` is this very server.
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

/// `/`: to home if logged in, else to the login form.
pub async fn start(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let inside = matches!(Session::find(&app, &headers), Ok(Some(_)));
    redirect(&headers, if inside { "/home.php" } else { "/login.php" })
}

/// Nothing here.
pub async fn not_found() -> Response {
    html(
        StatusCode::NOT_FOUND,
        "Page Not Found | Facebook",
        "",
        "<h2>Page not found.</h2>\n<a href=\"/\">Home</a>\n",
    )
}

#[derive(Serialize)]
struct Extensions<'a> {
    server: &'static str,
    channel: &'a str,
    batch: usize,
    presence: bool,
    message_limit: usize,
    friends: bool,
    pictures: bool,
    picture_limit: usize,
    status: bool,
    status_limit: usize,
    profile: bool,
    search: bool,
    notifications: bool,
    history: bool,
    poke: bool,
    lists: bool,
    password: bool,
    sessions: bool,
    resume: bool,
    registration: &'static str,
}

/// home.php and presence/popout.php: every layout at once.
pub async fn home(
    State(app): State<Arc<App>>,
    Page(session): Page,
    headers: HeaderMap,
) -> Response {
    let channel = channel_url(&app.config, &headers, session.user.uid);
    let extensions = Extensions {
        server: concat!("fbchatd/", env!("CARGO_PKG_VERSION")),
        channel: &channel,
        batch: BATCH,
        presence: true,
        message_limit: app.config.message_limit,
        friends: true,
        pictures: true,
        picture_limit: pictures::LIMIT,
        status: true,
        status_limit: status::LIMIT,
        profile: true,
        search: true,
        notifications: true,
        history: true,
        poke: true,
        lists: true,
        password: true,
        sessions: true,
        resume: true,
        registration: app.config.registration.name(),
    };
    let extensions = serde_json::to_string(&extensions).unwrap_or_default();
    let head = format!(
        "<meta name=\"fbchat\" content=\"{}\" />\n",
        escape(&extensions)
    );
    let body = home_body(&session, &origin(&headers));
    html(StatusCode::OK, "Facebook | Home", &head, &body)
}

fn home_body(session: &Session, origin: &str) -> String {
    let uid = session.user.uid;
    let name = escape(&session.user.name);
    let (form_id, dtsg) = (session.post_form_id(), session.fb_dtsg());
    // `.+?` before /profile.php wants a character even without a host.
    let origin = if origin.is_empty() { "." } else { origin };
    let channel = channel_label(uid);
    // One layout per line, as patterns of that time do not cross lines; nothing may follow the channel that looks
    // like one, since some take the last.
    format!(
        r#"<div id="fb_menu_profile" class="fb_menu"><div class="fb_menu_title"><a href="{origin}/profile.php?id={uid}">Profile</a></div></div>
<a href="{origin}/profile.php?id={uid}" class="profile_nav_link">Profile</a>
<a href="{origin}/profile.php?id={uid}&amp;ref=profile">Profile</a>
<span id="navAccountName">{name}</span>
<p>You are logged in. Chat with any client for Facebook Chat of 2008.</p>
<form method="post" action="/logout.php" id="logout_form">
<input type="hidden" id="post_form_id" name="post_form_id" value="{form_id}" />
<input type="hidden" name="fb_dtsg" value="{dtsg}" />
<input type="hidden" name="h" value="{dtsg}" />
<input type="hidden" name="confirm" value="1" />
<input type="submit" value="Logout" />
</form>
<input type="hidden" id="user" name="user" value="{uid}" />
<script type="text/javascript">
Env={{user:{uid},post_form_id:"{form_id}",fb_dtsg:"{dtsg}"}};
new Presence("{uid}", []);
channelManager.iframeLoad("/js/iframe.js", "{channel}", 80, []);
</script>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between<'a>(page: &'a str, before: &str, after: &str) -> Option<&'a str> {
        page.split_once(before)?
            .1
            .split_once(after)
            .map(|(found, _)| found)
    }

    fn page() -> (String, Session) {
        let session = Session::for_test(Uid(100_006), "<b>\"channel55\" & ', \"channel77\"");
        (home_body(&session, "http://h:80"), session)
    }

    /// The patterns of the time, each as its client applies it.
    #[test]
    fn every_layout_of_the_time_is_on_the_page() {
        let (page, session) = page();
        let form_id = session.post_form_id();
        assert_eq!(form_id.len(), 32);
        for line in [
            "<a href=\"http://h:80/profile.php?id=100006\" class=\"profile_nav_link\">Profile</a>".to_owned(),
            "<div id=\"fb_menu_profile\" class=\"fb_menu\"><div class=\"fb_menu_title\"><a href=\"http://h:80/profile.php?id=100006\">".to_owned(),
            "profile.php?id=100006&amp;ref=profile\">Profile</a>".to_owned(),
            "<input type=\"hidden\" id=\"user\" name=\"user\" value=\"100006\" />".to_owned(),
            "Presence(\"100006\"".to_owned(),
            format!("<input type=\"hidden\" id=\"post_form_id\" name=\"post_form_id\" value=\"{form_id}\""),
            format!("post_form_id:\"{form_id}\""),
        ] {
            assert!(page.contains(&line), "{line}");
        }
        assert_eq!(
            between(&page, "fb_dtsg:\"", "\""),
            Some(session.fb_dtsg().as_str())
        );
        // coderrr, daizw, Adium, pidgin14, Kopete
        assert_eq!(between(&page, "\"channel", "\""), Some("07"));
        assert_eq!(between(&page, " \"channel", "\""), Some("07"));
        assert_eq!(between(&page, ", \"channel", "\""), Some("07"));
        assert_eq!(between(&page, "\", \"channel", "\""), Some("07"));
        assert_eq!(between(&page, "js\", \"channel", "\""), Some("07"));
        // 2009: the last one on the page
        let last = page
            .match_indices("channel")
            .map(|(at, _)| page[at + 7..].chars().take(2).collect::<String>());
        let last = last
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .last();
        assert_eq!(last.as_deref(), Some("07"));
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let (page, _) = page();
        assert!(page.contains("id=\"navAccountName\">&lt;b&gt;&quot;channel55&quot; &amp; &#39;, &quot;channel77&quot;<"));
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
    fn a_strange_host_gives_a_relative_redirect() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("evil\"><x"));
        assert_eq!(
            redirect(&headers, "/home.php")
                .headers()
                .get(header::LOCATION)
                .unwrap(),
            "/home.php"
        );
    }
}
