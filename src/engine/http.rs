//! Carries out exchanges. The only file of the engine that names reqwest.
//!
//! Sessions with equal network options share one connection pool.

#![forbid(unsafe_code)]

use super::dns::Resolver;
use super::lock;
use crate::options::NetworkOptions;
use crate::protocol::{Exchange, Method, Reply, TransportError, TransportFault};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header;
use std::error::Error;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::OnceCell;

const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_IDLE: usize = 16;

/// The pools of one client, one for each different set of options that is in use.
#[derive(Debug, Default)]
pub(super) struct Pools {
    resolver: SharedResolver,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    used: Vec<Weak<Http>>,
    /// Kept, for a host that opens one session after another.
    latest: Option<Arc<Http>>,
}

impl Pools {
    /// The pool for these options; made if no session has it.
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
        // Dropped when the lock is open again: it may be the last of its kind.
        let _before = known.latest.replace(Arc::clone(&pool));
        drop(known);
        Ok(pool)
    }

    /// Connections that are kept for the next exchange are of a network that is gone.
    pub(super) fn forget_connections(&self) {
        let known = lock(&self.known);
        let pools = known.used.iter().filter_map(Weak::upgrade);
        pools.for_each(|pool| pool.forget_connections());
    }
}

/// What all sessions with equal options share of HTTP.
#[derive(Debug)]
pub(super) struct Http {
    network: NetworkOptions,
    resolver: SharedResolver,
    clients: Mutex<Arc<Clients>>,
}

/// What holds the connections.
#[derive(Debug)]
struct Clients {
    plain: reqwest::Client,
    /// Made when first needed: the system's roots cost up to a megabyte and tens of milliseconds.
    tls: OnceCell<reqwest::Client>,
}

impl Clients {
    fn new(network: &NetworkOptions, resolver: &SharedResolver) -> Result<Self, TransportError> {
        let tls = crate::tls::trust_nobody().map_err(|error| classify(&error))?;
        Ok(Clients {
            plain: client(network, tls, resolver)?,
            tls: OnceCell::new(),
        })
    }
}

impl Http {
    fn new(network: &NetworkOptions, resolver: &SharedResolver) -> Result<Self, TransportError> {
        Ok(Http {
            clients: Mutex::new(Arc::new(Clients::new(network, resolver)?)),
            network: network.clone(),
            resolver: resolver.clone(),
        })
    }

    /// Exchanges under way keep theirs.
    fn forget_connections(&self) {
        // It was made before with the same options.
        if let Ok(clients) = Clients::new(&self.network, &self.resolver) {
            let _before = std::mem::replace(&mut *lock(&self.clients), Arc::new(clients));
        }
    }

    /// Carries out one exchange. Dropping the future closes its connection.
    pub(super) async fn carry_out(&self, exchange: Exchange) -> Result<Reply, TransportError> {
        let timeout = Duration::from_millis(exchange.timeout);
        let outcome = tokio::time::timeout(timeout, self.attempt(exchange)).await;
        outcome.unwrap_or_else(|_| {
            let detail = format!("no answer within {} s", timeout.as_secs().max(1));
            Err(TransportError {
                fault: TransportFault::Timeout,
                detail,
            })
        })
    }

    async fn attempt(&self, exchange: Exchange) -> Result<Reply, TransportError> {
        let clients = Arc::clone(&lock(&self.clients));
        let client = match exchange.url.scheme() {
            "https" => clients.tls.get_or_try_init(|| self.tls_client()).await?,
            _ => &clients.plain,
        };
        let method = match exchange.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let proxy = self.network.proxy.label(&exchange.url);
        let fault = |error| classify_request(&error, proxy.as_deref());
        let mut request = client.request(method, exchange.url);
        if let Some(cookie) = exchange.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(body) = exchange.body {
            // Borrowed, not copied: the buffer is wiped once it is sent.
            request = request
                .header(header::CONTENT_TYPE, body.content_type)
                .body(bytes::Bytes::from_owner(body.bytes));
        }
        let mut response = request.send().await.map_err(fault)?;
        if let Some(refused) =
            crate::fault::proxy_refusal(response.status().as_u16(), proxy.as_deref())
        {
            return Err(refused);
        }
        let mut reply = Reply {
            status: response.status().as_u16(),
            set_cookie: texts(&response, header::SET_COOKIE).collect(),
            location: texts(&response, header::LOCATION).next(),
            retry_after: texts(&response, header::RETRY_AFTER).next(),
            body: Vec::new(),
        };
        let limit = exchange.body_limit;
        while let Some(chunk) = response.chunk().await.map_err(fault)? {
            if chunk.len() > limit.saturating_sub(reply.body.len()) {
                let detail = format!("more than {limit} bytes");
                return Err(TransportError {
                    fault: TransportFault::TooLarge,
                    detail,
                });
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }

    /// Reads the system's roots on the blocking pool, so that no session waits for the disk.
    async fn tls_client(&self) -> Result<reqwest::Client, TransportError> {
        let roots = self.network.roots.clone();
        let pin = self.network.pin.map(|pin| *pin.sha256());
        let tls =
            tokio::task::spawn_blocking(move || crate::tls::settings(roots.certificates(), pin));
        let tls = tls.await.map_err(|error| classify(&error))?;
        let tls = tls.map_err(|error| classify(&error))?;
        client(&self.network, tls, &self.resolver)
    }
}

fn texts(
    response: &reqwest::Response,
    name: header::HeaderName,
) -> impl Iterator<Item = String> + '_ {
    let values = response.headers().get_all(name).into_iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn client(
    network: &NetworkOptions,
    tls: crate::tls::Settings,
    resolver: &SharedResolver,
) -> Result<reqwest::Client, TransportError> {
    let client = crate::http::builder(network, tls).and_then(|builder| {
        builder
            .dns_resolver(Arc::new(resolver.clone()))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .build()
    });
    client.map_err(|error| classify(&error))
}

#[derive(Clone, Debug, Default)]
struct SharedResolver(Arc<Resolver>);

impl Resolve for SharedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.0.clone();
        Box::pin(async move {
            let found = resolver.lookup(name.as_str()).await?;
            let addresses: Addrs = Box::new(Vec::from(&*found).into_iter());
            Ok(addresses)
        })
    }
}

/// An error that is not about a request.
fn classify(error: &(dyn Error + 'static)) -> TransportError {
    crate::fault::classify(error, true, false, None)
}

fn classify_request(error: &reqwest::Error, proxy: Option<&str>) -> TransportError {
    crate::fault::classify(error, error.is_connect(), error.is_timeout(), proxy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ExchangeId, ExchangeKind};
    use std::io::{BufRead, BufReader, Write};
    use std::sync::mpsc;

    #[test]
    fn equal_options_share_a_pool_that_goes_with_its_last_session() {
        let pools = Pools::default();
        let network = |agent: &str| NetworkOptions {
            user_agent: agent.to_owned(),
            ..NetworkOptions::default()
        };
        let (one, again) = (network("one"), network("one"));
        let first = pools.get(&one).unwrap();
        assert!(Arc::ptr_eq(&first, &pools.get(&again).unwrap()));
        let other = pools.get(&network("other")).unwrap();
        assert!(!Arc::ptr_eq(&first, &other));
        let gone = Arc::downgrade(&first);
        drop(first);
        assert!(gone.upgrade().is_none());
        (0..100).for_each(|n| drop(pools.get(&network(&n.to_string())).unwrap()));
        assert!(lock(&pools.known).used.len() <= 3);
    }

    /// A server that answers every request with 204; tells of each connection.
    fn server() -> (url::Url, mpsc::Receiver<()>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (told, connections) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = told.send(());
                std::thread::spawn(move || {
                    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                        if line.unwrap().is_empty() {
                            stream
                                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                                .unwrap();
                        }
                    }
                });
            }
        });
        (url.parse().unwrap(), connections)
    }

    #[test]
    fn connections_of_another_network_are_not_used_again() {
        let (url, connections) = server();
        let pools = Pools::default();
        let http = pools.get(&NetworkOptions::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let fetch = || {
            let exchange = Exchange {
                id: ExchangeId(1),
                kind: ExchangeKind::Call,
                method: Method::Get,
                url: url.clone(),
                cookie: None,
                body: None,
                timeout: 30_000,
                body_limit: 0,
            };
            let reply = runtime.block_on(async {
                let reply = http.carry_out(exchange).await;
                // For the connection to get back into the pool.
                tokio::task::yield_now().await;
                reply
            });
            assert_eq!(reply.unwrap().status, 204);
            connections.try_iter().count()
        };
        assert_eq!([fetch(), fetch()], [1, 0]);
        pools.forget_connections();
        assert_eq!([fetch(), fetch()], [1, 0]);
    }
}
