//! Sending, typing, settings and history (docs/protocol.md, Messages).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::auth::{Ajax, Session};
use super::envelope::{AjaxError, done, payload};
use super::params::{Params, plain};
use super::to_the_end::to_the_end;
use crate::app::App;
use crate::hub::Presence;
use crate::item::{self, MessageItem};
use crate::store::{Audience, HistoryRange, Inserted, MessageCheck, NewMessage, now_ms};

/// The most messages in a history answer.
const HISTORY: usize = 100;
/// The greatest integer that JavaScript holds exactly.
const MAX_TIME: i64 = (1 << 53) - 1;

/// POST send.php: once this says `error:0`, the message is on disk.
pub async fn send(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    let text = params.get("msg_text").unwrap_or_default();
    store(app, session, &params, ["to", "msg_id"], text).await
}

/// POST /inbox/ajax/ajax.php: how clients of 2009 wrote to people who were offline. Here it is a message like any other.
pub async fn compose(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    let part = |name| params.get(name).unwrap_or_default().trim();
    let text = format!("{}\n{}", part("subject"), part("message"));
    store(app, session, &params, ["ids[0]", "rand_id"], text.trim()).await
}

/// Stores a message; recipient and number are in the parameters of these names.
async fn store(
    app: Arc<App>,
    session: Session,
    params: &Params,
    [to, msg_id]: [&str; 2],
    text: &str,
) -> Result<Response, AjaxError> {
    session.check(params)?;
    let to = params.uid(to).ok_or(AjaxError::Unexpected)?;
    let msg_id = message_id(params.get(msg_id).unwrap_or_default())?;
    let text = plain(text);
    // The answer to a post may have got lost; whatever has changed since, what was stored stays stored.
    let check = app
        .store
        .check_message(session.user.uid, to, &msg_id, &text);
    let recipient = match check.await? {
        MessageCheck::Duplicate => return Ok(done()),
        MessageCheck::Recipient(user) => Some(user),
        MessageCheck::NotFriends => None,
    };
    if !session.user.visible {
        return Err(AjaxError::ChatOff);
    }
    let text = message_text(text, app.config.message_limit)?;
    let to = recipient.ok_or(AjaxError::NotOnline)?;
    let own = to.uid == session.user.uid;
    if !app.config.offline_messages && !own && app.hub.presence(to.uid) == Presence::Offline {
        return Err(AjaxError::NotOnline);
    }
    let client_time = params
        .get("client_time")
        .and_then(|time| time.trim().parse().ok());
    let client_time = client_time
        .filter(|time| (0..=MAX_TIME).contains(time))
        .unwrap_or_else(now_ms);
    session.seen(&app, true);
    let echo = app.echo.as_ref().filter(|echo| echo.user.uid == to.uid);
    let for_echo = echo.map(|echo| (echo.inbox.clone(), text.clone()));
    let message = NewMessage {
        from: session.user.clone(),
        to,
        text,
        msg_id,
        client_time,
    };
    to_the_end(async move {
        match app.store.insert_message(message).await? {
            Inserted::New => app.metrics.messages.inc(),
            Inserted::Duplicate => return Ok(done()),
            Inserted::UnknownUser => return Err(AjaxError::NotOnline),
        };
        if let Some((inbox, text)) = for_echo {
            // It fails only if the echo is gone, that is, while the server stops.
            let _ = inbox.send((session.user, text)).await;
        }
        Ok(done())
    })
    .await
}

/// A message id as clients make them: a signed or unsigned number, kept as text.
fn message_id(posted: &str) -> Result<String, AjaxError> {
    let id = posted.trim();
    let valid = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if valid {
        Ok(id.to_owned())
    } else {
        Err(AjaxError::Unexpected)
    }
}

/// Some text, within the limit.
fn message_text(text: String, limit: usize) -> Result<String, AjaxError> {
    if text.is_empty() {
        Err(AjaxError::Unexpected)
    } else if text.chars().count() > limit {
        Err(AjaxError::TooLong(limit))
    } else {
        Ok(text)
    }
}

/// POST typ.php: shown to the other side if it is there, and kept nowhere.
pub async fn typing(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let to = params.uid("to").ok_or(AjaxError::Unexpected)?;
    let typing = params.flag("typ").ok_or(AjaxError::Unexpected)?;
    let to = app
        .store
        .friend(session.user.uid, to)
        .await?
        .ok_or(AjaxError::NotOnline)?
        .uid;
    if to == session.user.uid {
        return Ok(done());
    }
    if !session.user.visible {
        return Err(AjaxError::ChatOff);
    }
    if app.hub.presence(to) == Presence::Offline {
        return Err(AjaxError::NotOnline);
    }
    app.store.push(
        Audience::Users(vec![to]),
        item::typing(session.user.uid, to, typing),
    );
    Ok(done())
}

/// POST settings.php: chat on and off, and what has been read; the rest is the client's own affair.
pub async fn settings(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    if let Some(visible) = params.flag("visibility") {
        let (app, uid, key) = (app.clone(), session.user.uid, session.key);
        to_the_end(async move {
            app.store.set_visible(uid, visible).await?;
            if app.hub.set_visible(uid, key, visible) {
                app.tell_presence(uid);
            }
            Ok(())
        })
        .await?;
    }
    // A window that is closed has been looked at, too.
    if let Some(peer) = params.uid("focus_chat").or(params.uid("close_chat")) {
        app.store.mark_read(session.user.uid, peer).await?;
    }
    Ok(done())
}

#[derive(Serialize)]
struct History<'a> {
    history: Vec<MessageItem<'a>>,
    more: bool,
}

/// history.php: messages with one other user, oldest first; the newest, or those before or since some time.
pub async fn history(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    let with = params.uid("id").ok_or(AjaxError::Unexpected)?;
    let limit = params.get("limit").and_then(|limit| limit.parse().ok());
    let limit = limit.unwrap_or(HISTORY).clamp(1, HISTORY);
    let range = HistoryRange {
        since: time(&params, "since")?,
        before: time(&params, "before")?,
        // One more tells whether there are more.
        limit: limit + 1,
    };
    let mut messages = app.store.history(session.user.uid, with, range).await?;
    let more = messages.len() > limit;
    if more && range.since.is_some() {
        messages.truncate(limit);
    } else if more {
        messages.remove(0);
    }
    let history = messages.iter().map(MessageItem::in_history).collect();
    Ok(payload(History { history, more }))
}

/// A time in ms; a wrong one is an error, as a client that pages would get the same page for ever.
fn time(params: &Params, name: &str) -> Result<Option<i64>, AjaxError> {
    let time = params.get(name).map(|time| time.trim().parse());
    time.transpose().map_err(|_| AjaxError::Unexpected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_stay_as_posted() {
        for id in [
            "0",
            "4177168544",
            "-1992480367",
            "12345678901234567890123456789012",
        ] {
            assert_eq!(message_id(id).unwrap(), id);
        }
        for id in [
            "",
            " ",
            "1.5",
            "x",
            "123456789012345678901234567890123",
            "١",
        ] {
            assert_eq!(message_id(id), Err(AjaxError::Unexpected), "{id}");
        }
    }

    #[test]
    fn text_loses_control_characters_only() {
        let text = |posted, limit| message_text(plain(posted), limit);
        assert_eq!(
            text("a\r\n\tb\u{7}\u{85}\0 😀", 9).unwrap(),
            "a\n\tb\u{fffd} 😀"
        );
        assert_eq!(text("\r\u{1}", 9), Err(AjaxError::Unexpected));
        assert_eq!(text("ääää", 4).unwrap(), "ääää");
        assert_eq!(text("ääääa", 4), Err(AjaxError::TooLong(4)));
    }
}
