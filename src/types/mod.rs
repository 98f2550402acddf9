//! Plain data that all layers share: ids, messages, buddies, commands and events.

#![forbid(unsafe_code)]

mod buddy;
mod connection;
mod file;
mod group;
mod ids;
mod queries;
mod split;
mod text;

pub use buddy::*;
pub use connection::*;
pub use file::*;
pub use group::*;
pub use ids::*;
pub use queries::*;
pub use split::message_part;
pub use text::{clean_text, name_line};

use crate::status::Problem;
use std::sync::Arc;

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
        /// Plain text.
        text: String,
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

/// An event of a session for its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Login succeeded; buddy list and messages follow.
    LoggedIn {
        /// The request that this answers.
        request: RequestId,
        /// The user's own number.
        uid: Uid,
        /// The user's own name, or empty if no page contains it.
        name: String,
        /// Greatest length of a message in Unicode scalar values.
        message_limit: usize,
        /// Greatest size of a file in bytes; 0 if the server takes none.
        file_limit: u64,
        /// What the server offers.
        features: Features,
    },
    /// Login failed; the session can log in again.
    LoginFailed {
        /// The request that this answers.
        request: RequestId,
        /// The failure.
        problem: Problem,
    },
    /// The server wants a person in a browser (captcha, checkpoint); the session can log in again.
    Challenge {
        /// The request that this answers.
        request: RequestId,
        /// What the server wants, and where.
        problem: Problem,
    },
    /// The connection has changed its state.
    Connection(Connection),
    /// A message.
    Message(Message),
    /// The server has accepted a message.
    Sent {
        /// The request that this answers; [`RequestId::NONE`] for a message that an earlier session has left.
        request: RequestId,
        /// The recipient.
        to: Uid,
        /// The id that the message was sent with.
        message_id: String,
    },
    /// A request has failed for good.
    Failed {
        /// The request that this answers.
        request: RequestId,
        /// The failure.
        problem: Problem,
    },
    /// A message that an earlier session has left has failed for good.
    EarlierFailed {
        /// The recipient.
        to: Uid,
        /// The message.
        text: String,
        /// The file that was to be sent with it.
        file: Option<String>,
        /// The failure.
        problem: Problem,
    },
    /// Somebody is typing or has stopped.
    Typing {
        /// Who.
        from: Uid,
        /// The group in which they are typing; `None` if it is a message to the user alone.
        group: Option<Uid>,
        /// True = typing, until 10 s pass without another such event.
        typing: bool,
    },
    /// The complete buddy list.
    BuddyList {
        /// The request that this answers, if any.
        request: Option<RequestId>,
        /// All friends, by uid.
        buddies: Arc<[Arc<Buddy>]>,
    },
    /// One buddy has changed.
    Presence(Arc<Buddy>),
    /// All groups of the user.
    GroupList {
        /// The request that this answers, if any.
        request: Option<RequestId>,
        /// The groups, by number.
        groups: Arc<[Arc<Group>]>,
    },
    /// A group is new, or something about it has changed.
    Group {
        /// The request that this answers, if any: the group was created.
        request: Option<RequestId>,
        /// The group as it is now.
        group: Arc<Group>,
        /// True if the user is not a member any more.
        gone: bool,
    },
    /// Messages of one conversation, oldest first.
    History {
        /// The request that this answers.
        request: RequestId,
        /// The other side.
        with: Uid,
        /// The messages, in both directions.
        messages: Vec<Message>,
        /// True if there are more: older ones if the most recent were requested, else later ones.
        more: bool,
    },
    /// A request without a result is done.
    Done {
        /// The request that this answers.
        request: RequestId,
    },
    /// Somebody's picture.
    Picture {
        /// The request that this answers.
        request: RequestId,
        /// The picture.
        picture: Picture,
    },
    /// A file was uploaded, or downloaded into memory.
    File {
        /// The request that this answers.
        request: RequestId,
        /// The file.
        file: Box<File>,
        /// What was downloaded: the file or its preview.
        content: Option<Arc<[u8]>>,
    },
    /// An upload or a download goes on. Answers nothing.
    Progress {
        /// The request that it is about.
        request: RequestId,
        /// Bytes that are over.
        done: u64,
        /// Bytes in all; `None` if that is not known.
        total: Option<u64>,
    },
    /// Somebody's profile.
    Profile {
        /// The request that this answers.
        request: RequestId,
        /// The profile.
        profile: Box<Profile>,
    },
    /// The result of a search.
    Search {
        /// The request that this answers.
        request: RequestId,
        /// The people found.
        people: Vec<Person>,
    },
    /// Those whom the user has blocked.
    Blocked {
        /// The request that this answers.
        request: RequestId,
        /// The people, those who were blocked last first; without their relation.
        people: Vec<Person>,
    },
    /// The user has blocked or unblocked somebody, in this session or another.
    Block {
        /// The other user.
        uid: Uid,
        /// Their full name.
        name: String,
        /// True = blocked, false = unblocked.
        blocked: bool,
    },
    /// Everything unread.
    Notifications {
        /// The request that this answers; [`RequestId::NONE`] if a server of 2008 has told new counts, without a list.
        request: RequestId,
        /// The notifications.
        notifications: Notifications,
    },
    /// The number of conversations with unread messages has changed.
    Inbox(u32),
    /// Somebody sends a friend request.
    FriendRequest(FriendRequest),
    /// A friendship has begun or ended; the buddy list follows.
    Friend {
        /// The other user.
        uid: Uid,
        /// Their full name.
        name: String,
        /// True = begun, false = ended.
        began: bool,
    },
    /// Somebody pokes the user.
    Poke {
        /// Who.
        from: Uid,
        /// Their full name.
        name: String,
        /// When it happened.
        time: UnixMillis,
    },
    /// The session as it is now, for a later one.
    State(Saved),
    /// The host does not keep up: the session fetches nothing until it does.
    Overload {
        /// Number of the session's events that wait.
        waiting: usize,
    },
    /// The session is over; its last event.
    Closed {
        /// The logout that this answers, if any.
        request: Option<RequestId>,
        /// The failure, if the host did not ask for the end.
        problem: Option<Problem>,
    },
}

impl Event {
    /// The request that this event answers.
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
            | Event::File { request, .. }
            | Event::Profile { request, .. }
            | Event::Search { request, .. }
            | Event::Blocked { request, .. }
            | Event::Notifications { request, .. } => Some(*request),
            Event::BuddyList { request, .. }
            | Event::GroupList { request, .. }
            | Event::Group { request, .. }
            | Event::Closed { request, .. } => *request,
            Event::Connection(_)
            | Event::Message(_)
            | Event::Typing { .. }
            | Event::Presence(_)
            | Event::EarlierFailed { .. }
            | Event::State(_)
            | Event::Overload { .. }
            | Event::Progress { .. }
            | Event::Inbox(_)
            | Event::FriendRequest(_)
            | Event::Friend { .. }
            | Event::Block { .. }
            | Event::Poke { .. } => None,
        }
    }

    /// The request that this event answers or tells something about.
    pub fn about(&self) -> Option<RequestId> {
        match self {
            Event::Progress { request, .. } => Some(*request),
            _ => self.answers(),
        }
    }
}
