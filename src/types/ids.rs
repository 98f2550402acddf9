//! Numbers and secrets.

#![forbid(unsafe_code)]

use zeroize::Zeroizing;

/// A user's number; 64 bits, because ids passed 2³² in 2009 (docs/protocol.md, Items).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u64);

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The sequence number of an item on a user's channel; -1 is never valid and asks the server for the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub i64);

/// A span of time, or a point on a monotonic clock, in milliseconds.
pub type Millis = u64;

/// A point in time, in milliseconds since 1970 UTC.
pub type UnixMillis = i64;

/// The id of a pending request; its answer carries it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

impl RequestId {
    /// No request of this session: the answer is about a message that an earlier session has left.
    pub const NONE: RequestId = RequestId(0);
}

/// A password or another secret: wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the text; each copy is wiped when it is dropped.
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
