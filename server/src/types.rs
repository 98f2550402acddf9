//! Plain data that store, hub and handlers share.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A user's number; also the name of his channel (`p_UID`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Uid(pub i64);

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

/// The number of an event in its owner's channel (docs/protocol.md, The channel).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl Seq {
    /// The number of a new user's first event; not 0, which old clients take for "session dead".
    pub const FIRST: Seq = Seq(1);

    /// The number that follows.
    pub fn next(self) -> Seq {
        Seq(self.0.saturating_add(1))
    }
}

/// A user as others may see him, and his own settings.
#[derive(Clone, Debug)]
pub struct User {
    /// His number.
    pub uid: Uid,
    /// His login, in lower case.
    pub email: String,
    /// The name that others see.
    pub name: String,
    /// False while he has switched chat off.
    pub visible: bool,
    /// The hash of his picture, if he has one.
    pub picture: Option<String>,
    /// What he says about himself.
    pub status: Option<Status>,
    /// Since when he has an account, in ms, if that is known.
    pub since: Option<i64>,
}

/// A line that somebody says about himself.
#[derive(Clone, Debug)]
pub struct Status {
    /// The plain text, on one line.
    pub text: String,
    /// Since when, in ms.
    pub time: i64,
}

impl User {
    /// The first word of the name.
    pub fn first_name(&self) -> &str {
        first_word(&self.name)
    }
}

/// The first word of a name, which the protocol carries beside the whole.
pub fn first_word(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

/// A user with his password hash, for login only.
#[derive(Debug)]
pub struct Account {
    /// The user.
    pub user: User,
    /// His password as a PHC string.
    pub password: String,
    /// Whether no other account has the same part before the @.
    pub sole_local_part: bool,
}

/// The hash under which a login session is stored; the secret itself stays with the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(pub [u8; 32]);

/// An accepted message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The sender.
    pub from: Uid,
    /// The recipient.
    pub to: Uid,
    /// The sender's name.
    pub from_name: String,
    /// The recipient's name.
    pub to_name: String,
    /// The plain text.
    pub text: String,
    /// The sender's id for it, as posted.
    pub msg_id: String,
    /// The sender's clock, as posted.
    pub client_time: i64,
    /// The server's clock in ms; unique and rising, so it orders all messages.
    pub time: i64,
}

/// What the channel of one user has got to say next.
#[derive(Clone, Debug)]
pub struct Published {
    /// Whose channel.
    pub owner: Uid,
    /// Its number there.
    pub seq: Seq,
    /// The item as JSON, ready for the wire.
    pub item: Arc<str>,
}

/// The state of a user's channel when the server starts.
#[derive(Clone, Copy, Debug)]
pub struct ChannelState {
    /// The user.
    pub uid: Uid,
    /// The next number to be assigned.
    pub next: Seq,
    /// Everything below has been fetched.
    pub acked: Seq,
    /// False while he has switched chat off.
    pub visible: bool,
}
