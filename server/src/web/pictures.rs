//! Pictures of people (PROTOCOL.md §12).

use axum::http::header::{CONTENT_TYPE, HeaderName};

use crate::types::User;

/// A grey picture of one point.
const SILHOUETTE: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xcc\xcc\xcc\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// Where a user's small picture is.
pub fn thumb_src(origin: &str, _user: &User) -> String {
    format!("{origin}/pics/q_silhouette.gif")
}

/// The picture of everybody; clients know its name as "no picture".
pub async fn silhouette() -> ([(HeaderName, &'static str); 1], &'static [u8]) {
    ([(CONTENT_TYPE, "image/gif")], SILHOUETTE)
}
