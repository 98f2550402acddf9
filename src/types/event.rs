//! What a session tells its host.

#![forbid(unsafe_code)]

use super::{
    Buddy, Connection, Features, File, FriendRequest, Group, Message, Notifications, Person,
    Picture, Profile, RequestId, Saved, Uid, UnixMillis,
};
use crate::status::Problem;
use std::sync::Arc;

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
        /// Maximum size of a file in bytes; 0 if the server does not accept files.
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
    /// The progress of an upload or a download. It does not answer the request.
    Progress {
        /// The request that it is about.
        request: RequestId,
        /// Bytes transferred so far.
        done: u64,
        /// The total; `None` if it is not known.
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
