//! Everything that is shown to the user, independent of the output format.

use fbchat::status::Problem;
use fbchat::types::{Buddy, Connection, Message, Person, Uid};

#[derive(Debug)]
pub enum UiEvent<'a> {
    LoggedIn {
        message_limit: usize,
    },
    BuddyList,
    Message(&'a Message),
    Typing {
        from: Uid,
        typing: bool,
    },
    Presence(&'a Buddy),
    Connection(&'a Connection),
    Sent {
        to: Uid,
        text: &'a str,
    },
    Failed {
        to: Uid,
        text: &'a str,
        problem: &'a Problem,
    },
    History {
        with: Uid,
        messages: &'a [Message],
    },
    /// Somebody is blocked or unblocked now, because the user wanted it.
    Block {
        uid: Uid,
        blocked: bool,
    },
    Blocked(&'a [Person]),
    Who,
    Help,
    Error(&'a str),
    Closed(&'a Problem),
}
