//! Plain data that all layers share: ids, messages, buddies, commands and events.

#![forbid(unsafe_code)]

use crate::status::Problem;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A user's number. Ids passed 2³² in 2009, so always 64 bits (docs/protocol.md, Items).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u64);

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of an event on a user's channel; -1 is never valid and asks the server for the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub i64);

/// A span of time, or a point on a monotonic clock, in milliseconds.
pub type Millis = u64;

/// A point in time, in milliseconds since 1970 UTC.
pub type UnixMillis = i64;

/// The id of a command on its way; its answer carries it back. Never reused, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A password or another secret: wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the secret over; the buffer is wiped when the last copy is dropped.
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

/// Whether somebody can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Not connected, or invisible.
    #[default]
    Offline,
    /// Connected, but not at the keyboard.
    Idle,
    /// Connected and there.
    Active,
}

/// What the user shows to friends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnPresence {
    /// At the keyboard.
    #[default]
    Active,
    /// Connected, but not at the keyboard.
    Idle,
    /// Connected, shown as offline (chat visibility off; account-wide, docs/protocol.md, Buddy list and presence).
    Invisible,
}

/// A friend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buddy {
    /// The friend's number.
    pub uid: Uid,
    /// Full name as the server has it; plain text.
    pub name: String,
    /// First name, or empty.
    pub first_name: String,
    /// Whether they can be reached.
    pub presence: Presence,
    /// Their status line, if any; plain text.
    pub status_text: Option<String>,
    /// Address of their 50-pixel picture, if the server named one.
    pub picture_url: Option<String>,
}

/// Which way a message came to this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody wrote to this user (or this user to themselves).
    Incoming,
    /// This user wrote it, in another session.
    OwnElsewhere,
}

/// One chat message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it.
    pub from: Uid,
    /// To whom.
    pub to: Uid,
    /// The author's name as the server gave it, or empty.
    pub from_name: String,
    /// The recipient's name as the server gave it, or empty.
    pub to_name: String,
    /// Plain text, not markup; may hold line breaks.
    pub text: String,
    /// When the server accepted it.
    pub time: UnixMillis,
    /// The sender's id of it, or empty (history of 2008 has none). Unique only together with the sender and the text.
    pub message_id: String,
    /// Which way it came.
    pub origin: Origin,
    /// True if it reaches this session more than a minute after it was sent, or comes from history.
    pub replayed: bool,
}

impl Message {
    /// The other side of the conversation, seen from this user.
    pub fn peer(&self) -> Uid {
        match self.origin {
            Origin::Incoming => self.from,
            Origin::OwnElsewhere => self.to,
        }
    }
}

/// What a host asks a session to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Log in; answered by [`Event::LoggedIn`], [`Event::LoginFailed`] or [`Event::Challenge`].
    Login {
        /// Tags the answer.
        request: RequestId,
        /// The account's e-mail address.
        email: String,
        /// The account's password; kept until the session ends, for one new login when the server forgets the session.
        password: Secret,
    },
    /// Go on with a session of earlier; answered like a login.
    Resume {
        /// Tags the answer.
        request: RequestId,
        /// What [`Event::State`] gave.
        state: Secret,
    },
    /// Send a message; answered by [`Event::Sent`] or [`Event::Failed`], exactly once.
    Send {
        /// Tags the answer.
        request: RequestId,
        /// The recipient.
        to: Uid,
        /// Plain text.
        text: String,
    },
    /// Tell a friend that the user is writing, or has stopped. Nothing is reported back.
    SetTyping {
        /// The friend.
        to: Uid,
        /// True while writing; to be repeated every 7 s (docs/protocol.md, Messages).
        typing: bool,
    },
    /// Show the user as active, idle or invisible. Nothing is reported back.
    SetPresence(OwnPresence),
    /// Ask the server for the buddy list now; answered by [`Event::BuddyList`] or [`Event::Failed`].
    Refresh {
        /// Tags the answer.
        request: RequestId,
    },
    /// Ask for the recent messages of one conversation; answered by [`Event::History`] or [`Event::Failed`].
    History {
        /// Tags the answer.
        request: RequestId,
        /// The friend.
        with: Uid,
    },
    /// Give a request up: it fails with [`crate::status::Status::Cancelled`] unless it was answered already.
    Cancel(RequestId),
    /// End the session on the server; answered by [`Event::Closed`].
    Logout {
        /// Tags the answer.
        request: RequestId,
    },
}

/// What a connection is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The password is on its way.
    LoggingIn,
    /// Logged in; reading the page that names channel and tokens.
    LoadingPage,
    /// Asking for buddies and for the channel's sequence number.
    OpeningChannel,
    /// The long-poll is held: messages arrive.
    Connected,
    /// Something failed; the next attempt comes after this many milliseconds (0 = at once).
    Waiting {
        /// Until the next attempt.
        wait_ms: Millis,
        /// What failed.
        problem: Problem,
    },
}

/// What a session tells its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Login succeeded; buddy list and messages follow.
    LoggedIn {
        /// The login command's tag.
        request: RequestId,
        /// The user's own number.
        uid: Uid,
        /// The user's own name, or empty if no page gave it.
        name: String,
        /// Greatest length of a message in Unicode scalar values.
        message_limit: usize,
    },
    /// Login failed; the session can be used for another attempt.
    LoginFailed {
        /// The login command's tag.
        request: RequestId,
        /// Why.
        problem: Problem,
    },
    /// The server wants a person in a browser (captcha, checkpoint); the session can be used for another attempt.
    Challenge {
        /// The login command's tag.
        request: RequestId,
        /// What it wants, and where.
        problem: Problem,
    },
    /// The connection changed its state.
    Connection(Connection),
    /// A message.
    Message(Message),
    /// The server has the message.
    Sent {
        /// The send command's tag.
        request: RequestId,
        /// To whom.
        to: Uid,
        /// The id that it travels under.
        message_id: String,
    },
    /// A request failed for good.
    Failed {
        /// The command's tag.
        request: RequestId,
        /// Why.
        problem: Problem,
    },
    /// Somebody started or stopped writing.
    Typing {
        /// Who.
        from: Uid,
        /// True = writing; without renewal it is over after 10 s.
        typing: bool,
    },
    /// The whole buddy list.
    BuddyList {
        /// The tag of the refresh that asked for it, if one did.
        request: Option<RequestId>,
        /// All friends, by uid.
        buddies: Arc<[Buddy]>,
    },
    /// One buddy changed.
    Presence(Buddy),
    /// The recent messages of one conversation, oldest first.
    History {
        /// The history command's tag.
        request: RequestId,
        /// The friend.
        with: Uid,
        /// The messages, both directions.
        messages: Vec<Message>,
    },
    /// All that is needed to go on later without the password, from this point. As secret as the password.
    State(Secret),
    /// The host does not keep up: the session fetches nothing more until it has.
    Overload {
        /// How many of the session's events wait.
        waiting: usize,
    },
    /// The session is over; its last event.
    Closed {
        /// The logout command's tag, if that is why.
        request: Option<RequestId>,
        /// Why, if not by the host's own wish.
        problem: Option<Problem>,
    },
}

impl Event {
    /// The request that this event answers for good.
    pub fn answers(&self) -> Option<RequestId> {
        match self {
            Event::LoggedIn { request, .. }
            | Event::LoginFailed { request, .. }
            | Event::Challenge { request, .. }
            | Event::Sent { request, .. }
            | Event::Failed { request, .. }
            | Event::History { request, .. } => Some(*request),
            Event::BuddyList { request, .. } | Event::Closed { request, .. } => *request,
            Event::Connection(_)
            | Event::Message(_)
            | Event::Typing { .. }
            | Event::State(_)
            | Event::Overload { .. }
            | Event::Presence(_) => None,
        }
    }
}
