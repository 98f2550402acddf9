//! The body of an answer with a file.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::CHUNK;
use crate::service::files::Opened;
use crate::web::bodies::Room;

type Reading = Pin<Box<dyn Future<Output = std::io::Result<Vec<u8>>> + Send>>;

/// The bytes of a file, read as they are sent.
pub struct Content {
    file: Arc<Opened>,
    at: u64,
    left: u64,
    reading: Option<Reading>,
    _room: Room,
}

impl Content {
    /// `length` bytes from `start` on. `room` is the memory that this may take.
    pub fn new(file: Opened, start: u64, length: u64, room: Room) -> Self {
        Content {
            file: Arc::new(file),
            at: start,
            left: length,
            reading: None,
            _room: room,
        }
    }
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).unwrap_or(CHUNK).min(CHUNK);
        let (file, at) = (self.file.clone(), self.at);
        let reading = self
            .reading
            .get_or_insert_with(|| Box::pin(async move { file.read(at, length).await }));
        let read = match reading.as_mut().poll(cx) {
            Poll::Ready(read) => read,
            Poll::Pending => return Poll::Pending,
        };
        self.reading = None;
        Poll::Ready(Some(read.map(|bytes| {
            self.at += bytes.len() as u64;
            self.left -= bytes.len() as u64;
            Frame::data(bytes.into())
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
