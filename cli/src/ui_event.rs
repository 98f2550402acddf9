//! Everything that is shown to the user, independent of the output format.

use crate::groups::Groups;
use fbchat::status::Problem;
use fbchat::types::{Buddy, Connection, File, Group, GroupChange, Message, Person, Uid};
use std::path::Path;

#[derive(Debug)]
pub enum UiEvent<'a> {
    LoggedIn {
        message_limit: usize,
    },
    BuddyList,
    Message(&'a Message),
    Typing {
        from: Uid,
        /// The group in which they are typing, if it is one.
        group: Option<Uid>,
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
    /// The server has accepted a file and its message.
    FileSent {
        to: Uid,
        file: &'a File,
    },
    FileFailed {
        to: Uid,
        path: &'a str,
        problem: &'a Problem,
    },
    /// A file was saved at this path.
    Saved {
        number: usize,
        path: &'a Path,
        size: u64,
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
    GroupList(&'a Groups),
    /// A group is new or has changed, or the user is not in it any more.
    Group {
        group: &'a Group,
        gone: bool,
    },
    /// A group was made, because the user wanted it.
    GroupCreated(&'a Group),
    /// A group was changed, because the user wanted it.
    GroupChanged {
        gid: Uid,
        change: &'a GroupChange,
    },
    Members(Uid),
    Who,
    Help,
    Error(&'a str),
    Closed(&'a Problem),
}
