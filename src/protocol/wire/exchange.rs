//! One HTTP request and its reply, as data: what passes between the protocol and a driver.

use crate::status::{Status, Untrusted};
use crate::types::{Millis, RequestId};
use url::Url;
use zeroize::Zeroizing;

/// The `User-Agent` of drivers unless they are told otherwise. Servers of 2008 offered chat only to what looked like a browser;
/// this looks like one and still names the library.
pub const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (compatible; fbchat/",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// Identifies an exchange. A reply with an id that the session no longer waits for is dropped.
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

/// A request for the driver to carry out. The driver must not follow redirects and must not add cookies.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Identifies the reply.
    pub id: ExchangeId,
    /// Whether the server holds the request.
    pub kind: ExchangeKind,
    /// The HTTP method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// Value of the `Cookie` header, if there are cookies.
    pub cookie: Option<String>,
    /// Body of a POST.
    pub body: Option<Body>,
    /// The whole reply must have arrived within this time, or the driver reports [`TransportFault::Timeout`]. With a stream, this
    /// much time may pass without any progress.
    pub timeout: Millis,
    /// Content of a file that passes between the network and the host, in either direction.
    pub stream: Option<Stream>,
    /// The driver reports a longer reply body as [`TransportFault::TooLarge`], in bytes.
    pub body_limit: usize,
}

/// The content of a file, which the driver moves between the network and the host.
#[derive(Clone, Debug)]
pub enum Stream {
    /// The exchange's body is followed by the content that the host has passed with this request, and then by `tail`.
    Upload {
        /// The host's request.
        request: RequestId,
        /// The end of the body.
        tail: Vec<u8>,
    },
    /// The content of the answer goes to the target that the host has passed with this request. [`Received`] reads the head of the answer
    /// and requests the rest of a file that was started. If the host wants it in memory, the reply's body is the whole content.
    /// An answer that is not the content of a file is an ordinary reply.
    ///
    /// [`Received`]: crate::protocol::Received
    Download {
        /// The host's request.
        request: RequestId,
        /// More bytes are [`TransportFault::TooLarge`].
        most: u64,
    },
}

/// The body of a POST.
#[derive(Clone, Debug)]
pub struct Body {
    /// Value of the `Content-Type` header.
    pub content_type: String,
    /// Wiped when dropped, since it may hold a password.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// A complete reply, as the driver read it from the network.
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
    /// The `Content-Type` header of the content of a file; `None` for every other answer.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why no reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFault {
    /// The name did not resolve.
    Dns,
    /// The system has no thread for it at the moment.
    Resources,
    /// No connection.
    Connect,
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls(Option<Untrusted>),
    /// Too slow.
    Timeout,
    /// The connection broke while the exchange was under way.
    Io,
    /// The body was over the limit.
    TooLarge,
    /// The body is compressed, which was not asked for.
    Encoded,
    /// The content of a file is not what was requested.
    Unusable,
    /// The host's side of a transfer cannot be read or written.
    Host,
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

/// How an exchange ended.
pub type Outcome = Result<Reply, TransportError>;

impl TransportFault {
    /// The status that hosts see.
    pub fn status(self) -> Status {
        match self {
            TransportFault::Dns => Status::Dns,
            TransportFault::Resources => Status::Resources,
            TransportFault::Connect => Status::Connect,
            TransportFault::Tls(_) => Status::Tls,
            TransportFault::Timeout => Status::Timeout,
            TransportFault::Io => Status::Io,
            TransportFault::TooLarge | TransportFault::Encoded | TransportFault::Unusable => {
                Status::BadReply
            }
            TransportFault::Host => Status::Descriptor,
        }
    }

    /// True if the server cannot have seen the request, so that it is safe to repeat.
    pub fn never_sent(self) -> bool {
        matches!(
            self,
            TransportFault::Dns
                | TransportFault::Resources
                | TransportFault::Connect
                | TransportFault::Tls(_)
        )
    }
}
