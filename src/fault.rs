//! Sorts the errors that an HTTP library throws into faults of the wire, with words that a person understands.
//!
//! Both drivers use it; it names no HTTP library and looks only at the chain of causes.

#![forbid(unsafe_code)]

use crate::protocol::{TransportError, TransportFault};
use std::error::Error;
use std::io;

/// A name could not be resolved; what a driver's own resolver reports.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LookupFailed(pub(crate) String);

impl LookupFailed {
    /// Puts getaddrinfo's error into words. Its codes have no type in std, and their text comes in the language of the host.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        LookupFailed(io_words(error).unwrap_or(NO_NAME).to_owned())
    }
}

const NO_NAME: &str = "no such name, or no network to look it up";

/// Sorts `error` by its causes. `connecting` and `timed_out` are the library's own judgement, which needs its type; `proxy`
/// is what the proxy on the way there is called, if there is one.
pub(crate) fn classify(
    error: &(dyn Error + 'static),
    connecting: bool,
    timed_out: bool,
    proxy: Option<&str>,
) -> TransportError {
    let unsorted = match (connecting, timed_out) {
        // Not Timeout: nothing was sent, so a repetition is harmless.
        (true, _) => TransportFault::Connect,
        (false, true) => TransportFault::Timeout,
        (false, false) => TransportFault::Io,
    };
    let mut proxy = proxy.filter(|_| connecting);
    // Set while the causes are about the connection to the proxy.
    let mut unreachable = None;
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(name) = proxy {
            match proxy_trouble(&cause.to_string()) {
                Some(ProxyTrouble::Unreachable) => unreachable = proxy,
                Some(ProxyTrouble::Says(words)) => {
                    return fault(unsorted, &format!("the proxy {name} {words}"));
                }
                Some(ProxyTrouble::None) => proxy = None,
                None => {}
            }
        }
        if let Some(found) = sort_one(cause, unsorted) {
            return match unreachable {
                Some(name) => {
                    let why = found.detail;
                    fault(
                        unsorted,
                        &format!("the proxy {name} cannot be reached: {why}"),
                    )
                }
                None => found,
            };
        }
        next = inner(cause);
    }
    let detail = match (unsorted, unreachable.or(proxy)) {
        (_, Some(name)) if timed_out => format!("no answer in time by way of the proxy {name}"),
        (_, Some(name)) if unreachable.is_some() => format!("the proxy {name} cannot be reached"),
        _ if timed_out => "no answer in time".to_owned(),
        (TransportFault::Connect, _) => "no connection".to_owned(),
        _ => "the connection broke".to_owned(),
    };
    fault(unsorted, &detail)
}

/// What a reply says that a proxy gave in the server's place: it takes plain HTTP as it is, without a tunnel.
pub(crate) fn proxy_refusal(http_status: u16, proxy: Option<&str>) -> Option<TransportError> {
    let detail = format!("the proxy {} {NO_ENTRY}", proxy?);
    (http_status == 407).then(|| fault(TransportFault::Connect, &detail))
}

const NO_ENTRY: &str = "asks for a user and a password, or does not take those given";

enum ProxyTrouble {
    /// The causes below are about the proxy itself.
    Unreachable,
    /// What it did.
    Says(&'static str),
    /// The causes below are about the server.
    None,
}

/// The HTTP library's errors about proxies have no types that can be named; what is not in here is no trouble of theirs.
fn proxy_trouble(text: &str) -> Option<ProxyTrouble> {
    if text == "error resolving for socks proxy" {
        return Some(ProxyTrouble::None);
    }
    if text == "tcp connect error" || text == "dns error" {
        return Some(ProxyTrouble::Unreachable);
    }
    let tunnel = text.strip_prefix("tunnel error: ");
    let socks = text.strip_prefix("SOCKS error: ");
    Some(match tunnel.or(socks)? {
        "failed to create underlying connection" => ProxyTrouble::Unreachable,
        "proxy authorization required"
        | "server does not support user/pass authentication"
        | "credentials not accepted" => ProxyTrouble::Says(NO_ENTRY),
        "unexpected end of file"
        | "io error establishing tunnel"
        | "io error during SOCKS handshake" => ProxyTrouble::Says("closed the connection"),
        "proxy response headers too long"
        | "failed parsing server response"
        | "server implements authentication incorrectly" => {
            ProxyTrouble::Says("is none of this kind")
        }
        "could not resolve to acceptable address type" | "IPV6 is not supported" => {
            ProxyTrouble::Says("cannot lead to an address of this kind")
        }
        _ => ProxyTrouble::Says("refused to connect to it"),
    })
}

/// The next cause. An `io::Error` made from another error hides it: `source` would skip one link.
fn inner<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

fn sort_one(cause: &(dyn Error + 'static), unsorted: TransportFault) -> Option<TransportError> {
    if let Some(lookup) = cause.downcast_ref::<LookupFailed>() {
        return Some(fault(TransportFault::Dns, &lookup.0));
    }
    if let Some(tls) = crate::tls::sort(cause) {
        return Some(fault(TransportFault::Tls(tls.untrusted), &tls.words));
    }
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        return io_words(io).map(|words| fault(unsorted, words));
    }
    // The rest belongs to the HTTP library and can be told only by its text.
    let text = cause.to_string();
    if text == "dns error" {
        return Some(fault(TransportFault::Dns, NO_NAME));
    }
    let words = if text.starts_with("invalid HTTP") || text.starts_with("message head is too large")
    {
        "the answer is not HTTP"
    } else if text.starts_with("connection closed before message completed") {
        "the server closed the connection"
    } else {
        return None;
    };
    Some(fault(unsorted, words))
}

fn io_words(error: &io::Error) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    Some(match error.kind() {
        Kind::ConnectionRefused => "connection refused",
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            "the connection was cut"
        }
        Kind::UnexpectedEof => "the server closed the connection",
        Kind::HostUnreachable => "the host cannot be reached",
        Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
            "the network cannot be reached"
        }
        Kind::TimedOut => "no answer in time",
        Kind::PermissionDenied => "not permitted on this machine",
        _ if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
            "too many open files"
        }
        _ => return None,
    })
}

fn fault(fault: TransportFault, detail: &str) -> TransportError {
    TransportError {
        fault,
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error of some library, known only by its text and its cause.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Outer(&'static str, #[source] Option<Box<dyn Error + Send + Sync>>);

    fn outer(text: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Outer {
        Outer(text, Some(cause.into()))
    }

    #[test]
    fn refused_connection_is_named() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = outer("error sending request", outer("tcp connect error", refused));
        let found = classify(&error, true, false, None);
        assert_eq!(found.fault, TransportFault::Connect);
        assert_eq!(found.detail, "connection refused");
    }

    #[test]
    fn own_resolver_and_library_resolver_both_mean_dns() {
        let error = outer("x", LookupFailed("the name does not exist".into()));
        assert_eq!(
            classify(&error, true, false, None).fault,
            TransportFault::Dns
        );
        let of_library = outer(
            "dns error",
            io::Error::other("Name oder Dienst nicht bekannt"),
        );
        let found = classify(&of_library, true, false, None);
        assert_eq!(
            (found.fault, found.detail.as_str()),
            (TransportFault::Dns, NO_NAME)
        );
    }

    #[test]
    #[cfg(feature = "rustls")]
    fn tls_errors_are_found_inside_io_errors() {
        let why = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let found = classify(
            &outer("x", io::Error::other(io::Error::other(why))),
            true,
            false,
            None,
        );
        assert_eq!(found.fault, TransportFault::Tls(None));
        assert_eq!(found.detail, "the server does not speak TLS");
    }

    #[test]
    fn time_outs_tell_whether_anything_was_sent() {
        let error = Outer("operation timed out", None);
        assert_eq!(
            classify(&error, false, true, None).fault,
            TransportFault::Timeout
        );
        assert_eq!(
            classify(&error, true, true, None).fault,
            TransportFault::Connect
        );
        assert_eq!(
            classify(&error, true, true, None).detail,
            "no answer in time"
        );
    }

    #[test]
    fn unknown_errors_never_show_their_text() {
        let error = Outer("error for url (http://host/login.php?pass=secret)", None);
        assert_eq!(
            classify(&error, false, false, None).detail,
            "the connection broke"
        );
    }
}
