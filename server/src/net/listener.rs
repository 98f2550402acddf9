//! The listeners and their connections. Every wait has a limit, so that a slow client delays nobody else.

use std::net::{IpAddr, SocketAddr};
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
use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection_limits::{ConnectionLimits, Permit};
use super::hosts::{Hosts, Refusal};
use super::parked::{ReplayStream, Waited};
use super::site::{Answering, Site};
use super::streams::{Connection, Io, Streams};
use super::tls;

/// How long a client may take for the head of a request, and how long an idle connection lives. Longer than a poll is held.
const HEAD: Duration = Duration::from_secs(75);
/// How long a new connection may take until its first request has arrived, the TLS handshake included.
const FIRST: Duration = Duration::from_secs(10);
/// How long sent data may stay unacknowledged.
const UNREAD_MS: u32 = 60_000;
/// How long a stream is silent before the system asks whether the client is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// How often HTTP/2 pings the client.
const PING: Duration = Duration::from_secs(30);
/// The most concurrent requests on one HTTP/2 connection.
const STREAMS: u32 = 32;
/// How much may arrive on one HTTP/2 stream, and on all of a connection, before somebody reads it.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 128 << 10;
/// The largest head of a request.
const HEAD_SIZE: usize = 64 << 10;

/// How long, and up to how many bytes, the rest of a request is read that was answered without it. A connection that is closed while
/// the client still sends is reset, and the client may never see the answer.
const LINGER: Duration = Duration::from_secs(10);
const LINGER_SIZE: u64 = 64 << 20;

/// What a listener serves.
#[derive(Clone)]
pub enum Listener {
    /// HTTP/1 without TLS.
    Plain(Site),
    /// HTTP/1 or HTTP/2 over TLS, with the latest certificate, and XMPP for clients that ask for it.
    Tls(Site, watch::Receiver<TlsAcceptor>, Option<Arc<dyn Streams>>),
    /// XMPP, with TLS if there is a certificate and the client asks for it.
    Streams(Arc<dyn Streams>, Option<watch::Receiver<TlsAcceptor>>),
}

/// How one connection is served.
enum Service {
    Web {
        acceptor: Option<TlsAcceptor>,
        caller: Caller,
        streams: Option<Arc<dyn Streams>>,
    },
    Streams {
        acceptor: Option<TlsAcceptor>,
        streams: Arc<dyn Streams>,
        address: Option<IpAddr>,
    },
}

impl Listener {
    fn service(
        &self,
        limits: &Arc<ConnectionLimits>,
        hosts: &Arc<Hosts>,
        peer: SocketAddr,
    ) -> Service {
        let caller = |site: &Site, tls| Caller {
            limits: limits.clone(),
            hosts: hosts.clone(),
            peer,
            site: site.clone(),
            tls,
            has_request: Arc::default(),
        };
        match self {
            Listener::Plain(site) => Service::Web {
                acceptor: None,
                caller: caller(site, false),
                streams: None,
            },
            Listener::Tls(site, latest, streams) => Service::Web {
                acceptor: Some(latest.borrow().clone()),
                caller: caller(site, true),
                streams: streams.clone(),
            },
            Listener::Streams(streams, latest) => Service::Streams {
                acceptor: latest.as_ref().map(|latest| latest.borrow().clone()),
                streams: streams.clone(),
                address: limits.client(peer.ip()),
            },
        }
    }
}

/// All listeners.
pub struct Listeners {
    limits: Arc<ConnectionLimits>,
    hosts: Arc<Hosts>,
    gauge: Gauge,
    /// Every connection holds a receiver for as long as it lives.
    closing: watch::Sender<bool>,
    listening: JoinSet<()>,
}

/// What every connection needs.
struct Caller {
    limits: Arc<ConnectionLimits>,
    hosts: Arc<Hosts>,
    peer: SocketAddr,
    site: Site,
    tls: bool,
    /// Whether a request has arrived.
    has_request: Arc<AtomicBool>,
}

/// Counts a connection for as long as it lives.
struct Counted {
    gauge: Gauge,
    _permit: Permit,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

impl Listeners {
    /// No listeners yet.
    pub fn new(limits: Arc<ConnectionLimits>, hosts: Hosts, gauge: Gauge) -> Self {
        Listeners {
            limits,
            hosts: Arc::new(hosts),
            gauge,
            closing: watch::Sender::new(false),
            listening: JoinSet::new(),
        }
    }

    /// Accepts connections.
    pub fn open(&mut self, socket: TcpListener, listener: Listener) {
        let (limits, gauge) = (self.limits.clone(), self.gauge.clone());
        let hosts = self.hosts.clone();
        let mut closing = self.closing.subscribe();
        self.listening.spawn(async move {
            let mut failing = false;
            loop {
                let accepted = tokio::select! {
                    accepted = socket.accept() => accepted,
                    _ = closing.changed() => return,
                };
                if failing && accepted.is_ok() {
                    failing = false;
                    log::info!("connections are accepted again");
                }
                match accepted {
                    Ok((stream, peer)) => match limits.enter(peer.ip()) {
                        Some(permit) => {
                            gauge.inc();
                            let counted = Counted {
                                gauge: gauge.clone(),
                                _permit: permit,
                            };
                            let service = listener.service(&limits, &hosts, peer);
                            connect(stream, peer, service, closing.clone(), counted);
                        }
                        None => log::debug!("too many connections from {}", peer.ip()),
                    },
                    Err(error) => {
                        // Ten attempts a second would fill the log.
                        if !std::mem::replace(&mut failing, true) {
                            log::warn!("cannot accept connections: {error}");
                        }
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
    }

    /// Accepts no more connections, and no more requests on those that are open.
    pub async fn close(&mut self) {
        self.closing.send_replace(true);
        while self.listening.join_next().await.is_some() {}
    }

    /// Waits until all connections have ended, which they do once their current requests are answered.
    pub async fn drained(self) {
        self.closing.closed().await;
    }
}

fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    service: Service,
    closing: watch::Receiver<bool>,
    counted: Counted,
) {
    if let Err(error) = stream.set_nodelay(true) {
        log::debug!("no TCP_NODELAY for {peer}: {error}");
    }
    if let Err(error) = sockopt::set_tcp_user_timeout(&stream, UNREAD_MS) {
        log::debug!("no TCP_USER_TIMEOUT for {peer}: {error}");
    }
    match service {
        Service::Web {
            acceptor,
            caller,
            streams,
        } => {
            let has_request = caller.has_request.clone();
            tokio::spawn(async move {
                let _counted = counted;
                let mut serving = pin!(serve(stream, acceptor, caller, streams, closing));
                let first = tokio::time::timeout(FIRST, &mut serving).await;
                if first.is_err() && has_request.load(Ordering::Relaxed) {
                    serving.await;
                }
            });
        }
        Service::Streams {
            acceptor,
            streams,
            address,
        } => {
            keep_alive(&stream);
            let serving = streams.serve(Connection {
                io: Io::Clear(stream),
                address,
                acceptor,
                closing,
            });
            tokio::spawn(async move {
                let _counted = counted;
                serving.await;
            });
        }
    }
}

/// Notices that a client is gone to which nothing is sent. Its system answers; the client need not wake up.
fn keep_alive(stream: &TcpStream) {
    let set = sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(stream, KEEP_ALIVE));
    if let Err(error) = set {
        log::debug!("no TCP keep-alive: {error}");
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    caller: Caller,
    streams: Option<Arc<dyn Streams>>,
    closing: watch::Receiver<bool>,
) {
    let result = match acceptor {
        None => plain(stream, &caller, closing).await,
        // Boxed, so that ten thousand held polls without TLS do not each reserve memory for it.
        Some(acceptor) => Box::pin(secured(stream, acceptor, &caller, streams, closing)).await,
    };
    if let Err(error) = result {
        log::debug!("{}: {error}", caller.peer);
    }
}

/// Serves a socket: one connection, and a new one after each held poll.
async fn plain(
    stream: TcpStream,
    caller: &Caller,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let mut stream = ReplayStream::new(stream);
    loop {
        let service = hyper::service::service_fn(|request| answer(caller, Some(&stream), request));
        let io = TokioIo::new(stream.clone());
        let mut connection = Box::new(http_1().serve_connection(io, service));
        let end = |connection: Pin<&mut &mut http1::Connection<_, _>>| {
            Pin::new(&mut **connection.get_mut()).graceful_shutdown();
        };
        let serving = until_closing(&mut *connection, end, closing.clone());
        match stream.run(serving).await {
            Ok(ended) => {
                drop(connection);
                linger(stream, closing).await;
                return ended;
            }
            Err(held) => {
                let waiting = stream.wait(held, &connection.into_parts().read_buf);
                let answer = match waiting.await {
                    Waited::Gone => return Ok(()),
                    Waited::Again => continue,
                    // The connection ends with this answer, which the HTTP library tells.
                    Waited::Answered(_) if *closing.borrow() => continue,
                    Waited::Answered(answer) => answer,
                };
                let Some(response) = answer.await else {
                    continue;
                };
                match stream.answer(response).await {
                    Ok(true) => {}
                    Ok(false) => {
                        linger(stream, closing).await;
                        return Ok(());
                    }
                    Err(error) => {
                        log::debug!("{}: {error}", caller.peer);
                        return Ok(());
                    }
                }
            }
        }
    }
}

async fn secured(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    caller: &Caller,
    streams: Option<Arc<dyn Streams>>,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    match acceptor.accept(stream).await {
        Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::H2) => {
            http_2(stream, caller, closing).await
        }
        Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::XMPP) => {
            // From here on it has limits of its own.
            keep_alive(stream.get_ref().0);
            caller.has_request.store(true, Ordering::Relaxed);
            if let Some(streams) = streams {
                let serving = streams.serve(Connection {
                    io: Io::Tls(Box::new(stream)),
                    address: caller.limits.client(caller.peer.ip()),
                    acceptor: None,
                    closing,
                });
                serving.await;
            }
            Ok(())
        }
        Ok(mut stream) => {
            let ended = serve_http_1(&mut stream, caller, closing.clone()).await;
            // What the client still sends does not matter, so it is not decrypted.
            linger(stream.get_mut().0, closing).await;
            ended
        }
        Err(error) => {
            log::debug!("{}: {error}", caller.peer);
            Ok(())
        }
    }
}

/// Reads what a client still sends after the last answer: the rest of a body, or pipelined requests. A socket that is closed with unread
/// bytes resets the connection, and the answer may be lost.
async fn linger(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut closing: watch::Receiver<bool>,
) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut rest = stream.take(LINGER_SIZE);
    let mut sink = tokio::io::sink();
    tokio::select! {
        _ = tokio::time::timeout(LINGER, tokio::io::copy(&mut rest, &mut sink)) => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
}

fn http_1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // Old clients look for the exact letters `Set-Cookie: c_user=`.
        .title_case_headers(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .max_header_size(HEAD_SIZE);
    builder
}

async fn serve_http_1(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: &Caller,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let service = hyper::service::service_fn(|request| answer(caller, None, request));
    let connection = http_1().serve_connection(TokioIo::new(stream), service);
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
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(STREAM_WINDOW as usize)
        .max_header_list_size(HEAD_SIZE as u32)
        .serve_connection(TokioIo::new(stream), service);
    let end = http2::Connection::graceful_shutdown;
    until_closing(connection, end, closing).await
}

/// Serves a connection that is not a socket, without TLS.
#[cfg(feature = "fuzzing")]
pub async fn serve_stream(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    router: Router,
    limits: Arc<ConnectionLimits>,
) {
    let caller = Caller {
        limits,
        hosts: Arc::default(),
        peer,
        site: Site::from(router),
        tls: false,
        has_request: Arc::default(),
    };
    let (_open, closing) = watch::channel(false);
    // How a connection ended is of no interest here.
    let _ = serve_http_1(stream, &caller, closing).await;
}

/// Runs a connection. When the server stops, `end` lets it finish the current requests.
async fn until_closing<C: Future>(
    connection: C,
    end: impl FnOnce(Pin<&mut C>),
    mut closing: watch::Receiver<bool>,
) -> C::Output {
    let mut connection = pin!(connection);
    tokio::select! {
        // The connection comes first: one that has read nothing yet would end at once.
        biased;
        ended = &mut connection => return ended,
        _ = closing.wait_for(|closing| *closing) => {}
    }
    end(connection.as_mut());
    connection.await
}

fn answer(caller: &Caller, replay: Option<&ReplayStream>, request: Request<Incoming>) -> Answering {
    caller.has_request.store(true, Ordering::Relaxed);
    let mut request = request.map(Body::new);
    let named = caller.hosts.check(&request, caller.tls);
    let address = caller
        .limits
        .receive(&mut request, caller.peer.ip(), caller.tls);
    if let Some(replay) = replay {
        request.extensions_mut().insert(replay.clone());
    }
    // A request that is replayed was counted when it arrived.
    let woken = replay.and_then(ReplayStream::take_woken);
    let allowed = woken.is_some() || caller.limits.allow(address);
    if let Some(woken) = woken {
        request.extensions_mut().insert(woken);
    }
    let refused = match named {
        _ if !allowed => Router::new().fallback(too_many),
        Ok(()) => return caller.site.answer(request),
        Err(refusal) => Router::new().fallback(|| refuse(refusal)),
    };
    Site::from(refused).answer(request)
}

// The body of the request, if any, is not read.

async fn refuse((status, sentence): Refusal) -> impl IntoResponse {
    (status, [("connection", "close")], sentence)
}

async fn too_many() -> impl IntoResponse {
    let wait = [("retry-after", "10"), ("connection", "close")];
    let text = "Too many requests. Try again in ten seconds.\n";
    (StatusCode::TOO_MANY_REQUESTS, wait, text)
}
