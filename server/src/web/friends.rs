//! Friend requests, ending friendships and pokes (docs/protocol.md, Friends), in the calls of 2008 and 2009, and as JSON.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form, Page};
use super::envelope::{AjaxError, payload};
use super::pages;
use super::params::Params;
use super::pictures::thumb_src;
use crate::service::friends::{FriendError, FriendRequest, Outcome};
use crate::types::Uid;

impl From<FriendError> for AjaxError {
    fn from(error: FriendError) -> Self {
        match error {
            FriendError::Unknown
            | FriendError::NoRequest
            | FriendError::NotFriends
            | FriendError::Blocked => AjaxError::Invalid(error.to_string()),
            FriendError::TooLong(limit) => AjaxError::TooLong(limit),
            FriendError::TooMany => AjaxError::TooMany(error.to_string()),
            FriendError::TooOften(error) => error.into(),
            FriendError::Store(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct Answer {
    result: &'static str,
}

fn answer_with(outcome: Outcome) -> Response {
    let result = match outcome {
        Outcome::Requested => "requested",
        Outcome::Added => "added",
        Outcome::Pending => "pending",
        Outcome::Friend => "friend",
        Outcome::Declined => "declined",
        Outcome::Removed => "removed",
        Outcome::None => "none",
        Outcome::Poked => "poked",
    };
    payload(Answer { result })
}

/// The other user in a request. Clients of 2009 send their own number beside it, under names that differ.
fn other(params: &Params, own: Uid, names: &[&str]) -> Result<Uid, FriendError> {
    let mut found = names.iter().filter_map(|name| params.uid(name));
    found.find(|uid| *uid != own).ok_or(FriendError::Unknown)
}

/// POST addfriend.php and connect.php: asks another user, or accepts if they have asked.
pub async fn add(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let names = ["profile_id", "uid", "user", "id"];
    let to = other(&params, session.user.uid, &names)?;
    let message = params.get("message").unwrap_or_default();
    let outcome = app.services.friends.ask(&session, to, message).await?;
    Ok(answer_with(outcome))
}

/// POST reqs.php, of either year: accepts or declines.
pub async fn answer(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let from = params.uid("id").ok_or(AjaxError::Unexpected)?;
    // In 2010 clients sent the button itself.
    let accept = match params.get("action") {
        Some("accept") => true,
        Some("reject") => false,
        None if params.get("actions[accept]").is_some() => true,
        _ => return Err(AjaxError::Unexpected),
    };
    let outcome = app.services.friends.answer(&session, from, accept).await?;
    Ok(answer_with(outcome))
}

/// POST removefriend.php: ends the friendship for both.
pub async fn remove(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let uid = params.uid("uid").ok_or(AjaxError::Unexpected)?;
    let outcome = app.services.friends.remove(&session, uid).await?;
    Ok(answer_with(outcome))
}

/// POST poke.php
pub async fn poke(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let to = other(&params, session.user.uid, &["uid", "to"])?;
    let outcome = app.services.friends.poke(&session, to).await?;
    Ok(answer_with(outcome))
}

#[derive(Serialize)]
struct Requests {
    requests: Vec<Entry>,
    sent: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    uid: Uid,
    name: String,
    message: String,
    time: i64,
    #[serde(rename = "thumbSrc")]
    thumb_src: String,
}

/// friend_requests.php: the requests that wait for the user's answer, and those that they sent.
pub async fn list(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
) -> Result<Response, AjaxError> {
    let origin = pages::origin(&headers);
    let entries = |requests: Vec<FriendRequest>| {
        let entry = |request: FriendRequest| Entry {
            uid: request.user.uid,
            thumb_src: thumb_src(&origin, &request.user),
            name: request.user.name,
            message: request.message,
            time: request.time,
        };
        requests.into_iter().map(entry).collect()
    };
    let (received, sent) = app.services.friends.requests(&session).await?;
    Ok(payload(Requests {
        requests: entries(received),
        sent: entries(sent),
    }))
}

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage<'a> {
    requests: &'a [FriendRequest],
    origin: &'a str,
}

/// reqs.php: the page that clients of 2008 and 2009 scrape, with the marks of both.
pub async fn page(
    State(app): State<Arc<App>>,
    Page(session): Page,
    headers: HeaderMap,
) -> Result<Response, AjaxError> {
    let requests = app.services.friends.requests_received(&session).await?;
    let page = RequestsPage {
        requests: &requests,
        origin: &pages::origin(&headers),
    };
    Ok(pages::page(StatusCode::OK, &page))
}
