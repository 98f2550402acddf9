//! Sending several messages with one request (docs/protocol.md, Several messages at once).

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::app::App;
use super::auth::{Ajax, Form};
use super::envelope::{AjaxError, Refusal, payload};
use crate::attachment::FileId;
use crate::service::messages::{BATCH, Outgoing, SendError};
use crate::types::Uid;

#[derive(Deserialize)]
struct Posted<'a> {
    to: i64,
    #[serde(borrow)]
    msg_id: Cow<'a, str>,
    #[serde(borrow)]
    msg_text: Cow<'a, str>,
    client_time: Option<i64>,
    #[serde(default)]
    attachments: Vec<String>,
}

#[derive(Serialize)]
struct Results<'a> {
    results: Vec<ResultOf<'a>>,
}

/// What became of one message.
#[derive(Serialize)]
struct ResultOf<'a> {
    msg_id: &'a str,
    #[serde(flatten)]
    refusal: Refusal,
}

/// POST /ajax/fbchat/send.php: once a result says `error:0`, its message is on disk.
pub async fn send(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let posted = params.get("messages").unwrap_or_default();
    let posted: Vec<Posted<'_>> =
        serde_json::from_str(posted).map_err(|_| AjaxError::Unexpected)?;
    if posted.len() > BATCH {
        return Err(AjaxError::TooLarge);
    }
    let outgoing = posted.iter().map(|message| {
        let files = message.attachments.iter().map(|file| file.parse());
        let files: Result<Vec<FileId>, _> = files.collect();
        Ok(Outgoing {
            to: Uid(message.to),
            msg_id: &message.msg_id,
            text: &message.msg_text,
            files: files.map_err(|_| SendError::FileMissing)?,
            client_time: message.client_time,
        })
    });
    let sent = app.services.messages.send_all(&session, outgoing).await;
    let results = posted.iter().zip(sent).map(|(message, result)| ResultOf {
        msg_id: &message.msg_id,
        refusal: Refusal::of(result.err().map(AjaxError::from)),
    });
    let results = results.collect();
    Ok(payload(Results { results }))
}
