//! Held polls without the connection around them. A connection of HTTP/1 keeps two buffers of 8 KiB and whatever works on its
//! request, and there may be ten thousand who wait. So while a poll is held its connection is taken down to the socket and the
//! bytes of the request; when there is something to answer, one is set up again and reads these bytes once more.

use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::hub::{Waiter, Wake};
use crate::lock;

/// The longest request that is kept; a longer one stays with its connection.
const REQUEST: usize = 4096;
const END: &[u8] = b"\r\n\r\n";

/// A socket that outlives the connections that are set up on it.
#[derive(Clone)]
pub struct Line(Arc<Mutex<State>>);

struct State {
    socket: TcpStream,
    /// What has come since something was last written.
    request: Vec<u8>,
    /// How much of that the present connection has read.
    read: usize,
    /// Whether more has come than is kept.
    long: bool,
    /// Whether an earlier answer is not out yet.
    unsent: bool,
    held: Option<Held>,
    woken: Option<Woken>,
}

/// A poll that waits.
pub struct Held {
    waiter: Waiter,
    until: Instant,
}

/// How the waiting of a poll ended that now comes once more.
#[derive(Clone, Copy)]
pub struct Woken {
    /// `None` if it has to go on waiting.
    pub wake: Option<Wake>,
    /// How long it may.
    pub until: Instant,
}

impl Line {
    /// Nothing has come yet.
    pub fn new(socket: TcpStream) -> Self {
        Line(Arc::new(Mutex::new(State {
            socket,
            request: Vec::new(),
            read: 0,
            long: false,
            unsent: false,
            held: None,
            woken: None,
        })))
    }

    /// Waits within the connection, or gives it up if the bytes of this one request are all that it would lose.
    pub async fn hold(line: Option<&Line>, mut waiter: Waiter, until: Instant) -> Wake {
        if let Some(line) = line {
            match line.give_up(Held { waiter, until }) {
                None => return pending().await,
                Some(held) => waiter = held.waiter,
            }
        }
        let woken = timeout_at(until, waiter.woken()).await;
        woken.unwrap_or(Wake::Continue)
    }

    /// Notes that the connection is not needed; gives back what cannot do without.
    fn give_up(&self, held: Held) -> Option<Held> {
        let mut state = lock(&self.0);
        if state.is_one_request() {
            state.held.replace(held)
        } else {
            Some(held)
        }
    }

    /// Runs a connection until it has ended, or holds a poll.
    pub async fn run<T>(&self, connection: impl Future<Output = T>) -> Result<T, Held> {
        // In a place of its own, which is given back.
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
        let Held { mut waiter, until } = held;
        let wake = tokio::select! {
            woken = timeout_at(until, waiter.woken()) => Some(woken.unwrap_or(Wake::Continue)),
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

    /// Whether the request that comes has been here before.
    pub fn comes_again(&self) -> bool {
        lock(&self.0).woken.is_some()
    }

    /// Why it comes once more.
    pub fn woken(&self) -> Option<Woken> {
        lock(&self.0).woken.take()
    }
}

impl State {
    fn is_one_request(&self) -> bool {
        let end = self.request.windows(END.len()).position(|at| at == END);
        !self.long && !self.unsent && end.is_some_and(|at| at + END.len() == self.request.len())
    }

    fn keep(&mut self, came: &[u8]) {
        if self.long || self.request.len() + came.len() > REQUEST {
            self.long = true;
        } else {
            self.request.reserve_exact(came.len());
            self.request.extend_from_slice(came);
            self.read = self.request.len();
        }
    }

    /// True if the client has something more to say, false if it has gone.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut bytes = [0; 512];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
        self.request.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }

    /// Notes what became of writing.
    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.unsent = written.is_pending();
        if !self.unsent {
            self.request = Vec::new();
            (self.read, self.long) = (0, false);
        }
        written
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let state = &mut *lock(&self.0);
        let again = state.request.get(state.read..).unwrap_or_default();
        let again = again.get(..buffer.remaining()).unwrap_or(again);
        if !again.is_empty() {
            buffer.put_slice(again);
            state.read += again.len();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut state.socket).poll_read(cx, buffer))?;
        state.keep(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
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
