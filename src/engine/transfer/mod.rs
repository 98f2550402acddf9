//! Moves the contents of files between the network and the host, and keeps the state of each transfer from one attempt to the next.
//!
//! No more than one chunk of a file is in memory, unless the host wants the file in memory. The thread never blocks on a descriptor of
//! the host: files are read and written in chunks, and pipes and sockets only when they are ready.

#![forbid(unsafe_code)]

mod sink;
mod source;
#[cfg(test)]
mod tests;

use crate::protocol::{Received, TransportError, TransportFault};
use crate::types::{Event, RequestId};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub(super) use sink::Sink;
pub(super) use source::{Source, Upload};

/// The size of a chunk, in bytes.
const PIECE: usize = 64 << 10;
/// The minimum time between two progress events.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// An unfinished upload or download.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) request: RequestId,
    pub(super) content: Content,
    done: AtomicU64,
    /// 0 = not known.
    total: AtomicU64,
    /// Something has changed since the last progress event.
    news: AtomicBool,
    told: std::sync::Mutex<Option<Instant>>,
}

/// Where the bytes come from or go to.
#[derive(Debug)]
pub(super) enum Content {
    Upload(Source),
    /// Locked by the current attempt: an aborted one may not have ended yet.
    Download(Mutex<Incoming>),
}

/// The received part of a download.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) received: Received,
    pub(super) sink: Sink,
}

impl Transfer {
    pub(super) fn upload(request: RequestId, source: Source) -> Self {
        let total = source.size().unwrap_or(0);
        Self::new(request, Content::Upload(source), total)
    }

    pub(super) fn download(request: RequestId, sink: Sink) -> Self {
        let incoming = Incoming {
            received: Received::default(),
            sink,
        };
        Self::new(request, Content::Download(Mutex::new(incoming)), 0)
    }

    fn new(request: RequestId, content: Content, total: u64) -> Self {
        Transfer {
            request,
            content,
            done: AtomicU64::new(0),
            total: AtomicU64::new(total),
            news: AtomicBool::new(false),
            told: std::sync::Mutex::new(None),
        }
    }

    /// How many bytes of it wait in memory to be sent.
    pub(super) fn waiting_bytes(&self) -> usize {
        match &self.content {
            Content::Upload(source) => source.bytes_in_memory(),
            Content::Download(_) => 0,
        }
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Records the progress; true if the host should be told now.
    pub(super) fn reached(&self, done: u64, total: u64) -> bool {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.news.store(true, Ordering::Relaxed);
        let now = Instant::now();
        let mut told = super::lock(&self.told);
        let is_due = told.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY);
        if is_due {
            *told = Some(now);
        }
        is_due
    }

    /// The progress, if the host has not been told yet.
    pub(super) fn progress(&self) -> Option<Event> {
        if !self.news.swap(false, Ordering::Relaxed) {
            return None;
        }
        let total = self.total.load(Ordering::Relaxed);
        Some(Event::Progress {
            request: self.request,
            done: self.done(),
            total: Some(total).filter(|&total| total > 0),
        })
    }
}

/// A failure on the host's side of a transfer.
fn host_failed(doing: &str, error: &io::Error) -> TransportError {
    TransportError {
        fault: TransportFault::Host,
        detail: format!("the descriptor cannot be {doing}: {error}"),
    }
}

/// Opens a descriptor of the host as a file, whatever it is.
fn file(fd: OwnedFd) -> std::fs::File {
    fd.into()
}
