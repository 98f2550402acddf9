//! Queries that take one exchange: what they send, and what their replies contain (docs/protocol.md, Status to Accounts).

use crate::protocol::answer::{self, Failure};
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::json::{Flag, Int, List, Object, Text, count, objects, time};
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{
    Event, FriendAction, Group, GroupChange, Member, Notification, NotificationKind, Notifications,
    Person, Profile, Query, Relation, RequestId, Uid, name_line,
};
use serde::Deserialize;
use std::sync::Arc;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// People or notifications taken from one reply; servers give no more.
const MOST: usize = 1_000;
/// The call that creates and changes groups.
const GROUPS: &str = "/ajax/fbchat/groups.php";

/// The reply to a change is one word.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    result: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CreatedPayload {
    gid: Int,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProfilePayload {
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
    fn person(self, web: &WebSession) -> Option<Person> {
        Some(Person {
            uid: Uid(self.uid.id()?),
            picture_url: self.picture_url(web),
            name: self.name.or_empty(),
            relation: relation(self.relation.0.as_deref()),
        })
    }

    fn picture_url(&self, web: &WebSession) -> Option<String> {
        web.picture_url(self.thumb_src.0.as_deref()?)
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

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BlockedPayload {
    blocked: List<Object<ProfilePayload>>,
}

fn people(list: List<Object<ProfilePayload>>, web: &WebSession) -> Vec<Person> {
    let people = objects(list, MOST);
    people.filter_map(|found| found.person(web)).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NotificationsPayload {
    unseen: Int,
    notifications: List<Object<NotificationEntry>>,
    inbox: Int,
    conversations: List<Object<NotificationEntry>>,
    groups: List<Object<NotificationEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NotificationEntry {
    kind: Text,
    uid: Int,
    gid: Int,
    muted: Flag,
    name: Text,
    time: Int,
    new: Flag,
    unread: Int,
}

impl NotificationEntry {
    fn notification(self, kind: NotificationKind) -> Option<Notification> {
        let (uid, is_messages) = match kind {
            NotificationKind::Messages => (self.uid, true),
            NotificationKind::Group => (self.gid, true),
            _ => (self.uid, false),
        };
        Some(Notification {
            kind,
            uid: Uid(uid.id()?),
            name: self.name.or_empty(),
            time: time(self.time),
            new: is_messages || self.new.0 == Some(true),
            unread: count(self.unread),
        })
    }
}

impl NotificationsPayload {
    fn notifications(self) -> Notifications {
        let conversations = objects(self.conversations, MOST)
            .filter_map(|entry| entry.notification(NotificationKind::Messages));
        let groups = objects(self.groups, MOST)
            .filter(|entry| entry.muted.0 != Some(true))
            .filter_map(|entry| entry.notification(NotificationKind::Group));
        let notifications = objects(self.notifications, MOST).filter_map(|entry| {
            let kind = match entry.kind.0.as_deref() {
                Some("friend_request") => NotificationKind::FriendRequest,
                Some("friend_added") => NotificationKind::FriendAdded,
                Some("poke") => NotificationKind::Poke,
                _ => return None,
            };
            entry.notification(kind)
        });
        Notifications {
            list: conversations.chain(groups).chain(notifications).collect(),
            unseen: count(self.unseen),
            inbox: count(self.inbox),
        }
    }
}

/// What the session is doing, for the middle of a sentence.
pub fn doing(query: &Query) -> &'static str {
    match query {
        Query::History { .. } => "asking for the history",
        Query::Picture(_) => "fetching a picture",
        Query::SetPicture(_) => "setting the picture",
        Query::Profile(_) => "asking for a profile",
        Query::Search(_) => "searching for people",
        Query::Friend { .. } => "changing a friendship",
        Query::SetStatus(_) => "setting the status",
        Query::Notifications => "asking for notifications",
        Query::Poke(_) => "poking",
        Query::Block { blocked: true, .. } => "blocking",
        Query::Block { blocked: false, .. } => "unblocking",
        Query::Blocked => "asking for those who are blocked",
        Query::CreateGroup { .. } => "creating a group",
        Query::ChangeGroup { .. } => "changing a group",
        Query::SetName(_) => "changing the name",
        Query::SetPassword { .. } => "changing the password",
    }
}

/// The request for somebody's profile.
pub fn profile_request(web: &WebSession, uid: Uid) -> Request {
    web.get_extension(&format!("profile.php?id={uid}"))
}

/// The request for a query. `None` for those that take several, which are histories and pictures.
pub fn request(web: &WebSession, rng: &mut fastrand::Rng, query: &Query) -> Option<Request> {
    Some(match query {
        Query::History { .. } | Query::Picture(_) => return None,
        Query::Profile(uid) => profile_request(web, *uid),
        Query::Search(text) => {
            let text: String = byte_serialize(text.as_bytes()).collect();
            web.get_extension(&format!("search.php?q={text}"))
        }
        Query::Notifications => web.get_extension("notifications.php"),
        Query::SetPicture(picture) => {
            let url = web.server().at("/pic_upload.php");
            Request::upload(url, web.form_id(), picture.as_deref(), rng.u128(..))
        }
        Query::Friend { uid, action } => {
            let uid = uid.to_string();
            let (path, fields) = match action {
                FriendAction::Request(message) => (
                    "/ajax/profile/connect.php",
                    vec![("profile_id", uid.as_str()), ("message", message)],
                ),
                FriendAction::Accept => ("/ajax/profile/reqs.php", reaction(&uid, "accept")),
                FriendAction::Decline => ("/ajax/profile/reqs.php", reaction(&uid, "reject")),
                FriendAction::Remove => (
                    "/ajax/profile/removefriend.php",
                    vec![("uid", uid.as_str())],
                ),
            };
            web.post(path, &fields)
        }
        Query::SetStatus(text) => {
            let field = match text {
                Some(text) => ("status", text.as_str()),
                None => ("clear", "1"),
            };
            web.post("/ajax/updatestatus.php", &[field])
        }
        Query::Poke(uid) => web.post("/ajax/poke.php", &[("uid", &uid.to_string())]),
        Query::Block { uid, blocked } => {
            let block = if *blocked { "1" } else { "0" };
            let fields = [("uid", &*uid.to_string()), ("block", block)];
            web.post("/ajax/fbchat/block.php", &fields)
        }
        Query::Blocked => web.get_extension("block.php"),
        Query::CreateGroup {
            name,
            members,
            create_id,
        } => {
            let members = members.iter().enumerate();
            let members: Vec<_> = members
                .map(|(place, uid)| (format!("ids[{place}]"), uid.to_string()))
                .collect();
            let create_id = create_id.to_string();
            let mut fields = vec![("create", name.as_str()), ("create_id", &create_id)];
            fields.extend(
                members
                    .iter()
                    .map(|(key, uid)| (key.as_str(), uid.as_str())),
            );
            web.post(GROUPS, &fields)
        }
        Query::ChangeGroup { gid, change } => {
            let gid = gid.to_string();
            let (key, value) = match change {
                GroupChange::Add(uid) => ("add[0]", uid.to_string()),
                GroupChange::Remove(uid) => ("remove", uid.to_string()),
                GroupChange::Leave => ("leave", "1".to_owned()),
                GroupChange::Mute(muted) => ("mute", u8::from(*muted).to_string()),
                GroupChange::Rename(name) => ("name", name.clone()),
            };
            web.post(GROUPS, &[("gid", &gid), (key, &value)])
        }
        Query::SetName(name) => web.post("/ajax/fbchat/name.php", &[("name", name)]),
        Query::SetPassword { old, new } => {
            let fields = [("old", old.reveal()), ("new", new.reveal())];
            web.post("/ajax/fbchat/password.php", &fields)
        }
    })
}

fn reaction<'a>(uid: &'a str, action: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("id", uid), ("action", action), ("type", "friend_connect")]
}

/// Reads the reply to a query of one exchange.
pub fn read(
    web: &WebSession,
    query: &Query,
    request: RequestId,
    outcome: Outcome,
) -> Result<Event, Failure> {
    match query {
        Query::Profile(_) => {
            let profile = profile(web, payload(web, query, outcome)?);
            let profile = profile.ok_or_else(|| no_answer(web, query))?;
            let profile = Box::new(profile);
            Ok(Event::Profile { request, profile })
        }
        Query::Search(_) => {
            let found: SearchPayload = payload(web, query, outcome)?;
            let people = people(found.results, web);
            Ok(Event::Search { request, people })
        }
        Query::Blocked => {
            let found: BlockedPayload = payload(web, query, outcome)?;
            let people = people(found.blocked, web);
            Ok(Event::Blocked { request, people })
        }
        Query::Notifications => {
            let found: NotificationsPayload = payload(web, query, outcome)?;
            let notifications = found.notifications();
            Ok(Event::Notifications {
                request,
                notifications,
            })
        }
        Query::CreateGroup { name, members, .. } => {
            let created: CreatedPayload = payload(web, query, outcome)?;
            let gid = created.gid.id().ok_or_else(|| no_answer(web, query))?;
            let member = |uid: Uid| {
                Arc::new(Member {
                    uid,
                    ..Member::default()
                })
            };
            let own = web.uid().unwrap_or(Uid(0));
            let all = std::iter::once(own).chain(members.iter().copied());
            let group = Arc::new(Group {
                gid: Uid(gid),
                name: name_line(name),
                owner: own,
                members: all.map(member).collect(),
                ..Group::default()
            });
            Ok(Event::Group {
                request: Some(request),
                group,
                gone: false,
            })
        }
        _ => {
            let change: Change = payload(web, query, outcome)?;
            match unchanged(query, change.result.0.as_deref()) {
                Some(why) => Err(Failure::Lost(Problem::new(Status::Refused, why))),
                None => Ok(Event::Done { request }),
            }
        }
    }
}

/// Reads the address of somebody's picture out of their profile.
pub fn read_picture_url(web: &WebSession, query: &Query, outcome: Outcome) -> Result<Url, Failure> {
    let profile: ProfilePayload = payload(web, query, outcome)?;
    let url = profile.picture_url(web);
    let url = url.and_then(|url| Url::parse(&url).ok());
    url.ok_or_else(|| no_answer(web, query))
}

fn payload<T: for<'b> Deserialize<'b> + Default>(
    web: &WebSession,
    query: &Query,
    outcome: Outcome,
) -> Result<T, Failure> {
    let payload = answer::read_explicit(&web.label(), outcome, doing(query))?;
    Ok(payload.unwrap_or_default())
}

fn no_answer(web: &WebSession, query: &Query) -> Failure {
    Failure::Lost(answer::not_an_answer(&web.label(), doing(query)))
}

fn profile(web: &WebSession, mut payload: ProfilePayload) -> Option<Profile> {
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
    let person = payload.person(web)?;
    Some(Profile { person, ..profile })
}

/// Why a change was accepted but changes nothing.
fn unchanged(query: &Query, result: Option<&str>) -> Option<&'static str> {
    let action = match query {
        Query::Friend { action, .. } => Some(action),
        _ => None,
    };
    match (query, action, result?) {
        (Query::Poke(_), _, "pending") => {
            Some("You have poked this person already; wait until they poke you back")
        }
        (_, Some(FriendAction::Remove), "none") => Some("This person is not your friend"),
        (_, Some(FriendAction::Decline), "friend") => {
            Some("You are friends already; to end that, remove this friend")
        }
        _ => None,
    }
}
