//! The JSON of single channel events (docs/protocol.md, Items).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::json;
use crate::types::{Message, Presence, Uid, User, first_word};

/// An event. Old clients match text, so the order of the members counts: the type comes first, the rest as declared.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Item<'a> {
    #[serde(rename = "msg")]
    Message(MessageBody<'a>),
    #[serde(rename = "typ")]
    Typing { st: u8, from: Uid, to: Uid },
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

impl<'a> MessageBody<'a> {
    fn new(message: &'a Message, time: Option<i64>) -> Self {
        MessageBody {
            msg: Text {
                text: &message.text,
                time: message.time,
                client_time: message.client_time,
                msg_id: &message.msg_id,
            },
            from: message.from,
            to: message.to,
            time,
            from_name: &message.from_name,
            to_name: &message.to_name,
            from_first_name: first_word(&message.from_name),
            to_first_name: first_word(&message.to_name),
        }
    }
}

/// A message as `history.php` lists it: the item of the channel with the time repeated beside the text.
pub fn in_history(message: &Message) -> impl Serialize {
    Item::Message(MessageBody::new(message, Some(message.time)))
}

/// The size of a message as `history.php` lists it.
pub fn history_size(message: &Message) -> usize {
    json::to_string(&in_history(message)).len()
}

/// A message.
pub fn message(message: &Message) -> Arc<str> {
    Item::Message(MessageBody::new(message, None)).json()
}

/// A user started or stopped typing.
pub fn typing(from: Uid, to: Uid, typing: bool) -> Arc<str> {
    let st = u8::from(typing);
    Item::Typing { st, from, to }.json()
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

/// The number of conversations with unread messages.
pub fn inbox(unseen: i64) -> Arc<str> {
    Item::Inbox { unseen }.json()
}

/// Whether an item comes from or is about one of these users. That a friendship has ended is about both, and concerns who is left.
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
            users.kind != "friend"
                && all
                    .into_iter()
                    .flatten()
                    .any(|uid| uids.contains(&Uid(uid)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            client_time: 7,
            time: 9,
            id: 1,
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
            (inbox(2), r#"{"type":"inbox","unseen":2}"#.into()),
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
            (status(Uid(1), "x:7", 7), false),
            (inbox(7), false),
        ] {
            assert_eq!(is_about(&item, &gone), about, "{item}");
        }
    }
}
