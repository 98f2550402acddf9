//! Friend requests and the end of friendships (docs/protocol.md, Friends), in the calls of 2008 and 2009, and as JSON.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::auth::{Ajax, Page};
use super::envelope::{AjaxError, payload};
use super::pages::{self, escape};
use super::params::{Params, plain};
use super::pictures::thumb_src;
use super::to_the_end::to_the_end;
use crate::app::App;
use crate::item;
use crate::store::{Answered, Asked, FriendRequest, Poked};
use crate::types::{Uid, User};

/// The longest message with a request, in characters.
const MESSAGE: usize = 1000;

/// The answer to any number that is nobody's.
pub const NOBODY: AjaxError = AjaxError::Invalid("There is no such person.");

/// How a call of this kind ended.
#[derive(Serialize)]
pub struct Outcome {
    /// One word.
    pub result: &'static str,
}

fn outcome(result: &'static str) -> Response {
    payload(Outcome { result })
}

/// The other person in a request; clients of 2009 send their own number beside it under names that differ.
fn other(params: &Params, own: Uid, names: &[&str]) -> Result<Uid, AjaxError> {
    let mut found = names.iter().filter_map(|name| params.uid(name));
    found.find(|uid| *uid != own).ok_or(NOBODY)
}

/// POST addfriend.php and connect.php: asks somebody, or accepts if he has asked.
pub async fn add(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let own = session.user;
    let to = other(&params, own.uid, &["profile_id", "uid", "user", "id"])?;
    let message = plain(params.get("message").unwrap_or_default());
    let message = message.trim().to_owned();
    if message.chars().count() > MESSAGE {
        return Err(AjaxError::TooLong(MESSAGE));
    }
    to_the_end(async move {
        match app.store.ask(own.uid, to, message.clone()).await? {
            Asked::Requested(time) => {
                app.tell([to], item::friend_request(&own, &message, time));
                Ok(outcome("requested"))
            }
            Asked::Added(other) => {
                tell_both(&app, &own, &other, true);
                Ok(outcome("added"))
            }
            Asked::Pending => Ok(outcome("pending")),
            Asked::Friend => Ok(outcome("friend")),
            Asked::Unknown => Err(NOBODY),
            Asked::TooMany => Err(TOO_MANY),
        }
    })
    .await
}

const TOO_MANY: AjaxError = AjaxError::TooMany(
    "There are too many requests or friends, on one side or the other. Try again tomorrow.",
);

/// POST reqs.php, of either year: accepts or declines.
pub async fn answer(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let own = session.user;
    let from = params.uid("id").ok_or(AjaxError::Unexpected)?;
    // In 2010 the button itself came instead.
    let accept = match params.get("action") {
        Some("accept") => true,
        Some("reject") => false,
        None if params.get("actions[accept]").is_some() => true,
        _ => return Err(AjaxError::Unexpected),
    };
    to_the_end(async move {
        match app.store.answer(own.uid, from, accept).await? {
            Answered::Added(other) => {
                tell_both(&app, &own, &other, true);
                Ok(outcome("added"))
            }
            Answered::Declined => Ok(outcome("declined")),
            Answered::Friend => Ok(outcome("friend")),
            Answered::Unknown => Err(AjaxError::Invalid("There is no such request any more.")),
            Answered::TooMany => Err(TOO_MANY),
        }
    })
    .await
}

/// POST removefriend.php: ends the friendship for both.
pub async fn remove(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let own = session.user;
    let uid = params.uid("uid").ok_or(AjaxError::Unexpected)?;
    to_the_end(async move {
        match app.store.unfriend(own.uid, uid).await? {
            Some(other) => {
                tell_both(&app, &own, &other, false);
                Ok(outcome("removed"))
            }
            // Also if there is no such person: nobody learns who exists by parting from him.
            None => Ok(outcome("none")),
        }
    })
    .await
}

/// POST poke.php: once a day, or until he pokes back.
pub async fn poke(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let own = session.user;
    let to = other(&params, own.uid, &["uid", "to"])?;
    to_the_end(async move {
        match app.store.poke(own.uid, to).await? {
            Poked::New(time) => {
                app.tell([to], item::poke(&own, time));
                Ok(outcome("poked"))
            }
            Poked::Pending => Ok(outcome("pending")),
            Poked::NotFriends => Err(AjaxError::Invalid("You can poke only your friends.")),
        }
    })
    .await
}

fn tell_both(app: &App, own: &User, other: &User, added: bool) {
    app.tell([own.uid], item::friend(other, added));
    app.tell([other.uid], item::friend(own, added));
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

/// friend_requests.php: what waits for one's own answer, and for that of others.
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
    Ok(payload(Requests {
        requests: entries(app.store.requests_received(session.user.uid).await?),
        sent: entries(app.store.requests_sent(session.user.uid).await?),
    }))
}

/// reqs.php: the page that clients of 2008 and 2009 scrape, with the marks of both.
pub async fn page(
    State(app): State<Arc<App>>,
    Page(session): Page,
    headers: HeaderMap,
) -> Result<Response, AjaxError> {
    let requests = app.store.requests_received(session.user.uid).await?;
    let origin = pages::origin(&headers);
    let mut body: String = requests
        .iter()
        .map(|request| entry(request, &origin))
        .collect();
    if body.is_empty() {
        body.push_str("<p>You have no requests.</p>\n");
    }
    Ok(pages::html(StatusCode::OK, "Facebook | Requests", &body))
}

/// The message is always there, since old clients take the next one that they find.
fn entry(request: &FriendRequest, origin: &str) -> String {
    let (uid, name) = (request.user.uid, escape(&request.user.name));
    let message = escape(&request.message);
    format!(
        "<div class=\"confirm\" id=\"friend_connect_{uid}\"><div class=\"confirm\" id=\"friend_add_{uid}\">\n\
         <table><tr><td class=\"info\"><a href=\"{origin}/profile.php?id={uid}\">{name}</a>\n\
         <div class=\"personal_msg\"><span>{message}</span></div></td></tr></table>\n</div></div>\n"
    )
}
