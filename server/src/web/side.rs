//! Side calls that clients make unasked; answered so that they neither fail nor fill logs (PROTOCOL.md §19.15).

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::Response;
use serde_json::json;

use super::auth::{Ajax, Page};
use super::envelope::payload;
use super::{pages, text};

/// A grey picture of one point.
const SILHOUETTE: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xcc\xcc\xcc\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// intent.php: no status stories.
pub async fn intent(_: Ajax) -> Response {
    payload(json!({ "html": "", "newestStoryTime": 0, "storyCount": 0 }))
}

/// reqs.php: no friend requests.
pub async fn requests(_: Page) -> Response {
    pages::html(
        StatusCode::OK,
        "Facebook | Requests",
        "",
        "<p>You have no requests.</p>\n",
    )
}

/// notifications.php: none.
pub async fn notifications(_: Page) -> Response {
    pages::html(
        StatusCode::OK,
        "Facebook | Notifications",
        "",
        "<p>You have no notifications.</p>\n",
    )
}

/// The picture of everybody; clients know its name as "no picture".
pub async fn silhouette() -> ([(HeaderName, &'static str); 1], &'static [u8]) {
    ([(CONTENT_TYPE, "image/gif")], SILHOUETTE)
}

/// For whoever watches the server.
pub async fn health() -> Response {
    text(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        "ok\n".to_owned(),
    )
}
