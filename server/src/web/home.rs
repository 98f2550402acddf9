//! home.php and presence/popout.php: the page from which a person chats in the browser, and which every other client
//! scrapes (docs/protocol.md, Logging in). Its HTML and scripts are in assets/.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::auth::{Page, Session};
use super::pages::{channel_label, channel_url, escape, origin, redirect, to_login, whole};
use super::{pictures, status};
use crate::app::App;

/// The most items that a client may ask for per channel reply.
pub const BATCH: usize = 100;

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
    name: bool,
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
        name: true,
        password: true,
        sessions: true,
        resume: true,
        registration: app.config.registration.name(),
    };
    let extensions = serde_json::to_string(&extensions).unwrap_or_default();
    let head = format!(
        "<meta name=\"fbchat\" content=\"{}\" />\n<script type=\"module\" src=\"/assets/main.js\"></script>\n",
        escape(&extensions)
    );
    let body = home_body(&session, &origin(&headers));
    let body = format!("<body>\n{body}</body>\n");
    // The title is how clients of 2010 know that they are logged in; the script gives the page its own.
    whole(StatusCode::OK, "Facebook | Home", &head, &body)
}

/// `/`: to home if logged in, else to the login form.
pub async fn start(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match Session::find(&app, &headers) {
        Ok(Some(_)) => redirect(&headers, "/home.php"),
        _ => to_login(&app.config, &headers),
    }
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
        include_str!("../../assets/home.html"),
        uid = uid,
        origin = origin,
        name = name,
        email = escape(&session.user.email),
        form_id = form_id,
        dtsg = dtsg,
        channel = channel,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Uid;

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
}
