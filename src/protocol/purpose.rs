//! What exchanges are for.

use crate::protocol::connect::step::Step;
use crate::types::{RequestId, Uid};

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A step towards the long-poll, or the long-poll itself.
    Connect(Step),
    /// The outbox's first messages.
    Message,
    /// Messages that their echoes have settled, so that the reply does not matter any more.
    SettledMessage,
    Typing,
    BuddyList(Option<RequestId>),
    /// A query of the host.
    Query(RequestId),
    /// The file of a picture that the host has asked for.
    Picture(RequestId),
    /// An upload or download of the host.
    Transfer(RequestId),
    FriendRequests,
    /// The list of groups.
    Groups(Option<RequestId>),
    MarkRead(Option<Uid>),
    /// New tokens after a refused write, beside a healthy long-poll.
    Tokens,
    /// Sets the visibility to this value, beside the long-poll.
    Visibility(bool),
    Logout,
    /// Tells the server what was taken last, when a session ends without a logout.
    Farewell,
}

impl Purpose {
    /// The host's refresh that this exchange carries out.
    pub fn refresh(self) -> Option<RequestId> {
        match self {
            Purpose::BuddyList(request) | Purpose::Groups(request) => request,
            _ => None,
        }
    }
}
