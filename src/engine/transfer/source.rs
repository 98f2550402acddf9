//! The content of an upload, and the request body that is made from it.

#![forbid(unsafe_code)]

use super::super::readiness::{Direction, Watched, is_ready, watch};
use super::{Content, PIECE, Transfer, file, host_failed};
use crate::protocol::{TransportError, TransportFault};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

/// The content of an upload, as the host has passed it.
#[derive(Debug)]
pub(in crate::engine) enum Source {
    Memory(Bytes),
    /// Part of a file, which each attempt reads from its beginning.
    File {
        file: File,
        start: u64,
        length: u64,
    },
    /// A pipe, a socket or a device, which can be read once.
    Once(Mutex<Option<File>>),
}

impl Source {
    /// The content of a descriptor of the host, from its current position.
    ///
    /// # Errors
    /// It is a directory, or its type cannot be determined.
    pub(in crate::engine) fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        let mut file = file(fd);
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !kind.is_file() {
            return Ok(Source::Once(Mutex::new(Some(file))));
        }
        let start = file.stream_position()?;
        let length = kind.len().saturating_sub(start);
        Ok(Source::File {
            file,
            start,
            length,
        })
    }

    /// Its size, if that is known.
    pub(in crate::engine) fn size(&self) -> Option<u64> {
        match self {
            Source::Memory(bytes) => u64::try_from(bytes.len()).ok(),
            Source::File { length, .. } => Some(*length),
            Source::Once(_) => None,
        }
    }

    pub(super) fn bytes_in_memory(&self) -> usize {
        match self {
            Source::Memory(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

/// How one attempt reads.
enum Reader {
    Memory(Bytes),
    File { at: u64, left: u64 },
    Once(Watched),
}

/// The position in the body of the request.
enum Place {
    Head(Bytes),
    Content,
    Tail,
    End,
}

/// The body of one attempt.
pub(in crate::engine) struct Upload {
    transfer: Arc<Transfer>,
    reader: Reader,
    place: Place,
    tail: Bytes,
    done: u64,
    /// Bytes of content, if known.
    size: Option<u64>,
    /// Why the host's side failed, for the task that waits for the answer.
    failed: Arc<Mutex<Option<TransportError>>>,
    progress: Box<dyn Fn() + Send + Sync>,
}

impl Upload {
    /// # Errors
    /// The content cannot be read, or cannot be read again.
    pub(in crate::engine) fn new(
        transfer: Arc<Transfer>,
        head: Bytes,
        tail: Bytes,
        progress: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, TransportError> {
        let Content::Upload(source) = &transfer.content else {
            return Err(TransportError {
                fault: TransportFault::Host,
                detail: "a download has no content".to_owned(),
            });
        };
        let reader = match source {
            Source::Memory(bytes) => Reader::Memory(bytes.clone()),
            Source::File { start, length, .. } => Reader::File {
                at: *start,
                left: *length,
            },
            Source::Once(file) => {
                let file = super::super::lock(file).take();
                let file = file.ok_or_else(|| TransportError {
                    fault: TransportFault::Host,
                    detail: "the connection broke, and only a file can be read once more"
                        .to_owned(),
                })?;
                let watched = watch(file, Direction::Read);
                Reader::Once(watched.map_err(|error| host_failed("read", &error))?)
            }
        };
        Ok(Upload {
            size: source.size(),
            reader,
            place: Place::Head(head),
            tail,
            done: 0,
            failed: Arc::default(),
            progress: Box::new(progress),
            transfer,
        })
    }

    /// Where a failure of the host's side is stored.
    pub(in crate::engine) fn failure(&self) -> Arc<Mutex<Option<TransportError>>> {
        self.failed.clone()
    }

    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        match &mut self.reader {
            Reader::Memory(bytes) => {
                let piece = bytes.split_to(bytes.len().min(PIECE));
                Poll::Ready(Ok(piece))
            }
            Reader::File { at, left } => {
                let Content::Upload(Source::File { file, .. }) = &self.transfer.content else {
                    return Poll::Ready(Err(io::ErrorKind::NotFound.into()));
                };
                let wanted = usize::try_from(*left).unwrap_or(PIECE).min(PIECE);
                let mut piece = vec![0; wanted];
                let read = file.read_at(&mut piece, *at)?;
                if read == 0 && wanted > 0 {
                    let text = "the file has become shorter";
                    return Poll::Ready(Err(io::Error::other(text)));
                }
                piece.truncate(read);
                let read = u64::try_from(read).unwrap_or(0);
                *at = at.saturating_add(read);
                *left = left.saturating_sub(read);
                Poll::Ready(Ok(piece.into()))
            }
            Reader::Once(Watched::Direct(file)) => Poll::Ready(read_piece(file)),
            Reader::Once(Watched::Watched(watched)) => loop {
                let mut guard = ready!(watched.poll_read_ready(cx))?;
                if is_ready(watched.get_ref().as_fd(), Direction::Read) {
                    return Poll::Ready(read_piece(watched.get_ref()));
                }
                guard.clear_ready();
            },
        }
    }
}

fn read_piece(mut file: &File) -> io::Result<Bytes> {
    let mut piece = vec![0; PIECE];
    let read = file.read(&mut piece)?;
    piece.truncate(read);
    Ok(piece.into())
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        loop {
            match &mut this.place {
                Place::Head(head) => {
                    let head = std::mem::take(head);
                    this.place = Place::Content;
                    return Poll::Ready(Some(Ok(Frame::data(head))));
                }
                Place::Content => {
                    let piece = match ready!(this.poll_content(cx)) {
                        Ok(piece) => piece,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Err(error) => {
                            let failed = host_failed("read", &error);
                            *super::super::lock(&this.failed) = Some(failed);
                            return Poll::Ready(Some(Err(error)));
                        }
                    };
                    if piece.is_empty() {
                        this.place = Place::Tail;
                        continue;
                    }
                    let length = u64::try_from(piece.len()).unwrap_or(0);
                    this.done = this.done.saturating_add(length);
                    if this.transfer.reached(this.done, this.size.unwrap_or(0)) {
                        (this.progress)();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
                Place::Tail => {
                    this.place = Place::End;
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.tail)))));
                }
                Place::End => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.place, Place::End)
    }

    fn size_hint(&self) -> SizeHint {
        let length = |bytes: &Bytes| u64::try_from(bytes.len()).unwrap_or(0);
        let Some(size) = self.size else {
            return SizeHint::default();
        };
        let left = match &self.place {
            Place::Head(head) => length(head)
                .saturating_add(size)
                .saturating_add(length(&self.tail)),
            Place::Content => size
                .saturating_sub(self.done)
                .saturating_add(length(&self.tail)),
            Place::Tail => length(&self.tail),
            Place::End => 0,
        };
        SizeHint::with_exact(left)
    }
}
