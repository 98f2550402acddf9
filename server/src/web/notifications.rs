//! Notifications and unread conversations: the counters of update.php, the feed of 2009, and JSON (docs/protocol.md, Unread
//! conversations and notifications).

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form, Page, Session};
use super::dates::rfc2822;
use super::envelope::{AjaxError, payload};
use super::pages;
use super::response::text;
use crate::service::notifications::{Kind, Notification};
use crate::types::Uid;

/// The counters in the answer of update.php.
#[derive(Serialize)]
pub struct Counters {
    #[serde(rename = "countNew")]
    count_new: usize,
    count: usize,
    app_names: BTreeMap<String, String>,
    latest_notif: i64,
    latest_read_notif: i64,
    markup: String,
    /// A string, as it was in 2009.
    #[serde(rename = "inboxCount")]
    inbox_count: String,
}

/// How much a user has not looked at yet.
pub async fn counters(app: &App, session: &Session) -> Result<Counters, AjaxError> {
    let notifications = &app.services.notifications;
    let all = notifications.all(session).await?;
    let unread = notifications.unread(session).await?;
    let latest = |seen: bool| {
        let mut fitting = all.iter().filter(|notification| notification.seen || !seen);
        fitting.next().map_or(0, |first| first.time / 1000)
    };
    Ok(Counters {
        count_new: all.iter().filter(|notification| !notification.seen).count(),
        count: all.len(),
        app_names: BTreeMap::new(),
        latest_notif: latest(false),
        latest_read_notif: latest(true),
        markup: NotificationList {
            notifications: &all,
            origin: "",
        }
        .render()?,
        inbox_count: unread.len().to_string(),
    })
}

fn sentence(notification: &Notification) -> String {
    let name = &notification.actor.name;
    match notification.kind {
        Kind::FriendRequest => format!("{name} wants to be your friend."),
        Kind::FriendAdded => format!("{name} accepted your friend request."),
        Kind::Poke => format!("{name} poked you."),
    }
}

fn link(notification: &Notification, origin: &str) -> String {
    match notification.kind {
        Kind::FriendRequest => format!("{origin}/reqs.php"),
        Kind::FriendAdded | Kind::Poke => {
            format!("{origin}/profile.php?id={}", notification.actor.uid)
        }
    }
}

#[derive(Template)]
#[template(path = "notification_list.html")]
struct NotificationList<'a> {
    notifications: &'a [Notification],
    origin: &'a str,
}

#[derive(Serialize)]
struct Notices {
    unseen: usize,
    notifications: Vec<Notice>,
    inbox: usize,
    conversations: Vec<Unread>,
    groups: Vec<UnreadGroup>,
}

#[derive(Serialize)]
struct Notice {
    id: i64,
    kind: &'static str,
    uid: Uid,
    name: String,
    time: i64,
    new: bool,
}

/// A group with unread messages. They are not among the conversations, because old clients could not mark them as read.
#[derive(Serialize)]
struct UnreadGroup {
    gid: Uid,
    name: String,
    unread: i64,
    time: i64,
    muted: bool,
}

#[derive(Serialize)]
struct Unread {
    uid: Uid,
    name: String,
    unread: i64,
    time: i64,
}

/// GET /ajax/fbchat/notifications.php
pub async fn list(State(app): State<Arc<App>>, Ajax(session): Ajax) -> Result<Response, AjaxError> {
    answer(&app, &session).await
}

/// POST /ajax/fbchat/notifications.php mark_read=1: the same, and marks everything as seen.
pub async fn mark_seen(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    if params.flag("mark_read") != Some(true) {
        return Err(AjaxError::Unexpected);
    }
    let answer = answer(&app, &session).await?;
    app.services.notifications.mark_seen(&session).await?;
    Ok(answer)
}

async fn answer(app: &App, session: &Session) -> Result<Response, AjaxError> {
    let notice = |one: Notification| Notice {
        id: one.id,
        kind: one.kind.name(),
        uid: one.actor.uid,
        name: one.actor.name,
        time: one.time,
        new: !one.seen,
    };
    let service = &app.services.notifications;
    let notifications = service.all(session).await?.into_iter();
    let notifications: Vec<_> = notifications.map(notice).collect();
    let unread = service.unread(session).await?.into_iter();
    let conversations: Vec<_> = unread
        .map(|one| Unread {
            uid: one.peer.uid,
            name: one.peer.name,
            unread: one.messages,
            time: one.time,
        })
        .collect();
    let groups = app.services.groups.unread(session).await?.into_iter();
    Ok(payload(Notices {
        unseen: notifications.iter().filter(|notice| notice.new).count(),
        notifications,
        inbox: conversations.len(),
        conversations,
        groups: groups
            .map(|group| UnreadGroup {
                gid: group.gid,
                name: group.name,
                unread: group.unread,
                time: group.time,
                muted: group.muted,
            })
            .collect(),
    }))
}

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage<'a> {
    uid: Uid,
    key: &'a str,
    notifications: &'a [Notification],
    origin: &'a str,
}

/// notifications.php: a page with the link to the feed, which old clients look for once.
pub async fn page(
    State(app): State<Arc<App>>,
    Page(session): Page,
    headers: HeaderMap,
) -> Result<Response, AjaxError> {
    let page = NotificationsPage {
        uid: session.user.uid,
        key: &session.feed_key(),
        notifications: &app.services.notifications.all(&session).await?,
        origin: &pages::origin(&headers),
    };
    Ok(pages::page(StatusCode::OK, &page))
}

fn published(notification: &Notification) -> String {
    rfc2822(notification.time)
}

#[derive(Template)]
#[template(path = "notifications.xml")]
struct Feed<'a> {
    notifications: &'a [Notification],
    origin: &'a str,
}

/// The feed. It requires the login, too: a link that opened it for anybody would be a password that is easily passed on.
pub async fn feed(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Page(session), params): Form<Page>,
) -> Response {
    let own = params.uid("id") == Some(session.user.uid);
    if !own || params.get("key") != Some(&session.feed_key()) {
        return pages::not_found().await;
    }
    let feed = async {
        let feed = Feed {
            notifications: &app.services.notifications.all(&session).await?,
            origin: &pages::origin(&headers),
        };
        Ok::<_, AjaxError>(feed.render()?)
    };
    match feed.await {
        Ok(feed) => text(StatusCode::OK, "application/rss+xml; charset=utf-8", feed),
        Err(error) => error.into_response(),
    }
}
