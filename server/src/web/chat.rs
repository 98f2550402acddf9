//! Sending, typing, settings and history (docs/protocol.md, Messages).

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;

use super::app::App;
use super::auth::{Ajax, Form, Session};
use super::envelope::{AjaxError, done, payload};
use super::pages;
use super::params::Params;
use crate::attachment::{self, FileId, text_with_links};
use crate::service::groups::GroupError;
use crate::service::messages::{Outgoing, SendError};
use crate::service::presence::VisibilityError;
use crate::{item, json};

impl From<SendError> for AjaxError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::ChatOff => AjaxError::ChatOff,
            SendError::NotReachable => AjaxError::NotOnline,
            SendError::NotInGroup => AjaxError::NotInGroup,
            SendError::Blocked => AjaxError::Invalid(error.to_string()),
            SendError::MessageId | SendError::Empty => AjaxError::Unexpected,
            SendError::TooLong(limit) => AjaxError::TooLong(limit),
            SendError::QuotaUsedUp | SendError::TooManyFiles | SendError::FileMissing => {
                AjaxError::Invalid(error.to_string())
            }
            SendError::TooFast(_) => AjaxError::TooFast(error.to_string()),
            SendError::TooOften(error) => error.into(),
            SendError::Store(error) => error.into(),
        }
    }
}

impl From<VisibilityError> for AjaxError {
    fn from(error: VisibilityError) -> Self {
        match error {
            VisibilityError::TooOften(error) => error.into(),
            VisibilityError::Store(error) => error.into(),
        }
    }
}

/// POST send.php: once this says `error:0`, the message is on disk.
pub async fn send(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let text = params.get("msg_text").unwrap_or_default();
    send_text(&app, &session, &params, ["to", "msg_id"], text).await
}

/// POST /inbox/ajax/ajax.php: how clients of 2009 wrote to people who were offline. Here it is a message like any other.
pub async fn compose(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let part = |name| params.get(name).unwrap_or_default().trim();
    let text = format!("{}\n{}", part("subject"), part("message"));
    let names = ["ids[0]", "rand_id"];
    send_text(&app, &session, &params, names, text.trim()).await
}

/// Sends a message. Recipient and message id are in the parameters of these names.
async fn send_text(
    app: &App,
    session: &Session,
    params: &Params,
    [to, msg_id]: [&str; 2],
    text: &str,
) -> Result<Response, AjaxError> {
    session.check_csrf(params)?;
    let message = Outgoing {
        to: params.uid(to).ok_or(AjaxError::Unexpected)?,
        msg_id: params.get(msg_id).unwrap_or_default(),
        text,
        files: files(params)?,
        client_time: params.number("client_time"),
    };
    app.services.messages.send(session, message).await?;
    Ok(done())
}

/// The files in `attachments[0]` and so on.
fn files(params: &Params) -> Result<Vec<FileId>, AjaxError> {
    let files = params.list("attachments").map(str::parse);
    let files = files.collect::<Result<_, _>>();
    files.map_err(|_| SendError::FileMissing.into())
}

/// POST typ.php
pub async fn typing(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let to = params.uid("to").ok_or(AjaxError::Unexpected)?;
    let typing = params.flag("typ").ok_or(AjaxError::Unexpected)?;
    app.services.messages.typing(&session, to, typing).await?;
    Ok(done())
}

/// POST settings.php: chat on and off, and what has been read. Everything else is left to the client.
pub async fn settings(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    if let Some(visible) = params.flag("visibility") {
        app.services
            .presences
            .set_visible(&session, visible)
            .await?;
    }
    // A chat window that is closed has been looked at, too.
    if let Some(peer) = params.uid("focus_chat").or(params.uid("close_chat")) {
        app.services.messages.mark_read(&session, peer).await?;
    }
    Ok(done())
}

#[derive(Serialize)]
struct History {
    history: Vec<Box<RawValue>>,
    more: bool,
}

/// history.php: messages with one other user or in a group, oldest first: the newest, or those before or since some time.
pub async fn history(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let with = params.uid("id").ok_or(AjaxError::Unexpected)?;
    let limit = params.get("limit").and_then(|limit| limit.parse().ok());
    let (since, before) = (time(&params, "since")?, time(&params, "before")?);
    let messages = &app.services.messages;
    let found = messages
        .history(&session, with, since, before, limit)
        .await?;
    let (mut messages, more) = found.ok_or(GroupError::Unknown)?;
    let files = &app.services.files;
    if params.flag("files") != Some(true) {
        let origin = pages::origin(&headers);
        let link = |id: &FileId, path: &str| files.link(&origin, id, path);
        for message in &mut messages {
            let attachments = std::mem::take(&mut message.attachments);
            message.text = text_with_links(&message.text, &attachments, link);
        }
    }
    let listed = |message| {
        let item = json::to_string(&item::in_history(message));
        let opened = attachment::opened(&item, |id, path| files.link("", id, path));
        RawValue::from_string(opened.unwrap_or(item)).ok()
    };
    let history = messages.iter().filter_map(listed).collect();
    Ok(payload(History { history, more }))
}

/// A time in ms. One that cannot be read is an error: a client that pages would get the same page again and again.
fn time(params: &Params, name: &str) -> Result<Option<i64>, AjaxError> {
    let time = params.get(name).map(|time| time.trim().parse());
    time.transpose().map_err(|_| AjaxError::Unexpected)
}
