//! What the single questions send and what their replies hold (docs/protocol.md, Status to Accounts).

use super::call::Call;
use super::exchange::{Reply, TransportError};
use super::json::{Flag, Int, List, Object, Text};
use super::past::Pages;
use super::questions::Next;
use super::session::{Now, Session};
use crate::status::{Problem, Status};
use crate::types::{
    Event, FriendAction, FriendRequest, Notification, NotificationKind, Notifications, Person,
    Profile, Question, Relation, RequestId, Uid, UnixMillis,
};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// People or notifications taken from one reply; servers give 100 at most.
const MOST: usize = 1_000;

/// The one word of calls that change something.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outcome {
    result: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ProfilePayload {
    uid: Int,
    name: Text,
    first_name: Text,
    thumb_src: Text,
    relation: Text,
    email: Text,
    status: Text,
    status_time: Int,
    member_since: Int,
}

impl ProfilePayload {
    fn person(self, session: &Session) -> Option<Person> {
        Some(Person {
            uid: Uid(self.uid.id()?),
            picture_url: self.picture_url(session),
            name: self.name.or_empty(),
            relation: relation(self.relation.0.as_deref()),
        })
    }

    pub fn picture_url(&self, session: &Session) -> Option<String> {
        session.picture_url(self.thumb_src.0.as_deref()?)
    }
}

fn relation(word: Option<&str>) -> Relation {
    match word {
        Some("self") => Relation::Own,
        Some("friend") => Relation::Friend,
        Some("sent") => Relation::Sent,
        Some("received") => Relation::Received,
        _ => Relation::None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SearchPayload {
    results: List<Object<ProfilePayload>>,
}

/// Payload of friend_requests.php.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RequestsPayload {
    requests: List<Object<RequestEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestEntry {
    uid: Int,
    name: Text,
    message: Text,
    time: Int,
}

impl RequestsPayload {
    /// Who wants to be friends, in the order in which they asked.
    pub fn requests(self) -> Vec<FriendRequest> {
        let mut requests: Vec<_> = objects(self.requests)
            .filter_map(|entry| {
                Some(FriendRequest {
                    uid: Uid(entry.uid.id()?),
                    name: entry.name.or_empty(),
                    message: entry.message.or_empty(),
                    time: time(entry.time),
                })
            })
            .collect();
        requests.sort_by_key(|request| request.time);
        requests
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NotificationsPayload {
    unseen: Int,
    notifications: List<Object<NotificationEntry>>,
    inbox: Int,
    conversations: List<Object<NotificationEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NotificationEntry {
    kind: Text,
    uid: Int,
    name: Text,
    time: Int,
    new: Flag,
    unread: Int,
}

impl NotificationEntry {
    fn notification(self, kind: NotificationKind) -> Option<Notification> {
        let conversation = kind == NotificationKind::Messages;
        Some(Notification {
            kind,
            uid: Uid(self.uid.id()?),
            name: self.name.or_empty(),
            time: time(self.time),
            new: conversation || self.new.0 == Some(true),
            unread: count(self.unread),
        })
    }
}

impl NotificationsPayload {
    fn notifications(self) -> Notifications {
        let conversations = objects(self.conversations)
            .filter_map(|entry| entry.notification(NotificationKind::Messages));
        let notifications = objects(self.notifications).filter_map(|entry| {
            let kind = match entry.kind.0.as_deref() {
                Some("friend_request") => NotificationKind::FriendRequest,
                Some("friend_added") => NotificationKind::FriendAdded,
                Some("poke") => NotificationKind::Poke,
                _ => return None,
            };
            entry.notification(kind)
        });
        Notifications {
            list: conversations.chain(notifications).collect(),
            unseen: count(self.unseen),
            inbox: count(self.inbox),
        }
    }
}

fn objects<T>(list: List<Object<T>>) -> impl Iterator<Item = T> {
    let found = list.0.unwrap_or_default().into_iter();
    found.filter_map(|object| object.0).take(MOST)
}

/// A time in ms; 0 for none and for what is none.
pub(super) fn time(time: Int) -> UnixMillis {
    time.0.unwrap_or(0).max(0)
}

pub(super) fn count(count: Int) -> u32 {
    u32::try_from(count.0.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
}

impl Session {
    /// Sends what takes one exchange.
    pub(super) fn post_question(&mut self, now: Now, call: Call, question: &Question) {
        match question {
            Question::Profile(uid) | Question::Picture(uid) => {
                let url = self.ajax(&format!("profile.php?id={uid}"));
                self.fetch(now, call, url);
            }
            Question::Search(text) => {
                let text: String = byte_serialize(text.as_bytes()).collect();
                let url = self.ajax(&format!("search.php?q={text}"));
                self.fetch(now, call, url);
            }
            Question::Notifications => {
                let url = self.ajax("notifications.php");
                self.fetch(now, call, url);
            }
            Question::History { with, since } => {
                let url = self.history_url(*with, &Pages::from(*since));
                self.fetch(now, call, url);
            }
            Question::SetPicture(picture) => {
                self.upload(now, call, "/pic_upload.php", picture.as_deref());
            }
            Question::Friend { uid, action } => {
                let uid = uid.to_string();
                let (path, fields) = match action {
                    FriendAction::Request(message) => (
                        "/ajax/profile/connect.php",
                        vec![("profile_id", uid.as_str()), ("message", message)],
                    ),
                    FriendAction::Accept => ("/ajax/profile/reqs.php", answer(&uid, "accept")),
                    FriendAction::Decline => ("/ajax/profile/reqs.php", answer(&uid, "reject")),
                    FriendAction::Remove => (
                        "/ajax/profile/removefriend.php",
                        vec![("uid", uid.as_str())],
                    ),
                };
                self.post(now, call, path, &fields);
            }
            Question::SetStatus(text) => {
                let field = match text {
                    Some(text) => ("status", text.as_str()),
                    None => ("clear", "1"),
                };
                self.post(now, call, "/ajax/updatestatus.php", &[field]);
            }
            Question::Poke(uid) => {
                let uid = uid.to_string();
                self.post(now, call, "/ajax/poke.php", &[("uid", &uid)]);
            }
            Question::SetName(name) => {
                self.post(now, call, "/ajax/fbchat/name.php", &[("name", name)]);
            }
            Question::SetPassword { old, new } => {
                let fields = [("old", old.reveal()), ("new", new.reveal())];
                self.post(now, call, "/ajax/fbchat/password.php", &fields);
            }
        }
    }

    /// A call of this project's own servers.
    pub(super) fn ajax(&self, call: &str) -> Url {
        let joint = if call.contains('?') { '&' } else { '?' };
        self.config
            .server
            .at(&format!("/ajax/fbchat/{call}{joint}__a=1"))
    }

    /// What the reply to a question of one exchange means.
    pub(super) fn judge_question(
        &mut self,
        question: &Question,
        request: RequestId,
        result: Result<Reply, TransportError>,
    ) -> Next {
        let judged = match question {
            Question::Profile(_) => self.profile(question, request, result),
            Question::Search(_) => {
                let payload = self.read::<SearchPayload>(question, result);
                payload.map(|payload| {
                    let people = objects(payload.results);
                    let people = people.filter_map(|found| found.person(self)).collect();
                    Next::from(Event::Search { request, people })
                })
            }
            Question::Notifications => {
                let payload = self.read::<NotificationsPayload>(question, result);
                payload.map(|payload| {
                    let notifications = payload.notifications();
                    Next::from(Event::Notifications {
                        request,
                        notifications,
                    })
                })
            }
            _ => {
                let outcome = self.read::<Outcome>(question, result);
                outcome.map(|outcome| self.done(question, request, outcome))
            }
        };
        judged.unwrap_or_else(|next| next)
    }

    fn profile(
        &self,
        question: &Question,
        request: RequestId,
        result: Result<Reply, TransportError>,
    ) -> Result<Next, Next> {
        let mut payload = self.read::<ProfilePayload>(question, result)?;
        let taken = |text: &mut Text| std::mem::take(text).0;
        let filled = |text: &mut Text| taken(text).filter(|text| !text.is_empty());
        let profile = Profile {
            first_name: taken(&mut payload.first_name).unwrap_or_default(),
            email: filled(&mut payload.email),
            status_text: filled(&mut payload.status),
            status_time: time(payload.status_time).saturating_mul(1000),
            member_since: time(payload.member_since),
            person: Person::default(),
        };
        let person = payload.person(self);
        let person = person.ok_or_else(|| Next::Fail(self.senseless(question)))?;
        let profile = Box::new(Profile { person, ..profile });
        Ok(Next::from(Event::Profile { request, profile }))
    }

    fn done(&mut self, question: &Question, request: RequestId, outcome: Outcome) -> Next {
        let refusal = match (question, outcome.result.0.as_deref()) {
            (Question::Poke(_), Some("pending")) => {
                "You have poked this person already; wait until they poke you back"
            }
            (Question::Friend { action, .. }, Some("none")) if *action == FriendAction::Remove => {
                "This person is none of your friends"
            }
            (Question::Friend { action, .. }, Some("friend"))
                if *action == FriendAction::Decline =>
            {
                "You are friends already; to end that, remove this friend"
            }
            _ => {
                let account = self.account.as_mut();
                let credentials = account.and_then(|account| account.credentials.as_mut());
                if let (Question::SetPassword { new, .. }, Some(credentials)) =
                    (question, credentials)
                {
                    credentials.password = new.clone();
                }
                return Next::from(Event::Done { request });
            }
        };
        Next::Fail(Problem::new(Status::Refused, refusal))
    }
}

fn answer<'a>(uid: &'a str, action: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("id", uid), ("action", action), ("type", "friend_connect")]
}
