//! Items of the channel, of history and of lists, as they come (docs/protocol.md, Items).

use crate::protocol::wire::json::{Flag, Int, List, Object, Text};
use serde::Deserialize;

/// What an item tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Text")]
pub enum Kind {
    #[default]
    Absent,
    Message,
    GroupMessage,
    Typing,
    GroupTyping,
    Presence,
    Status,
    Picture,
    Name,
    FriendRequest,
    Friend,
    Block,
    Group,
    Inbox,
    Poke,
    /// There were new ones every year.
    Unknown,
}

impl Kind {
    pub fn of(name: &str) -> Self {
        match name {
            "msg" | "offline_msg" => Kind::Message,
            "group_msg" => Kind::GroupMessage,
            "typ" => Kind::Typing,
            "ttyp" => Kind::GroupTyping,
            "presence" => Kind::Presence,
            "status" => Kind::Status,
            "picture" => Kind::Picture,
            "name" => Kind::Name,
            "friend_request" => Kind::FriendRequest,
            "friend" => Kind::Friend,
            "block" => Kind::Block,
            "group" => Kind::Group,
            "inbox" => Kind::Inbox,
            "poke" => Kind::Poke,
            _ => Kind::Unknown,
        }
    }
}

impl From<Text> for Kind {
    fn from(name: Text) -> Self {
        name.0.as_deref().map_or(Kind::Absent, Kind::of)
    }
}

/// One item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Item {
    #[serde(rename = "type")]
    pub kind: Kind,
    pub from: Int,
    pub to: Int,
    pub from_name: Text,
    pub to_name: Text,
    pub msg: Object<ItemText>,
    /// History puts the time here.
    pub time: Int,
    pub st: Int,
    pub uid: Int,
    pub state: Text,
    pub visibility: Flag,
    pub truncated: Flag,
    pub text: Text,
    pub name: Text,
    #[serde(rename = "firstName")]
    pub first_name: Text,
    pub message: Text,
    pub action: Text,
    #[serde(rename = "thumbSrc")]
    pub thumb_src: Text,
    pub unseen: Int,
    pub blocked: Flag,
    pub idle_since: Int,
    pub gid: Int,
    pub owner: Int,
    pub added: List<Object<ItemPerson>>,
    pub removed: List<Int>,
    pub muted: Flag,
    pub unread: Int,
    pub gone: Flag,
    pub notice: Text,
    pub uids: List<Int>,
    pub attachments: List<Object<ItemFile>>,
}

/// Somebody whom an item names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ItemPerson {
    pub uid: Int,
    pub name: Text,
}

/// The text part of a message item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ItemText {
    pub text: Text,
    pub time: Int,
    #[serde(rename = "msgID")]
    pub message_id: Text,
    pub truncated: Flag,
}

/// A file that was sent with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ItemFile {
    pub id: Text,
    #[serde(rename = "type")]
    pub kind: Text,
    pub name: Text,
    pub size: Int,
    pub mime: Text,
    pub url: Text,
    pub width: Int,
    pub height: Int,
}
