//! The requests of one connection, over HTTP/1 or HTTP/2, and the protocols that it may go on with.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Request, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::connection_limits::ConnectionLimits;
use super::hosts::{Hosts, Refusal};
use super::parked::{Held, ReplayStream, Waited};
use super::site::{Answering, Site};
use super::small_requests;
use super::streams::{Connection, Io, Streams, keep_alive};
use super::tls;
use super::upgrades::{Next, Rest, Upgrade, Upgraded};

/// How long a client may take for the head of a request, and how long an idle connection lives. Longer than a poll is held.
const HEAD: Duration = Duration::from_secs(75);
/// How often HTTP/2 pings the client.
const PING: Duration = Duration::from_secs(30);
/// The most concurrent requests on one HTTP/2 connection.
const STREAMS: u32 = 32;
/// How many bytes may arrive on one HTTP/2 stream, and on all streams of a connection, before they are read.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 128 << 10;
/// The largest head of a request.
const HEAD_SIZE: usize = 64 << 10;
/// Limits for reading the rest of a request that was answered early, in time and in bytes. A connection that is closed while the client
/// is still sending is reset, and the client may never see the answer.
const LINGER: Duration = Duration::from_secs(10);
const LINGER_SIZE: u64 = 64 << 20;

/// What every connection needs.
pub struct Caller {
    pub limits: Arc<ConnectionLimits>,
    pub hosts: Arc<Hosts>,
    pub peer: SocketAddr,
    pub site: Site,
    pub tls: bool,
    /// Whether a request has arrived.
    pub has_request: Arc<AtomicBool>,
    /// Whether the connection was made to a loopback address.
    pub is_local: bool,
    /// Set by a request that asks for another protocol.
    pub upgrade: OnceLock<Upgrade>,
}

impl Caller {
    /// The protocol that has taken the connection over, if any.
    fn next(&self) -> Option<Next> {
        self.upgrade.get().and_then(Upgrade::take)
    }
}

/// The result of serving a request, or a connection of the HTTP library.
enum Served {
    /// The request is to be answered.
    Answered(Response),
    /// A poll is held. The bytes arrived after it.
    Held(Held, Bytes),
    /// The client has gone, or the connection is taken over by another protocol. The bytes have not been read yet.
    Ended(Result<(), hyper::Error>, Bytes),
}

/// Serves a socket. A request that is not small goes to a connection of the HTTP library, which serves all later ones until a poll is held.
pub async fn plain(
    stream: TcpStream,
    caller: &Caller,
    mut closing: watch::Receiver<bool>,
) -> Result<Option<Rest>, hyper::Error> {
    let mut stream = ReplayStream::new(stream);
    // All but the wait for a held poll is on the heap, so that ten thousand of these do not each reserve memory for it.
    loop {
        let served = match Box::pin(small_request(&stream, caller, &mut closing)).await {
            Some(served) => served,
            None => Box::pin(with_library(&stream, caller, &closing)).await,
        };
        let mut response = match served {
            Served::Answered(response) => response,
            Served::Ended(ended, received) => {
                if let Some(next) = caller.next() {
                    return ended.map(|()| Some(next(Upgraded::new(stream, received, closing))));
                }
                Box::pin(linger(stream, closing)).await;
                return ended.map(|()| None);
            }
            Served::Held(held, rest) => {
                let answer = match stream.wait(held, &rest).await {
                    Waited::Gone => return Ok(None),
                    Waited::Again => continue,
                    Waited::Answered(answer) => answer.await,
                };
                let Some(response) = answer else {
                    continue;
                };
                response
            }
        };
        if *closing.borrow() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        match Box::pin(stream.answer(response)).await {
            Ok(true) => {}
            Ok(false) => {
                Box::pin(linger(stream, closing)).await;
                return Ok(None);
            }
            Err(error) => {
                log::debug!("{}: {error}", caller.peer);
                return Ok(None);
            }
        }
    }
}

/// Serves the next request if it is a small one; otherwise `None`, and the bytes are replayed.
async fn small_request(
    stream: &ReplayStream,
    caller: &Caller,
    closing: &mut watch::Receiver<bool>,
) -> Option<Served> {
    if stream.has_replay() {
        return None;
    }
    let nothing = Some(Served::Ended(Ok(()), Bytes::new()));
    let bytes = tokio::select! {
        // A request that has already arrived is answered even if the server stops.
        biased;
        read = timeout(HEAD, stream.read()) => match read {
            Ok(Ok(bytes)) if !bytes.is_empty() => bytes,
            _ => return nothing,
        },
        _ = closing.wait_for(|closing| *closing) => return nothing,
    };
    let takes = |method: &Method, path: &str| caller.site.is_direct(method, path);
    let Some(request) = small_requests::parse(&bytes, takes) else {
        stream.replay(bytes);
        return None;
    };
    drop(bytes);
    Some(
        match stream.run(answer(caller, Some(stream), request)).await {
            Ok(Ok(response)) => Served::Answered(response),
            Err(held) => Served::Held(held, Bytes::new()),
        },
    )
}

/// Serves a socket with a connection of the HTTP library.
async fn with_library(
    stream: &ReplayStream,
    caller: &Caller,
    closing: &watch::Receiver<bool>,
) -> Served {
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        answer(caller, Some(stream), request.map(Body::new))
    });
    let io = TokioIo::new(stream.clone());
    let mut connection = Box::new(http_1().serve_connection(io, service));
    let end = |connection: Pin<&mut &mut http1::Connection<_, _>>| {
        Pin::new(&mut **connection.get_mut()).graceful_shutdown();
    };
    let serving = until_closing(&mut *connection, end, closing.clone());
    let served = stream.run(Box::pin(serving)).await;
    let received = connection.into_parts().read_buf;
    match served {
        Ok(ended) => Served::Ended(ended, received),
        Err(held) => Served::Held(held, received),
    }
}

pub async fn secured(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    caller: &Caller,
    streams: Option<Arc<dyn Streams>>,
    closing: watch::Receiver<bool>,
) -> Result<Option<Rest>, hyper::Error> {
    match acceptor.accept(stream).await {
        Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::H2) => {
            http_2(stream, caller, closing).await.map(|()| None)
        }
        Ok(mut stream) => {
            let is_xmpp = match stream.get_ref().1.alpn_protocol() {
                Some(name) => name == tls::XMPP,
                None => streams.is_some() && begins_with_xml(&mut stream, closing.clone()).await,
            };
            if is_xmpp {
                keep_alive(stream.get_ref().0);
                return Ok(streams.map(|streams| {
                    streams.serve(Connection {
                        io: Io::Tls(Box::new(stream)),
                        address: caller.limits.client(caller.peer.ip()),
                        acceptor: None,
                        closing,
                    })
                }));
            }
            let (ended, received) = serve_http_1(&mut stream, caller, closing.clone()).await;
            if let Some(next) = caller.next() {
                return ended.map(|()| Some(next(Upgraded::new(stream, received, closing))));
            }
            // What the client still sends does not matter, so it is not decrypted.
            linger(stream.get_mut().0, closing).await;
            ended.map(|()| None)
        }
        Err(error) => {
            log::debug!("{}: {error}", caller.peer);
            Ok(None)
        }
    }
}

/// Whether a client that has not named its protocol begins with XML: some clients of XMPP name none. What has arrived is not read yet.
async fn begins_with_xml(
    stream: &mut (impl AsyncBufRead + Unpin),
    mut closing: watch::Receiver<bool>,
) -> bool {
    tokio::select! {
        first = timeout(HEAD, stream.fill_buf()) => matches!(first, Ok(Ok([b'<', ..]))),
        _ = closing.wait_for(|closing| *closing) => false,
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
        _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut sink)) => {}
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
) -> (Result<(), hyper::Error>, Bytes) {
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        answer(caller, None, request.map(Body::new))
    });
    let mut connection = http_1().serve_connection(TokioIo::new(stream), service);
    let end = |connection: Pin<&mut &mut http1::Connection<_, _>>| {
        Pin::new(&mut **connection.get_mut()).graceful_shutdown();
    };
    let ended = until_closing(&mut connection, end, closing).await;
    (ended, connection.into_parts().read_buf)
}

async fn http_2(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: &Caller,
    closing: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        answer(caller, None, request.map(Body::new))
    });
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
        is_local: true,
        upgrade: OnceLock::new(),
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

fn answer(caller: &Caller, replay: Option<&ReplayStream>, mut request: Request<Body>) -> Answering {
    caller.has_request.store(true, Ordering::Relaxed);
    let named = caller.hosts.check(&request, caller.tls);
    let address = caller
        .limits
        .receive(&mut request, caller.peer.ip(), caller.tls);
    let asks = request.headers().contains_key(header::UPGRADE);
    if asks && request.version() == Version::HTTP_11 {
        let upgrade = caller.upgrade.get_or_init(|| Upgrade::new(caller.is_local));
        request.extensions_mut().insert(upgrade.clone());
    }
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
