//! What exchanges are for, and those under way.

use super::link::Step;
use crate::types::{Millis, RequestId, Uid};
use url::Url;

/// What an exchange is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// A step towards the long-poll, or the long-poll itself.
    Link(Step),
    /// The outbox's current message.
    Send,
    /// A message that its echo has settled; what this says is no news any more.
    Settled,
    Typing,
    BuddyList(Option<RequestId>),
    /// What a host has asked.
    Question(RequestId),
    /// The file of a picture that a host has asked for.
    Picture(RequestId),
    FriendRequests,
    MarkRead(Option<Uid>),
    /// New tokens for a refused write, beside a healthy long-poll.
    Tokens,
    /// To this value, beside the long-poll.
    Visibility(bool),
    Logout,
    /// The last word of a session that ends without a logout.
    Farewell,
}

impl Call {
    /// The host's refresh that this call carries out.
    pub fn refresh(&self) -> Option<RequestId> {
        match self {
            Call::BuddyList(request) => *request,
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Flight {
    pub call: Call,
    pub url: Url,
    pub started: Millis,
    pub deadline: Millis,
}
