//! One HTTP request and its reply, as data: what passes between the protocol and a driver.

use crate::status::{Status, Untrusted};
use crate::types::Millis;
use url::Url;
use zeroize::Zeroizing;

/// What drivers call themselves unless told otherwise. Servers of 2008 offered chat only to what looked like a browser; new ones can tell us apart.
pub const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (compatible; fbchat/",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// Tags an exchange; a reply under an id that the session no longer waits for is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// The HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Write.
    Post,
}

/// Whether the server answers at once or holds the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeKind {
    /// Answered as soon as the server can.
    Call,
    /// The long-poll, held for up to a minute.
    LongPoll,
}

/// A request for the driver to carry out. Redirects are not to be followed, cookies not to be added.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Tags the reply.
    pub id: ExchangeId,
    /// Held or not.
    pub kind: ExchangeKind,
    /// The HTTP method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Value of the `Cookie` header, if there are cookies.
    pub cookie: Option<String>,
    /// Body of a POST.
    pub body: Option<Body>,
    /// The reply must be there whole within this time, or the driver reports [`TransportFault::Timeout`].
    pub timeout: Millis,
    /// A longer reply body is [`TransportFault::TooLarge`], in bytes.
    pub body_limit: usize,
}

/// What a POST carries.
#[derive(Clone, Debug)]
pub struct Body {
    /// Value of the `Content-Type` header.
    pub content_type: String,
    /// Wiped when dropped, since it may hold a password.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// What a driver read from the network, whole.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// HTTP status code.
    pub status: u16,
    /// Every `Set-Cookie` header.
    pub set_cookie: Vec<String>,
    /// The `Location` header.
    pub location: Option<String>,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why no reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFault {
    /// The name did not resolve.
    Dns,
    /// No connection.
    Connect,
    /// TLS handshake, or a certificate that is not trusted.
    Tls(Option<Untrusted>),
    /// Too slow.
    Timeout,
    /// The connection broke while the exchange was under way.
    Io,
    /// The body was over the limit.
    TooLarge,
}

/// An exchange that ended without a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct TransportError {
    /// What kind of failure.
    pub fault: TransportFault,
    /// The driver's words for it, for the end of a sentence: `connection refused`.
    pub detail: String,
}

impl TransportFault {
    /// The status that hosts see.
    pub fn status(self) -> Status {
        match self {
            TransportFault::Dns => Status::Dns,
            TransportFault::Connect => Status::Connect,
            TransportFault::Tls(_) => Status::Tls,
            TransportFault::Timeout => Status::Timeout,
            TransportFault::Io => Status::Io,
            TransportFault::TooLarge => Status::BadReply,
        }
    }

    /// True if the server cannot have seen the request, so that it may be repeated without a thought.
    pub fn never_sent(self) -> bool {
        matches!(
            self,
            TransportFault::Dns | TransportFault::Connect | TransportFault::Tls(_)
        )
    }
}
