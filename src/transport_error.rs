//! Classifies the errors of the HTTP library as transport faults, with texts for people.
//!
//! Both drivers use it. It walks the chain of causes and looks at their types. Only the errors of proxies are told by their
//! text, since their types are private to the HTTP library.

#![forbid(unsafe_code)]

use crate::protocol::{TransportError, TransportFault};
use std::error::Error;
use std::io;

/// A failed name lookup, as reported by the drivers' own resolvers. The HTTP library's resolver is never used.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct LookupFailed {
    /// The name that was looked up.
    pub(crate) name: String,
    pub(crate) reason: String,
}

impl LookupFailed {
    /// Describes the error of `getaddrinfo`. std has no type for its codes, and its text is in the host's language.
    pub(crate) fn new(name: &str, error: &io::Error) -> Self {
        LookupFailed {
            name: name.to_owned(),
            reason: io_text(error).unwrap_or(NO_SUCH_NAME).to_owned(),
        }
    }
}

/// What to say of a system that starts no thread, if an error is that.
pub(crate) fn no_thread(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let is_it = |error: &io::Error| error.raw_os_error() == Some(libc::EAGAIN);
    causes(error)
        .any(|cause| cause.downcast_ref().is_some_and(is_it))
        .then_some("the system cannot start a thread at the moment")
}

const NO_SUCH_NAME: &str = "no such name, or no network to look it up";

/// The chain of causes, beginning with the error itself.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| next_cause(*cause))
}

fn next_cause<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // `source` would skip the error that an `io::Error` was made from.
    let wrapped = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

/// Classifies `error` by its causes. `connecting` and `timed_out` are the HTTP library's own judgement; `proxy` is the host
/// and port of the proxy in use, if any.
pub(crate) fn classify(
    error: &(dyn Error + 'static),
    connecting: bool,
    timed_out: bool,
    proxy: Option<&str>,
) -> TransportError {
    let fault = match (connecting, timed_out) {
        // Not Timeout: nothing was sent, so a repetition is harmless.
        (true, _) => TransportFault::Connect,
        (false, true) => TransportFault::Timeout,
        (false, false) => TransportFault::Io,
    };
    if let Some(text) = no_thread(error) {
        return transport_error(TransportFault::Resources, text);
    }
    let proxy = proxy.filter(|_| connecting);
    for cause in causes(error) {
        if let Some(name) = proxy
            && let Some(text) = proxy_failure(cause, name)
        {
            return transport_error(fault, &text);
        }
        if let Some(found) = classify_one(cause, fault) {
            return found;
        }
    }
    let text = match proxy {
        Some(name) if timed_out => format!("no answer in time by way of the proxy {name}"),
        _ if timed_out => "no answer in time".to_owned(),
        _ if connecting => "no connection".to_owned(),
        _ => "the connection broke".to_owned(),
    };
    transport_error(fault, &text)
}

/// The error that a reply stands for if a proxy gave it instead of the server. Plain HTTP goes through proxies without a tunnel.
pub(crate) fn proxy_refusal(http_status: u16, proxy: Option<&str>) -> Option<TransportError> {
    let text = format!("the proxy {} {PROXY_LOGIN}", proxy?);
    (http_status == 407).then(|| transport_error(TransportFault::Connect, &text))
}

const PROXY_LOGIN: &str = "asks for a user and a password, or refuses those given";

/// The text for a cause that is about the proxy itself and not about the server behind it.
fn proxy_failure(cause: &(dyn Error + 'static), proxy: &str) -> Option<String> {
    let unreachable = |why: &str| Some(format!("the proxy {proxy} cannot be reached: {why}"));
    if let Some(lookup) = cause.downcast_ref::<LookupFailed>() {
        let host = proxy.rsplit_once(':').map_or(proxy, |(host, _)| host);
        let is_proxy = lookup.name.eq_ignore_ascii_case(host);
        return unreachable(&lookup.reason).filter(|_| is_proxy);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        // Every TCP connection is to the proxy. An error that a connection in use can also have is not one of these.
        return unreachable(io_text(error)?).filter(|_| is_connect_error(error));
    }
    let text = cause.to_string();
    let text = text
        .strip_prefix("tunnel error: ")
        .or_else(|| text.strip_prefix("SOCKS error: "))?;
    let what = match text {
        // A tunnel's error has a cause that says why; a SOCKS error has none.
        "failed to create underlying connection" if cause.source().is_some() => return None,
        "failed to create underlying connection" => "cannot be reached",
        "proxy authorization required"
        | "server does not support user/pass authentication"
        | "credentials not accepted" => PROXY_LOGIN,
        "unexpected end of file"
        | "io error establishing tunnel"
        | "io error during SOCKS handshake" => "closed the connection",
        "proxy response headers too long"
        | "failed parsing server response"
        | "server implements authentication incorrectly" => "is not a proxy of this kind",
        "could not resolve to acceptable address type" | "IPV6 is not supported" => {
            "does not support addresses of this kind"
        }
        _ => "refused to connect to the server",
    };
    Some(format!("the proxy {proxy} {what}"))
}

/// Classifies one cause, if it says anything.
fn classify_one(cause: &(dyn Error + 'static), fault: TransportFault) -> Option<TransportError> {
    if let Some(lookup) = cause.downcast_ref::<LookupFailed>() {
        return Some(transport_error(TransportFault::Dns, &lookup.reason));
    }
    if let Some(tls) = crate::tls::classify(cause) {
        return Some(transport_error(
            TransportFault::Tls(tls.untrusted),
            &tls.text,
        ));
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return io_text(error).map(|text| transport_error(fault, text));
    }
    let error = cause.downcast_ref::<hyper::Error>()?;
    let text = if error.is_parse() {
        "the answer is not HTTP"
    } else if error.is_incomplete_message() {
        "the server closed the connection"
    } else {
        return None;
    };
    Some(transport_error(fault, text))
}

/// True for errors of `connect` that a connection in use does not have.
fn is_connect_error(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    !matches!(
        error.kind(),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
    )
}

fn io_text(error: &io::Error) -> Option<&'static str> {
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

fn transport_error(fault: TransportFault, detail: &str) -> TransportError {
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

    fn lookup_failed(name: &str) -> LookupFailed {
        LookupFailed {
            name: name.into(),
            reason: "the name does not exist".into(),
        }
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
    fn failed_lookup_means_dns() {
        let error = outer("x", lookup_failed("chat.example.org"));
        let found = classify(&error, true, false, None);
        assert_eq!(found.fault, TransportFault::Dns);
        assert_eq!(found.detail, "the name does not exist");
        let of_system = io::Error::other("Name oder Dienst nicht bekannt");
        let found = LookupFailed::new("chat.example.org", &of_system);
        assert_eq!(found.reason, NO_SUCH_NAME);
    }

    #[test]
    fn a_system_without_threads_is_not_a_name_that_does_not_exist() {
        let error = io::Error::from_raw_os_error(libc::EAGAIN);
        let found = classify(&outer("x", error), true, false, Some("proxy.example.org:1"));
        assert_eq!(found.fault, TransportFault::Resources);
        assert!(found.detail.contains("start a thread"), "{}", found.detail);
        assert!(found.fault.never_sent());
    }

    #[test]
    fn failures_of_a_proxy_and_of_the_server_behind_it_are_told_apart() {
        let proxy = Some("proxy.example.org:3128");
        let detail = |error: &Outer| classify(error, true, false, proxy).detail;
        let kind = |kind| outer("x", io::Error::from(kind));
        assert_eq!(
            detail(&kind(io::ErrorKind::ConnectionRefused)),
            "the proxy proxy.example.org:3128 cannot be reached: connection refused"
        );
        assert_eq!(
            detail(&outer("x", lookup_failed("Proxy.example.org"))),
            "the proxy proxy.example.org:3128 cannot be reached: the name does not exist"
        );
        let of_server = outer("x", lookup_failed("chat.example.org"));
        let found = classify(&of_server, true, false, proxy);
        assert_eq!(found.fault, TransportFault::Dns);
        assert_eq!(
            detail(&kind(io::ErrorKind::UnexpectedEof)),
            "the server closed the connection"
        );
        assert_eq!(
            detail(&Outer("SOCKS error: credentials not accepted", None)),
            format!("the proxy proxy.example.org:3128 {PROXY_LOGIN}")
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
    fn timeouts_tell_whether_anything_was_sent() {
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
