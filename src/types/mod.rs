//! Plain data that all layers share: ids, messages, buddies, commands and events.

#![forbid(unsafe_code)]

mod buddy;
mod connection;
mod event;
mod file;
mod group;
mod ids;
mod queries;
mod split;
mod text;

pub use buddy::*;
pub use connection::*;
pub use event::*;
pub use file::*;
pub use group::*;
pub use ids::*;
pub use queries::*;
pub use split::message_part;
pub use text::{clean_text, name_line};

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody wrote it to this user (or this user to themselves).
    Incoming,
    /// This user wrote it, in another session or at another time.
    OwnElsewhere,
}

/// One chat message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The author.
    pub from: Uid,
    /// The recipient: a person, or a group.
    pub to: Uid,
    /// True if it was sent to a group.
    pub in_group: bool,
    /// What it tells of the group, if nobody wrote it.
    pub notice: Option<Box<GroupNotice>>,
    /// The files that were sent with it.
    pub files: Vec<File>,
    /// The author's name from the server, or empty.
    pub from_name: String,
    /// The recipient's name from the server, or empty.
    pub to_name: String,
    /// Plain text, not markup; may contain line breaks.
    pub text: String,
    /// When the server accepted it.
    pub time: UnixMillis,
    /// The sender's id of the message, or empty (history of 2008 has none). Unique only together with the sender and the text.
    pub message_id: String,
    /// Where it comes from.
    pub origin: Origin,
    /// True if it arrives more than a minute after it was sent, or comes from history.
    pub replayed: bool,
}

impl Message {
    /// The other side of the conversation, seen from this user: a person, or the group.
    pub fn peer(&self) -> Uid {
        match self.origin {
            Origin::Incoming if !self.in_group => self.from,
            _ => self.to,
        }
    }
}

/// A session at one moment, for a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Everything needed to resume the session from this point without the password, and the messages that are not settled
    /// yet. As secret as the password.
    pub text: Secret,
    /// Number of the messages.
    pub unsettled: usize,
}

/// A command of the host to a session.
#[derive(Clone, Debug)]
pub enum Command {
    /// Log in; answered by [`Event::LoggedIn`], [`Event::LoginFailed`] or [`Event::Challenge`].
    Login {
        /// The answer carries this.
        request: RequestId,
        /// The account's e-mail address.
        email: String,
        /// The account's password; kept until the session ends, for logging in once more when the server forgets the session.
        password: Secret,
    },
    /// Continue an earlier session; answered like a login.
    Resume {
        /// The answer carries this.
        request: RequestId,
        /// What [`Event::State`] gave.
        state: Secret,
    },
    /// Send a message; answered by [`Event::Sent`] or [`Event::Failed`], exactly once.
    Send {
        /// The answer carries this.
        request: RequestId,
        /// The recipient: a person, or a group.
        to: Uid,
        /// Plain text; may be empty if there is a file.
        text: String,
        /// The id of a file to be sent with it, which the user has uploaded.
        file: Option<String>,
        /// The message's id, a decimal number that is different for each message; without it, the session draws one.
        message_id: Option<String>,
    },
    /// Tell a friend or a group that the user is typing, or has stopped. Not answered.
    SetTyping {
        /// The friend or the group.
        to: Uid,
        /// True while typing; repeated every 7 s (docs/protocol.md, Messages).
        typing: bool,
    },
    /// Show the user as active, idle or invisible. Not answered.
    SetPresence(OwnPresence),
    /// Request the buddy list; answered by [`Event::BuddyList`] or [`Event::Failed`].
    Refresh {
        /// The answer carries this.
        request: RequestId,
    },
    /// Request the groups; answered by [`Event::GroupList`] or [`Event::Failed`].
    RefreshGroups {
        /// The answer carries this.
        request: RequestId,
    },
    /// Create an account and log in with it; answered like [`Command::Login`].
    Register {
        /// The answer carries this.
        request: RequestId,
        /// Its e-mail address.
        email: String,
        /// Its password.
        password: Secret,
        /// The name that others see.
        name: String,
        /// The invitation, if the server wants one.
        invite: Option<Secret>,
    },
    /// A query or change; answered as the [`Query`] says, or by [`Event::Failed`].
    Ask {
        /// The answer carries this.
        request: RequestId,
        /// The query.
        query: Query,
    },
    /// Upload a file whose content the driver has; answered by [`Event::File`] or [`Event::Failed`].
    Upload {
        /// The answer carries this.
        request: RequestId,
        /// The file's name.
        name: String,
        /// Its size in bytes, if it is known.
        size: Option<u64>,
    },
    /// Download a file; answered by [`Event::File`] if it goes into memory, else by [`Event::Done`], or by [`Event::Failed`].
    Download {
        /// The answer carries this.
        request: RequestId,
        /// The file's id.
        file: String,
        /// Where it goes.
        target: DownloadTarget,
    },
    /// Mark a conversation, or the notifications, as read. Not answered.
    MarkRead(Option<Uid>),
    /// The machine's network has changed: restart what was begun on the old one. Not answered.
    NetworkChanged,
    /// Cancel a request: it fails with [`crate::status::Status::Cancelled`] unless it is already answered.
    Cancel(RequestId),
    /// End the session on the server; answered by [`Event::Closed`].
    Logout {
        /// The answer carries this.
        request: RequestId,
    },
}
