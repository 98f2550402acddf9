//! TLS settings for the HTTP library, and words for what goes wrong, by whichever TLS library this build has.

#![forbid(unsafe_code)]

#[cfg(not(feature = "rustls"))]
mod native;
#[cfg(feature = "rustls")]
mod rustls;

#[cfg(not(feature = "rustls"))]
pub(crate) use native::{CAN_PIN, Settings, is_certificate, settings, sort, trust_nobody};
#[cfg(feature = "rustls")]
pub(crate) use rustls::{CAN_PIN, Settings, is_certificate, settings, sort, trust_nobody};

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
compile_error!("fbchat needs one of its features rustls (the default) and native-tls");

use crate::status::{Distrust, Untrusted};

/// What a TLS library's error means: the end of a sentence, and the certificate if that is the trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) words: String,
    pub(crate) untrusted: Option<Untrusted>,
}

impl Trouble {
    fn handshake(error: &dyn std::fmt::Display) -> Self {
        Trouble {
            words: format!("the TLS handshake failed: {error}"),
            untrusted: None,
        }
    }

    fn not_tls() -> Self {
        Trouble {
            words: "the server does not speak TLS".to_owned(),
            untrusted: None,
        }
    }

    fn certificate(why: Distrust, sha256: Option<[u8; 32]>) -> Self {
        let words = match why {
            Distrust::Expired => "it has expired",
            Distrust::NotYetValid => "it is not valid yet",
            Distrust::UnknownIssuer => "it is self-signed, or its issuer is unknown",
            Distrust::WrongName => "it is for another name",
            Distrust::Revoked => "it was revoked",
            Distrust::NotPinned => "it is not the one that was pinned",
            Distrust::Other => "it is not made for this",
        };
        Trouble {
            words: format!("the certificate is not trusted ({words})"),
            untrusted: Some(Untrusted { why, sha256 }),
        }
    }
}
