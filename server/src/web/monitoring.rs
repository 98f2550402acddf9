//! Health check, metrics, request timing.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use tokio::runtime::Handle;

use super::app::App;
use super::response::text;
use crate::metrics::{self, Metrics};

/// Paths for the operator's monitoring only.
pub fn operator_router(app: Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .with_state(app)
}

/// GET /healthz: whether the server can do its work.
pub async fn health(State(app): State<Arc<App>>) -> Response {
    let (status, body) = match app.services.healthy().await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(sentence) => (StatusCode::SERVICE_UNAVAILABLE, format!("{sentence}\n")),
    };
    text(status, "text/plain; charset=utf-8", body)
}

/// GET /metrics
async fn metrics(State(app): State<Arc<App>>) -> Response {
    let (polls, online) = app.services.count();
    let tasks = Handle::current().metrics().num_alive_tasks();
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let page = app.metrics.page(polls, online, tasks);
    text(StatusCode::OK, media_type, page)
}

/// Notes how long a request has taken.
pub fn note(metrics: &Metrics, path: &str, response: &Response, start: Instant) {
    let request = metrics::Request {
        path: path.to_owned(),
        status: response.status().as_u16(),
    };
    let took = start.elapsed().as_secs_f64();
    metrics.requests.get_or_create(&request).observe(took);
}
