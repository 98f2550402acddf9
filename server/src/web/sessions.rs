//! Where one is logged in, and ending that from elsewhere (docs/protocol.md, Accounts).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::auth::{Ajax, Session};
use super::envelope::{AjaxError, payload};
use super::params::Params;
use super::to_the_end::to_the_end;
use crate::app::App;
use crate::secrets;
use crate::types::SessionKey;

#[derive(Serialize)]
struct Logins {
    sessions: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    created: i64,
    address: Option<String>,
    client: String,
    online: bool,
    own: bool,
}

/// GET /ajax/fbchat/sessions.php
pub async fn list(State(app): State<Arc<App>>, Ajax(session): Ajax) -> Result<Response, AjaxError> {
    answer(&app, &session).await
}

/// POST there with `end`: the id of one of the other logins, or `others`. Answers with those that are left.
pub async fn end(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let wanted = params.get("end").ok_or(AjaxError::Unexpected)?;
    let (uid, own) = (session.user.uid, session.key);
    let others = app
        .store
        .sessions(uid)
        .await?
        .into_iter()
        .map(|login| login.key);
    let ended: Vec<SessionKey> = others
        .filter(|key| *key != own && (wanted == "others" || wanted == secrets::session_id(*key)))
        .collect();
    if ended.is_empty() && wanted != "others" {
        return Err(AjaxError::Invalid(
            "This login has ended already, or is the one you are using.",
        ));
    }
    let ending = app.clone();
    to_the_end(async move {
        let (app, mut changed) = (ending, false);
        for key in ended {
            app.store.end_session(key).await?;
            changed |= app.hub.end_session(uid, key);
        }
        if changed {
            app.tell_presence(uid);
        }
        log::info!("{uid} ended logins elsewhere");
        Ok(())
    })
    .await?;
    answer(&app, &session).await
}

async fn answer(app: &App, session: &Session) -> Result<Response, AjaxError> {
    let uid = session.user.uid;
    let online = app.hub.sessions(uid);
    let logins = app.store.sessions(uid).await?.into_iter();
    let entries = logins.map(|login| Entry {
        id: secrets::session_id(login.key),
        created: login.created,
        online: online.contains(&login.key),
        own: login.key == session.key,
        address: login.address,
        client: login.client,
    });
    Ok(payload(Logins {
        sessions: entries.collect(),
    }))
}
