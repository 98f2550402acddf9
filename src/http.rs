//! What both drivers share of HTTP: the client's settings, and the recognition of kept connections that were closed.
//!
//! The client follows no redirects and uses no cookies, no environment variables and no TLS provider of the process.

#![forbid(unsafe_code)]

use crate::options::NetworkOptions;
use crate::protocol::{TransportError, TransportFault};
use crate::transport_error::causes;
use hyper::http::Extensions;
use hyper::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::{ClientBuilder, NoProxy, Proxy};
use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A client for these options.
///
/// # Errors
/// None that is known: the options are checked.
pub(crate) fn builder(
    network: &NetworkOptions,
    tls: crate::tls::Settings,
) -> Result<ClientBuilder, reqwest::Error> {
    let mut builder = ClientBuilder::new()
        .tls_backend_preconfigured(tls)
        .user_agent(&network.user_agent)
        .default_headers(plain_answers())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_millis(network.connect_timeout_ms.into()));
    let exceptions = NoProxy::from_string(network.proxy.exceptions());
    let [http, https] = network.proxy.addresses();
    for proxy in [http.map(Proxy::http), https.map(Proxy::https)] {
        if let Some(proxy) = proxy.transpose()? {
            builder = builder.proxy(proxy.no_proxy(exceptions.clone()));
        }
    }
    Ok(builder)
}

/// Answers are short, and compressed ones cannot be read here.
fn plain_answers() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))])
}

/// Refuses an answer that is compressed all the same, and names the encoding.
///
/// # Errors
/// The answer has an encoding.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), TransportError> {
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    let mut names = encodings.map(|name| String::from_utf8_lossy(name.as_bytes()));
    let odd = names.find(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    match odd {
        None => Ok(()),
        Some(name) => {
            let name: String = name.chars().take(40).collect();
            Err(TransportError {
                fault: TransportFault::Encoded,
                detail: format!("it is encoded as {name}, although a plain answer was asked for"),
            })
        }
    }
}

/// More connections than this are not remembered. It bounds the memory, not the number of connections.
const MAX_REMEMBERED: usize = 16_384;

/// The connections that have carried an answer, by their local address.
///
/// A server may close a kept connection at any time. A request that is sent at that moment fails before its answer begins,
/// although nothing is wrong; it is sent again on a new connection. The HTTP library does that only for requests of which
/// nothing was sent, and does not tell whether a connection was reused; hence this set.
///
/// An address that a later connection happens to have again causes at most one unnecessary repetition.
#[derive(Debug, Default)]
pub(crate) struct KeptConnections(Mutex<HashSet<SocketAddr>>);

impl KeptConnections {
    /// Remembers the connection of a response.
    pub(crate) fn remember(&self, response: &Extensions) {
        if let Some(info) = response.get::<HttpInfo>() {
            let mut known = self.lock();
            if known.len() >= MAX_REMEMBERED {
                known.clear();
            }
            known.insert(info.local_addr());
        }
    }

    /// True if a request failed because its connection, which had carried an answer before, was closed before the answer's
    /// head was complete.
    pub(crate) fn has_lost(&self, error: &reqwest::Error) -> bool {
        was_closed(error).is_some_and(|connection| self.lock().remove(&connection))
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<SocketAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The local address of the connection, if a request failed because it was closed before the answer's head was complete.
pub(crate) fn was_closed(error: &reqwest::Error) -> Option<SocketAddr> {
    let mut connection = None;
    let mut closed = false;
    for cause in causes(error) {
        if let Some(error) = cause.downcast_ref::<legacy::Error>() {
            let mut extensions = Extensions::new();
            if let Some(connected) = error.connect_info() {
                connected.get_extras(&mut extensions);
            }
            connection = extensions.get::<HttpInfo>().map(HttpInfo::local_addr);
        } else if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            closed |= error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        } else if let Some(error) = cause.downcast_ref::<io::Error>() {
            closed |= is_closed(error.kind());
        }
    }
    connection.filter(|_| closed)
}

/// The error to report after a second attempt failed, too. One that says that nothing was sent would be wrong: the first
/// attempt may have reached the server.
pub(crate) fn error_of_both(first: TransportError, second: TransportError) -> TransportError {
    if second.fault.never_sent() {
        first
    } else {
        second
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
    )
}
