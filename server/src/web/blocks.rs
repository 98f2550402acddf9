//! Blocking people (docs/protocol.md, Blocking).

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form};
use super::envelope::{AjaxError, payload};
use super::pages;
use super::pictures::thumb_src;
use crate::service::blocks::BlockError;
use crate::types::Uid;

impl From<BlockError> for AjaxError {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Unknown | BlockError::Own => AjaxError::Invalid(error.to_string()),
            BlockError::TooMany => AjaxError::TooMany(error.to_string()),
            BlockError::TooOften(error) => error.into(),
            BlockError::Store(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct Blocked {
    blocked: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    uid: Uid,
    name: String,
    #[serde(rename = "thumbSrc")]
    thumb_src: String,
}

/// GET /ajax/fbchat/block.php
pub async fn list(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
) -> Result<Response, AjaxError> {
    let origin = pages::origin(&headers);
    let blocked = app.services.blocks.all(&session).await?.into_iter();
    let blocked = blocked.map(|user| Entry {
        uid: user.uid,
        thumb_src: thumb_src(&origin, &user),
        name: user.name,
    });
    Ok(payload(Blocked {
        blocked: blocked.collect(),
    }))
}

#[derive(Serialize)]
struct Changed {
    result: &'static str,
}

/// POST /ajax/fbchat/block.php `uid` `block`
pub async fn change(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let uid = params.uid("uid").ok_or(AjaxError::Unexpected)?;
    let block = params.flag("block").ok_or(AjaxError::Unexpected)?;
    app.services.blocks.set(&session, uid, block).await?;
    Ok(payload(Changed {
        result: if block { "blocked" } else { "unblocked" },
    }))
}
