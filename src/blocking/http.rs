//! Carries out one exchange with `reqwest::blocking`. Knows nothing of sessions; the caller's thread waits.

use super::transfer::{Incoming, Transfer, host_failed};
use crate::background;
use crate::http::{error_of_both, was_closed};
use crate::options::NetworkOptions;
use crate::protocol::{
    ContentHead, Exchange, Method, Reply, Stream, TransportError, TransportFault,
};
use crate::status::{Problem, Status};
use crate::transport_error::{LookupFailed, classify, no_thread, proxy_refusal};
use bytes::Bytes;
use reqwest::blocking::{Body, Client, ClientBuilder, Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, COOKIE, ETAG, HeaderName, HeaderValue, IF_RANGE,
    LOCATION, RANGE, RETRY_AFTER, SET_COOKIE,
};
use std::error::Error;
use std::io::{self, Cursor, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long one attempt of a transfer may take, in milliseconds.
const LONGEST_TRANSFER: u64 = 3_600_000;
/// The size of a chunk of a file, in bytes.
const PIECE: usize = 64 << 10;

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
        let reply = reply_head(&response, proxy.as_deref())?;
        Ok(Reply {
            body: read(response, limit)?,
            ..reply
        })
    }

    /// Carries out an exchange with the content of a file, on a connection of its own.
    pub(super) fn transfer(
        &self,
        mut exchange: Exchange,
        transfer: &Arc<Transfer>,
    ) -> Result<Reply, TransportError> {
        let limit = exchange.body_limit;
        let proxy = self.network.proxy.label(&exchange.url);
        let stream = exchange.stream.take();
        exchange.timeout = exchange.timeout.max(LONGEST_TRANSFER);
        let head = exchange.body.as_ref().map(|body| body.bytes.to_vec());
        let mut request = request(exchange)?;
        let mut most = 0;
        match stream {
            Some(Stream::Upload { tail, .. }) => {
                let head = head.unwrap_or_default();
                let more = u64::try_from(head.len().saturating_add(tail.len())).unwrap_or(0);
                let content = Cursor::new(head).chain(transfer.reader()?);
                let content = content.chain(Cursor::new(tail));
                let body = match transfer.length() {
                    Some(length) => Body::sized(content, length.saturating_add(more)),
                    None => Body::new(content),
                };
                *request.body_mut() = Some(body);
            }
            Some(Stream::Download { most: limit, .. }) => {
                most = limit;
                let incoming = transfer.incoming();
                let rest = incoming.as_deref().and_then(|it| it.received.rest());
                if let Some((range, etag)) = rest {
                    let headers = request.headers_mut();
                    headers.insert(RANGE, text(&range)?);
                    headers.insert(IF_RANGE, text(etag)?);
                }
            }
            None => {}
        }
        let client = self.unpooled().unwrap_or(&self.pooled);
        let sent = client.execute(request);
        if let Some(failed) = transfer.failure() {
            return Err(failed);
        }
        let mut response = sent.map_err(|error| transport_error(error, proxy.as_deref()))?;
        let mut reply = reply_head(&response, proxy.as_deref())?;
        if let Some(mut incoming) = transfer.incoming() {
            let head = ContentHead {
                status: reply.status,
                length: response.content_length(),
                range: header(&response, CONTENT_RANGE),
                etag: header(&response, ETAG),
            };
            if let Some(known) = incoming.received.begin(&head, most)? {
                receive(&mut response, transfer, &mut incoming, known)?;
                reply.content_type = Some(header(&response, CONTENT_TYPE).unwrap_or_default());
                return Ok(reply);
            }
        }
        reply.body = read(response, limit)?;
        Ok(reply)
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

/// The relevant headers of an answer.
fn reply_head(response: &Response, proxy: Option<&str>) -> Result<Reply, TransportError> {
    let status = response.status().as_u16();
    if let Some(refused) = proxy_refusal(status, proxy) {
        return Err(refused);
    }
    let values = |name: HeaderName| response.headers().get_all(name).into_iter();
    crate::http::check_encoding(values(CONTENT_ENCODING).map(HeaderValue::as_bytes))?;
    let set_cookie = values(SET_COOKIE);
    Ok(Reply {
        status,
        set_cookie: set_cookie
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect(),
        location: header(response, LOCATION),
        retry_after: header(response, RETRY_AFTER),
        content_type: None,
        body: Vec::new(),
    })
}

/// Writes the content of a file as it arrives, without the part that was already received.
fn receive(
    response: &mut Response,
    transfer: &Transfer,
    incoming: &mut Incoming,
    mut known: u64,
) -> Result<(), TransportError> {
    let Incoming { received, file } = incoming;
    let mut piece = vec![0; PIECE];
    loop {
        let read = match response.read(&mut piece) {
            Ok(0) => return received.end(),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(read_error(error)),
        };
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        let skipped = usize::try_from(known.min(length)).unwrap_or(read);
        known = known.saturating_sub(length);
        let fresh = piece.get(skipped..read).unwrap_or_default();
        file.write_all(fresh)
            .map_err(|error| host_failed(format!("the file cannot be written: {error}")))?;
        received.add(fresh.len());
        transfer.reached(received.done(), Some(received.total()))?;
    }
}

fn text(text: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_str(text).map_err(|_| TransportError {
        fault: TransportFault::Unusable,
        detail: "a header cannot be sent back".to_owned(),
    })
}

/// The error of an answer with an incomplete body.
fn read_error(error: io::Error) -> TransportError {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => transport_error(error, None),
        Err(error) => classify(&error, false, error.kind() == io::ErrorKind::TimedOut, None),
    }
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
        .map_err(read_error)?;
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
