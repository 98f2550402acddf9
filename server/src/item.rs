//! The JSON of single channel events (docs/protocol.md, Items).

use std::sync::Arc;

use serde::Serialize;

use crate::hub::Presence;
use crate::json;
use crate::types::{Message, Uid, User, first_word};

#[derive(Serialize)]
struct Body<'a> {
    text: &'a str,
    time: i64,
    #[serde(rename = "clientTime")]
    client_time: i64,
    #[serde(rename = "msgID")]
    msg_id: &'a str,
}

/// A message as an item; `history.php` repeats the time beside it.
#[derive(Serialize)]
pub struct MessageItem<'a> {
    r#type: &'static str,
    msg: Body<'a>,
    from: Uid,
    to: Uid,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    from_name: &'a str,
    to_name: &'a str,
    from_first_name: &'a str,
    to_first_name: &'a str,
}

impl<'a> MessageItem<'a> {
    /// The item for a channel.
    pub fn new(message: &'a Message) -> Self {
        MessageItem {
            r#type: "msg",
            msg: Body {
                text: &message.text,
                time: message.time,
                client_time: message.client_time,
                msg_id: &message.msg_id,
            },
            from: message.from,
            to: message.to,
            time: None,
            from_name: &message.from_name,
            to_name: &message.to_name,
            from_first_name: first_word(&message.from_name),
            to_first_name: first_word(&message.to_name),
        }
    }

    /// The item for `history.php`.
    pub fn in_history(message: &'a Message) -> Self {
        MessageItem {
            time: Some(message.time),
            ..MessageItem::new(message)
        }
    }
}

/// A message, ready for the wire.
pub fn message(message: &Message) -> Arc<str> {
    json::to_string(&MessageItem::new(message)).into()
}

// Structs, not maps: some old clients match text and rely on the order of members.
#[derive(Serialize)]
struct TypingItem {
    r#type: &'static str,
    st: u8,
    from: Uid,
    to: Uid,
}

#[derive(Serialize)]
struct PresenceItem {
    r#type: &'static str,
    uid: Uid,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_since: Option<i64>,
}

/// "X is typing" or "X stopped".
pub fn typing(from: Uid, to: Uid, typing: bool) -> Arc<str> {
    json::to_string(&TypingItem {
        r#type: "typ",
        st: u8::from(typing),
        from,
        to,
    })
    .into()
}

/// A friend's presence changed; an extension that old clients skip as an unknown type.
pub fn presence(uid: Uid, presence: Presence) -> Arc<str> {
    json::to_string(&PresenceItem {
        r#type: "presence",
        uid,
        state: presence.name(),
        idle_since: presence.idle_since(),
    })
    .into()
}

#[derive(Serialize)]
struct FriendRequestItem<'a> {
    r#type: &'static str,
    uid: Uid,
    name: &'a str,
    message: &'a str,
    time: i64,
}

/// Somebody wants to be friends.
pub fn friend_request(from: &User, message: &str, time: i64) -> Arc<str> {
    json::to_string(&FriendRequestItem {
        r#type: "friend_request",
        uid: from.uid,
        name: &from.name,
        message,
        time,
    })
    .into()
}

#[derive(Serialize)]
struct FriendItem<'a> {
    r#type: &'static str,
    uid: Uid,
    name: &'a str,
    action: &'static str,
}

/// Somebody is a friend now, or no longer.
pub fn friend(other: &User, added: bool) -> Arc<str> {
    json::to_string(&FriendItem {
        r#type: "friend",
        uid: other.uid,
        name: &other.name,
        action: if added { "added" } else { "removed" },
    })
    .into()
}

#[derive(Serialize)]
struct PictureItem<'a> {
    r#type: &'static str,
    uid: Uid,
    #[serde(rename = "thumbSrc")]
    thumb_src: &'a str,
}

/// Somebody has another picture. The URL is relative, as each client knows the server under a name of its own.
pub fn picture(uid: Uid, thumb_src: &str) -> Arc<str> {
    json::to_string(&PictureItem {
        r#type: "picture",
        uid,
        thumb_src,
    })
    .into()
}

#[derive(Serialize)]
struct StatusItem<'a> {
    r#type: &'static str,
    uid: Uid,
    text: &'a str,
    time: i64,
}

/// Somebody says something else about himself, or with an empty text nothing any more.
pub fn status(uid: Uid, text: &str, time: i64) -> Arc<str> {
    json::to_string(&StatusItem {
        r#type: "status",
        uid,
        text,
        time,
    })
    .into()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NameItem<'a> {
    r#type: &'static str,
    uid: Uid,
    name: &'a str,
    first_name: &'a str,
}

/// Somebody goes by another name.
pub fn name(uid: Uid, name: &str) -> Arc<str> {
    json::to_string(&NameItem {
        r#type: "name",
        uid,
        name,
        first_name: first_word(name),
    })
    .into()
}

#[derive(Serialize)]
struct PokeItem<'a> {
    r#type: &'static str,
    uid: Uid,
    name: &'a str,
    time: i64,
}

/// Somebody pokes. Not `from`, by which old clients would take him for being online.
pub fn poke(from: &User, time: i64) -> Arc<str> {
    json::to_string(&PokeItem {
        r#type: "poke",
        uid: from.uid,
        name: &from.name,
        time,
    })
    .into()
}

#[derive(Serialize)]
struct InboxItem {
    r#type: &'static str,
    unseen: i64,
}

/// How many conversations have messages that were not read.
pub fn inbox(unseen: i64) -> Arc<str> {
    json::to_string(&InboxItem {
        r#type: "inbox",
        unseen,
    })
    .into()
}
