//! Errors as XMPP tells them: of a stream, which ends it, and of a stanza, which is answered.

use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::messages::SendError;

/// Why a stream is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamError {
    /// The name of the error (RFC 6120, 4.9.3).
    pub condition: &'static str,
    /// What the user or the operator can do about it; may be empty.
    pub text: &'static str,
}

impl StreamError {
    const fn new(condition: &'static str, text: &'static str) -> Self {
        StreamError { condition, text }
    }

    pub const AWAY: Self = Self::new(
        "internal-server-error",
        "The server cannot do this at the moment. Try again later.",
    );
    pub const BAD_FORMAT: Self = Self::new("bad-format", "");
    pub const CONFLICT: Self = Self::new(
        "conflict",
        "Another client has logged in with the same resource.",
    );
    pub const COUNT_TOO_HIGH: Self = Self::new(
        "undefined-condition",
        "The client has counted more stanzas than it was sent.",
    );
    pub const ENDED: Self = Self::new("not-authorized", "This login has ended. Log in again.");
    pub const HOST_UNKNOWN: Self =
        Self::new("host-unknown", "This server does not serve this domain.");
    pub const INTERNAL: Self = Self::new("internal-server-error", "");
    pub const INVALID_FROM: Self = Self::new("invalid-from", "");
    pub const INVALID_NAMESPACE: Self = Self::new("invalid-namespace", "");
    pub const NOT_AUTHORIZED: Self = Self::new("not-authorized", "");
    pub const NOT_WELL_FORMED: Self = Self::new("not-well-formed", "");
    pub const RESTRICTED_XML: Self = Self::new("restricted-xml", "");
    pub const SHUTDOWN: Self = Self::new("system-shutdown", "The server stops or restarts.");
    pub const TIMEOUT: Self = Self::new("connection-timeout", "");
    pub const TOO_LARGE: Self =
        Self::new("policy-violation", "This is larger than the server takes.");
    pub const TOO_MANY: Self = Self::new("policy-violation", "Too many attempts.");
    pub const TOO_MANY_STREAMS: Self = Self::new(
        "resource-constraint",
        "You are logged in with too many clients. Log out elsewhere.",
    );
    pub const UNSUPPORTED_STANZA: Self = Self::new("unsupported-stanza-type", "");
    pub const UNSUPPORTED_VERSION: Self = Self::new("unsupported-version", "");

    /// Writes it, in a stream whose prefix is `stream`.
    pub fn write(&self, out: &mut String) {
        out.push_str("<stream:error>");
        Element::new(self.condition, ns::STREAM_ERRORS).write(out, "");
        if !self.text.is_empty() {
            Element::new("text", ns::STREAM_ERRORS)
                .with("xml:lang", "en")
                .text(self.text)
                .write(out, "");
        }
        out.push_str("</stream:error>");
    }
}

/// Why a stanza was refused.
#[derive(Debug)]
pub struct StanzaError {
    /// What the client should do: `cancel`, `modify`, `wait` or `auth`.
    pub kind: &'static str,
    /// The name of the error (RFC 6120, 8.3.3).
    pub condition: &'static str,
    /// A sentence for the user; may be empty.
    pub text: String,
    /// An element that says more.
    pub detail: Option<Box<Element>>,
    /// What else the answer contains.
    pub payload: Option<Box<Element>>,
    /// Whether only the database is away, so that the same may succeed in a moment.
    pub is_away: bool,
}

impl StanzaError {
    pub fn new(kind: &'static str, condition: &'static str, text: impl Into<String>) -> Self {
        StanzaError {
            kind,
            condition,
            text: text.into(),
            detail: None,
            payload: None,
            is_away: false,
        }
    }

    pub fn bad_request() -> Self {
        Self::new("modify", "bad-request", "")
    }

    pub fn not_implemented() -> Self {
        Self::new("cancel", "feature-not-implemented", "")
    }

    pub fn service_unavailable() -> Self {
        Self::new("cancel", "service-unavailable", "")
    }

    /// There is no connection to other servers.
    pub fn remote() -> Self {
        let text = "This server has no connection to others.";
        Self::new("cancel", "remote-server-not-found", text)
    }

    fn element(self) -> Element {
        let mut error = Element::new("error", ns::CLIENT)
            .with("type", self.kind)
            .empty(self.condition, ns::STANZA_ERRORS);
        if !self.text.is_empty() {
            error.push(
                Element::new("text", ns::STANZA_ERRORS)
                    .with("xml:lang", "en")
                    .text(self.text),
            );
        }
        if let Some(detail) = self.detail {
            error.push(*detail);
        }
        error
    }

    /// The answer to a stanza of a client.
    pub fn answer(mut self, stanza: &Element) -> Element {
        let payload = self.payload.take();
        let answer = Element::new(stanza.name.clone(), ns::CLIENT)
            .with("type", "error")
            .with_some("id", stanza.attribute("id"))
            .with_some("from", stanza.attribute("to"))
            .with_some("to", stanza.attribute("from"));
        // By this clients know that it concerns a room.
        let answer = match stanza.find("x", ns::MUC) {
            Some(_) => answer.empty("x", ns::MUC),
            None => answer,
        };
        let answer = match payload {
            Some(payload) => answer.child(*payload),
            None => answer,
        };
        answer.child(self.element())
    }
}

impl From<StoreError> for StanzaError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::new("wait", "resource-constraint", error.to_string()),
            error => {
                log::log!(error.level(), "{error}");
                StanzaError {
                    is_away: matches!(error, StoreError::Away(_)),
                    ..Self::new("wait", "internal-server-error", StreamError::AWAY.text)
                }
            }
        }
    }
}

impl From<StoreError> for StreamError {
    fn from(error: StoreError) -> Self {
        log::log!(error.level(), "{error}");
        StreamError::AWAY
    }
}

impl From<SendError> for StanzaError {
    fn from(error: SendError) -> Self {
        let text = error.to_string();
        match error {
            SendError::ChatOff => Self::new("cancel", "not-allowed", text),
            SendError::NotReachable | SendError::NotInGroup => {
                Self::new("cancel", "service-unavailable", text)
            }
            SendError::Blocked => StanzaError {
                detail: Some(Box::new(Element::new("blocked", ns::BLOCKING_ERRORS))),
                ..Self::new("cancel", "not-acceptable", text)
            },
            SendError::MessageId | SendError::Empty => Self::new("modify", "bad-request", text),
            SendError::TooLong(_) | SendError::TooManyFiles => {
                Self::new("modify", "not-acceptable", text)
            }
            SendError::FileMissing => Self::new("cancel", "item-not-found", text),
            SendError::TooFast(_) | SendError::TooOften(_) | SendError::QuotaUsedUp => {
                Self::new("wait", "resource-constraint", text)
            }
            SendError::Store(error) => error.into(),
        }
    }
}
