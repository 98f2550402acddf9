//! Plain data that all layers share.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attachment::Attachment;

/// The number of a user, also the name of their channel (`p_UID`), or of a group conversation: what takes one takes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub i64);

impl Uid {
    /// The number of the first group. Users have smaller ones.
    pub const FIRST_GROUP: Uid = Uid(1_000_000_000);

    /// Whether it is the number of a group.
    pub fn is_group(self) -> bool {
        self >= Self::FIRST_GROUP
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Uid {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Uid)
    }
}

/// The number of an item in its owner's channel (docs/protocol.md, The channel).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl Seq {
    /// The number of a new user's first item. It is not 0, which old clients take for "session dead".
    pub const FIRST: Seq = Seq(1);

    /// The number that follows.
    pub fn next(self) -> Seq {
        Seq(self.0.saturating_add(1))
    }
}

/// A user as others may see them, and their own settings.
#[derive(Clone, Debug)]
pub struct User {
    pub uid: Uid,
    /// The e-mail address to log in with, in lower case.
    pub email: String,
    /// The name that others see.
    pub name: String,
    /// False while they have switched chat off.
    pub visible: bool,
    /// The hash of the picture, if there is one.
    pub picture: Option<String>,
    pub status: Option<Status>,
    /// When the account was made, in ms, if that is known.
    pub since: Option<i64>,
    /// The name to log in with and to be found by, which nobody else has.
    pub username: String,
}

/// A line that a user writes about themselves.
#[derive(Clone, Debug)]
pub struct Status {
    /// The plain text, on one line.
    pub text: String,
    /// When it was set, in ms.
    pub time: i64,
}

impl Status {
    /// When it was set, in seconds.
    pub fn seconds(&self) -> i64 {
        self.time / 1000
    }
}

impl User {
    /// When the status was set, in seconds; 0 without one.
    pub fn status_seconds(&self) -> i64 {
        self.status.as_ref().map_or(0, Status::seconds)
    }
}

/// The first word of a name, which the protocol carries beside the whole.
pub fn first_word(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

/// A user with their password hash, for login only.
#[derive(Debug)]
pub struct Account {
    pub user: User,
    /// The password as a PHC string.
    pub password: String,
    /// What can be typed for this account instead of the address, and for no other one.
    pub sole_names: Vec<String>,
}

/// The hash under which a login session is stored; the secret itself stays with the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(pub [u8; 32]);

/// A session of a user who is logged in.
#[derive(Debug)]
pub struct Session {
    pub user: User,
    /// The key under which it is stored.
    pub key: SessionKey,
    /// For how many seconds after each use a browser keeps it, if not only until it is closed.
    pub kept: Option<i64>,
}

/// A stored message.
#[derive(Clone, Debug)]
pub struct Message {
    pub from: Uid,
    /// A user or a group.
    pub to: Uid,
    pub from_name: String,
    pub to_name: String,
    pub text: String,
    /// Set if the server wrote the text, to say what the sender did with a group.
    pub notice: Option<Notice>,
    pub attachments: Vec<Attachment>,
    /// The sender's id for it, as posted.
    pub msg_id: String,
    /// The sender's clock, as posted.
    pub client_time: i64,
    /// The server's clock in ms when it was stored.
    pub time: i64,
    /// Orders all messages. It says nothing about the time, because a clock may be set back.
    pub id: i64,
}

/// What was done with a group, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    pub uids: Vec<Uid>,
}

/// What was done with a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    Created,
    Added,
    Removed,
    Left,
    Renamed,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [NoticeKind; 5] = [
        NoticeKind::Created,
        NoticeKind::Added,
        NoticeKind::Removed,
        NoticeKind::Left,
        NoticeKind::Renamed,
    ];

    /// The word on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            NoticeKind::Created => "created",
            NoticeKind::Added => "added",
            NoticeKind::Removed => "removed",
            NoticeKind::Left => "left",
            NoticeKind::Renamed => "renamed",
        }
    }
}

/// A numbered item of a user's channel.
#[derive(Clone, Debug)]
pub struct Published {
    pub owner: Uid,
    pub seq: Seq,
    /// The item as JSON, ready for the wire.
    pub item: Arc<str>,
}

/// The state of a user's channel when the server starts.
#[derive(Clone, Copy, Debug)]
pub struct ChannelState {
    pub uid: Uid,
    /// The next number to be assigned.
    pub next: Seq,
    /// Everything below has been fetched.
    pub acked: Seq,
    /// False while the user has switched chat off.
    pub visible: bool,
}

/// What others see of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// At the keyboard.
    Active,
    /// Connected, but without user activity for some minutes.
    Idle {
        /// The time of the last activity, in ms since 1970.
        since: i64,
    },
    /// Not connected, or with chat switched off.
    Offline,
}

impl Presence {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Presence::Active => "active",
            Presence::Idle { .. } => "idle",
            Presence::Offline => "offline",
        }
    }

    /// The time of the last user activity in ms since 1970, if the user is idle.
    pub fn idle_since(self) -> Option<i64> {
        match self {
            Presence::Idle { since } => Some(since),
            Presence::Active | Presence::Offline => None,
        }
    }
}

/// How a user is connected at one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// What this alone would show others.
    pub presence: Presence,
    /// The time of the last user activity, in ms.
    pub active: i64,
    /// The sessions that have a client connected, in order.
    pub sessions: Vec<SessionKey>,
}

/// What others see of a user who is connected in several places.
pub fn merged(all: impl Iterator<Item = Presence>) -> Presence {
    all.fold(Presence::Offline, |one, other| match (one, other) {
        (Presence::Active, _) | (_, Presence::Active) => Presence::Active,
        (Presence::Idle { since: one }, Presence::Idle { since: other }) => Presence::Idle {
            since: one.max(other),
        },
        (Presence::Offline, some) | (some, Presence::Offline) => some,
    })
}

/// Why a held poll was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// There is something to fetch.
    Look,
    /// The poll is to be answered with `continue`: there are too many polls, or the server stops.
    Continue,
    /// The session has ended.
    Ended,
}
