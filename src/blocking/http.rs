//! Carries out one exchange with `reqwest::blocking`. Knows nothing of sessions; the caller's thread waits.

use crate::background;
use crate::http::{error_of_both, was_closed};
use crate::options::NetworkOptions;
use crate::protocol::{Exchange, Method, Reply, TransportError, TransportFault};
use crate::status::{Problem, Status};
use crate::transport_error::{LookupFailed, classify, no_thread, proxy_refusal};
use bytes::Bytes;
use reqwest::blocking::{Body, Client, ClientBuilder, Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use std::error::Error;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A pool of connections to one server.
#[derive(Debug)]
pub(super) struct Http {
    network: NetworkOptions,
    tls: crate::tls::Settings,
    pooled: Client,
    /// Opens a new connection for every request. Created when first needed, since every client has a thread.
    unpooled: OnceLock<Client>,
}

impl Http {
    pub(super) fn new(network: &NetworkOptions) -> Result<Self, Problem> {
        let failed = |error: &(dyn Error + 'static)| {
            let error = no_thread(error).map_or_else(|| error.to_string(), str::to_owned);
            let text = format!("The HTTP client could not be started: {error}");
            Problem::new(Status::Resources, text)
        };
        let pin = network.pin.map(|pin| *pin.sha256());
        let tls = crate::tls::settings(network.roots.certificates(), pin)
            .map_err(|error| failed(&error))?;
        let pooled = client(network, &tls, None).map_err(|error| failed(&error))?;
        Ok(Http {
            network: network.clone(),
            tls,
            pooled,
            unpooled: OnceLock::new(),
        })
    }

    /// Waits until the reply is complete or the exchange's timeout is over.
    ///
    /// If the connection is closed before the answer begins, the request is sent once more on a new one. The server recognises a copy of
    /// a message by its id; nearly all other requests have the same effect once and twice.
    pub(super) fn execute(&self, exchange: Exchange) -> Result<Reply, TransportError> {
        let limit = exchange.body_limit;
        let proxy = self.network.proxy.label(&exchange.url);
        let request = request(exchange)?;
        // Shares the body, so that this is cheap. Only a streamed body could not be cloned.
        let again = request.try_clone();
        let response = match self.pooled.execute(request) {
            Ok(response) => response,
            Err(error) => {
                let again = again.filter(|_| was_closed(&error));
                let first = transport_error(error, proxy.as_deref());
                let (Some(again), Some(unpooled)) = (again, self.unpooled()) else {
                    return Err(first);
                };
                match unpooled.execute(again) {
                    Ok(response) => response,
                    Err(error) => {
                        let second = transport_error(error, proxy.as_deref());
                        return Err(error_of_both(first, second));
                    }
                }
            }
        };
        let status = response.status().as_u16();
        if let Some(refused) = proxy_refusal(status, proxy.as_deref()) {
            return Err(refused);
        }
        let encodings = response
            .headers()
            .get_all(reqwest::header::CONTENT_ENCODING);
        crate::http::check_encoding(encodings.iter().map(reqwest::header::HeaderValue::as_bytes))?;
        let set_cookie = response
            .headers()
            .get_all(reqwest::header::SET_COOKIE)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        let location = header(&response, LOCATION);
        let retry_after = header(&response, RETRY_AFTER);
        Ok(Reply {
            status,
            set_cookie,
            location,
            retry_after,
            content_type: None,
            body: read(response, limit)?,
        })
    }

    fn unpooled(&self) -> Option<&Client> {
        if self.unpooled.get().is_none() {
            // Fails only if there is no thread left. Another thread may have been faster.
            let client = client(&self.network, &self.tls, Some(0)).ok()?;
            let _ = self.unpooled.set(client);
        }
        self.unpooled.get()
    }
}

fn client(
    network: &NetworkOptions,
    tls: &crate::tls::Settings,
    max_idle: Option<usize>,
) -> Result<Client, reqwest::Error> {
    let mut builder = crate::http::builder(network, tls.clone())?.dns_resolver(Arc::new(Resolver));
    if let Some(max_idle) = max_idle {
        builder = builder.pool_max_idle_per_host(max_idle);
    }
    ClientBuilder::from(builder).build()
}

fn request(exchange: Exchange) -> Result<Request, TransportError> {
    let method = match exchange.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    };
    let mut request = Request::new(method, exchange.url);
    *request.timeout_mut() = Some(Duration::from_millis(exchange.timeout));
    if let Some(cookie) = exchange.cookie {
        let mut value = HeaderValue::from_str(&cookie).map_err(|_| TransportError {
            fault: TransportFault::Io,
            detail: "the server set a cookie that cannot be sent".to_owned(),
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(COOKIE, value);
    }
    if let Some(body) = exchange.body {
        let kind = HeaderValue::from_str(&body.content_type).map_err(|_| TransportError {
            fault: TransportFault::Io,
            detail: "a bug in fbchat".to_owned(),
        })?;
        request.headers_mut().insert(CONTENT_TYPE, kind);
        // Passes the buffer itself on, so that it is wiped after the last use and never copied.
        *request.body_mut() = Some(Body::from(Bytes::from_owner(body.bytes)));
    }
    Ok(request)
}

fn header(response: &Response, name: HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn read(response: Response, limit: usize) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    response
        .take(most)
        .read_to_end(&mut body)
        .map_err(|error| match error.downcast::<reqwest::Error>() {
            Ok(error) => transport_error(error, None),
            Err(error) => classify(&error, false, error.kind() == io::ErrorKind::TimedOut, None),
        })?;
    if body.len() > limit {
        return Err(TransportError {
            fault: TransportFault::TooLarge,
            detail: format!("the answer is larger than {limit} bytes"),
        });
    }
    Ok(body)
}

fn transport_error(error: reqwest::Error, proxy: Option<&str>) -> TransportError {
    let (connecting, timed_out) = (error.is_connect(), error.is_timeout());
    classify(&error.without_url(), connecting, timed_out, proxy)
}

/// Looks names up on threads of its own: a lookup that hangs must block neither the client's runtime thread nor its end.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().trim_end_matches('.');
        // RFC 6761: always this machine, whatever the system's resolver says. Names arrive in lower case.
        if host == "localhost" || host.ends_with(".localhost") {
            let addresses: [SocketAddr; 2] = [
                (Ipv4Addr::LOCALHOST, 0).into(),
                (Ipv6Addr::LOCALHOST, 0).into(),
            ];
            return Box::pin(std::future::ready(Ok(
                Box::new(addresses.into_iter()) as Addrs
            )));
        }
        let name = host.to_owned();
        Box::pin(async move {
            let asked = name.clone();
            let found = background::run(move || (asked.as_str(), 0).to_socket_addrs()).await?;
            let found = found.map_err(|error| LookupFailed::new(&name, &error))?;
            Ok(Box::new(found) as Addrs)
        })
    }
}
