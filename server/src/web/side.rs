//! Side calls that clients make unasked; answered so that they neither fail nor fill logs (PROTOCOL.md §19.15).

use axum::http::StatusCode;
use axum::response::Response;

use super::auth::Page;
use super::{pages, text};

/// notifications.php: none.
pub async fn notifications(_: Page) -> Response {
    pages::html(
        StatusCode::OK,
        "Facebook | Notifications",
        "",
        "<p>You have no notifications.</p>\n",
    )
}

/// For whoever watches the server.
pub async fn health() -> Response {
    text(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        "ok\n".to_owned(),
    )
}
