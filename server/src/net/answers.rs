//! Answers of HTTP/1.1 as bytes, for connections that have no HTTP library around them.

use std::time::SystemTime;

use axum::body::to_bytes;
use axum::http::{HeaderName, header};
use axum::response::Response;

/// An answer as the HTTP library would write it to a client that keeps the connection open, and whether it stays open. The body must be in
/// memory.
pub async fn encode(response: Response) -> (Vec<u8>, bool) {
    let (head, body) = response.into_parts();
    // Reading what is in memory does not fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut bytes = Vec::with_capacity(1024 + body.len());
    let status = head.status;
    let reason = status.canonical_reason().unwrap_or("<none>");
    bytes.extend(b"HTTP/1.1 ");
    bytes.extend(status.as_str().as_bytes());
    bytes.extend(b" ");
    bytes.extend(reason.as_bytes());
    bytes.extend(b"\r\n");
    for (name, value) in &head.headers {
        title_case(name, &mut bytes);
        bytes.extend(b": ");
        bytes.extend(value.as_bytes());
        bytes.extend(b"\r\n");
    }
    let date = httpdate::fmt_http_date(SystemTime::now());
    let length = body.len();
    bytes.extend(format!("Content-Length: {length}\r\nDate: {date}\r\n\r\n").bytes());
    bytes.extend(&body);
    let closes = head.headers.get(header::CONNECTION);
    (bytes, closes.is_none())
}

/// Clients of 2008 look for exact letters.
fn title_case(name: &HeaderName, bytes: &mut Vec<u8>) {
    let mut starts = true;
    for byte in name.as_str().bytes() {
        bytes.push(if starts {
            byte.to_ascii_uppercase()
        } else {
            byte
        });
        starts = byte == b'-';
    }
}
