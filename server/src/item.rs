//! The JSON of single channel events (docs/protocol.md, Items).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attachment::InItem;
use crate::json;
use crate::types::{Message, Presence, Uid, User, first_word};

/// What changed about a group, for a member or a former member.
#[derive(Default)]
pub struct GroupNews<'a> {
    /// The members who were added, or all of them for a member who is new.
    pub added: Vec<(Uid, &'a str)>,
    /// The members who are gone.
    pub removed: Vec<Uid>,
    /// Whether the one who is told has muted the group, if that has changed.
    pub muted: Option<bool>,
    /// Whether the one who is told has read everything in it since they were told last.
    pub read: bool,
    /// Whether the one who is told is no member any more.
    pub gone: bool,
}

/// An event. Old clients match text, so the order of the members counts: the type comes first, the rest as declared.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Item<'a> {
    #[serde(rename = "msg")]
    Message(MessageBody<'a>),
    #[serde(rename = "typ")]
    Typing { st: u8, from: Uid, to: Uid },
    #[serde(rename = "group_msg")]
    GroupMessage(GroupMessageBody<'a>),
    #[serde(rename = "group")]
    Group {
        gid: Uid,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        owner: Option<Uid>,
        added: Vec<Person<'a>>,
        removed: &'a [Uid],
        #[serde(skip_serializing_if = "Option::is_none")]
        muted: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unread: Option<u8>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        gone: bool,
    },
    /// Typing in a group has a type of its own: old clients would show `typ` in the window of the two.
    #[serde(rename = "ttyp")]
    GroupTyping { st: u8, from: Uid, to: Uid },
    #[serde(rename = "presence")]
    Presence {
        uid: Uid,
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        idle_since: Option<i64>,
    },
    #[serde(rename = "friend_request")]
    FriendRequest {
        uid: Uid,
        name: &'a str,
        message: &'a str,
        time: i64,
    },
    #[serde(rename = "friend")]
    Friend {
        uid: Uid,
        name: &'a str,
        action: &'static str,
    },
    #[serde(rename = "picture", rename_all = "camelCase")]
    Picture { uid: Uid, thumb_src: &'a str },
    #[serde(rename = "status")]
    Status { uid: Uid, text: &'a str, time: i64 },
    #[serde(rename = "name", rename_all = "camelCase")]
    Name {
        uid: Uid,
        name: &'a str,
        first_name: &'a str,
    },
    #[serde(rename = "poke")]
    Poke { uid: Uid, name: &'a str, time: i64 },
    #[serde(rename = "block")]
    Block {
        uid: Uid,
        name: &'a str,
        blocked: bool,
    },
    #[serde(rename = "inbox")]
    Inbox { unseen: i64 },
}

impl Item<'_> {
    fn json(&self) -> Arc<str> {
        json::to_string(self).into()
    }
}

#[derive(Serialize)]
struct MessageBody<'a> {
    msg: Text<'a>,
    from: Uid,
    to: Uid,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    from_name: &'a str,
    to_name: &'a str,
    from_first_name: &'a str,
    to_first_name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<InItem<'a>>,
}

#[derive(Serialize)]
struct GroupMessageBody<'a> {
    msg: Text<'a>,
    from: Uid,
    to: Uid,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    from_name: &'a str,
    to_name: &'a str,
    from_first_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uids: Option<&'a [Uid]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<InItem<'a>>,
}

#[derive(Serialize)]
struct Person<'a> {
    uid: Uid,
    name: &'a str,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
    time: i64,
    #[serde(rename = "clientTime")]
    client_time: i64,
    #[serde(rename = "msgID")]
    msg_id: &'a str,
}

impl<'a> Text<'a> {
    fn new(message: &'a Message) -> Self {
        Text {
            text: &message.text,
            time: message.time,
            client_time: message.client_time,
            msg_id: &message.msg_id,
        }
    }
}

impl<'a> GroupMessageBody<'a> {
    fn new(message: &'a Message, time: Option<i64>) -> Self {
        let notice = message.notice.as_ref();
        GroupMessageBody {
            msg: Text::new(message),
            from: message.from,
            to: message.to,
            time,
            from_name: &message.from_name,
            to_name: &message.to_name,
            from_first_name: first_word(&message.from_name),
            notice: notice.map(|notice| notice.kind.name()),
            uids: notice.map(|notice| &*notice.uids),
            attachments: message.attachments.iter().map(InItem::from).collect(),
        }
    }
}

impl<'a> Item<'a> {
    fn of_message(message: &'a Message, time: Option<i64>) -> Self {
        if message.to.is_group() {
            Item::GroupMessage(GroupMessageBody::new(message, time))
        } else {
            Item::Message(MessageBody::new(message, time))
        }
    }
}

impl<'a> MessageBody<'a> {
    fn new(message: &'a Message, time: Option<i64>) -> Self {
        MessageBody {
            msg: Text::new(message),
            from: message.from,
            to: message.to,
            time,
            from_name: &message.from_name,
            to_name: &message.to_name,
            from_first_name: first_word(&message.from_name),
            to_first_name: first_word(&message.to_name),
            attachments: message.attachments.iter().map(InItem::from).collect(),
        }
    }
}

/// A message as `history.php` lists it: the item of the channel with the time repeated beside the text.
pub fn in_history(message: &Message) -> impl Serialize {
    Item::of_message(message, Some(message.time))
}

/// The size of a message as `history.php` lists it.
pub fn history_size(message: &Message) -> usize {
    json::to_string(&in_history(message)).len()
}

/// A message.
pub fn message(message: &Message) -> Arc<str> {
    Item::of_message(message, None).json()
}

/// Something about a group has changed. Clients may apply it twice: it says who belongs to the group and who does not. Who is no
/// member any more does not learn who owns it.
pub fn group(gid: Uid, name: &str, owner: Option<Uid>, news: &GroupNews<'_>) -> Arc<str> {
    let added = news.added.iter();
    Item::Group {
        gid,
        name,
        owner: owner.filter(|_| !news.gone),
        added: added
            .map(|(uid, name)| Person { uid: *uid, name })
            .collect(),
        removed: &news.removed,
        muted: news.muted,
        unread: news.read.then_some(0),
        gone: news.gone,
    }
    .json()
}

/// A user started or stopped typing.
pub fn typing(from: Uid, to: Uid, typing: bool) -> Arc<str> {
    let st = u8::from(typing);
    if to.is_group() {
        Item::GroupTyping { st, from, to }.json()
    } else {
        Item::Typing { st, from, to }.json()
    }
}

/// A friend's presence changed; an extension, whose type old clients do not know and skip.
pub fn presence(uid: Uid, presence: Presence) -> Arc<str> {
    Item::Presence {
        uid,
        state: presence.name(),
        idle_since: presence.idle_since(),
    }
    .json()
}

/// A user asks to be friends.
pub fn friend_request(from: &User, message: &str, time: i64) -> Arc<str> {
    Item::FriendRequest {
        uid: from.uid,
        name: &from.name,
        message,
        time,
    }
    .json()
}

/// A user became a friend, or stopped being one.
pub fn friend(uid: Uid, name: &str, added: bool) -> Arc<str> {
    Item::Friend {
        uid,
        name,
        action: if added { "added" } else { "removed" },
    }
    .json()
}

/// A user has a new picture, or none. The URL is relative, because each client may know the server by another name.
pub fn picture(uid: Uid, hash: Option<&str>) -> Arc<str> {
    Item::Picture {
        uid,
        thumb_src: &picture_path(uid, hash),
    }
    .json()
}

/// The path of a user's small picture by its hash. With `n` in place of `q` it is the large one; here both are the same.
pub fn picture_path(uid: Uid, hash: Option<&str>) -> String {
    match hash {
        Some(hash) => format!("/pics/q{uid}_{hash}.jpg"),
        None => "/pics/q_silhouette.gif".to_owned(),
    }
}

/// A user has a new status, or with an empty text none.
pub fn status(uid: Uid, text: &str, time: i64) -> Arc<str> {
    Item::Status { uid, text, time }.json()
}

/// A user has a new name.
pub fn name(uid: Uid, name: &str) -> Arc<str> {
    Item::Name {
        uid,
        name,
        first_name: first_word(name),
    }
    .json()
}

/// A user pokes. The member is not called `from`, because old clients take every `from` for a sign that the user is online.
pub fn poke(from: &User, time: i64) -> Arc<str> {
    Item::Poke {
        uid: from.uid,
        name: &from.name,
        time,
    }
    .json()
}

/// The user has blocked or unblocked somebody; for their own clients only.
pub fn block(uid: Uid, name: &str, blocked: bool) -> Arc<str> {
    Item::Block { uid, name, blocked }.json()
}

/// The number of conversations with unread messages.
pub fn inbox(unseen: i64) -> Arc<str> {
    Item::Inbox { unseen }.json()
}

/// Whether an item comes from or is about one of these users. That a friendship or a block has ended concerns who is left.
pub fn is_about(item: &str, uids: &[Uid]) -> bool {
    #[derive(Deserialize)]
    struct Users<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        from: Option<i64>,
        to: Option<i64>,
        uid: Option<i64>,
    }
    // Most items are about others, which is found out faster in the text.
    uids.iter().any(|uid| item.contains(&format!(":{uid}")))
        && serde_json::from_str::<Users<'_>>(item).is_ok_and(|users| {
            let all = [users.from, users.to, users.uid];
            !matches!(users.kind, "friend" | "block")
                && all
                    .into_iter()
                    .flatten()
                    .any(|uid| uids.contains(&Uid(uid)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Notice, NoticeKind};

    /// Byte for byte, because old clients cut items apart with patterns.
    #[test]
    fn items_have_their_members_in_the_order_of_2008() {
        let message_with_id = Message {
            from: Uid(1),
            to: Uid(2),
            from_name: "Al Ex".into(),
            to_name: "Bo".into(),
            text: "hi".into(),
            msg_id: "-5".into(),
            notice: None,
            attachments: Vec::new(),
            client_time: 7,
            time: 9,
            id: 1,
        };
        let in_group = Message {
            to: Uid(1_000_000_000),
            ..message_with_id.clone()
        };
        let notice = Message {
            notice: Some(Notice {
                kind: NoticeKind::Added,
                uids: vec![Uid(2), Uid(3)],
            }),
            ..in_group.clone()
        };
        let in_group_text =
            r#""msg":{"text":"hi","time":9,"clientTime":7,"msgID":"-5"},"from":1,"to":1000000000"#;
        let group_names = r#""from_name":"Al Ex","to_name":"Bo","from_first_name":"Al""#;
        let news = GroupNews {
            added: vec![(Uid(3), "Cy D")],
            removed: vec![Uid(2)],
            ..GroupNews::default()
        };
        let gone = GroupNews {
            muted: Some(false),
            read: true,
            gone: true,
            ..GroupNews::default()
        };
        let text = r#""msg":{"text":"hi","time":9,"clientTime":7,"msgID":"-5"},"from":1,"to":2"#;
        let names =
            r#""from_name":"Al Ex","to_name":"Bo","from_first_name":"Al","to_first_name":"Bo"}"#;
        let user = User {
            uid: Uid(3),
            email: "c@x".into(),
            name: "Cy D".into(),
            visible: true,
            picture: None,
            status: None,
            since: None,
            username: String::new(),
        };
        for (made, expected) in [
            (
                message(&message_with_id),
                format!(r#"{{"type":"msg",{text},{names}"#),
            ),
            (
                json::to_string(&in_history(&message_with_id)).into(),
                format!(r#"{{"type":"msg",{text},"time":9,{names}"#),
            ),
            (
                typing(Uid(1), Uid(2), true),
                r#"{"type":"typ","st":1,"from":1,"to":2}"#.into(),
            ),
            (
                presence(Uid(1), Presence::Idle { since: 5 }),
                r#"{"type":"presence","uid":1,"state":"idle","idle_since":5}"#.into(),
            ),
            (
                presence(Uid(1), Presence::Active),
                r#"{"type":"presence","uid":1,"state":"active"}"#.into(),
            ),
            (
                friend_request(&user, "m", 4),
                r#"{"type":"friend_request","uid":3,"name":"Cy D","message":"m","time":4}"#.into(),
            ),
            (
                friend(Uid(3), "Cy D", true),
                r#"{"type":"friend","uid":3,"name":"Cy D","action":"added"}"#.into(),
            ),
            (
                picture(Uid(1), Some("ab")),
                r#"{"type":"picture","uid":1,"thumbSrc":"\/pics\/q1_ab.jpg"}"#.into(),
            ),
            (
                status(Uid(1), "s", 4),
                r#"{"type":"status","uid":1,"text":"s","time":4}"#.into(),
            ),
            (
                name(Uid(1), "Al Ex"),
                r#"{"type":"name","uid":1,"name":"Al Ex","firstName":"Al"}"#.into(),
            ),
            (
                poke(&user, 4),
                r#"{"type":"poke","uid":3,"name":"Cy D","time":4}"#.into(),
            ),
            (
                block(Uid(3), "Cy D", true),
                r#"{"type":"block","uid":3,"name":"Cy D","blocked":true}"#.into(),
            ),
            (inbox(2), r#"{"type":"inbox","unseen":2}"#.into()),
            (
                message(&in_group),
                format!(r#"{{"type":"group_msg",{in_group_text},{group_names}}}"#),
            ),
            (
                json::to_string(&in_history(&notice)).into(),
                format!(
                    r#"{{"type":"group_msg",{in_group_text},"time":9,{group_names},"notice":"added","uids":[2,3]}}"#
                ),
            ),
            (
                group(Uid(1_000_000_000), "G", Some(Uid(1)), &news),
                r#"{"type":"group","gid":1000000000,"name":"G","owner":1,"added":[{"uid":3,"name":"Cy D"}],"removed":[2]}"#.into(),
            ),
            (
                group(Uid(1_000_000_000), "G", Some(Uid(1)), &gone),
                r#"{"type":"group","gid":1000000000,"name":"G","added":[],"removed":[],"muted":false,"unread":0,"gone":true}"#.into(),
            ),
            (
                typing(Uid(1), Uid(1_000_000_000), true),
                r#"{"type":"ttyp","st":1,"from":1,"to":1000000000}"#.into(),
            ),
        ] {
            assert_eq!(*made, *expected);
        }
    }

    #[test]
    fn items_of_a_user_are_recognised() {
        let gone = [Uid(7), Uid(12)];
        for (item, about) in [
            (typing(Uid(12), Uid(1), true), true),
            (typing(Uid(1), Uid(7), true), true),
            (typing(Uid(1), Uid(72), true), false),
            (presence(Uid(7), Presence::Active), true),
            (friend(Uid(7), "A", false), false),
            (block(Uid(7), "A", false), false),
            (status(Uid(1), "x:7", 7), false),
            (inbox(7), false),
        ] {
            assert_eq!(is_about(&item, &gone), about, "{item}");
        }
    }
}
