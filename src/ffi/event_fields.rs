//! Which fields each kind of event has, and where their values come from. The lists in `fields` say the same to C programmers; a
//! test compares the two.

use super::event_data::fbchat_event;
use super::event_kinds::EventKind;
use super::fields::{ConnectionState, Field, FriendChange, ShownPresence};
use crate::status::{Problem, Status};
use crate::types::{
    Buddy, Connection, Event, FriendRequest, Notification, Person, Picture, Presence, Profile, Uid,
    picture_hash,
};

const BUDDY: &[Field] = &[
    Field::Uid,
    Field::Name,
    Field::FirstName,
    Field::Presence,
    Field::StatusText,
    Field::PictureUrl,
    Field::PictureHash,
    Field::StatusTimeMs,
    Field::IdleSinceMs,
];
const REASON: &[Field] = &[
    Field::Reason,
    Field::CertificateSha256,
    Field::CertificateProblem,
];
const FAILED: &[Field] = &[
    Field::Reason,
    Field::CertificateSha256,
    Field::CertificateProblem,
    Field::To,
    Field::Text,
    Field::FileId,
];
const PERSON: &[Field] = &[
    Field::Uid,
    Field::Name,
    Field::Relation,
    Field::PictureUrl,
    Field::PictureHash,
];

/// A number of things, as C reads it.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of bytes, as C reads it.
pub(super) fn length(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl fbchat_event {
    pub(super) fn fill(&mut self, event: &Event) {
        match event {
            Event::LoggedIn {
                request: _,
                uid,
                name,
                message_limit,
                file_limit,
                features,
            } => {
                self.kind = EventKind::LoggedIn;
                self.columns = &[
                    Field::Uid,
                    Field::Name,
                    Field::MessageLimit,
                    Field::Features,
                    Field::FileLimit,
                ];
                self.uid(*uid);
                self.text(name);
                self.int(count(*message_limit));
                self.int(i64::from(features.0));
                self.int(length(*file_limit));
            }
            Event::LoginFailed { problem, .. } => self.failure(EventKind::LoginFailed, problem),
            Event::Challenge { problem, .. } => self.failure(EventKind::Challenge, problem),
            Event::Connection(connection) => self.connection(connection),
            Event::Message(message) => {
                self.kind = EventKind::Message;
                self.messages(std::slice::from_ref(message));
            }
            Event::Sent { to, message_id, .. } => {
                self.kind = EventKind::Sent;
                self.columns = &[Field::To, Field::MessageId];
                self.uid(*to);
                self.text(message_id);
            }
            Event::Failed { problem, .. } => self.failed(problem, Uid(0), None, None),
            Event::EarlierFailed {
                to,
                text,
                file,
                problem,
            } => self.failed(problem, *to, Some(text), file.as_deref()),
            Event::Typing {
                from,
                group,
                typing,
            } => {
                self.kind = EventKind::Typing;
                self.columns = &[Field::From, Field::Typing, Field::Group];
                self.uid(*from);
                self.int(i64::from(*typing));
                self.uid(group.unwrap_or(Uid(0)));
            }
            Event::BuddyList { buddies, .. } => {
                self.kind = EventKind::BuddyList;
                self.columns = BUDDY;
                self.buddies(buddies.clone());
            }
            Event::GroupList { groups, .. } => self.group_list(groups),
            Event::Group { group, gone, .. } => self.group(group, *gone),
            Event::Presence(buddy) => {
                self.kind = EventKind::Presence;
                self.columns = BUDDY;
                self.buddy(buddy);
            }
            Event::History {
                request: _,
                with,
                messages,
                more,
            } => {
                self.kind = EventKind::History;
                self.head = &[Field::Peer, Field::More];
                self.uid(*with);
                self.int(i64::from(*more));
                self.messages(messages);
            }
            Event::Done { request: _ } => self.kind = EventKind::Done,
            Event::Picture { picture, .. } => self.picture(picture),
            Event::File { file, content, .. } => self.file_event(file, content.as_deref()),
            Event::Progress { done, total, .. } => self.progress(*done, *total),
            Event::Profile { profile, .. } => self.profile(profile),
            Event::Search { people, .. } => {
                self.kind = EventKind::Search;
                self.items = people.len();
                self.columns = PERSON;
                people.iter().for_each(|person| self.person(person));
            }
            Event::Blocked { people, .. } => {
                self.kind = EventKind::Blocked;
                self.items = people.len();
                self.columns = &[Field::Uid, Field::Name];
                for person in people {
                    self.uid(person.uid);
                    self.text(&person.name);
                }
            }
            Event::Block { uid, name, blocked } => {
                self.kind = EventKind::Block;
                self.columns = &[Field::Uid, Field::Name, Field::IsBlocked];
                self.uid(*uid);
                self.text(name);
                self.int(i64::from(*blocked));
            }
            Event::Notifications { notifications, .. } => {
                self.kind = EventKind::Notifications;
                self.head = &[Field::Inbox, Field::Unseen];
                self.int(i64::from(notifications.inbox));
                self.int(i64::from(notifications.unseen));
                self.items = notifications.list.len();
                self.columns = &[
                    Field::NotificationKind,
                    Field::Uid,
                    Field::Name,
                    Field::TimeMs,
                    Field::New,
                    Field::Unread,
                ];
                let list = notifications.list.iter();
                list.for_each(|notification| self.notification(notification));
            }
            Event::Inbox(unread) => {
                self.kind = EventKind::Notifications;
                self.head = &[Field::Inbox];
                self.int(i64::from(*unread));
                self.items = 0;
            }
            Event::FriendRequest(request) => self.friend_request(request),
            Event::Friend { uid, name, began } => {
                self.kind = EventKind::Friend;
                self.columns = &[Field::Uid, Field::Name, Field::FriendAction];
                self.uid(*uid);
                self.text(name);
                let action = match began {
                    true => FriendChange::Accept,
                    false => FriendChange::Remove,
                };
                self.int(i64::from(action.code()));
            }
            Event::Poke { from, name, time } => {
                self.kind = EventKind::Poke;
                self.columns = &[Field::From, Field::Name, Field::TimeMs];
                self.uid(*from);
                self.text(name);
                self.int(*time);
            }
            Event::State(saved) => {
                self.kind = EventKind::SavedSession;
                self.columns = &[Field::SavedSession, Field::Waiting, Field::Unsent];
                let text = saved.text.reveal();
                self.reserve_secret(text.len());
                self.bytes(Some(text.as_bytes()));
                self.int(count(saved.unsettled));
                self.unsent(saved.unsettled > 0);
            }
            Event::Overload { waiting } => {
                self.kind = EventKind::Overload;
                self.columns = &[Field::Waiting];
                self.int(count(*waiting));
            }
            Event::Closed { problem, .. } => {
                self.kind = EventKind::Closed;
                self.columns = REASON;
                self.problem(problem.as_ref());
            }
        }
    }

    fn failure(&mut self, kind: EventKind, problem: &Problem) {
        self.kind = kind;
        self.columns = REASON;
        self.problem(Some(problem));
    }

    /// With the message, if it is one of an earlier session.
    fn failed(&mut self, problem: &Problem, to: Uid, text: Option<&str>, file: Option<&str>) {
        self.failure(EventKind::Failed, problem);
        self.columns = FAILED;
        self.uid(to);
        self.maybe(text);
        self.maybe(file);
    }

    /// The status, and the fields of [`REASON`].
    fn problem(&mut self, problem: Option<&Problem>) {
        self.status = problem.map_or(Status::Ok, |problem| problem.status);
        self.maybe(problem.map(|problem| problem.text.as_str()));
        let untrusted = problem.and_then(|problem| problem.untrusted);
        let fingerprint = untrusted.and_then(|untrusted| untrusted.fingerprint());
        self.maybe(fingerprint.as_deref());
        self.int(untrusted.map_or(0, |untrusted| i64::from(untrusted.why.code())));
    }

    fn connection(&mut self, connection: &Connection) {
        self.kind = EventKind::Connection;
        self.columns = &[
            Field::Connection,
            Field::WaitMs,
            Field::Reason,
            Field::CertificateSha256,
            Field::CertificateProblem,
        ];
        let (state, wait, problem) = match connection {
            Connection::LoggingIn => (ConnectionState::LoggingIn, 0, None),
            Connection::LoadingPage => (ConnectionState::LoadingPage, 0, None),
            Connection::OpeningChannel => (ConnectionState::OpeningChannel, 0, None),
            Connection::Connected => (ConnectionState::Connected, 0, None),
            Connection::Waiting { wait_ms, problem } => {
                (ConnectionState::Waiting, *wait_ms, Some(problem))
            }
        };
        self.int(i64::from(state.code()));
        self.int(i64::try_from(wait).unwrap_or(i64::MAX));
        self.problem(problem);
    }

    /// The fields of [`BUDDY`].
    pub(super) fn buddy(&mut self, buddy: &Buddy) {
        let presence = match buddy.presence {
            Presence::Offline => ShownPresence::Offline,
            Presence::Idle => ShownPresence::Idle,
            Presence::Active => ShownPresence::Active,
        };
        self.uid(buddy.uid);
        self.text(&buddy.name);
        self.text(&buddy.first_name);
        self.int(i64::from(presence.code()));
        self.maybe(buddy.status_text.as_deref());
        self.picture_address(buddy.picture_url.as_deref());
        self.int(buddy.status_time);
        self.int(buddy.idle_since);
    }

    /// A picture's address and hash.
    pub(super) fn picture_address(&mut self, url: Option<&str>) {
        self.maybe(url);
        self.maybe(url.and_then(picture_hash));
    }

    fn picture(&mut self, picture: &Picture) {
        self.kind = EventKind::Picture;
        self.columns = &[
            Field::Uid,
            Field::PictureUrl,
            Field::PictureHash,
            Field::Picture,
            Field::ContentType,
        ];
        let image = picture.image.as_ref();
        self.uid(picture.uid);
        self.picture_address(picture.url.as_deref());
        self.bytes(image.map(|image| &*image.bytes));
        self.maybe(image.map(|image| image.content_type));
    }

    fn profile(&mut self, profile: &Profile) {
        self.kind = EventKind::Profile;
        self.columns = &[
            Field::Uid,
            Field::Name,
            Field::Relation,
            Field::PictureUrl,
            Field::PictureHash,
            Field::FirstName,
            Field::Email,
            Field::StatusText,
            Field::StatusTimeMs,
            Field::MemberSinceMs,
        ];
        self.person(&profile.person);
        self.text(&profile.first_name);
        self.maybe(profile.email.as_deref());
        self.maybe(profile.status_text.as_deref());
        self.int(profile.status_time);
        self.int(profile.member_since);
    }

    /// The fields of [`PERSON`].
    fn person(&mut self, person: &Person) {
        self.uid(person.uid);
        self.text(&person.name);
        self.int(i64::from(person.relation.code()));
        self.picture_address(person.picture_url.as_deref());
    }

    fn notification(&mut self, notification: &Notification) {
        self.int(i64::from(notification.kind.code()));
        self.uid(notification.uid);
        self.text(&notification.name);
        self.int(notification.time);
        self.int(i64::from(notification.new));
        self.int(i64::from(notification.unread));
    }

    fn friend_request(&mut self, request: &FriendRequest) {
        self.kind = EventKind::FriendRequest;
        self.columns = &[Field::Uid, Field::Name, Field::Text, Field::TimeMs];
        self.uid(request.uid);
        self.text(&request.name);
        self.text(&request.message);
        self.int(request.time);
    }
}
