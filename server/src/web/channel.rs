//! The channel (docs/protocol.md, The channel): the long poll and reconnect.php.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use tokio::time::Instant;

use super::auth::{Ajax, Session};
use super::envelope::{payload, script};
use super::home::BATCH;
use super::pages;
use super::params::Params;
use super::text;
use crate::app::App;
use crate::hub::{Step, Stored, Wake, take_run};
use crate::item;
use crate::parked::{Line, Woken};
use crate::store::{Store, StoreError};
use crate::types::{Seq, SessionKey, Uid};

/// What a poll's path asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    uid: Uid,
    seq: Seq,
    active: bool,
}

/// Reads `N/ACTIVE/p_UID=SEQ`, or with two numbers in front, as clients had it at the end of 2010.
fn parse(path: &str) -> Option<Asked> {
    let mut parts = path.rsplit('/');
    let (channel, active) = (parts.next()?, parts.next()?);
    if !(1..=2).contains(&parts.count()) {
        return None;
    }
    let (uid, seq) = channel.strip_prefix("p_")?.split_once('=')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let seq = match seq.strip_prefix('-') {
        Some(rest) if digits(rest) => -1,
        None if digits(seq) => seq.parse().unwrap_or(i64::MAX),
        _ => return None,
    };
    Some(Asked {
        uid: uid.parse().ok()?,
        seq: Seq(seq),
        active: active == "true",
    })
}

/// What the channel says.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Items(Vec<Arc<str>>),
    Continue,
    /// Another number, or none: the session is stale.
    Refresh(Option<Seq>),
}

impl Answer {
    fn script(&self, uid: Uid) -> String {
        match self {
            Answer::Items(items) => {
                format!(r#"{{"t":"msg","c":"p_{uid}","ms":[{}]}}"#, items.join(","))
            }
            Answer::Continue => r#"{"t":"continue"}"#.to_owned(),
            Answer::Refresh(Some(Seq(seq))) => format!(r#"{{"t":"refresh","seq":{seq}}}"#),
            Answer::Refresh(None) => r#"{"t":"refresh"}"#.to_owned(),
        }
    }
}

/// GET or POST /x/…
pub async fn poll(
    State(app): State<Arc<App>>,
    path: Path<String>,
    line: Option<Extension<Line>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(asked) = parse(&path) else {
        return pages::not_found().await;
    };
    let line = line.map(|Extension(line)| line);
    let woken = line.as_ref().and_then(Line::woken);
    let session = match Session::find(&app, &headers).await {
        Ok(Some(session)) if session.user.uid == asked.uid => {
            // Once is enough: it is no new sign of a person that there is something to answer.
            if woken.is_none() {
                session.seen(&app, asked.active);
            }
            session.key
        }
        Ok(_) => return script(Answer::Refresh(None).script(asked.uid)),
        Err(error) => return unavailable(&error),
    };
    let query = Params::parse(b"", uri.query().unwrap_or_default());
    let batch = query.get("batch").and_then(|batch| batch.parse().ok());
    let batch = batch
        .filter(|batch| *batch > 0)
        .map(|batch: usize| batch.min(BATCH));
    let patience = match query.get("wait") {
        Some("0") => Duration::ZERO,
        _ => app.hold(),
    };
    let woken = woken.unwrap_or_else(|| Woken {
        wake: None,
        until: Instant::now() + patience,
    });
    match answer(&app, &asked, session, batch, line.as_ref(), woken).await {
        Ok(answer) => script(answer.script(asked.uid)),
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &StoreError) -> Response {
    log::error!("{error}");
    text(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain; charset=utf-8",
        "Please try again later.\n".to_owned(),
    )
}

async fn answer(
    app: &App,
    asked: &Asked,
    session: SessionKey,
    batch: Option<usize>,
    line: Option<&Line>,
    mut woken: Woken,
) -> Result<Answer, StoreError> {
    let (uid, seq) = (asked.uid, asked.seq);
    if seq < Seq(0) {
        let seq = start(&app.store, uid, app.hub.stored(uid)).await?;
        return Ok(Answer::Refresh(Some(seq)));
    }
    let mut held = false;
    loop {
        match woken.wake {
            // A new password ends sessions from another process, which cannot wake us.
            Some(Wake::Look) if held && app.store.session(session).await?.is_none() => {
                return Ok(Answer::Refresh(None));
            }
            Some(Wake::Look) | None => {}
            Some(Wake::Continue) => return Ok(Answer::Continue),
            Some(Wake::Ended) => return Ok(Answer::Refresh(None)),
        }
        let waiter = match app.hub.poll(uid, session, seq, batch.unwrap_or(1)) {
            Step::Items(items) => return Ok(Answer::Items(items)),
            Step::Ahead(next) => return Ok(Answer::Refresh(Some(next))),
            Step::Continue => return Ok(Answer::Continue),
            Step::Stored(stored) => {
                return from_store(&app.store, uid, seq, batch, stored).await;
            }
            Step::Wait(waiter) => waiter,
        };
        woken.wake = Some(Line::hold(line, waiter, woken.until).await);
        held = true;
    }
}

/// Where a client without a number begins: the first message to its user that nobody has fetched, else the next number. What
/// he wrote himself he has seen where he wrote it, also if that client left before its channel brought it.
async fn start(store: &Store, uid: Uid, stored: Stored) -> Result<Seq, StoreError> {
    let first = store.first_received(uid, stored.acked, stored.next).await?;
    Ok(first.unwrap_or(stored.next))
}

/// Answers for a number that is given out already, but not in memory.
async fn from_store(
    store: &Store,
    uid: Uid,
    seq: Seq,
    batch: Option<usize>,
    stored: Stored,
) -> Result<Answer, StoreError> {
    if batch.is_none() {
        // An old client may start at 0: don't show it everything since the beginning of the world.
        let start = start(store, uid, stored).await?;
        if seq < stored.ring_first.min(start) {
            return Ok(Answer::Refresh(Some(start)));
        }
    }
    let limit = batch.unwrap_or(1);
    let found = store.deliveries(uid, seq, stored.next, limit).await?;
    match found.first() {
        Some((first, _)) if *first == seq => {
            let items = found
                .iter()
                .map(|(seq, message)| (*seq, item::message(message)));
            Ok(Answer::Items(take_run(seq, limit, items)))
        }
        Some((first, _)) => Ok(Answer::Refresh(Some(stored.ring_from.min(*first)))),
        None => Ok(Answer::Refresh(Some(stored.ring_from))),
    }
}

#[derive(Serialize)]
struct Place {
    user_channel: String,
    host: String,
    port: u16,
    path: &'static str,
    seq: Seq,
    visibility: bool,
    channel: String,
}

/// reconnect.php: where the channel is, and where to begin.
pub async fn reconnect(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
) -> Response {
    let uid = session.user.uid;
    let seq = match start(&app.store, uid, app.hub.stored(uid)).await {
        Ok(seq) => seq,
        Err(error) => return unavailable(&error),
    };
    payload(Place {
        user_channel: format!("p_{uid}"),
        host: pages::channel_label(uid),
        port: pages::port(&headers).unwrap_or(80),
        path: "/iframe/1/js/iframe.js",
        seq,
        visibility: session.user.visible,
        channel: pages::channel_url(&app.config, &headers, uid),
    })
}

#[cfg(test)]
mod tests;
