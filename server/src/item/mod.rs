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
        /// Set if the account no longer exists, so that its name cannot be looked up.
        #[serde(skip_serializing_if = "Option::is_none")]
        username: Option<&'a str>,
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
        username: None,
    }
    .json()
}

/// The account of a friend was deleted.
pub fn deleted_friend(friend: &User) -> Arc<str> {
    Item::Friend {
        uid: friend.uid,
        name: &friend.name,
        action: "removed",
        username: Some(&friend.username),
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
mod tests;
