//! Answers that come before all of the request was read.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use crate::net::small_requests::Received;
use crate::sync::lock;

/// How much of a body is read although nobody wants it, and how long it may take to arrive.
const SIZE: u64 = 64 << 10;
const WAIT: Duration = Duration::from_secs(1);

/// A body of which the rest can be read after its handler has answered.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *lock(&self.0)).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.0).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).size_hint()
    }
}

impl Shared {
    /// Reads the rest of a small body; false if there is more.
    async fn discard(mut self) -> bool {
        let mut size = 0;
        while !self.is_end_stream() {
            if size + self.size_hint().lower() > SIZE {
                return false;
            }
            match poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
                Some(Ok(frame)) => size += frame.data_ref().map_or(0, |data| data.len() as u64),
                Some(Err(_)) => return false,
                None => return true,
            }
        }
        true
    }
}

/// Reads the rest of a request that was answered early, so that the next one can follow on the connection. If too much is left, the
/// answer ends the connection, so that the client does not send its next request on it.
pub async fn discard<F: Future<Output = Response>>(
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let is_whole = request.extensions().get::<Received>().is_some();
    if is_whole || request.body().is_end_stream() {
        return answer(request).await;
    }
    // Such a client sends its body only if it is told to.
    let waits = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let request = Request::from_parts(parts, Body::new(shared.clone()));
    let mut response = answer(request).await;
    let is_read = if waits {
        shared.is_end_stream()
    } else {
        let read = tokio::time::timeout(WAIT, shared.discard());
        read.await.unwrap_or(false)
    };
    if !is_read {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}
