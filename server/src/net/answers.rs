//! Answers of HTTP/1.1 as bytes, for connections that have no HTTP library around them.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::{Bytes, to_bytes};
use axum::http::{HeaderName, header};
use axum::response::Response;

/// Bodies up to this size are copied and sent together with the head. Larger ones are not copied.
const COPIED: usize = 16 << 10;

/// The bytes of an answer.
pub struct Encoded {
    pub start: Vec<u8>,
    /// The rest of the body; empty if `start` has all of it.
    pub rest: Bytes,
    /// Whether the connection stays open.
    pub goes_on: bool,
}

/// Formats an answer as the HTTP library would for a client that keeps the connection open. The body must be in memory.
pub async fn encode(response: Response) -> Encoded {
    let (head, body) = response.into_parts();
    // Reading what is in memory does not fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let (copied, rest) = match body.len() {
        ..=COPIED => (body, Bytes::new()),
        _ => (Bytes::new(), body),
    };
    let length = copied.len() + rest.len();
    let mut bytes = Vec::with_capacity(1024 + copied.len());
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
    if !head.headers.contains_key(header::CONTENT_LENGTH) {
        bytes.extend(format!("Content-Length: {length}\r\n").bytes());
    }
    bytes.extend(b"Date: ");
    add_date(&mut bytes);
    bytes.extend(b"\r\n\r\n");
    bytes.extend(&copied);
    let closes = head.headers.get(header::CONNECTION);
    Encoded {
        start: bytes,
        rest,
        goes_on: closes.is_none(),
    }
}

/// Adds the date. Each thread formats it once a second.
fn add_date(bytes: &mut Vec<u8>) {
    thread_local!(static LAST: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) });
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    LAST.with_borrow_mut(|(last, date)| {
        if date.is_empty() || *last != second {
            (*last, *date) = (second, httpdate::fmt_http_date(now));
        }
        bytes.extend(date.as_bytes());
    });
}

/// Clients of 2008 look for exact letters.
fn title_case(name: &HeaderName, bytes: &mut Vec<u8>) {
    for (at, word) in name.as_str().split('-').enumerate() {
        if at > 0 {
            bytes.push(b'-');
        }
        let start = bytes.len();
        bytes.extend_from_slice(word.as_bytes());
        if let Some(first) = bytes.get_mut(start) {
            first.make_ascii_uppercase();
        }
    }
}
