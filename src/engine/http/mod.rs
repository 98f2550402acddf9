//! Carries out exchanges with reqwest's asynchronous client.
//!
//! Sessions with equal network options share one connection pool.

#![forbid(unsafe_code)]

mod transfer;

use super::dns::Resolver;
use super::lock;
use super::long_poll::Connector;
use crate::background;
use crate::http::was_closed;
use crate::options::NetworkOptions;
use crate::protocol::{Exchange, Method, Reply, TransportError, TransportFault};
use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::OnceCell;

const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_IDLE: usize = 16;

/// The connection pools of one client, one for each set of network options in use.
#[derive(Debug, Default)]
pub(super) struct Pools {
    resolver: SharedResolver,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    used: Vec<Weak<Http>>,
    /// Kept for a host that opens one session after another.
    latest: Option<Arc<Http>>,
}

impl Pools {
    /// The pool for these options; created if no session uses it.
    pub(super) fn get(&self, network: &NetworkOptions) -> Result<Arc<Http>, TransportError> {
        let mut known = lock(&self.known);
        known.used.retain(|pool| pool.strong_count() > 0);
        let mut pools = known.used.iter().filter_map(Weak::upgrade);
        let pool = match pools.find(|pool| pool.network == *network) {
            Some(pool) => pool,
            None => {
                let pool = Arc::new(Http::new(network, &self.resolver)?);
                known.used.push(Arc::downgrade(&pool));
                pool
            }
        };
        // Dropped after the lock is released, since it may be the last reference.
        let _before = known.latest.replace(Arc::clone(&pool));
        drop(known);
        Ok(pool)
    }

    /// Drops all kept connections: they belong to a network that is gone.
    pub(super) fn forget_connections(&self) {
        let known = lock(&self.known);
        let pools = known.used.iter().filter_map(Weak::upgrade);
        pools.for_each(|pool| pool.forget_connections());
    }
}

/// The part of HTTP that all sessions with equal options share.
#[derive(Debug)]
pub(super) struct Http {
    network: NetworkOptions,
    resolver: SharedResolver,
    clients: Mutex<Arc<Clients>>,
    /// For exchanges that need no client.
    connector: Connector,
    network_changes: AtomicU64,
}

/// The clients, which hold the connections.
#[derive(Debug)]
struct Clients {
    plain: SchemeClients,
    /// Created when first needed: the system's root certificates cost up to a megabyte and tens of milliseconds.
    tls: OnceCell<SchemeClients>,
}

/// The clients for one URL scheme.
#[derive(Debug)]
struct SchemeClients {
    pooled: reqwest::Client,
    /// Opens a new connection for every request.
    unpooled: reqwest::Client,
}

/// Which connection an attempt uses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ConnectionSource {
    Pool,
    New,
}

/// Why an attempt failed.
enum Failure {
    /// The server closed the connection before its answer.
    ClosedConnection(TransportError),
    Other(TransportError),
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Failure::Other(error)
    }
}

impl Clients {
    fn new(network: &NetworkOptions, resolver: &SharedResolver) -> Result<Self, TransportError> {
        let tls = crate::tls::without_roots().map_err(|error| classify(&error))?;
        Ok(Clients {
            plain: SchemeClients::new(network, tls, resolver)?,
            tls: OnceCell::new(),
        })
    }
}

impl SchemeClients {
    fn new(
        network: &NetworkOptions,
        tls: crate::tls::Settings,
        resolver: &SharedResolver,
    ) -> Result<Self, TransportError> {
        let client = |max_idle| {
            let builder = crate::http::builder(network, tls.clone())?;
            builder
                .dns_resolver(Arc::new(resolver.clone()))
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(max_idle)
                .build()
        };
        Ok(SchemeClients {
            pooled: client(MAX_IDLE).map_err(|error| classify(&error))?,
            unpooled: client(0).map_err(|error| classify(&error))?,
        })
    }
}

impl Http {
    fn new(network: &NetworkOptions, resolver: &SharedResolver) -> Result<Self, TransportError> {
        Ok(Http {
            clients: Mutex::new(Arc::new(Clients::new(network, resolver)?)),
            connector: Connector::new(network, resolver),
            network_changes: AtomicU64::new(0),
            network: network.clone(),
            resolver: resolver.clone(),
        })
    }

    /// Exchanges in progress keep their connections.
    fn forget_connections(&self) {
        self.network_changes.fetch_add(1, Ordering::Relaxed);
        // Cannot fail: it succeeded before with the same options.
        if let Ok(clients) = Clients::new(&self.network, &self.resolver) {
            let _before = std::mem::replace(&mut *lock(&self.clients), Arc::new(clients));
        }
    }

    pub(super) fn network(&self) -> &NetworkOptions {
        &self.network
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Connections are not used any more if this has changed since they were opened.
    pub(super) fn network_changes(&self) -> u64 {
        self.network_changes.load(Ordering::Relaxed)
    }

    /// Carries out one exchange. Dropping the future closes its connection.
    ///
    /// If the connection is closed before the answer begins, the request is sent once more on a new one. The server
    /// recognises a copy of a message by its id; nearly all other requests have the same effect once and twice.
    pub(super) async fn execute(&self, exchange: Exchange) -> Result<Reply, TransportError> {
        let request = Request::new(exchange);
        let first = match self.attempt(&request, ConnectionSource::Pool).await {
            Ok(reply) => return Ok(reply),
            Err(Failure::Other(error)) => return Err(error),
            Err(Failure::ClosedConnection(error)) => error,
        };
        match self.attempt(&request, ConnectionSource::New).await {
            Ok(reply) => Ok(reply),
            Err(Failure::Other(second) | Failure::ClosedConnection(second)) => {
                Err(crate::http::error_of_both(first, second))
            }
        }
    }

    async fn attempt(&self, request: &Request, source: ConnectionSource) -> Result<Reply, Failure> {
        let timeout = request.timeout;
        let result = tokio::time::timeout(timeout, self.send(request, source)).await;
        result.unwrap_or_else(|_| Err(Failure::Other(timed_out(timeout))))
    }

    async fn send(&self, request: &Request, source: ConnectionSource) -> Result<Reply, Failure> {
        let client = self.client(&request.url, source).await?;
        let proxy = self.network.proxy.label(&request.url);
        let classify = |error| classify_request(&error, proxy.as_deref());
        let mut response = match request.build(&client).send().await {
            Ok(response) => response,
            Err(error) if source == ConnectionSource::Pool && was_closed(&error) => {
                return Err(Failure::ClosedConnection(classify(error)));
            }
            Err(error) => return Err(Failure::Other(classify(error))),
        };
        let mut reply = reply_head(&response, proxy.as_deref())?;
        read_body(&mut response, &mut reply.body, request.body_limit, classify).await?;
        Ok(reply)
    }

    async fn client(
        &self,
        url: &url::Url,
        source: ConnectionSource,
    ) -> Result<reqwest::Client, TransportError> {
        let clients = Arc::clone(&lock(&self.clients));
        let scheme = match url.scheme() {
            "https" => clients.tls.get_or_try_init(|| self.tls_clients()).await?,
            _ => &clients.plain,
        };
        Ok(match source {
            ConnectionSource::Pool => scheme.pooled.clone(),
            ConnectionSource::New => scheme.unpooled.clone(),
        })
    }

    /// Reads the system's root certificates on another thread, so that no session waits for the disk.
    async fn tls_clients(&self) -> Result<SchemeClients, TransportError> {
        let roots = self.network.roots.clone();
        let pin = self.network.pin.map(|pin| *pin.sha256());
        let tls = background::run(move || crate::tls::settings(roots.certificates(), pin));
        let tls = tls.await.map_err(|error| classify(&error))?;
        let tls = tls.map_err(|error| classify(&error))?;
        SchemeClients::new(&self.network, tls, &self.resolver)
    }
}

/// An exchange in a form that can be sent twice.
struct Request {
    method: Method,
    url: url::Url,
    cookie: Option<String>,
    /// Content type and content. The buffer is shared, not copied, and wiped after the last use.
    body: Option<(String, Bytes)>,
    timeout: Duration,
    body_limit: usize,
}

impl Request {
    fn new(exchange: Exchange) -> Self {
        Request {
            method: exchange.method,
            url: exchange.url,
            cookie: exchange.cookie,
            body: exchange
                .body
                .map(|body| (body.content_type, Bytes::from_owner(body.bytes))),
            timeout: Duration::from_millis(exchange.timeout),
            body_limit: exchange.body_limit,
        }
    }

    fn build(&self, client: &reqwest::Client) -> reqwest::RequestBuilder {
        let method = match self.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut request = client.request(method, self.url.clone());
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some((content_type, content)) = &self.body {
            request = request
                .header(header::CONTENT_TYPE, content_type)
                .body(content.clone());
        }
        request
    }
}

/// The parts of an answer's head that the protocol uses.
fn reply_head(response: &reqwest::Response, proxy: Option<&str>) -> Result<Reply, TransportError> {
    let status = response.status().as_u16();
    if let Some(refused) = crate::transport_error::proxy_refusal(status, proxy) {
        return Err(refused);
    }
    let encodings = response.headers().get_all(header::CONTENT_ENCODING);
    crate::http::check_encoding(encodings.iter().map(header::HeaderValue::as_bytes))?;
    Ok(Reply {
        status,
        set_cookie: texts(response, header::SET_COOKIE).collect(),
        location: texts(response, header::LOCATION).next(),
        retry_after: texts(response, header::RETRY_AFTER).next(),
        content_type: None,
        body: Vec::new(),
    })
}

/// Collects an answer of at most `limit` bytes.
async fn read_body(
    response: &mut reqwest::Response,
    body: &mut Vec<u8>,
    limit: usize,
    classify: impl Fn(reqwest::Error) -> TransportError,
) -> Result<(), TransportError> {
    while let Some(chunk) = response.chunk().await.map_err(&classify)? {
        if chunk.len() > limit.saturating_sub(body.len()) {
            return Err(TransportError {
                fault: TransportFault::TooLarge,
                detail: format!("more than {limit} bytes"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

fn texts(
    response: &reqwest::Response,
    name: header::HeaderName,
) -> impl Iterator<Item = String> + '_ {
    let values = response.headers().get_all(name).into_iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

#[derive(Clone, Debug, Default)]
pub(super) struct SharedResolver(Arc<Resolver>);

impl SharedResolver {
    pub(super) async fn addresses(
        &self,
        name: &str,
    ) -> Result<std::vec::IntoIter<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let found = self.0.lookup(name).await?;
        Ok(Vec::from(&*found).into_iter())
    }
}

impl Resolve for SharedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses: Addrs = Box::new(resolver.addresses(name.as_str()).await?);
            Ok(addresses)
        })
    }
}

/// The error of an exchange that took too long.
pub(super) fn timed_out(limit: Duration) -> TransportError {
    TransportError {
        fault: TransportFault::Timeout,
        detail: format!("no answer within {} s", limit.as_secs().max(1)),
    }
}

/// Classifies the error of a connection in use.
pub(super) fn broken(error: &std::io::Error) -> TransportError {
    crate::transport_error::classify(error, false, false, None)
}

/// Classifies an error that is not about a request.
fn classify(error: &(dyn Error + 'static)) -> TransportError {
    crate::transport_error::classify(error, true, false, None)
}

fn classify_request(error: &reqwest::Error, proxy: Option<&str>) -> TransportError {
    crate::transport_error::classify(error, error.is_connect(), error.is_timeout(), proxy)
}

#[cfg(test)]
mod tests;
