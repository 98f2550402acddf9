//! Where a user is logged in, and ending that from elsewhere (docs/protocol.md, Accounts).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form, Session};
use super::envelope::{AjaxError, payload};
use crate::service::sessions::{EndError, SessionInfo};

impl From<EndError> for AjaxError {
    fn from(error: EndError) -> Self {
        match error {
            EndError::Unknown => AjaxError::Invalid(error.to_string()),
            EndError::Store(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct Sessions {
    sessions: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    created: i64,
    ends: i64,
    address: Option<String>,
    client: String,
    online: bool,
    own: bool,
}

impl From<SessionInfo> for Entry {
    fn from(info: SessionInfo) -> Self {
        Entry {
            id: info.id,
            created: info.created,
            ends: info.ends,
            address: info.address,
            client: info.client,
            online: info.online,
            own: info.own,
        }
    }
}

/// GET /ajax/fbchat/sessions.php
pub async fn list(State(app): State<Arc<App>>, Ajax(session): Ajax) -> Result<Response, AjaxError> {
    answer(&app, &session).await
}

/// POST there with `end`: the id of another session, or `others`. Answers with those that are left.
pub async fn end(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let sessions = &app.services.sessions;
    match params.get("end").ok_or(AjaxError::Unexpected)? {
        "others" => sessions.end_others(&session).await?,
        id => sessions.end_other(&session, id).await?,
    }
    answer(&app, &session).await
}

async fn answer(app: &App, session: &Session) -> Result<Response, AjaxError> {
    let sessions = app.services.sessions.list(session).await?;
    Ok(payload(Sessions {
        sessions: sessions.into_iter().map(Entry::from).collect(),
    }))
}
