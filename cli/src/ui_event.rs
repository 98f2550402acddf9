//! Everything that is shown to the user, independent of the output format.

use fbchat::status::Problem;
use fbchat::types::{Buddy, Connection, Message, Uid};

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
    Who,
    Help,
    Error(&'a str),
    Closed(&'a Problem),
}
