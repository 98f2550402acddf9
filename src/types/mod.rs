//! Plain data that all layers share: ids, messages, buddies, commands and events.

#![forbid(unsafe_code)]

mod ids;
mod questions;
mod split;

pub use ids::*;
pub use questions::*;
pub use split::message_part;

use crate::status::Problem;
use std::sync::Arc;

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
    /// Since when there was no sign of them, if they are idle and the server says so; else 0.
    pub idle_since: UnixMillis,
    /// Their status line, if any; plain text.
    pub status_text: Option<String>,
    /// When they set it, to the second; 0 without one.
    pub status_time: UnixMillis,
    /// Address of their 50-pixel picture, if the server named one.
    pub picture_url: Option<String>,
}

/// Which way a message came to this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody wrote to this user (or this user to themselves).
    Incoming,
    /// This user wrote it, in another session or at another time.
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
    /// Make an account and log in with it; answered like [`Command::Login`].
    Register {
        /// Tags the answer.
        request: RequestId,
        /// The e-mail address that it will have.
        email: String,
        /// The password that it will have.
        password: Secret,
        /// The name that others will see.
        name: String,
        /// The invitation, where the server wants one.
        invite: Option<Secret>,
    },
    /// Ask something; answered as the [`Question`] says, or by [`Event::Failed`].
    Ask {
        /// Tags the answer.
        request: RequestId,
        /// What.
        question: Question,
    },
    /// The user has read what somebody wrote, or has noticed the notifications. Nothing is reported back.
    MarkRead(Option<Uid>),
    /// The machine is on another network, or on one again: what was begun on the old one is begun anew. Nothing is reported back.
    NetworkChanged,
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
        /// What else the server can do.
        features: Features,
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
        buddies: Arc<[Arc<Buddy>]>,
    },
    /// One buddy changed.
    Presence(Arc<Buddy>),
    /// Messages of one conversation, oldest first.
    History {
        /// The question's tag.
        request: RequestId,
        /// The other side.
        with: Uid,
        /// The messages, both directions.
        messages: Vec<Message>,
        /// True if there are more: older ones if the most recent were asked for, else later ones.
        more: bool,
    },
    /// A request is done, and there is nothing more to tell.
    Done {
        /// The question's tag.
        request: RequestId,
    },
    /// Somebody's picture.
    Picture {
        /// The question's tag.
        request: RequestId,
        /// What.
        picture: Picture,
    },
    /// What somebody tells about themselves.
    Profile {
        /// The question's tag.
        request: RequestId,
        /// What.
        profile: Box<Profile>,
    },
    /// Who was found.
    Search {
        /// The question's tag.
        request: RequestId,
        /// They.
        people: Vec<Person>,
    },
    /// What is unread.
    Notifications {
        /// The question's tag.
        request: RequestId,
        /// What.
        notifications: Notifications,
    },
    /// The number of conversations with unread messages has changed.
    Inbox(u32),
    /// Somebody wants to be friends.
    FriendRequest(FriendRequest),
    /// A friendship began (true) or ended (false); the buddy list follows.
    Friend {
        /// With whom.
        uid: Uid,
        /// Their full name.
        name: String,
        /// True if it began.
        began: bool,
    },
    /// Somebody pokes.
    Poke {
        /// Who.
        from: Uid,
        /// Their full name.
        name: String,
        /// When.
        time: UnixMillis,
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
            | Event::History { request, .. }
            | Event::Done { request }
            | Event::Picture { request, .. }
            | Event::Profile { request, .. }
            | Event::Search { request, .. }
            | Event::Notifications { request, .. } => Some(*request),
            Event::BuddyList { request, .. } | Event::Closed { request, .. } => *request,
            Event::Connection(_)
            | Event::Message(_)
            | Event::Typing { .. }
            | Event::Presence(_)
            | Event::State(_)
            | Event::Overload { .. }
            | Event::Inbox(_)
            | Event::FriendRequest(_)
            | Event::Friend { .. }
            | Event::Poke { .. } => None,
        }
    }
}
