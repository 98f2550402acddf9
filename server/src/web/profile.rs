//! Profiles (docs/protocol.md, Profiles and search). Whoever is logged in may see the name and picture behind any
//! number, as search shows them too; address, status and age of the account are for friends.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::auth::{Ajax, Page, Session};
use super::dates::date;
use super::envelope::{AjaxError, TOO_OFTEN, payload};
use super::friends::NOBODY;
use super::pages::{self, escape};
use super::params::Params;
use super::pictures::thumb_src;
use super::status::seconds;
use super::to_the_end::to_the_end;
use crate::accounts::valid_name;
use crate::app::App;
use crate::store::Relation;
use crate::types::Uid;
use crate::{item, lock};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    uid: Uid,
    name: String,
    first_name: String,
    thumb_src: String,
    relation: &'static str,
    email: Option<String>,
    status: Option<String>,
    status_time: i64,
    member_since: Option<i64>,
}

/// What one user may know of another.
async fn find(
    app: &App,
    session: &Session,
    params: &Params,
    headers: &HeaderMap,
) -> Result<Profile, AjaxError> {
    let own = session.user.uid;
    let uid = match params.get("id") {
        Some(_) => params.uid("id").ok_or(NOBODY)?,
        None => own,
    };
    let found = app.store.user_and_relation(own, uid).await?;
    let (user, relation) = found.ok_or(NOBODY)?;
    let thumb_src = thumb_src(&pages::origin(headers), &user);
    let first_name = user.first_name().to_owned();
    let close = matches!(relation, Relation::Own | Relation::Friend);
    let shown = Some(user.clone()).filter(|_| close);
    Ok(Profile {
        uid,
        first_name,
        thumb_src,
        relation: relation.name(),
        status_time: seconds(shown.as_ref().and_then(|user| user.status.as_ref())),
        member_since: shown.as_ref().and_then(|user| user.since),
        email: shown.as_ref().map(|user| user.email.clone()),
        status: shown.and_then(|user| user.status).map(|status| status.text),
        name: user.name,
    })
}

/// GET /ajax/fbchat/profile.php?id=UID
pub async fn get(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, AjaxError> {
    Ok(payload(find(&app, &session, &params, &headers).await?))
}

#[derive(Serialize)]
struct Renamed {
    name: String,
}

/// POST /ajax/fbchat/name.php `name`: the name that others see from now on.
pub async fn rename(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let name = params.get("name").ok_or(AjaxError::Unexpected)?;
    let name = valid_name(name).map_err(|error| AjaxError::Wrong(error.to_string()))?;
    if name == session.user.name {
        return Ok(payload(Renamed { name }));
    }
    let uid = session.user.uid;
    if !lock(&app.changes).allow(uid, Instant::now()) {
        return Err(TOO_OFTEN);
    }
    to_the_end(async move {
        app.store.set_name(uid, name.clone()).await?;
        app.tell_circle(uid, item::name(uid, &name));
        log::info!(uid:%; "changed his name");
        Ok(payload(Renamed { name }))
    })
    .await
}

/// GET /profile.php?id=UID: the page that clients scrape.
pub async fn page(
    State(app): State<Arc<App>>,
    Page(session): Page,
    headers: HeaderMap,
    params: Params,
) -> Response {
    match find(&app, &session, &params, &headers).await {
        Ok(profile) => {
            let title = format!("Facebook | {}", escape(&profile.name));
            pages::html(StatusCode::OK, &title, &body(&profile))
        }
        Err(AjaxError::Invalid(_)) => pages::not_found().await,
        Err(error) => error.into_response(),
    }
}

/// Old clients read from `info_tab` to four closing tags in a row, a label up to its colon, and the value behind it.
fn body(profile: &Profile) -> String {
    let since = profile.member_since.map(date);
    let facts = [
        ("Name", Some(profile.name.clone())),
        ("E-mail", profile.email.clone()),
        ("Member since", since),
    ];
    let facts: String = facts
        .into_iter()
        .filter_map(|(label, value)| {
            let value = escape(&value?);
            Some(format!("<dt>{label}:</dt><dd>{value}</dd>\n"))
        })
        .collect();
    format!(
        "<img src=\"{}\" alt=\"\" />\n<span id=\"profile_status\">{}</span>\n\
         <div><div><div><div id=\"info_tab\" class=\"info_tab\">\n<dl>\n{facts}</dl>\n</div></div></div></div>\n",
        escape(&profile.thumb_src),
        escape(profile.status.as_deref().unwrap_or_default()),
    )
}
