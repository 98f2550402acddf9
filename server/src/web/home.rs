//! home.php and presence/popout.php: the page for chatting in a browser, which every other client scrapes (docs/protocol.md, Logging
//! in). Its HTML is in templates/home.html, its scripts are in assets/.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Page, Session};
use super::pages::{self, channel_label, channel_url, origin, redirect, to_login};
use crate::service::channel::BATCH;
use crate::service::{groups, messages, pictures, profiles};
use crate::types::Uid;

#[derive(Serialize)]
struct Extensions<'a> {
    server: &'static str,
    channel: &'a str,
    batch: usize,
    presence: bool,
    message_limit: usize,
    send_batch: usize,
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
    groups: bool,
    group_members: usize,
    files: bool,
    file_limit: u64,
    block: bool,
    name: bool,
    username: bool,
    password: bool,
    sessions: bool,
    resume: bool,
    registration: &'static str,
}

/// home.php and presence/popout.php: the layouts of all years on one page.
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
        send_batch: messages::BATCH,
        friends: true,
        pictures: true,
        picture_limit: pictures::SIZE,
        status: true,
        status_limit: profiles::STATUS,
        profile: true,
        search: true,
        notifications: true,
        history: true,
        poke: true,
        lists: true,
        groups: true,
        group_members: groups::MAX_MEMBERS,
        files: app.config.file_limit() > 0,
        file_limit: app.config.file_limit(),
        block: true,
        name: true,
        username: true,
        password: true,
        sessions: true,
        resume: true,
        registration: app.config.registration.name(),
    };
    let extensions = serde_json::to_string(&extensions).unwrap_or_default();
    let page = Home::new(&session, origin(&headers), extensions);
    let mut response = pages::page(StatusCode::OK, &page);
    session.renew_cookies(&app.config, &headers, &mut response);
    response
}

/// `/`: redirects to home if logged in, else to the login form.
pub async fn start(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(refusal) = pages::below_a_path(&headers) {
        return refusal;
    }
    match Session::find(&app, &headers).await {
        Ok(Some(_)) => redirect(&headers, "/home.php"),
        _ => to_login(&app.config, &headers),
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    uid: Uid,
    name: &'a str,
    username: &'a str,
    email: &'a str,
    origin: String,
    form_id: String,
    dtsg: String,
    channel: String,
    extensions: String,
}

impl<'a> Home<'a> {
    fn new(session: &'a Session, origin: String, extensions: String) -> Self {
        Home {
            uid: session.user.uid,
            name: &session.user.name,
            username: &session.user.username,
            email: &session.user.email,
            // `.+?` before /profile.php needs a character even without a host.
            origin: if origin.is_empty() {
                ".".to_owned()
            } else {
                origin
            },
            form_id: session.post_form_id(),
            dtsg: session.fb_dtsg(),
            channel: channel_label(session.user.uid),
            extensions,
        }
    }
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
        let page = Home::new(&session, "http://h:80".to_owned(), "{}".to_owned());
        (page.render().unwrap(), session)
    }

    /// The patterns of the time, each as its client applies it.
    #[test]
    fn the_page_has_every_layout_of_the_time() {
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
