//! Answers that their clients do not read: what waits in memory until the kernel takes it, bounded for each address and for all together.

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::bodies::Room;
use super::envelope::AjaxError;

/// Answers up to this size fit into the buffers of a connection and are not counted. Among them are all that say that something was
/// done, so none of these is replaced by an error.
const SMALL: u64 = 16 << 10;

/// The bytes of an answer, and the room that they take until they are sent.
struct Counted {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// An answer that takes its room until it is sent; without room for it an error, and the end of the connection.
pub async fn hold(mut room: Room, response: Response) -> Response {
    // All answers are in memory already.
    let size = response.body().size_hint().lower();
    if size <= SMALL {
        return response;
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if let Err(error) = room.grow(size) {
        return close(error);
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return close(AjaxError::Unexpected);
    };
    let counted = Bytes::from_owner(Counted { bytes, _room: room });
    Response::from_parts(parts, Body::from(counted))
}

fn close(error: AjaxError) -> Response {
    let mut response = error.into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::extract::Request;
    use axum::http::StatusCode;

    use super::*;
    use crate::web::bodies::Bodies;

    #[tokio::test]
    async fn room_is_taken_until_the_last_byte_is_sent() {
        let answers = Arc::<Bodies>::default();
        let request = || Request::new(Body::empty());
        let answer = async |size: usize| {
            let response = Response::new(Body::from(vec![0; size]));
            hold(Room::of(&answers, &request()), response).await
        };
        let large = answer(64 << 20).await;
        assert_eq!(answer(SMALL as usize).await.status(), StatusCode::OK);
        assert_eq!(large.body().size_hint().exact(), Some(64 << 20));
        let sent = to_bytes(large.into_body(), usize::MAX).await.unwrap();
        let last = sent.slice(sent.len() - 1..);
        drop(sent);
        let refused = answer(SMALL as usize + 1).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::CONNECTION], "close");
        drop(last);
        assert_eq!(answer(SMALL as usize + 1).await.status(), StatusCode::OK);
    }
}
