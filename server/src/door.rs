//! The listeners and their connections. Every wait has a limit, so that slow clients are only slow for themselves.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tower::util::Oneshot;

use crate::edge::{Edge, Inside};
use crate::parked::Line;
use crate::tls;

/// How long a client may take for the head of a request, and how long an idle connection lives; longer than a poll.
const HEAD: Duration = Duration::from_secs(75);
/// How long a new connection may take until its first request is there, the greeting of TLS included.
const FIRST: Duration = Duration::from_secs(10);
/// How long what was sent may stay unread.
const UNREAD_MS: u32 = 60_000;
/// How often HTTP/2 asks whether the client is still there.
const PING: Duration = Duration::from_secs(30);
/// The most requests at a time on one connection of HTTP/2.
const STREAMS: u32 = 100;
/// The largest head of a request.
const HEAD_SIZE: usize = 64 << 10;

/// What is behind a listener.
#[derive(Clone)]
pub enum Door {
    /// HTTP/1 as it is.
    Plain(Router),
    /// TLS with the latest certificate.
    Tls(Router, watch::Receiver<TlsAcceptor>),
}

/// All listeners.
pub struct Doors {
    edge: Arc<Edge>,
    gauge: Gauge,
    /// Every connection has a receiver of it for as long as it lives.
    closing: watch::Sender<bool>,
    listening: JoinSet<()>,
}

/// What every connection needs.
struct Caller {
    edge: Arc<Edge>,
    peer: SocketAddr,
    router: Router,
    tls: bool,
    /// Whether a request has arrived.
    asked: Arc<AtomicBool>,
}

/// Counts a connection for as long as it lives.
struct Counted {
    gauge: Gauge,
    _inside: Inside,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

impl Doors {
    /// None yet.
    pub fn new(edge: Arc<Edge>, gauge: Gauge) -> Self {
        Doors {
            edge,
            gauge,
            closing: watch::Sender::new(false),
            listening: JoinSet::new(),
        }
    }

    /// Lets connections in.
    pub fn open(&mut self, listener: TcpListener, door: Door) {
        let (edge, gauge) = (self.edge.clone(), self.gauge.clone());
        let mut closing = self.closing.subscribe();
        self.listening.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = closing.changed() => return,
                };
                match accepted {
                    Ok((stream, peer)) => match edge.enter(peer.ip()) {
                        Some(inside) => {
                            gauge.inc();
                            let counted = Counted {
                                gauge: gauge.clone(),
                                _inside: inside,
                            };
                            connect(stream, peer, &door, &edge, closing.clone(), counted);
                        }
                        None => log::debug!("too many connections from {}", peer.ip()),
                    },
                    Err(error) => {
                        log::warn!("cannot accept a connection: {error}");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
    }

    /// Lets nobody in any more, and nobody ask more than he has asked.
    pub async fn close(&mut self) {
        self.closing.send_replace(true);
        while self.listening.join_next().await.is_some() {}
    }

    /// Waits until the answers that were begun are given.
    pub async fn empty(self) {
        self.closing.closed().await;
    }
}

fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    door: &Door,
    edge: &Arc<Edge>,
    closing: watch::Receiver<bool>,
    counted: Counted,
) {
    if let Err(error) = stream.set_nodelay(true) {
        log::debug!("no TCP_NODELAY for {peer}: {error}");
    }
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, UNREAD_MS) {
        log::debug!("no TCP_USER_TIMEOUT for {peer}: {error}");
    }
    let (router, acceptor) = match door {
        Door::Plain(router) => (router.clone(), None),
        Door::Tls(router, latest) => (router.clone(), Some(latest.borrow().clone())),
    };
    let caller = Caller {
        edge: edge.clone(),
        peer,
        router,
        tls: acceptor.is_some(),
        asked: Arc::default(),
    };
    let asked = caller.asked.clone();
    tokio::spawn(async move {
        let _counted = counted;
        let mut serving = std::pin::pin!(converse(stream, acceptor, caller, closing));
        let first = tokio::time::timeout(FIRST, &mut serving).await;
        if first.is_err() && asked.load(Ordering::Relaxed) {
            serving.await;
        }
    });
}

async fn converse(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    caller: Caller,
    closing: watch::Receiver<bool>,
) {
    let result = match acceptor {
        None => in_turns(stream, &caller, closing).await,
        // Apart, so that ten thousand held polls without TLS do not each keep room for it.
        Some(acceptor) => Box::pin(secured(stream, acceptor, &caller, closing)).await,
    };
    if let Err(error) = result {
        log::debug!("{}: {error}", caller.peer);
    }
}

/// A connection, and a new one after each poll that was held.
async fn in_turns(
    stream: TcpStream,
    caller: &Caller,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let line = Line::new(stream);
    loop {
        let connection = http_1(line.clone(), caller, Some(&line), closing.clone());
        match line.run(connection).await {
            Ok(ended) => return ended,
            Err(held) => {
                if !line.wait(held).await {
                    return Ok(());
                }
            }
        }
    }
}

async fn secured(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    caller: &Caller,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    match acceptor.accept(stream).await {
        Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::H2) => {
            http_2(stream, caller, closing).await
        }
        Ok(stream) => http_1(stream, caller, None, closing).await,
        Err(error) => {
            log::debug!("{}: {error}", caller.peer);
            Ok(())
        }
    }
}

async fn http_1(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: &Caller,
    line: Option<&Line>,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let service = hyper::service::service_fn(|request| answer(caller, line, request));
    let connection = http1::Builder::new()
        // Old clients look for the exact letters `Set-Cookie: c_user=`.
        .title_case_headers(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    let end = http1::Connection::graceful_shutdown;
    until_closing(connection, end, closing).await
}

async fn http_2(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: &Caller,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let service = hyper::service::service_fn(|request| answer(caller, None, request));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_SIZE as u32)
        .serve_connection(TokioIo::new(stream), service);
    let end = http2::Connection::graceful_shutdown;
    until_closing(connection, end, closing).await
}

/// Runs a connection; when the server stops, `end` lets it finish what was asked.
async fn until_closing<C: Future>(
    connection: C,
    end: impl FnOnce(Pin<&mut C>),
    mut closing: watch::Receiver<bool>,
) -> C::Output {
    let mut connection = pin!(connection);
    tokio::select! {
        // The connection first: one that has read nothing yet would end at once.
        biased;
        ended = &mut connection => return ended,
        _ = closing.wait_for(|closing| *closing) => {}
    }
    end(connection.as_mut());
    connection.await
}

/// No future of our own around the router's, as each held poll would keep room for it.
fn answer(
    caller: &Caller,
    line: Option<&Line>,
    request: Request<Incoming>,
) -> Oneshot<Router, Request<Body>> {
    caller.asked.store(true, Ordering::Relaxed);
    let mut request = request.map(Body::new);
    let address = caller
        .edge
        .receive(&mut request, caller.peer.ip(), caller.tls);
    let again = line.is_some_and(Line::comes_again);
    let router = if again || caller.edge.allow(address) {
        caller.router.clone()
    } else {
        Router::new().fallback(too_many)
    };
    if let Some(line) = line {
        request.extensions_mut().insert(line.clone());
    }
    router.oneshot(request)
}

async fn too_many() -> impl IntoResponse {
    let wait = [("retry-after", "10")];
    let text = "Too many requests. Try again in ten seconds.\n";
    (StatusCode::TOO_MANY_REQUESTS, wait, text)
}
