//! The buddy list (docs/protocol.md, Buddy list and presence): always whole, since the server remembers no
//! client's last list.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use super::auth::{Ajax, Session};
use super::envelope::{AjaxError, payload};
use super::lists::{ListInfo, containing, list_data};
use super::notices::{self, Counters};
use super::pages;
use super::params::Params;
use super::pictures::thumb_src;
use super::status::{ago, seconds};
use crate::app::App;
use crate::hub::Presence;
use crate::store::{List, now_ms};
use crate::types::{Uid, User};

/// update.php: the list if asked for, and the notifications if asked for.
pub async fn update(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, AjaxError> {
    let wanted = params.flag("buddy_list") == Some(true);
    answer(&app, &session, &headers, &params, wanted).await
}

/// buddy_list.php: the same with the list always in it.
pub async fn list(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
    params: Params,
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
    session.seen(app, false);
    let buddy_list = if list {
        Some(buddy_list(app, &session.user, &pages::origin(headers)).await?)
    } else {
        None
    };
    let notifications = if params.flag("notifications") == Some(true) {
        Some(notices::counters(app, session.user.uid).await?)
    } else {
        None
    };
    Ok(payload(Payload {
        buddy_list,
        time: now_ms(),
        notifications,
    }))
}

async fn buddy_list(app: &App, own: &User, origin: &str) -> Result<BuddyList, AjaxError> {
    // Also for one who has switched chat off: he is not seen, but sees.
    let mut users = app.store.friends(own.uid).await?;
    let lists = app.store.lists(own.uid).await?;
    let presences = users
        .iter()
        .map(|user| (user.uid, app.hub.presence(user.uid)));
    let now_available_list: BTreeMap<_, _> = presences
        .filter(|(_, presence)| *presence != Presence::Offline)
        .map(|(uid, presence)| {
            (
                uid,
                Available {
                    i: presence.idle_since().is_some(),
                    fl: containing(&lists, uid),
                    idle_since: presence.idle_since(),
                },
            )
        })
        .collect();
    users.push(own.clone());
    Ok(BuddyList {
        list_changed: true,
        available_count: now_available_list.len(),
        now_available_list,
        was_available_ids: [],
        user_infos: users
            .into_iter()
            .map(|user| (user.uid, info(user, origin, &lists)))
            .collect(),
        forced_render: true,
        fl_data: list_data(&lists),
    })
}

fn info(user: User, origin: &str, lists: &[List]) -> Info {
    let thumb_src = thumb_src(origin, &user);
    Info {
        first_name: user.first_name().to_owned(),
        name: user.name,
        thumb_src,
        fl: containing(lists, user.uid),
        status_time: seconds(user.status.as_ref()),
        status_time_rel: user.status.as_ref().map(ago).unwrap_or_default(),
        status: user.status.map(|status| status.text),
    }
}
