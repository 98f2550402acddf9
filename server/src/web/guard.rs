//! What every request passes before its handler, except for held polls. It is one function rather than a layer of the router for each
//! check: a layer costs more than what it checks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::app::App;
use super::bodies::{self, Room};
use super::{monitoring, same_origin, unread, unsent};

/// The largest body of a request that sends no message and no picture.
pub const BODY: usize = 64 << 10;
/// How long a request may take to arrive and be answered, except for held polls and transfers.
const REQUEST: Duration = Duration::from_secs(30);

/// The kind of requests that a path gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A short answer from memory.
    Answer,
    /// Bodies of files. Their handlers limit the time themselves, and keep little of the body in memory.
    Transfer,
}

/// The guard as a layer of the router.
pub async fn layer(
    State((app, purpose)): State<(Arc<App>, Purpose)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("other", MatchedPath::as_str);
    guard(&app, path, purpose, request, |request| next.run(request)).await
}

/// Answers a request to a path of the router.
pub async fn guard<F: Future<Output = Response>>(
    app: &App,
    path: &str,
    purpose: Purpose,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let start = Instant::now();
    let answered = unread::discard(request, |request| check(app, purpose, request, answer));
    let response = answered.await;
    monitoring::note(&app.metrics, path, &response, start);
    response
}

async fn check<F: Future<Output = Response>>(
    app: &App,
    purpose: Purpose,
    mut request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let _room = match bodies::count_head(&app.bodies, &request) {
        Ok(room) => room,
        Err(error) => return error.into_response(),
    };
    if same_origin::is_refused(&app.config, &request) {
        return same_origin::refusal();
    }
    DefaultBodyLimit::max(BODY).apply(&mut request);
    if purpose == Purpose::Transfer {
        return answer(request).await;
    }
    let room = Room::of(&app.answers, &request);
    let response = timeout(REQUEST, answer(request)).await;
    let response = response.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response());
    unsent::hold(room, response).await
}
