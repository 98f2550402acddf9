//! Held polls without the connection around them. A connection of the HTTP library keeps two buffers of 8 KiB and the task that handles its
//! request, and ten thousand polls may be held at a time. So while a poll is held, its connection is reduced to the socket, the head of
//! the request, and what the client has sent after it. When there is something to answer, the answer is written to the socket. Where that
//! is not possible, a new connection is set up on the socket and reads these bytes first.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{Method, Version, header};
use axum::response::Response;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::answers;
use super::small_requests::{Received, SIZE, keeps_alive};
use crate::sync::lock;
use crate::types::Wake;

/// What a held poll waits for. Dropping it ends the wait.
pub type Waiting = Pin<Box<dyn Future<Output = Wake> + Send>>;

/// The answer to a poll that was woken; `None` if the request has to be read again for it.
pub type Answer = Pin<Box<dyn Future<Output = Option<Response>> + Send>>;

/// Answers a poll that was woken.
pub type Finish = Box<dyn FnOnce(Wake) -> Answer + Send>;

/// A socket that outlives the connections set up on it. Before what arrives, a connection reads what is replayed to it.
#[derive(Clone)]
pub struct ReplayStream(Arc<Mutex<State>>);

struct State {
    socket: TcpStream,
    /// The request of a held poll, and what the last connection had received after it.
    replay: Vec<u8>,
    /// How much of that the current connection has read.
    read: usize,
    /// Whether an answer is not sent yet.
    unsent: bool,
    held: Option<Box<Held>>,
    woken: Option<Woken>,
}

/// A poll that waits.
pub struct Held {
    /// The bytes of the request.
    head: Bytes,
    waiting: Waiting,
    until: Instant,
    /// `None` if the request has to be read again.
    finish: Option<Finish>,
}

/// How the wait for a held poll ended.
pub enum Waited {
    /// The client has gone.
    Gone,
    /// The request is to be read again.
    Again,
    /// This is the answer, if there is one; otherwise the request is to be read again.
    Answered(Answer),
}

/// How the wait of a replayed poll ended.
#[derive(Clone, Copy)]
pub struct Woken {
    /// `None` if the poll has to go on waiting.
    pub wake: Option<Wake>,
    /// Until when it may wait.
    pub until: Instant,
}

/// What a request needs to be read again by another connection, so that it may give its own up.
pub struct Replay {
    stream: ReplayStream,
    head: Bytes,
    is_plain: bool,
}

impl Replay {
    /// `None` if the request must stay with its connection: it has a body or a long head, or there is no [`ReplayStream`]. The same
    /// goes for one that was replayed without being woken, since more requests have arrived behind it.
    pub fn of(request: &Request) -> Option<Self> {
        let (extensions, body) = (request.extensions(), request.body());
        let stream = extensions.get::<ReplayStream>()?;
        let woken = extensions.get::<Woken>();
        if woken.is_some_and(|woken| woken.wake.is_none()) {
            return None;
        }
        let head = match extensions.get::<Received>() {
            Some(Received(bytes)) => bytes.clone(),
            None if !body.is_end_stream() => return None,
            None => head(request)?.into(),
        };
        Some(Replay {
            stream: stream.clone(),
            head,
            is_plain: is_plain(request),
        })
    }

    /// Gives the connection up until the poll is woken. This never returns: what comes then is done by `finish`, or by the handler of
    /// the request when it is read again.
    pub async fn hold(self, waiting: Waiting, until: Instant, finish: Finish) -> Infallible {
        let Replay {
            stream,
            head,
            is_plain,
        } = self;
        lock(&stream.0).held = Some(Box::new(Held {
            head,
            waiting,
            until,
            finish: is_plain.then_some(finish),
        }));
        drop(stream);
        pending().await
    }
}

/// Whether the answer has a body and the connection stays open after it.
fn is_plain(request: &Request) -> bool {
    let has_body = [Method::GET, Method::POST].contains(request.method());
    let mut connection = request.headers().get_all(header::CONNECTION).iter();
    has_body && request.version() == Version::HTTP_11 && connection.all(keeps_alive)
}

/// A head from which a connection reads the same request; `None` if it is too long to be kept.
fn head(request: &Request) -> Option<Vec<u8>> {
    let (method, uri, version) = (request.method(), request.uri(), request.version());
    let mut head = format!("{method} {uri} {version:?}\r\n").into_bytes();
    for (name, value) in request.headers() {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head.shrink_to_fit();
    (head.len() <= SIZE).then_some(head)
}

impl ReplayStream {
    /// Wraps a new socket.
    pub fn new(socket: TcpStream) -> Self {
        ReplayStream(Arc::new(Mutex::new(State {
            socket,
            replay: Vec::new(),
            read: 0,
            unsent: false,
            held: None,
            woken: None,
        })))
    }

    /// Whether a connection has to read what another one has read before.
    pub fn has_replay(&self) -> bool {
        !lock(&self.0).replay.is_empty()
    }

    /// The next bytes, at most as many as a small request has; none if the client has gone.
    pub async fn read(&self) -> io::Result<Bytes> {
        poll_fn(|cx| lock(&self.0).poll_some(cx)).await
    }

    /// Lets the next connection read these bytes first.
    pub fn replay(&self, bytes: Bytes) {
        let mut state = lock(&self.0);
        (state.replay, state.read) = (bytes.into(), 0);
    }

    /// Runs a connection until it ends, or holds a poll. It is on the heap, so that its memory is freed while the poll waits.
    pub async fn run<T>(&self, mut connection: impl Future<Output = T> + Unpin) -> Result<T, Held> {
        poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Ok(ended)),
            Poll::Pending => match lock(&self.0).take_held() {
                Some(held) => Poll::Ready(Err(held)),
                None => Poll::Pending,
            },
        })
        .await
    }

    /// Waits until there is something to answer. `rest` is what the connection had received after the request.
    pub fn wait(&self, held: Held, rest: &[u8]) -> impl Future<Output = Waited> + use<> {
        let Held {
            head,
            waiting,
            until,
            finish,
        } = held;
        let mut head = Vec::from(head);
        head.reserve_exact(rest.len());
        head.extend_from_slice(rest);
        self.replay(head.into());
        let (stream, is_alone) = (self.clone(), rest.is_empty());
        async move {
            let more = poll_fn(|cx| match is_alone {
                true => lock(&stream.0).poll_more(cx),
                false => Poll::Ready(Ok(true)),
            });
            let wake = tokio::select! {
                woken = timeout_at(until, waiting) => Some(woken.unwrap_or(Wake::Continue)),
                more = more => match more {
                    Ok(true) => None,
                    Ok(false) | Err(_) => return Waited::Gone,
                },
            };
            lock(&stream.0).woken = Some(Woken { wake, until });
            match (wake, finish) {
                (Some(wake), Some(finish)) => Waited::Answered(finish(wake)),
                _ => Waited::Again,
            }
        }
    }

    /// Writes an answer to the client. The request, if it was held, is not read again then. False if the connection ends with it.
    pub async fn answer(&mut self, response: Response) -> io::Result<bool> {
        {
            let mut state = lock(&self.0);
            (state.replay, state.woken) = (Vec::new(), None);
        }
        let answer = answers::encode(response).await;
        self.write_all(&answer.start).await?;
        if !answer.rest.is_empty() {
            self.write_all(&answer.rest).await?;
        }
        Ok(answer.goes_on)
    }

    /// Why the next request is replayed; `None` if it is not.
    pub fn take_woken(&self) -> Option<Woken> {
        lock(&self.0).woken.take()
    }
}

impl State {
    /// The poll that waits, unless giving up the connection would lose a part of an earlier answer.
    fn take_held(&mut self) -> Option<Held> {
        let held = if self.unsent { None } else { self.held.take() };
        held.map(|held| *held)
    }

    /// The next bytes that arrive; none if the client has gone.
    fn poll_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        // A buffer is kept only if something arrives.
        let mut bytes = [MaybeUninit::uninit(); SIZE];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
    }

    /// True if the client sent more, false if it has gone.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut bytes = [0; 512];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
        self.replay.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }

    /// Notes the result of a write.
    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.unsent = written.is_pending();
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
        let replay = state.replay.get(state.read..).unwrap_or_default();
        let replay = replay.get(..buffer.remaining()).unwrap_or(replay);
        if replay.is_empty() {
            state.replay = Vec::new();
            return Pin::new(&mut state.socket).poll_read(cx, buffer);
        }
        buffer.put_slice(replay);
        state.read += replay.len();
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
