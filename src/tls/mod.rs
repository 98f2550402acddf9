//! TLS settings for the HTTP library, and the classification of TLS errors, for the TLS library of this build.

#![forbid(unsafe_code)]

#[cfg(not(feature = "rustls"))]
mod native;
#[cfg(feature = "rustls")]
mod rustls;

#[cfg(not(feature = "rustls"))]
pub(crate) use native::{CAN_PIN, Settings, classify, is_certificate, settings, without_roots};
#[cfg(feature = "rustls")]
pub(crate) use rustls::{CAN_PIN, Settings, classify, is_certificate, settings, without_roots};

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
compile_error!("fbchat needs one of its features rustls (the default) or native-tls");

use crate::status::{Distrust, Untrusted};

/// A TLS library's error: the end of a sentence, and the certificate if that is the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFailure {
    pub(crate) text: String,
    pub(crate) untrusted: Option<Untrusted>,
}

impl TlsFailure {
    fn handshake(error: &dyn std::fmt::Display) -> Self {
        TlsFailure {
            text: format!("the TLS handshake failed: {error}"),
            untrusted: None,
        }
    }

    fn not_tls() -> Self {
        TlsFailure {
            text: "the server does not speak TLS".to_owned(),
            untrusted: None,
        }
    }

    fn certificate(why: Distrust, sha256: Option<[u8; 32]>) -> Self {
        let reason = match why {
            Distrust::Expired => "it has expired",
            Distrust::NotYetValid => "it is not valid yet",
            Distrust::UnknownIssuer => "it is self-signed, or its issuer is unknown",
            Distrust::WrongName => "it is for another name",
            Distrust::Revoked => "it was revoked",
            Distrust::NotPinned => "it is not the one that was pinned",
            Distrust::Other => "it is not made for this",
        };
        TlsFailure {
            text: format!("the certificate is not trusted ({reason})"),
            untrusted: Some(Untrusted { why, sha256 }),
        }
    }
}
