//! What there is to tell the user, whichever way it is told.

use crate::people::People;
use fbchat::status::Problem;
use fbchat::types::{Buddy, Connection, Message, Uid};
use std::collections::HashSet;

/// One thing to tell.
#[derive(Debug)]
pub enum News<'a> {
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

/// What is known of the conversation.
#[derive(Debug)]
pub struct Room {
    pub people: People,
    /// How sentences name the server.
    pub server: String,
    pub connection: Connection,
    /// To whom a bare line goes.
    pub chosen: Option<Uid>,
    /// Who is known to be writing.
    pub typing: HashSet<Uid>,
    /// True once the user was told that the connection is lost, until they are told that it is back.
    pub trouble: bool,
}
