//! The bytes of one connection: what the client sends is cut into frames, and what it is sent waits here until it is taken.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::errors::StreamError;
use super::reader::{Frame, Reader};
use crate::net::streams::Io;

/// The most bytes that are read at once.
const CHUNK: usize = 4096;
/// How long a client may take nothing of what waits for it, and how long a last answer may take to be sent and to be read.
pub const STALLED: Duration = Duration::from_secs(60);
/// What has waited for so long is sent before more is read, although what follows may be answered together with it.
const LATE: Duration = Duration::from_millis(100);
const LAST: Duration = Duration::from_secs(2);

/// What has happened on a connection.
#[derive(Debug)]
pub enum Got {
    Frame(Frame),
    /// Everything that was written is with the system.
    Sent,
    /// The client has closed the connection.
    End,
}

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The client sent something that is no stream.
    #[error("{}", .0.condition)]
    Stream(StreamError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Waits until the server stops.
pub async fn stopping(closing: &mut watch::Receiver<bool>) {
    // The sender is gone only if the server is, too.
    let _ = closing.wait_for(|closing| *closing).await;
}

pub struct Wire {
    /// `None` once the connection is left.
    io: Option<Io>,
    reader: Reader,
    /// What has arrived and is not read yet.
    input: Vec<u8>,
    /// What is to be sent, from `sent` on.
    out: String,
    sent: usize,
    is_flushed: bool,
    /// When the client last took something.
    progress: Instant,
}

enum Polled {
    Sent,
    Read,
    End,
}

impl Wire {
    pub fn new(io: Io, limit: usize) -> Self {
        Wire {
            io: Some(io),
            reader: Reader::new(limit),
            input: Vec::new(),
            out: String::new(),
            sent: 0,
            is_flushed: true,
            progress: Instant::now(),
        }
    }

    /// Stanzas may have up to `limit` bytes from now on.
    pub fn limit(&mut self, limit: usize) {
        self.reader.limit(limit);
    }

    /// Expects a new stream, with stanzas of up to `limit` bytes.
    pub fn restart(&mut self, limit: usize) {
        self.reader = Reader::new(limit);
    }

    /// Sends what `write` appends.
    pub fn send(&mut self, write: impl FnOnce(&mut String)) {
        if self.pending() == 0 {
            self.progress = Instant::now();
        }
        write(&mut self.out);
        self.is_flushed = false;
    }

    /// How many bytes the client has not taken yet.
    pub fn pending(&self) -> usize {
        self.out.len() - self.sent
    }

    /// When to give up, if the client takes nothing.
    pub fn gives_up(&self) -> Option<Instant> {
        (self.pending() > 0).then(|| self.progress + STALLED)
    }

    /// Writes, and reads if that is wanted, until something has happened. Nothing is lost if this is dropped.
    pub async fn next(&mut self, reads: bool) -> Result<Got, Broken> {
        loop {
            if self.pending() > 0
                && self.progress.elapsed() >= LATE
                && let Poll::Ready(done) =
                    poll_fn(|context| Poll::Ready(self.poll_send(context))).await
            {
                done?;
                return Ok(Got::Sent);
            }
            if reads && !self.input.is_empty() {
                let mut rest = &self.input[..];
                let found = self.reader.read(&mut rest).map_err(Broken::Stream)?;
                let left = rest.len();
                if left == 0 {
                    self.input = Vec::new();
                } else {
                    self.input.drain(..self.input.len() - left);
                }
                if let Some(frame) = found {
                    return Ok(Got::Frame(frame));
                }
            }
            match poll_fn(|context| self.poll(context, reads)).await? {
                Polled::Sent => return Ok(Got::Sent),
                Polled::End => return Ok(Got::End),
                Polled::Read => {}
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, reads: bool) -> Poll<io::Result<Polled>> {
        if !self.is_flushed
            && let Poll::Ready(done) = self.poll_send(context)
        {
            done?;
            return Poll::Ready(Ok(Polled::Sent));
        }
        if !reads {
            return Poll::Pending;
        }
        // On the stack, so that ten thousand idle clients have no buffers.
        let mut space = [0; CHUNK];
        let mut buffer = ReadBuf::new(&mut space);
        let io = self.io.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        ready!(Pin::new(io).poll_read(context, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Ok(Polled::End));
        }
        self.input.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(Polled::Read))
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let io = self.io.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        while self.sent < self.out.len() {
            let rest = self.out.as_bytes().get(self.sent..).unwrap_or_default();
            let taken = ready!(Pin::new(&mut *io).poll_write(context, rest))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += taken;
            self.progress = Instant::now();
        }
        self.out = String::new();
        self.sent = 0;
        ready!(Pin::new(io).poll_flush(context))?;
        self.is_flushed = true;
        Poll::Ready(Ok(()))
    }

    /// Leaves the connection, and forgets what waits.
    pub fn leave(&mut self) {
        self.io = None;
        self.input = Vec::new();
        self.out = String::new();
        self.sent = 0;
    }

    /// Sends what waits, and starts TLS. What the client has sent before is discarded: somebody else may have put it there.
    pub async fn start_tls(mut self, acceptor: TlsAcceptor, limit: usize) -> io::Result<Self> {
        poll_fn(|context| self.poll_send(context)).await?;
        match self.io {
            Some(Io::Clear(stream)) => {
                let stream = acceptor.accept(stream).await?;
                Ok(Wire::new(Io::Tls(Box::new(stream)), limit))
            }
            Some(Io::Tls(_) | Io::Framed(_)) | None => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Sends what waits, and closes the connection. What the client still sends is read for a moment: otherwise the system would reset
    /// the connection, and the client may never see the end of the stream.
    pub async fn close(mut self) {
        let sent = timeout(LAST, async {
            poll_fn(|context| self.poll_send(context)).await?;
            match &mut self.io {
                Some(io) => io.shutdown().await,
                None => Ok(()),
            }
        });
        if matches!(sent.await, Ok(Ok(()))) {
            let rest = async {
                self.input = Vec::new();
                while let Ok(Polled::Read) = poll_fn(|context| self.poll(context, true)).await {
                    self.input = Vec::new();
                }
            };
            let _ = timeout(LAST, rest).await;
        }
    }
}
