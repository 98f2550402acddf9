//! The long poll and reconnect.php (docs/protocol.md, The channel).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::app::App;
use super::auth::{Ajax, Session};
use super::bodies::Room;
use super::envelope::{AjaxError, payload, script};
use super::pages;
use super::params::Params;
use super::response::text;
use super::{add_headers, same_origin, unsent};
use crate::attachment;
use crate::net::parked::{self, Replay, Woken};
use crate::service::StoreError;
use crate::service::channel::{Answer, Poll};
use crate::types::{Seq, SessionKey, Uid, Wake};

/// What a poll asks for in its path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    uid: Uid,
    seq: Seq,
    active: bool,
}

/// Reads `N/ACTIVE/p_UID=SEQ`, or with two numbers in front, as clients sent it at the end of 2010.
pub(super) fn parse(path: &str) -> Option<Asked> {
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

/// How clients see the files of messages.
enum Files {
    /// As attachments of the items.
    Attached,
    /// As links to this server in the text.
    Linked { origin: Box<str> },
}

impl Files {
    fn items(&self, app: &App, items: Vec<Arc<str>>) -> Vec<Arc<str>> {
        let shown = |item: &str| match self {
            Files::Attached => {
                attachment::opened(item, |id, path| app.services.files.link("", id, path))
            }
            Files::Linked { origin } => {
                attachment::without(item, |id, path| app.services.files.link(origin, id, path))
            }
        };
        let items = items.into_iter();
        items
            .map(|item| shown(&item).map_or(item, Arc::from))
            .collect()
    }
}

fn to_json(answer: &Answer, uid: Uid) -> String {
    match answer {
        Answer::Items(items) => {
            format!(r#"{{"t":"msg","c":"p_{uid}","ms":[{}]}}"#, items.join(","))
        }
        Answer::Continue => r#"{"t":"continue"}"#.to_owned(),
        Answer::Restart(Seq(seq)) => format!(r#"{{"t":"refresh","seq":{seq}}}"#),
        Answer::Ended => r#"{"t":"refresh"}"#.to_owned(),
    }
}

/// GET or POST /x/…, through the router.
pub async fn held(State(app): State<Arc<App>>, path: Path<String>, request: Request) -> Response {
    poll(app, parse(&path), request).await
}

/// Answers a poll.
pub async fn poll(app: Arc<App>, asked: Option<Asked>, request: Request) -> Response {
    if same_origin::is_foreign(&app.config, request.method(), request.headers()) {
        return same_origin::refusal();
    }
    let Some(asked) = asked else {
        return pages::not_found().await;
    };
    let woken = request.extensions().get::<Woken>().copied();
    let session = match Session::find(&app, request.headers()).await {
        Ok(Some(session)) if session.user.uid == asked.uid => {
            // Only when the request first arrived: that there is something to answer is no sign of user activity.
            if woken.is_none() {
                app.services.presences.mark_online(&session, asked.active);
            }
            session.key
        }
        Ok(_) => return script(to_json(&Answer::Ended, asked.uid)),
        Err(error) => return unavailable(&error),
    };
    let query = request.uri().query().unwrap_or_default();
    let Some(query) = Params::parse(b"", query) else {
        return AjaxError::TooLarge.into();
    };
    let batch = query.get("batch").and_then(|batch| batch.parse().ok());
    let batch = batch.filter(|batch| *batch > 0);
    let files = match query.flag("files") {
        Some(true) => Files::Attached,
        _ => Files::Linked {
            origin: pages::origin(request.headers()).into(),
        },
    };
    let hold = match query.get("wait") {
        Some("0") => Duration::ZERO,
        _ => Duration::from_secs(app.config.hold_s),
    };
    let woken = match woken {
        // The session has just been looked up, so it need not be checked again.
        Some(woken) => Woken {
            wake: woken.wake.filter(|wake| *wake != Wake::Look),
            ..woken
        },
        None => Woken {
            wake: None,
            until: Instant::now() + hold,
        },
    };
    let mut replay = Replay::of(&request);
    let room = Room::of(&app.answers, &request);
    drop((query, request));
    let poll = Held {
        app,
        asked,
        session,
        batch,
        files,
        room,
    };
    let Woken { mut wake, until } = woken;
    loop {
        let waiter = match poll.decide(wake).await {
            Ok(Poll::Wait(waiter)) => waiter,
            Ok(Poll::Answer(answer)) => return poll.answer(answer).await,
            Err(error) => return unavailable(&error),
        };
        let waiting = Box::pin(waiter.woken());
        match replay.take() {
            Some(replay) => {
                let finish = Box::new(|wake| Box::pin(poll.finish(wake)) as parked::Answer);
                match replay.hold(waiting, until, finish).await {}
            }
            None => {
                let woken = timeout_at(until, waiting).await;
                wake = Some(woken.unwrap_or(Wake::Continue));
            }
        }
    }
}

/// A poll whose request has been checked.
struct Held {
    app: Arc<App>,
    asked: Asked,
    session: SessionKey,
    batch: Option<usize>,
    files: Files,
    /// For the answer.
    room: Room,
}

impl Held {
    async fn decide(&self, wake: Option<Wake>) -> Result<Poll, StoreError> {
        let channels = &self.app.services.channels;
        let Asked { uid, seq, .. } = self.asked;
        channels
            .poll(uid, self.session, seq, self.batch, wake)
            .await
    }

    async fn answer(self, answer: Answer) -> Response {
        let answer = match answer {
            Answer::Items(items) => Answer::Items(self.files.items(&self.app, items)),
            other => other,
        };
        unsent::hold(self.room, script(to_json(&answer, self.asked.uid))).await
    }

    /// The answer after a wait; `None` if there was nothing after all.
    async fn finish(self, wake: Wake) -> Option<Response> {
        let response = match self.decide(Some(wake)).await {
            Ok(Poll::Wait(_)) => return None,
            Ok(Poll::Answer(answer)) => self.answer(answer).await,
            Err(error) => unavailable(&error),
        };
        Some(add_headers(response))
    }
}

fn unavailable(error: &StoreError) -> Response {
    log::log!(error.level(), "{error}");
    text(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain; charset=utf-8",
        "Please try again later.\n".to_owned(),
    )
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

/// reconnect.php: where the channel is, and with which number to begin.
pub async fn reconnect(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
) -> Response {
    let uid = session.user.uid;
    let seq = match app.services.channels.start(uid).await {
        Ok(seq) => seq,
        Err(error) => return unavailable(&error),
    };
    let mut response = payload(Place {
        user_channel: format!("p_{uid}"),
        host: pages::channel_label(uid),
        port: pages::port(&headers).unwrap_or(80),
        path: "/iframe/1/js/iframe.js",
        seq,
        visibility: session.user.visible,
        channel: pages::channel_url(&app.config, &headers, uid),
    });
    session.renew_cookies(&app.config, &headers, &mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uid: i64, seq: i64, active: bool) -> Option<Asked> {
        Some(Asked {
            uid: Uid(uid),
            seq: Seq(seq),
            active,
        })
    }

    #[test]
    fn both_path_forms_are_read() {
        assert_eq!(parse("0/false/p_5=-1"), asked(5, -1, false));
        assert_eq!(parse("1209/true/p_5=17"), asked(5, 17, true));
        assert_eq!(
            parse("3033635267/4230476693/false/p_100000583792573=16"),
            asked(100_000_583_792_573, 16, false)
        );
        assert_eq!(
            parse("0/false/p_5=-99999999999999999999999"),
            asked(5, -1, false)
        );
        assert_eq!(
            parse("0/false/p_5=99999999999999999999999"),
            asked(5, i64::MAX, false)
        );
        for wrong in [
            "",
            "p_5=1",
            "true/p_5=1",
            "0/0/0/true/p_5=1",
            "0/true/p_5",
            "0/true/p_=1",
            "0/true/p_5=",
            "0/true/p_5=--1",
            "0/true/5=1",
            "0/true/p_5=1/",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
