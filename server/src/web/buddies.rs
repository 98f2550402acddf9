//! The buddy list (docs/protocol.md, Buddy list and presence). It is always complete, because the server does not remember which list
//! a client has.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form, Session};
use super::envelope::{AjaxError, payload};
use super::lists::{ListInfo, containing, list_data};
use super::notifications::{self, Counters};
use super::pages;
use super::params::Params;
use super::pictures::thumb_src;
use super::status::ago;
use crate::clock::now_ms;
use crate::service::lists::List;
use crate::types::{Presence, Uid, User, first_word};

/// update.php: the list if asked for, and the notifications if asked for.
pub async fn update(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let wanted = params.flag("buddy_list") == Some(true);
    answer(&app, &session, &headers, &params, wanted).await
}

/// buddy_list.php: the same with the list always in it.
pub async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    answer(&app, &session, &headers, &params, true).await
}

#[derive(Serialize)]
struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    buddy_list: Option<BuddyList>,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<Counters>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuddyList {
    list_changed: bool,
    available_count: usize,
    now_available_list: BTreeMap<Uid, Available>,
    #[serde(rename = "wasAvailableIDs")]
    was_available_ids: [Uid; 0],
    user_infos: BTreeMap<Uid, Info>,
    forced_render: bool,
    fl_data: BTreeMap<String, ListInfo>,
}

#[derive(Serialize)]
struct Available {
    i: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fl: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_since: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    name: String,
    first_name: String,
    thumb_src: String,
    status: Option<String>,
    status_time: i64,
    status_time_rel: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fl: Vec<String>,
}

async fn answer(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    params: &Params,
    list: bool,
) -> Result<Response, AjaxError> {
    app.services.presences.mark_online(session, false);
    let buddy_list = if list {
        app.services.presences.settled().await?;
        Some(buddy_list(app, session, &pages::origin(headers)).await?)
    } else {
        None
    };
    let notifications = if params.flag("notifications") == Some(true) {
        Some(notifications::counters(app, session).await?)
    } else {
        None
    };
    Ok(payload(Payload {
        buddy_list,
        time: now_ms(),
        notifications,
    }))
}

async fn buddy_list(app: &App, session: &Session, origin: &str) -> Result<BuddyList, AjaxError> {
    let friends = app.services.friends.list(session).await?;
    let lists = app.services.lists.all(session).await?;
    let online = friends
        .iter()
        .filter(|(_, presence)| *presence != Presence::Offline);
    let now_available_list: BTreeMap<_, _> = online
        .map(|(user, presence)| {
            let available = Available {
                i: presence.idle_since().is_some(),
                fl: containing(&lists, user.uid),
                idle_since: presence.idle_since(),
            };
            (user.uid, available)
        })
        .collect();
    let users = friends.iter().map(|(user, _)| user).chain([&session.user]);
    Ok(BuddyList {
        list_changed: true,
        available_count: now_available_list.len(),
        now_available_list,
        was_available_ids: [],
        user_infos: users
            .map(|user| (user.uid, info(user, origin, &lists)))
            .collect(),
        forced_render: true,
        fl_data: list_data(&lists),
    })
}

fn info(user: &User, origin: &str, lists: &[List]) -> Info {
    let status = user.status.as_ref();
    Info {
        name: user.name.clone(),
        first_name: first_word(&user.name).to_owned(),
        thumb_src: thumb_src(origin, user),
        status: status.map(|status| status.text.clone()),
        status_time: user.status_seconds(),
        status_time_rel: status.map(ago).unwrap_or_default(),
        fl: containing(lists, user.uid),
    }
}
