//! The listeners and their connections. Every wait has a limit, so that slow clients are only slow for themselves.

use std::net::SocketAddr;
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
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown, Watcher};
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tower::util::Oneshot;

use crate::edge::{Edge, Inside};
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
    open: Arc<GracefulShutdown>,
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
            open: Arc::default(),
            closing: watch::Sender::new(false),
            listening: JoinSet::new(),
        }
    }

    /// Lets connections in.
    pub fn open(&mut self, listener: TcpListener, door: Door) {
        let (edge, gauge) = (self.edge.clone(), self.gauge.clone());
        let (open, mut closing) = (self.open.clone(), self.closing.subscribe());
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
                            connect(stream, peer, &door, &edge, open.watcher(), counted);
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

    /// Lets nobody in any more.
    pub async fn close(&mut self) {
        self.closing.send_replace(true);
        while self.listening.join_next().await.is_some() {}
    }

    /// Waits until the answers that were begun are given.
    pub async fn empty(self) {
        if let Some(open) = Arc::into_inner(self.open) {
            open.shutdown().await;
        }
    }
}

fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    door: &Door,
    edge: &Arc<Edge>,
    graceful: Watcher,
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
        let mut serving = std::pin::pin!(converse(stream, acceptor, caller, graceful));
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
    graceful: Watcher,
) {
    let peer = caller.peer;
    let result = match acceptor {
        None => graceful.watch(http_1(stream, caller)).await,
        // Apart, so that ten thousand held polls without TLS do not each keep room for it.
        Some(acceptor) => Box::pin(secured(stream, acceptor, caller, graceful)).await,
    };
    if let Err(error) = result {
        log::debug!("{peer}: {error}");
    }
}

async fn secured(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    caller: Caller,
    graceful: Watcher,
) -> Result<(), hyper::Error> {
    match acceptor.accept(stream).await {
        Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::H2) => {
            graceful.watch(http_2(stream, caller)).await
        }
        Ok(stream) => graceful.watch(http_1(stream, caller)).await,
        Err(error) => {
            log::debug!("{}: {error}", caller.peer);
            Ok(())
        }
    }
}

fn http_1(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    caller: Caller,
) -> impl GracefulConnection<Error = hyper::Error> {
    http1::Builder::new()
        // Old clients look for the exact letters `Set-Cookie: c_user=`.
        .title_case_headers(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(
            TokioIo::new(stream),
            hyper::service::service_fn(move |request| answer(&caller, request)),
        )
}

fn http_2(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    caller: Caller,
) -> impl GracefulConnection<Error = hyper::Error> {
    http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_SIZE as u32)
        .serve_connection(
            TokioIo::new(stream),
            hyper::service::service_fn(move |request| answer(&caller, request)),
        )
}

/// No future of our own around the router's, as each held poll would keep room for it.
fn answer(caller: &Caller, request: Request<Incoming>) -> Oneshot<Router, Request<Body>> {
    caller.asked.store(true, Ordering::Relaxed);
    let mut request = request.map(Body::new);
    let from = caller.peer.ip();
    let router = if caller.edge.receive(&mut request, from, caller.tls) {
        caller.router.clone()
    } else {
        Router::new().fallback(too_many)
    };
    router.oneshot(request)
}

async fn too_many() -> impl IntoResponse {
    let wait = [("retry-after", "10")];
    let text = "Too many requests. Try again in ten seconds.\n";
    (StatusCode::TOO_MANY_REQUESTS, wait, text)
}
