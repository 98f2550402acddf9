//! The requests that nearly all are: polls and messages. They go to their handlers without the router, which costs more than the handlers.
//! Answers and checks are those of the router.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::auth::{Ajax, Form};
use super::guard::{Purpose, guard};
use super::{add_headers, channel, chat, message_limit};
use crate::net::site::{Answering, Direct};

/// The path to which messages are sent.
const SEND: &str = "/ajax/chat/send.php";

/// Answers these requests.
pub struct Quick(pub Arc<App>);

impl Direct for Quick {
    fn takes(&self, method: &Method, path: &str) -> bool {
        match *method {
            Method::GET => poll(path).is_some(),
            Method::POST => poll(path).is_some() || path == SEND,
            _ => false,
        }
    }

    fn answer(&self, request: Request) -> Answering {
        let app = self.0.clone();
        if let Some(rest) = poll(request.uri().path()) {
            let asked = channel::parse(rest);
            let answer = channel::poll(app, asked, request);
            return Answering::new(async move { Ok(add_headers(answer.await)) });
        }
        Answering::new(async move {
            let answer = |request| send(&app, request);
            let answered = guard(&app, SEND, Purpose::Answer, request, answer);
            Ok(add_headers(answered.await))
        })
    }
}

/// What a poll asks for in its path.
fn poll(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/x/")?;
    // The router decodes what is percent-encoded.
    (!rest.is_empty() && !rest.contains('%')).then_some(rest)
}

async fn send(app: &Arc<App>, mut request: Request) -> Response {
    message_limit(app).apply(&mut request);
    match Form::<Ajax>::from_request(request, app).await {
        Ok(form) => chat::send(State(app.clone()), form).await.into_response(),
        Err(refusal) => refusal,
    }
}
