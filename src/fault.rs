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

/// Sorts `error` by its causes. `connecting` and `timed_out` are the library's own judgement, which needs its type.
pub(crate) fn classify(
    error: &(dyn Error + 'static),
    connecting: bool,
    timed_out: bool,
) -> TransportError {
    let unsorted = match (connecting, timed_out) {
        // Not Timeout: nothing was sent, so a repetition is harmless.
        (true, _) => TransportFault::Connect,
        (false, true) => TransportFault::Timeout,
        (false, false) => TransportFault::Io,
    };
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = sort_one(cause, unsorted) {
            return found;
        }
        next = inner(cause);
    }
    let detail = match unsorted {
        _ if timed_out => "no answer in time",
        TransportFault::Connect => "no connection",
        _ => "the connection broke",
    };
    fault(unsorted, detail)
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
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(fault(TransportFault::Tls, &tls_words(tls)));
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

fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    let why = match error {
        rustls::Error::InvalidCertificate(why) => why,
        rustls::Error::InvalidMessage(_) => return "the server does not speak TLS".to_owned(),
        other => return format!("the TLS handshake failed: {other}"),
    };
    let words = match why {
        Certificate::Expired | Certificate::ExpiredContext { .. } => "it has expired",
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => "it is not valid yet",
        Certificate::Revoked => "it was revoked",
        Certificate::UnknownIssuer => "its issuer is unknown",
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        // Whatever else the check found has only the names of its program's parts as words.
        Certificate::Other(_) => "it is self-signed or not made for a server",
        other => return format!("the certificate is not trusted ({other})"),
    };
    format!("the certificate is not trusted ({words})")
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
        let found = classify(&error, true, false);
        assert_eq!(found.fault, TransportFault::Connect);
        assert_eq!(found.detail, "connection refused");
    }

    #[test]
    fn own_resolver_and_library_resolver_both_mean_dns() {
        let error = outer("x", LookupFailed("the name does not exist".into()));
        assert_eq!(classify(&error, true, false).fault, TransportFault::Dns);
        let of_library = outer(
            "dns error",
            io::Error::other("Name oder Dienst nicht bekannt"),
        );
        let found = classify(&of_library, true, false);
        assert_eq!(
            (found.fault, found.detail.as_str()),
            (TransportFault::Dns, NO_NAME)
        );
    }

    #[test]
    fn tls_errors_are_found_inside_io_errors() {
        let why = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let found = classify(
            &outer("x", io::Error::other(io::Error::other(why))),
            true,
            false,
        );
        assert_eq!(found.fault, TransportFault::Tls);
        assert_eq!(
            found.detail,
            "the certificate is not trusted (its issuer is unknown)"
        );
    }

    #[test]
    fn time_outs_tell_whether_anything_was_sent() {
        let error = Outer("operation timed out", None);
        assert_eq!(classify(&error, false, true).fault, TransportFault::Timeout);
        assert_eq!(classify(&error, true, true).fault, TransportFault::Connect);
        assert_eq!(classify(&error, true, true).detail, "no answer in time");
    }

    #[test]
    fn unknown_errors_never_show_their_text() {
        let error = Outer("error for url (http://host/login.php?pass=secret)", None);
        assert_eq!(
            classify(&error, false, false).detail,
            "the connection broke"
        );
    }
}
