//! Profiles (docs/protocol.md, Profiles and search).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form, Page, Session};
use super::dates::date;
use super::envelope::{AjaxError, payload};
use super::pages;
use super::params::Params;
use super::pictures::picture_url;
use crate::service::profiles::{ChangeError, Profile, ProfileError};
use crate::service::usernames::UsernameError;
use crate::types::{Status, Uid, first_word};

impl From<ProfileError> for AjaxError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Unknown => AjaxError::Invalid(error.to_string()),
            ProfileError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeError> for AjaxError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Invalid(error) => AjaxError::Invalid(error.to_string()),
            ChangeError::TooLong(limit) => AjaxError::TooLong(limit),
            ChangeError::TooOften(error) => error.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    uid: Uid,
    name: &'a str,
    first_name: &'a str,
    username: &'a str,
    thumb_src: String,
    relation: &'static str,
    email: Option<&'a str>,
    status: Option<&'a str>,
    status_time: i64,
    member_since: Option<i64>,
}

/// The profile of the user in `id`, by default one's own.
async fn find(app: &App, session: &Session, params: &Params) -> Result<Profile, ProfileError> {
    let uid = match params.get("id") {
        Some(_) => params.uid("id").ok_or(ProfileError::Unknown)?,
        None => session.user.uid,
    };
    app.services.profiles.view(session, uid).await
}

/// GET /ajax/fbchat/profile.php?id=UID
pub async fn get(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let profile = find(&app, &session, &params).await?;
    let details = profile.details.as_ref();
    let status = details.and_then(|details| details.status.as_ref());
    Ok(payload(Answer {
        uid: profile.uid,
        name: &profile.name,
        first_name: first_word(&profile.name),
        username: &profile.username,
        thumb_src: thumb_src(&profile, &headers),
        relation: profile.relation.name(),
        email: details.map(|details| details.email.as_str()),
        status: status.map(|status| status.text.as_str()),
        status_time: status.map_or(0, Status::seconds),
        member_since: details.and_then(|details| details.since),
    }))
}

fn thumb_src(profile: &Profile, headers: &HeaderMap) -> String {
    let origin = pages::origin(headers);
    picture_url(&origin, profile.uid, profile.picture.as_deref())
}

#[derive(Serialize)]
struct Renamed {
    name: String,
}

/// POST /ajax/fbchat/name.php `name`
pub async fn rename(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let name = params.get("name").ok_or(AjaxError::Unexpected)?;
    let name = app.services.profiles.rename(&session, name).await?;
    Ok(payload(Renamed { name }))
}

impl From<UsernameError> for AjaxError {
    fn from(error: UsernameError) -> Self {
        match error {
            UsernameError::ChangedOften => AjaxError::TooMany(error.to_string()),
            UsernameError::TooOften(error) => error.into(),
            UsernameError::Store(error) => error.into(),
            error => AjaxError::Invalid(error.to_string()),
        }
    }
}

#[derive(Serialize)]
struct UsernameChanged {
    username: String,
}

/// POST /ajax/fbchat/username.php `username`
pub async fn change_username(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let username = params.get("username").ok_or(AjaxError::Unexpected)?;
    let username = app.services.usernames.change(&session, username).await?;
    Ok(payload(UsernameChanged { username }))
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage<'a> {
    profile: &'a Profile,
    thumb_src: String,
    status: &'a str,
    member_since: Option<String>,
}

/// GET /profile.php?id=UID: the page that clients scrape.
pub async fn page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Page(session), params): Form<Page>,
) -> Response {
    match find(&app, &session, &params).await {
        Ok(profile) => {
            let details = profile.details.as_ref();
            let status = details.and_then(|details| details.status.as_ref());
            let page = ProfilePage {
                profile: &profile,
                thumb_src: thumb_src(&profile, &headers),
                status: status.map_or("", |status| &status.text),
                member_since: details.and_then(|details| details.since).map(date),
            };
            pages::page(StatusCode::OK, &page)
        }
        Err(ProfileError::Unknown) => pages::not_found().await,
        Err(ProfileError::Store(error)) => AjaxError::from(error).into_response(),
    }
}
