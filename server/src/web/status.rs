//! What people say about themselves (docs/protocol.md, Status): setting it, and the feed of 2009 with
//! that of one's friends.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use super::auth::Ajax;
use super::envelope::{AjaxError, TOO_OFTEN, payload};
use super::pages::{self, escape};
use super::params::{Params, plain};
use super::to_the_end::to_the_end;
use crate::app::App;
use crate::store::now_ms;
use crate::types::{Status, User};
use crate::{item, lock};

/// The longest status in characters; as in 2008.
pub const LIMIT: usize = 420;
/// The most stories in a feed.
const STORIES: usize = 50;

/// The time of a status in seconds, as lists and feeds have it; 0 without one.
pub fn seconds(status: Option<&Status>) -> i64 {
    status.map_or(0, |status| status.time / 1000)
}

/// How long ago a status was set, in the words of 2008.
pub fn ago(status: &Status) -> String {
    let minutes = now_ms().saturating_sub(status.time).max(0) / 60_000;
    let (n, unit) = match minutes {
        0 => return "a moment ago".to_owned(),
        1..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{n} {unit}{} ago", if n == 1 { "" } else { "s" })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Set {
    status: Option<String>,
    status_time: i64,
}

/// POST updatestatus.php, of either year: a new status, or none.
pub async fn update(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    // With this, clients of 2010 write on the wall of somebody.
    if params.get("target_id").is_some() && params.uid("target_id") != Some(session.user.uid) {
        return Err(AjaxError::Invalid(
            "There are no walls here. Send a message.",
        ));
    }
    let clear = params.flag("clear") == Some(true);
    let posted = params.get("status").filter(|_| !clear);
    if posted.is_none() && !clear {
        return Err(AjaxError::Unexpected);
    }
    let text = plain(posted.unwrap_or_default());
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().count() > LIMIT {
        return Err(AjaxError::TooLong(LIMIT));
    }
    let uid = session.user.uid;
    let status = (!text.is_empty()).then(|| text.clone());
    let old = session.user.status;
    if status.as_ref() == old.as_ref().map(|old| &old.text) {
        let status_time = seconds(old.as_ref());
        return Ok(payload(Set {
            status,
            status_time,
        }));
    }
    if !lock(&app.changes).allow(uid, Instant::now()) {
        return Err(TOO_OFTEN);
    }
    let new = status.clone();
    let time = to_the_end(async move {
        let time = app.store.set_status(uid, new).await?;
        app.tell_circle(uid, item::status(uid, &text, time));
        Ok(time)
    })
    .await?;
    let status_time = if status.is_some() { time / 1000 } else { 0 };
    Ok(payload(Set {
        status,
        status_time,
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Feed {
    html: String,
    newest_story_time: i64,
    story_count: usize,
}

/// intent.php: the statuses of one's friends that are newer than `newest`, newest first.
pub async fn intent(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, AjaxError> {
    let newest = params
        .get("newest")
        .and_then(|newest| newest.trim().parse().ok())
        .unwrap_or(0);
    let mut users = app.store.friends(session.user.uid).await?;
    if params.flag("ignore_self") != Some(true) {
        users.push(session.user);
    }
    users.retain(|user| seconds(user.status.as_ref()) > newest);
    users.sort_by_key(|user| std::cmp::Reverse(user.status.as_ref().map(|status| status.time)));
    users.truncate(STORIES);
    let origin = pages::origin(&headers);
    Ok(payload(Feed {
        newest_story_time: users
            .first()
            .map_or(newest.max(0), |user| seconds(user.status.as_ref())),
        story_count: users.len(),
        html: users.iter().map(|user| story(user, &origin)).collect(),
    }))
}

/// Old clients split at `/h3>`, take the number after `aid_`, and as the text what follows the last `/a>`.
fn story(user: &User, origin: &str) -> String {
    let (uid, name) = (user.uid, escape(&user.name));
    let text = user.status.as_ref().map(|status| escape(&status.text));
    let text = text.unwrap_or_default();
    format!(
        "<div class=\"UIIntentionalStory aid_{uid}\"><h3 class=\"UIIntentionalStory_Message\">\
         <a href=\"{origin}/profile.php?id={uid}\">{name}</a> {text}</h3></div>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_as_people_say_them() {
        let said = |s: i64| {
            ago(&Status {
                text: String::new(),
                time: now_ms() - s * 1000,
            })
        };
        for (age, words) in [
            (-5, "a moment ago"),
            (59, "a moment ago"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (7200, "2 hours ago"),
            (86_400, "1 day ago"),
            (864_000, "10 days ago"),
        ] {
            assert_eq!(said(age), words);
        }
    }
}
