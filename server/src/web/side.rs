//! Side calls that clients make unasked; answered so that they neither fail nor fill logs.

use axum::http::StatusCode;
use axum::response::Response;

use super::text;

/// For whoever watches the server.
pub async fn health() -> Response {
    text(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        "ok\n".to_owned(),
    )
}
