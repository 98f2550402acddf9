//! The items of a user's channel that clients of XMPP get.

use serde::Deserialize;

use crate::attachment::Listed;
use crate::types::{Message, NoticeKind, Uid};

/// What is told to clients of XMPP. Pokes are not.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    Msg {
        msg: Text,
        from: Uid,
        to: Uid,
        #[serde(default)]
        attachments: Vec<Listed>,
    },
    Typ {
        st: u8,
        from: Uid,
    },
    GroupMsg(Line),
    Group(News),
    Ttyp {
        st: u8,
        from: Uid,
        to: Uid,
    },
    Presence {
        uid: Uid,
    },
    FriendRequest {
        uid: Uid,
        name: String,
        message: String,
    },
    Friend {
        uid: Uid,
        action: Action,
        /// Only of accounts that were deleted.
        username: Option<String>,
    },
    Status {
        uid: Uid,
    },
    Picture {
        uid: Uid,
    },
    Name {
        uid: Uid,
    },
    Block {
        uid: Uid,
        blocked: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Added,
    Removed,
}

/// The text of a message.
#[derive(Debug, Deserialize)]
pub struct Text {
    pub text: String,
    pub time: i64,
    #[serde(rename = "msgID")]
    pub msg_id: String,
}

/// A message to a group, as the channel brings it.
#[derive(Debug, Deserialize)]
pub struct Line {
    pub msg: Text,
    pub from: Uid,
    pub to: Uid,
    pub from_name: String,
    pub to_name: String,
    pub notice: Option<String>,
    #[serde(default)]
    pub uids: Vec<Uid>,
    #[serde(default)]
    pub attachments: Vec<Listed>,
}

/// What has changed about a group.
#[derive(Debug, Deserialize)]
pub struct News {
    pub gid: Uid,
    pub name: String,
    #[serde(default)]
    pub muted: Option<bool>,
    #[serde(default)]
    pub unread: Option<u8>,
}

impl Line {
    /// When it was stored, in ms.
    pub fn time(&self) -> i64 {
        self.msg.time
    }

    /// Whether it gives the group another name.
    pub fn is_name(&self) -> bool {
        self.notice.as_deref() == Some(NoticeKind::Renamed.name())
    }
}

impl From<&Message> for Line {
    fn from(message: &Message) -> Self {
        let notice = message.notice.as_ref();
        Line {
            msg: Text {
                text: message.text.clone(),
                time: message.time,
                msg_id: message.msg_id.clone(),
            },
            from: message.from,
            to: message.to,
            from_name: message.from_name.clone(),
            to_name: message.to_name.clone(),
            notice: notice.map(|notice| notice.kind.name().to_owned()),
            uids: notice.map(|notice| notice.uids.clone()).unwrap_or_default(),
            attachments: message.attachments.iter().map(Listed::from).collect(),
        }
    }
}
