//! The long-polls of one session, over plain HTTP and without a proxy: one connection, which waits without buffers.
//!
//! A long-poll is most of what a session does, and always the same small GET, for which the HTTP library does more than is
//! needed, and keeps buffers while it waits. Everything else, and TLS, is left to that library.

#![forbid(unsafe_code)]

use super::answer_reader::AnswerReader;
use super::http::{Http, SharedResolver};
use crate::options::NetworkOptions;
use crate::protocol::{
    Exchange, ExchangeId, ExchangeKind, Method, Outcome, Reply, TransportError, TransportFault,
};
use hyper::http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use std::cell::RefCell;
use std::error::Error;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tower_service::Service;
use url::{Position, Url};

/// A connection that is not used for this long may be closed by the server at any moment.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// The system gives up a connection that answers no keep-alive probes after a minute, as it does for the HTTP library.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes are read at once.
const READ_SIZE: usize = 32 << 10;

/// A connection that can be used again.
#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// Scheme, host and port.
    origin: String,
    /// When it was put aside, and how often the network had changed by then.
    since: Instant,
    network: u64,
}

/// How an attempt failed.
enum Failure {
    /// The server closed the connection before its answer.
    Closed(TransportError),
    Other(TransportError),
}

/// The request to send, and its destination.
struct Target {
    uri: String,
    origin: String,
    head: String,
    body_limit: usize,
}

/// A long-poll that is not answered yet.
struct UnderWay {
    id: ExchangeId,
    hold: Pin<Box<dyn Future<Output = (Outcome, Option<Connection>)> + Send>>,
    /// How long it may take.
    limit: Duration,
    /// When that time is over; `None` if the clock cannot represent it.
    end: Option<Instant>,
}

/// See the module.
#[derive(Default)]
pub(super) struct LongPoll {
    under_way: Option<UnderWay>,
    kept: Option<Connection>,
}

impl LongPoll {
    /// Starts an exchange, or gives it back if it is for the HTTP library.
    pub(super) fn start(&mut self, http: &Arc<Http>, exchange: Exchange) -> Option<Exchange> {
        let id = exchange.id;
        let Some(target) = Target::new(http, &exchange).filter(|_| !self.is_under_way()) else {
            return Some(exchange);
        };
        let network = http.network_changes();
        let kept = self.kept.take().filter(|kept| {
            kept.origin == target.origin
                && kept.network == network
                && kept.since.elapsed() < IDLE_TIMEOUT
        });
        let http = Arc::clone(http);
        let limit = Duration::from_millis(exchange.timeout);
        self.under_way = Some(UnderWay {
            id,
            hold: Box::pin(async move { hold(&http, &target, kept, network).await }),
            limit,
            end: Instant::now().checked_add(limit),
        });
        None
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Waits for the answer. Dropping this future loses nothing.
    pub(super) async fn finished(&mut self) -> (ExchangeId, Outcome) {
        std::future::poll_fn(|context| self.poll_finished(context)).await
    }

    fn poll_finished(&mut self, context: &mut Context<'_>) -> Poll<(ExchangeId, Outcome)> {
        let Some(UnderWay { id, hold, .. }) = &mut self.under_way else {
            return Poll::Pending;
        };
        let Poll::Ready((outcome, kept)) = hold.as_mut().poll(context) else {
            return Poll::Pending;
        };
        let id = *id;
        self.under_way = None;
        self.kept = kept;
        Poll::Ready((id, outcome))
    }

    /// Drops the exchange and its connection if `is` is true for it.
    pub(super) fn abort(&mut self, is: impl Fn(ExchangeId, ExchangeKind) -> bool) {
        let is_unwanted = |it: &UnderWay| is(it.id, ExchangeKind::LongPoll);
        if self.under_way.as_ref().is_some_and(is_unwanted) {
            self.under_way = None;
        }
    }

    /// When [`LongPoll::expire`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.under_way {
            Some(under_way) => under_way.end,
            None => self.idle_until(),
        }
    }

    /// When a connection that nobody uses is to be closed.
    fn idle_until(&self) -> Option<Instant> {
        self.kept.as_ref()?.since.checked_add(IDLE_TIMEOUT)
    }

    /// Closes a connection that nobody uses, and ends an exchange that has taken too long, each if it is time.
    pub(super) fn expire(&mut self, now: Instant) -> Option<(ExchangeId, Outcome)> {
        if self.idle_until().is_some_and(|until| until <= now) {
            self.kept = None;
        }
        let is_late = |it: &mut UnderWay| it.end.is_some_and(|end| end <= now);
        let late = self.under_way.take_if(is_late)?;
        Some((late.id, Err(super::http::timed_out(late.limit))))
    }
}

impl Target {
    /// `None` for what the HTTP library has to do.
    fn new(http: &Http, exchange: &Exchange) -> Option<Self> {
        let (url, network) = (&exchange.url, http.network());
        let is_simple = exchange.kind == ExchangeKind::LongPoll
            && exchange.method == Method::Get
            && exchange.body.is_none()
            && url.scheme() == "http"
            && url.username().is_empty()
            && url.password().is_none()
            && !network.proxy.applies_to(url);
        let cookie = exchange.cookie.as_deref().unwrap_or_default();
        if !is_simple || HeaderValue::from_str(cookie).is_err() {
            return None;
        }
        Some(Target {
            uri: url[..Position::AfterPath].to_owned(),
            origin: url[..Position::BeforePath].to_owned(),
            head: head(url, cookie, network),
            body_limit: exchange.body_limit,
        })
    }
}

/// The request as it is sent, with the fields that the HTTP library sends.
fn head(url: &Url, cookie: &str, network: &NetworkOptions) -> String {
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let agent = &network.user_agent;
    let cookie = match cookie {
        "" => String::new(),
        cookie => format!("cookie: {cookie}\r\n"),
    };
    format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\naccept-encoding: identity\r\naccept: */*\r\n{cookie}\r\n"
    )
}

/// Holds a long-poll. If the connection is closed before the answer begins, the request is sent once more on a new one, as by
/// [`Http::execute`].
async fn hold(
    http: &Http,
    target: &Target,
    kept: Option<Connection>,
    network: u64,
) -> (Outcome, Option<Connection>) {
    let mut stream = kept.map(|kept| kept.stream);
    let mut first = None;
    loop {
        let attempt = attempt(http, target, stream.take()).await;
        let failure = match attempt {
            Ok((reply, stream)) => {
                let kept = stream.map(|stream| Connection {
                    stream,
                    origin: target.origin.clone(),
                    since: Instant::now(),
                    network,
                });
                return (Ok(reply), kept);
            }
            Err(failure) => failure,
        };
        return match (first.take(), failure) {
            (None, Failure::Closed(error)) => {
                first = Some(error);
                continue;
            }
            (Some(first), Failure::Closed(error) | Failure::Other(error)) => {
                (Err(crate::http::error_of_both(first, error)), None)
            }
            (None, Failure::Other(error)) => (Err(error), None),
        };
    }
}

/// Sends the request and reads the answer; gives the connection back if it can be used again.
async fn attempt(
    http: &Http,
    target: &Target,
    kept: Option<TcpStream>,
) -> Result<(Reply, Option<TcpStream>), Failure> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => http
            .connector()
            .connect(&target.uri)
            .await
            .map_err(Failure::Other)?,
    };
    let mut rest = target.head.as_bytes();
    while !rest.is_empty() {
        match stream.try_write(rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                stream
                    .writable()
                    .await
                    .map_err(|error| Failure::before(&error))?;
            }
            Err(error) => return Err(Failure::before(&error)),
        }
    }
    let mut reader = AnswerReader::new(target.body_limit);
    loop {
        let failed = |error: &std::io::Error, has_head| match has_head {
            false => Failure::before(error),
            true => Failure::Other(super::http::broken(error)),
        };
        let buffer = reader.buffer();
        let read = std::future::poll_fn(|context| poll_read(&mut stream, context, buffer));
        let answer = match read.await {
            Ok(0) => match reader.end() {
                Some(answer) => Some(answer),
                None => {
                    let error = ErrorKind::UnexpectedEof.into();
                    return Err(failed(&error, reader.has_head()));
                }
            },
            Ok(_) => reader.advance().map_err(Failure::Other)?,
            Err(error) => return Err(failed(&error, reader.has_head())),
        };
        if let Some(answer) = answer {
            return Ok((
                answer.reply,
                Some(stream).filter(|_| answer.keeps_connection),
            ));
        }
    }
}

thread_local! {
    /// The read buffer of the thread, so that a waiting session needs none.
    static PIECE: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// Appends the bytes that have arrived to a buffer. Returns 0 at the end of the connection.
fn poll_read(
    stream: &mut TcpStream,
    context: &mut Context<'_>,
    buffer: &mut Vec<u8>,
) -> Poll<std::io::Result<usize>> {
    PIECE.with_borrow_mut(|piece| {
        let mut piece = ReadBuf::new(piece);
        let result = Pin::new(stream).poll_read(context, &mut piece);
        result.map_ok(|()| {
            buffer.extend_from_slice(piece.filled());
            piece.filled().len()
        })
    })
}

impl Failure {
    /// An error before the answer's head was complete.
    fn before(error: &std::io::Error) -> Self {
        let failed = super::http::broken(error);
        match crate::http::is_closed(error.kind()) {
            true => Failure::Closed(failed),
            false => Failure::Other(failed),
        }
    }
}

/// Opens connections.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    connector: HttpConnector<SharedResolver>,
    limit: Duration,
}

impl Connector {
    pub(super) fn new(network: &NetworkOptions, resolver: &SharedResolver) -> Self {
        let limit = Duration::from_millis(network.connect_timeout_ms.into());
        let mut connector = HttpConnector::new_with_resolver(resolver.clone());
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(limit));
        connector.set_keepalive(Some(KEEPALIVE));
        connector.set_keepalive_interval(Some(KEEPALIVE));
        connector.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(USER_TIMEOUT));
        Connector { connector, limit }
    }

    async fn connect(&self, uri: &str) -> Result<TcpStream, TransportError> {
        let classify = |error: &(dyn Error + 'static)| {
            crate::transport_error::classify(error, true, false, None)
        };
        let uri: Uri = uri.parse().map_err(|error| classify(&error))?;
        let connecting = Box::pin(self.connector.clone().call(uri));
        match timeout(self.limit, connecting).await {
            Ok(Ok(stream)) => Ok(stream.into_inner()),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(TransportError {
                fault: TransportFault::Connect,
                detail: "no answer in time".to_owned(),
            }),
        }
    }
}

impl Service<Name> for SharedResolver {
    type Response = std::vec::IntoIter<std::net::SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move { resolver.addresses(name.as_str()).await })
    }
}

#[cfg(test)]
mod tests;
