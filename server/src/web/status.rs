//! Statuses (docs/protocol.md, Status): setting one, and the feed of 2009 with those of one's friends.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form};
use super::envelope::{AjaxError, payload};
use super::pages;
use crate::clock::now_ms;
use crate::types::{Status, User};

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
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    // With this, clients of 2010 write on a wall.
    if params.get("target_id").is_some() && params.uid("target_id") != Some(session.user.uid) {
        let why = "There are no walls here. Send a message.";
        return Err(AjaxError::Invalid(why.to_owned()));
    }
    let text = match params.get("status") {
        _ if params.flag("clear") == Some(true) => "",
        Some(text) => text,
        None => return Err(AjaxError::Unexpected),
    };
    let status = app.services.profiles.set_status(&session, text).await?;
    Ok(payload(Set {
        status_time: status.as_ref().map_or(0, Status::seconds),
        status: status.map(|status| status.text),
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Feed {
    html: String,
    newest_story_time: i64,
    story_count: usize,
}

#[derive(Template)]
#[template(path = "stories.html")]
struct Stories<'a> {
    users: &'a [User],
    origin: &'a str,
}

/// intent.php: the statuses of one's friends that are later than `newest`, latest first.
pub async fn intent(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let newest = params.number("newest").unwrap_or(0);
    let own = params.flag("ignore_self") != Some(true);
    let users = app.services.profiles.feed(&session, newest, own).await?;
    let stories = Stories {
        users: &users,
        origin: &pages::origin(&headers),
    };
    Ok(payload(Feed {
        html: stories.render()?,
        newest_story_time: users.first().map_or(newest.max(0), User::status_seconds),
        story_count: users.len(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_words() {
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
