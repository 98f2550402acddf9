//! Carries out exchanges. The only file of the engine that names reqwest.
//!
//! One connection pool per client; no redirects, cookies, proxies of the environment or process-wide TLS provider.

#![forbid(unsafe_code)]

use super::dns::Resolver;
use crate::protocol::{Exchange, Method, Reply, TransportError, TransportFault, USER_AGENT};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Name, TCP and TLS together; a long-poll's own time is much longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_IDLE: usize = 16;

/// What all sessions of one client share of HTTP.
#[derive(Debug)]
pub(super) struct Http {
    resolver: SharedResolver,
    plain: reqwest::Client,
    /// Made when first needed: the system's roots cost up to a megabyte and tens of milliseconds.
    tls: OnceCell<reqwest::Client>,
}

impl Http {
    pub(super) fn new() -> Result<Self, TransportError> {
        let resolver = SharedResolver::default();
        Ok(Http {
            plain: client(trust_nobody()?, &resolver)?,
            tls: OnceCell::new(),
            resolver,
        })
    }

    /// Carries out one exchange. Dropping the future closes its connection.
    pub(super) async fn carry_out(&self, exchange: Exchange) -> Result<Reply, TransportError> {
        let timeout = Duration::from_millis(exchange.timeout);
        let outcome = tokio::time::timeout(timeout, self.attempt(exchange)).await;
        outcome.unwrap_or_else(|_| {
            let detail = format!("no answer within {} s", timeout.as_secs().max(1));
            Err(fault(TransportFault::Timeout, detail))
        })
    }

    async fn attempt(&self, exchange: Exchange) -> Result<Reply, TransportError> {
        let client = match exchange.url.scheme() {
            "https" => {
                self.tls
                    .get_or_try_init(|| tls_client(&self.resolver))
                    .await?
            }
            _ => &self.plain,
        };
        let method = match exchange.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut request = client.request(method, exchange.url);
        if let Some(cookie) = exchange.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(body) = exchange.body {
            // Borrowed, not copied: the buffer is wiped once it is sent.
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(bytes::Bytes::from_owner(Wiped(body)));
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| classify_request(&error))?;
        let mut reply = Reply {
            status: response.status().as_u16(),
            set_cookie: texts(&response, header::SET_COOKIE).collect(),
            location: texts(&response, header::LOCATION).next(),
            retry_after: texts(&response, header::RETRY_AFTER).next(),
            body: Vec::new(),
        };
        let limit = exchange.body_limit;
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| classify_request(&error))?
        {
            if chunk.len() > limit.saturating_sub(reply.body.len()) {
                return Err(fault(
                    TransportFault::TooLarge,
                    format!("more than {limit} bytes"),
                ));
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }
}

/// A body in the form that bytes can hold on to.
struct Wiped(zeroize::Zeroizing<String>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
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
    tls: rustls::ClientConfig,
    resolver: &SharedResolver,
) -> Result<reqwest::Client, TransportError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(resolver.clone()))
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE)
        .build()
        .map_err(|error| classify(&error))
}

/// Reads the system's roots on the blocking pool, so that no session waits for the disk.
async fn tls_client(resolver: &SharedResolver) -> Result<reqwest::Client, TransportError> {
    let config = tokio::task::spawn_blocking(|| crate::tls::client_config(Vec::new()));
    let config = config.await.map_err(|error| classify(&error))?;
    client(config.map_err(|error| classify(&error))?, resolver)
}

/// For plain HTTP, where reqwest wants TLS settings all the same: no root is read.
fn trust_nobody() -> Result<rustls::ClientConfig, TransportError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| classify(&error))?;
    Ok(builder
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
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

fn fault(fault: TransportFault, detail: impl Into<String>) -> TransportError {
    let detail = detail.into();
    TransportError { fault, detail }
}

/// An error that is not about a request.
fn classify(error: &(dyn Error + 'static)) -> TransportError {
    crate::fault::classify(error, true, false)
}

fn classify_request(error: &reqwest::Error) -> TransportError {
    crate::fault::classify(error, error.is_connect(), error.is_timeout())
}
