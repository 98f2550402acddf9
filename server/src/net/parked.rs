//! Held polls without the connection around them. A connection of HTTP/1 keeps two buffers of 8 KiB and the task that handles its
//! request, and ten thousand polls may be held at a time. So while a poll is held, its connection is reduced to the socket and the
//! bytes of the request. When there is something to answer, a new connection is set up on the socket and reads these bytes again.

use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::sync::lock;
use crate::types::Wake;

/// The longest request that is kept; a longer one stays with its connection.
const REQUEST: usize = 4096;
const END: &[u8] = b"\r\n\r\n";

/// What a held poll waits for. Dropping it ends the wait.
pub type Waiting = Pin<Box<dyn Future<Output = Wake> + Send>>;

/// A socket that outlives the connections set up on it, and replays the request of a held poll to the next one.
#[derive(Clone)]
pub struct ReplayStream(Arc<Mutex<State>>);

struct State {
    socket: TcpStream,
    /// What was received since something was last written.
    request: Vec<u8>,
    /// How much of that the current connection has read.
    read: usize,
    /// Whether more was received than is kept.
    long: bool,
    /// Whether an earlier answer is not sent yet.
    unsent: bool,
    held: Option<Held>,
    woken: Option<Woken>,
}

/// A poll that waits.
pub struct Held {
    waiting: Waiting,
    until: Instant,
}

/// How the wait of a replayed poll ended.
#[derive(Clone, Copy)]
pub struct Woken {
    /// `None` if the poll has to go on waiting.
    pub wake: Option<Wake>,
    /// Until when it may wait.
    pub until: Instant,
}

impl ReplayStream {
    /// Wraps a new socket.
    pub fn new(socket: TcpStream) -> Self {
        ReplayStream(Arc::new(Mutex::new(State {
            socket,
            request: Vec::new(),
            read: 0,
            long: false,
            unsent: false,
            held: None,
            woken: None,
        })))
    }

    /// Waits inside the connection, or gives the connection up if it would lose nothing but the bytes of this one request.
    pub async fn hold(stream: Option<&Self>, mut waiting: Waiting, until: Instant) -> Wake {
        if let Some(stream) = stream {
            match stream.give_up(Held { waiting, until }) {
                None => return pending().await,
                Some(held) => waiting = held.waiting,
            }
        }
        timeout_at(until, waiting).await.unwrap_or(Wake::Continue)
    }

    /// Marks the connection as not needed. Returns the poll if its connection must stay.
    fn give_up(&self, held: Held) -> Option<Held> {
        let mut state = lock(&self.0);
        if state.is_one_request() {
            state.held.replace(held)
        } else {
            Some(held)
        }
    }

    /// Runs a connection until it ends, or holds a poll.
    pub async fn run<T>(&self, connection: impl Future<Output = T>) -> Result<T, Held> {
        // On the heap, so that its memory is freed while the poll waits.
        let mut connection = Box::pin(connection);
        poll_fn(|cx| match connection.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Ok(ended)),
            Poll::Pending => match lock(&self.0).held.take() {
                Some(held) => Poll::Ready(Err(held)),
                None => Poll::Pending,
            },
        })
        .await
    }

    /// Waits until there is something to answer; false if the client has gone.
    pub async fn wait(&self, held: Held) -> bool {
        let Held { waiting, until } = held;
        let wake = tokio::select! {
            woken = timeout_at(until, waiting) => Some(woken.unwrap_or(Wake::Continue)),
            more = poll_fn(|cx| lock(&self.0).poll_more(cx)) => match more {
                Ok(true) => None,
                Ok(false) | Err(_) => return false,
            },
        };
        let mut state = lock(&self.0);
        state.read = 0;
        state.woken = Some(Woken { wake, until });
        true
    }

    /// Whether the next request is a replay.
    pub fn is_replay(&self) -> bool {
        lock(&self.0).woken.is_some()
    }

    /// Why the request is replayed; `None` if it is not.
    pub fn take_woken(&self) -> Option<Woken> {
        lock(&self.0).woken.take()
    }
}

impl State {
    fn is_one_request(&self) -> bool {
        let end = self.request.windows(END.len()).position(|at| at == END);
        !self.long && !self.unsent && end.is_some_and(|at| at + END.len() == self.request.len())
    }

    fn keep(&mut self, received: &[u8]) {
        if self.long || self.request.len() + received.len() > REQUEST {
            self.long = true;
        } else {
            self.request.reserve_exact(received.len());
            self.request.extend_from_slice(received);
            self.read = self.request.len();
        }
    }

    /// True if the client sent more, false if it has gone.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut bytes = [0; 512];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
        self.request.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }

    /// Notes the result of a write.
    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.unsent = written.is_pending();
        if !self.unsent {
            self.request = Vec::new();
            (self.read, self.long) = (0, false);
        }
        written
    }
}

impl AsyncRead for ReplayStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let state = &mut *lock(&self.0);
        let replay = state.request.get(state.read..).unwrap_or_default();
        let replay = replay.get(..buffer.remaining()).unwrap_or(replay);
        if !replay.is_empty() {
            buffer.put_slice(replay);
            state.read += replay.len();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut state.socket).poll_read(cx, buffer))?;
        state.keep(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ReplayStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let state = &mut *lock(&self.0);
        let written = Pin::new(&mut state.socket).poll_write(cx, bytes);
        state.wrote(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let state = &mut *lock(&self.0);
        let written = Pin::new(&mut state.socket).poll_write_vectored(cx, parts);
        state.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).socket).poll_shutdown(cx)
    }
}
