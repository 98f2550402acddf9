//! What both drivers share of HTTP: the client's settings, and the recognition of connections that were closed before an answer.
//!
//! The client follows no redirects and uses no cookies, no environment variables and no TLS provider of the process.

#![forbid(unsafe_code)]

use crate::options::NetworkOptions;
use crate::protocol::{TransportError, TransportFault};
use crate::transport_error::causes;
use hyper::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{ClientBuilder, NoProxy, Proxy};
use std::error::Error;
use std::io::{self, ErrorKind};
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

/// Refuses an answer that is compressed all the same, and names the encoding; given the fields `Content-Encoding`.
///
/// # Errors
/// The answer has an encoding.
pub(crate) fn check_encoding<'a>(
    encodings: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), TransportError> {
    let mut names = encodings.into_iter().map(String::from_utf8_lossy);
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

/// True if a request failed because its connection was closed before the answer's head was complete.
///
/// A server may close a kept connection at any time. A request that is sent at that moment fails although nothing is wrong, so it is sent
/// again on a new connection. The HTTP library does that only for requests of which nothing was sent, and it does not tell whether
/// a connection was kept: the pool may give it to the next request before the answer to the last one is seen here.
pub(crate) fn was_closed(error: &reqwest::Error) -> bool {
    let closed = |cause: &(dyn Error + 'static)| {
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            error.is_incomplete_message() || error.is_closed() || error.is_canceled()
        } else {
            let error = cause.downcast_ref::<io::Error>();
            error.is_some_and(|error| is_closed(error.kind()))
        }
    };
    !error.is_connect() && causes(error).any(closed)
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

/// True for errors of a connection that the other side has closed.
pub(crate) fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
    )
}
