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
use std::error::Error;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tower_service::Service;
use url::{Position, Url};

/// A connection that is not used for this long may be closed by the server at any moment.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Of the whole system, a connection without answers to keep-alive probes is given up after a minute, as by the HTTP library.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// How much room there is for what a connection has, at least.
const READ_SIZE: usize = 16 << 10;

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

/// What is to be sent, to whom.
struct Target {
    uri: String,
    origin: String,
    head: String,
    timeout: Duration,
    body_limit: usize,
}

type UnderWay = Pin<Box<dyn Future<Output = (Outcome, Option<Connection>)> + Send>>;

/// See the module.
#[derive(Default)]
pub(super) struct LongPoll {
    under_way: Option<(ExchangeId, UnderWay)>,
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
        let hold = async move { hold(&http, &target, kept, network).await };
        self.under_way = Some((id, Box::pin(hold)));
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
        let Some((id, under_way)) = &mut self.under_way else {
            return Poll::Pending;
        };
        let Poll::Ready((outcome, kept)) = under_way.as_mut().poll(context) else {
            return Poll::Pending;
        };
        let id = *id;
        self.under_way = None;
        self.kept = kept;
        Poll::Ready((id, outcome))
    }

    /// Drops the exchange and its connection if `is` is true for it.
    pub(super) fn abort(&mut self, is: impl Fn(ExchangeId, ExchangeKind) -> bool) {
        let is_unwanted = |(id, _): &(ExchangeId, _)| is(*id, ExchangeKind::LongPoll);
        if self.under_way.as_ref().is_some_and(is_unwanted) {
            self.under_way = None;
        }
    }

    /// When a connection that nobody uses is to be closed.
    pub(super) fn idle_until(&self) -> Option<Instant> {
        self.kept.as_ref()?.since.checked_add(IDLE_TIMEOUT)
    }

    /// Closes it if it is time.
    pub(super) fn close_idle(&mut self, now: Instant) {
        if self.idle_until().is_some_and(|until| until <= now) {
            self.kept = None;
        }
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
            timeout: Duration::from_millis(exchange.timeout),
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
        let attempt = timeout(target.timeout, attempt(http, target, stream.take())).await;
        let failure = match attempt {
            Ok(Ok((reply, stream))) => {
                let kept = stream.map(|stream| Connection {
                    stream,
                    origin: target.origin.clone(),
                    since: Instant::now(),
                    network,
                });
                return (Ok(reply), kept);
            }
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Other(super::http::timed_out(target.timeout)),
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
        // Room only when there is something to read.
        std::future::poll_fn(|context| stream.poll_read_ready(context))
            .await
            .map_err(|error| failed(&error, reader.has_head()))?;
        let buffer = reader.buffer();
        buffer.reserve(READ_SIZE);
        let answer = match stream.read_buf(buffer).await {
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
mod tests {
    use super::super::http::Pools;
    use super::*;
    use crossbeam_channel::Receiver;
    use std::io::{BufRead, BufReader, Write};
    use tokio::runtime::{Builder, Runtime};

    const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// Answers each request with the next of these texts, and closes the connection after an empty one and after one that
    /// begins with "CUT ".
    /// Reports of each request the number of its connection and the head.
    fn server(answers: &'static [&'static str]) -> (Url, Receiver<(usize, String)>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "http://{}/x/1/false/p_1=7?batch=100",
            listener.local_addr().unwrap()
        );
        let (report, requests) = crossbeam_channel::unbounded();
        std::thread::spawn(move || {
            let mut answers = answers.iter();
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                loop {
                    let head = lines.by_ref().map_while(Result::ok);
                    let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
                    if head.is_empty() {
                        break;
                    }
                    let _ = report.send((number, head.join("\n")));
                    let answer = answers.next().copied().unwrap_or_default();
                    let text = answer.strip_prefix("CUT ").unwrap_or(answer);
                    stream.write_all(text.as_bytes()).unwrap();
                    if answer.is_empty() || text != answer {
                        break;
                    }
                }
            }
        });
        (url.parse().unwrap(), requests)
    }

    fn exchange(url: &Url) -> Exchange {
        Exchange {
            id: ExchangeId(3),
            kind: ExchangeKind::LongPoll,
            method: Method::Get,
            url: url.clone(),
            cookie: Some("c_user=1; xs=2".to_owned()),
            body: None,
            timeout: 60_000,
            body_limit: 100,
        }
    }

    struct Client {
        runtime: Runtime,
        pools: Pools,
        http: Arc<Http>,
        poll: LongPoll,
    }

    impl Client {
        fn new() -> Self {
            let mut runtime = Builder::new_current_thread();
            let pools = Pools::default();
            Client {
                runtime: runtime.enable_all().build().unwrap(),
                http: pools.get(&NetworkOptions::default()).unwrap(),
                pools,
                poll: LongPoll::default(),
            }
        }

        fn poll(&mut self, url: &Url) -> Outcome {
            assert!(self.poll.start(&self.http, exchange(url)).is_none());
            let (id, outcome) = self.runtime.block_on(self.poll.finished());
            assert_eq!(id, ExchangeId(3));
            outcome
        }
    }

    #[test]
    fn request_is_the_one_of_the_http_library() {
        let (url, requests) = server(&[ANSWER, ANSWER]);
        let mut client = Client::new();
        assert_eq!(client.poll(&url).unwrap().body, b"ok");
        client.poll.kept = None;
        let by_library = client.runtime.block_on(client.http.execute(exchange(&url)));
        assert_eq!(by_library.unwrap().body, b"ok");
        let fields = |head: String| {
            let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let heads: Vec<_> = requests.try_iter().map(|(_, head)| fields(head)).collect();
        assert_eq!(heads[0], heads[1]);
    }

    #[test]
    fn connection_is_kept_until_the_network_changes() {
        let (url, requests) = server(&[ANSWER; 4]);
        let mut client = Client::new();
        for _ in 0..3 {
            assert_eq!(client.poll(&url).unwrap().status, 200);
        }
        client.pools.forget_connections();
        assert_eq!(client.poll(&url).unwrap().status, 200);
        let used: Vec<_> = requests
            .try_iter()
            .map(|(connection, _)| connection)
            .collect();
        assert_eq!(used, [0, 0, 0, 1]);
        client.poll.close_idle(Instant::now());
        assert!(client.poll.kept.is_some());
        client.poll.close_idle(Instant::now() + IDLE_TIMEOUT);
        assert!(client.poll.kept.is_none());
    }

    #[test]
    fn request_whose_connection_is_closed_before_the_answer_is_sent_again_once() {
        let (url, requests) = server(&[ANSWER, "", ANSWER, "", ""]);
        let mut client = Client::new();
        assert_eq!(client.poll(&url).unwrap().status, 200);
        assert_eq!(client.poll(&url).unwrap().status, 200);
        let used: Vec<_> = requests
            .try_iter()
            .map(|(connection, _)| connection)
            .collect();
        assert_eq!(used, [0, 0, 1]);
        assert_eq!(client.poll(&url).unwrap_err().fault, TransportFault::Io);
        assert_eq!(requests.try_iter().count(), 2);
    }

    #[test]
    fn answer_that_is_cut_is_not_asked_for_again() {
        let (url, requests) = server(&["CUT HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"]);
        let mut client = Client::new();
        let error = client.poll(&url).unwrap_err();
        assert_eq!(error.fault, TransportFault::Io);
        assert_eq!(error.detail, "the server closed the connection");
        assert_eq!(requests.try_iter().count(), 1);
        assert!(client.poll.kept.is_none());
    }

    #[test]
    fn what_needs_the_http_library_is_left_to_it() {
        let url: Url = "http://127.0.0.1:1/x".parse().unwrap();
        let mut client = Client::new();
        let mut is_left = |change: &dyn Fn(&mut Exchange)| {
            let mut exchange = exchange(&url);
            change(&mut exchange);
            let left = client.poll.start(&client.http, exchange).is_some();
            client.poll.abort(|_, _| true);
            left
        };
        assert!(!is_left(&|_| {}));
        assert!(is_left(&|it| it.kind = ExchangeKind::Call));
        assert!(is_left(
            &|it| it.url = "https://127.0.0.1:1/x".parse().unwrap()
        ));
        assert!(is_left(
            &|it| it.url = "http://a:b@127.0.0.1:1/x".parse().unwrap()
        ));
        assert!(is_left(&|it| it.cookie = Some("a=b\r\nx: y".to_owned())));
        let proxy = NetworkOptions {
            proxy: crate::options::Proxy::parse("http://127.0.0.1:2").unwrap(),
            ..NetworkOptions::default()
        };
        client.http = client.pools.get(&proxy).unwrap();
        assert!(client.poll.start(&client.http, exchange(&url)).is_some());
    }
}
