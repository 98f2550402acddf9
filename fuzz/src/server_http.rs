//! Bytes on a connection to the server, through HTTP and every handler. `{COOKIE}` and `{TOKEN}` in them stand for those of a user
//! who is logged in. Starting a server takes a hundred times as long as most inputs do, so a thousand inputs share one, each with a
//! login of its own. What breaks only a server that earlier inputs have changed is not found again by its input alone.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use fbchatd::fuzzing::Server;
use http_body::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Runtime;

/// How long a request that has to wait, as a long-poll does, is waited for.
const PATIENCE: Duration = Duration::from_millis(20);

/// The inputs that share a server. It bounds what they leave in its store.
const INPUTS: usize = 1000;

struct Shared {
    runtime: Runtime,
    server: Server,
    /// The inputs so far.
    inputs: usize,
}

impl Shared {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let server = runtime.block_on(Server::start()).expect("a server");
        Shared {
            runtime,
            server,
            inputs: 0,
        }
    }
}

thread_local! {
    static SHARED: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

pub fn run(data: &[u8]) {
    SHARED.with_borrow_mut(|kept| {
        let shared = kept.get_or_insert_with(Shared::start);
        shared.inputs += 1;
        serve(shared, data);
        if shared.inputs == INPUTS {
            *kept = None;
        }
    });
}

fn serve(
    Shared {
        runtime, server, ..
    }: &Shared,
    data: &[u8],
) {
    runtime.block_on(async {
        let login = server.log_in().await.expect("a login");
        let bytes = replace(data, "{COOKIE}", &login.cookie);
        let bytes = replace(&bytes, "{TOKEN}", &login.token);
        let requests = Requests::default();
        let connection = Connection {
            bytes,
            read: 0,
            requests: requests.clone(),
            patience: None,
        };
        let layer = from_fn_with_state(requests, Requests::watch);
        server.serve(connection, |router| router.layer(layer)).await;
        assert!(server.is_healthy().await);
    });
}

fn replace(data: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some(at) = rest
        .windows(name.len())
        .position(|at| at == name.as_bytes())
    {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(value.as_bytes());
        rest = &rest[at + name.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// The requests that handlers work on. The client closes its side when there are none, since the server drops a request whose
/// client has gone.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Requests that are being answered.
    working: usize,
    /// Of those, requests whose body is not complete.
    reading: usize,
    waker: Option<Waker>,
}

impl State {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Requests {
    async fn watch(
        axum::extract::State(requests): axum::extract::State<Requests>,
        request: Request,
        next: Next,
    ) -> Response {
        let _working = Counted::new(&requests, |state| &mut state.working);
        let request = request.map(|body| {
            Body::new(Upload {
                body,
                requests: requests.clone(),
                reading: None,
            })
        });
        next.run(request).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics with the lock")
    }

    /// True if handlers have work to do that does not depend on the client. Else the waker is called when that changes.
    fn are_working(&self, cx: &mut Context<'_>) -> bool {
        let mut state = self.lock();
        state.waker = Some(cx.waker().clone());
        state.working > state.reading
    }
}

/// Counts something for as long as it lives.
struct Counted {
    requests: Requests,
    counter: fn(&mut State) -> &mut usize,
}

impl Counted {
    fn new(requests: &Requests, counter: fn(&mut State) -> &mut usize) -> Self {
        let mut state = requests.lock();
        *counter(&mut state) += 1;
        state.wake();
        drop(state);
        Counted {
            requests: requests.clone(),
            counter,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut state = self.requests.lock();
        *(self.counter)(&mut state) -= 1;
        state.wake();
    }
}

/// A body that counts as being read while more of it is waited for.
struct Upload {
    body: Body,
    requests: Requests,
    reading: Option<Counted>,
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.reading = polled
            .is_pending()
            .then(|| Counted::new(&self.requests, |state| &mut state.reading));
        polled
    }
}

/// The client's end: sends everything at once, and closes its side when all requests are answered or the patience is over.
struct Connection {
    bytes: Vec<u8>,
    read: usize,
    requests: Requests,
    patience: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let rest = &self.bytes[self.read..];
        if !rest.is_empty() {
            let length = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..length]);
            self.read += length;
            return Poll::Ready(Ok(()));
        }
        if !self.requests.are_working(cx) {
            return Poll::Ready(Ok(()));
        }
        let sleep = self
            .patience
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
        sleep.as_mut().poll(cx).map(Ok)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
