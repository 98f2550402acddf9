//! Carries out one exchange on `reqwest::blocking`. Knows nothing of sessions; the caller's thread waits.

use crate::fault::{LookupFailed, classify, proxy_refusal};
use crate::options::{NetworkOptions, Proxy};
use crate::protocol::{Exchange, Method, Reply, TransportError, TransportFault};
use crate::status::{Problem, Status};
use bytes::Bytes;
use reqwest::blocking::{Body, Client, ClientBuilder, Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use std::future::Future;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A pool of connections to one server.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    proxy: Proxy,
}

impl Http {
    pub(super) fn new(network: &NetworkOptions) -> Result<Self, Problem> {
        let failed = |error: &dyn std::fmt::Display| {
            Problem::new(
                Status::Resources,
                format!("The HTTP client could not be started: {error}"),
            )
        };
        let pin = network.pin.map(|pin| *pin.sha256());
        let tls = crate::tls::settings(network.roots.certificates(), pin);
        let builder = crate::http::builder(network, tls.map_err(|error| failed(&error))?)
            .map_err(|error| failed(&error))?;
        let client = ClientBuilder::from(builder.dns_resolver(Arc::new(Resolver)))
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Http {
            client,
            proxy: network.proxy.clone(),
        })
    }

    /// Waits until the reply is there whole, or the exchange's timeout is over.
    pub(super) fn carry_out(&self, exchange: Exchange) -> Result<Reply, TransportError> {
        let limit = exchange.body_limit;
        let proxy = self.proxy.label(&exchange.url);
        let response = self.client.execute(request(exchange)?);
        let response = response.map_err(|error| fault(error, proxy.as_deref()))?;
        let status = response.status().as_u16();
        if let Some(refused) = proxy_refusal(status, proxy.as_deref()) {
            return Err(refused);
        }
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
            body: read(response, limit)?,
        })
    }
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
        // Hands the buffer itself over, so that it is wiped when it was sent, and never copied.
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
            Ok(error) => fault(error, None),
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

fn fault(error: reqwest::Error, proxy: Option<&str>) -> TransportError {
    let (connecting, timed_out) = (error.is_connect(), error.is_timeout());
    classify(&error.without_url(), connecting, timed_out, proxy)
}

/// Looks names up on threads of its own: the client's one runtime thread must not stand still, nor wait at its end.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().trim_end_matches('.');
        // RFC 6761: always this machine, whatever the system's resolver makes of it. Names arrive in lower case.
        if host == "localhost" || host.ends_with(".localhost") {
            let addresses: [SocketAddr; 2] = [
                (Ipv4Addr::LOCALHOST, 0).into(),
                (Ipv6Addr::LOCALHOST, 0).into(),
            ];
            return Box::pin(std::future::ready(Ok(
                Box::new(addresses.into_iter()) as Addrs
            )));
        }
        let lookup = Lookup::default();
        let found = lookup.clone();
        let host = host.to_owned();
        let spawned = std::thread::Builder::new()
            .name("fbchat-dns".to_owned())
            .spawn(move || found.finish((host.as_str(), 0).to_socket_addrs()));
        if let Err(error) = spawned {
            lookup.finish(Err(error));
        }
        Box::pin(lookup)
    }
}

/// A lookup under way: its result, and who waits for it.
#[derive(Clone, Default)]
struct Lookup(Arc<Mutex<LookupState>>);

#[derive(Default)]
struct LookupState {
    result: Option<io::Result<std::vec::IntoIter<SocketAddr>>>,
    waiting: Option<Waker>,
}

impl Lookup {
    fn finish(&self, result: io::Result<std::vec::IntoIter<SocketAddr>>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.result = Some(result);
        if let Some(waiting) = state.waiting.take() {
            waiting.wake();
        }
    }
}

impl Future for Lookup {
    type Output = Result<Addrs, Box<dyn std::error::Error + Send + Sync>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.result.take() {
            Some(Ok(addresses)) => Poll::Ready(Ok(Box::new(addresses))),
            Some(Err(error)) => Poll::Ready(Err(Box::new(LookupFailed::from_io(&error)))),
            None => {
                state.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
