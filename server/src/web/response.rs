//! Plain answers.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// The headers of most answers.
const HEADERS: usize = 8;

/// A text answer that must not be cached.
pub fn text(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Those that every answer has follow; without this the map would grow several times.
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store, no-cache, must-revalidate"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
