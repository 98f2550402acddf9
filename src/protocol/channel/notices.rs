//! What the items of the channel say (docs/protocol.md, Items).

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::groups::news::{self, GroupNews};
use crate::protocol::wire::item::{Item, ItemFile, Kind};
use crate::protocol::wire::json::{Int, List, count, objects, time};
use crate::types::{
    File, FileKind, FriendRequest, GroupNotice, Message, NoticeKind, Origin, Presence, Uid,
    UnixMillis, is_file_id, name_line,
};

/// Users whom one message of a group concerns; the rest is in its text.
const MOST_CONCERNED: usize = 100;
/// Files of one message; servers allow fewer.
const MOST_FILES: usize = 100;

/// What one item says.
#[derive(Debug)]
pub enum Notice {
    Message(Message),
    Typing {
        from: Uid,
        group: Option<Uid>,
        typing: bool,
    },
    Presence {
        uid: Uid,
        presence: Presence,
        idle_since: UnixMillis,
    },
    /// A friend has set a status, or removed it.
    Status {
        uid: Uid,
        text: Option<String>,
        time: UnixMillis,
    },
    Picture {
        uid: Uid,
        /// The address as the server wrote it.
        reference: Option<String>,
    },
    Name {
        uid: Uid,
        name: String,
        first_name: String,
    },
    /// The user has changed their own status, picture or name in another session.
    OwnChange,
    FriendRequest(FriendRequest),
    Friendship {
        uid: Uid,
        name: String,
        began: bool,
    },
    Block {
        uid: Uid,
        name: String,
        blocked: bool,
    },
    Group(GroupNews),
    Inbox(u32),
    Poke {
        from: Uid,
        name: String,
        time: UnixMillis,
    },
}

/// Reads an item. `None` if its type is unknown, which is normal since there were new ones every year, or if it says nothing.
pub fn read(item: Item, web: &WebSession, own: Uid) -> Option<Notice> {
    let uid = item.uid.id().map(Uid);
    Some(match item.kind {
        Kind::Message | Kind::GroupMessage => Notice::Message(message_from(item, web, own)?),
        Kind::Typing | Kind::GroupTyping => Notice::Typing {
            from: item.from.id().map(Uid).filter(|&from| from != own)?,
            group: match item.kind {
                Kind::GroupTyping => Some(Uid(item.to.id()?)),
                _ => None,
            },
            typing: item.st.0 == Some(1),
        },
        Kind::Presence => Notice::Presence {
            presence: match item.state.0.as_deref() {
                Some("active") => Presence::Active,
                Some("idle") => Presence::Idle,
                Some("offline") => Presence::Offline,
                _ => return None,
            },
            uid: uid.filter(|&uid| uid != own)?,
            idle_since: time(item.idle_since),
        },
        Kind::Status | Kind::Picture | Kind::Name if uid? == own => Notice::OwnChange,
        Kind::Status => {
            let text = item.text.0.filter(|text| !text.is_empty());
            // Buddy lists have the time in seconds.
            let set = time(item.time).div_euclid(1000).saturating_mul(1000);
            Notice::Status {
                uid: uid?,
                time: if text.is_some() { set } else { 0 },
                text,
            }
        }
        Kind::Picture => Notice::Picture {
            uid: uid?,
            reference: item.thumb_src.0,
        },
        Kind::Name => Notice::Name {
            uid: uid?,
            name: item.name.0.filter(|name| !name.is_empty())?,
            first_name: item.first_name.or_empty(),
        },
        Kind::FriendRequest => Notice::FriendRequest(FriendRequest {
            uid: uid?,
            name: item.name.or_empty(),
            message: item.message.or_empty(),
            time: time(item.time),
        }),
        Kind::Friend => Notice::Friendship {
            uid: uid?,
            began: match item.action.0.as_deref() {
                Some("added") => true,
                Some("removed") => false,
                _ => return None,
            },
            name: item.name.or_empty(),
        },
        Kind::Block => Notice::Block {
            uid: uid?,
            name: item.name.or_empty(),
            blocked: item.blocked.0?,
        },
        Kind::Group => Notice::Group(news::read(item)?),
        Kind::Inbox => Notice::Inbox(count(item.unseen)),
        Kind::Poke => Notice::Poke {
            from: uid?,
            name: item.name.or_empty(),
            time: time(item.time),
        },
        Kind::Absent | Kind::Unknown => return None,
    })
}

/// Reads a message out of an item of the channel or of a history. `None` for everything else, and for a text that is cut
/// short, since the whole text follows in another item.
pub fn message_from(item: Item, web: &WebSession, own: Uid) -> Option<Message> {
    let in_group = match item.kind {
        Kind::Absent | Kind::Message => false,
        Kind::GroupMessage => true,
        _ => return None,
    };
    let body = item.msg.0?;
    if item.truncated.0 == Some(true) || body.truncated.0 == Some(true) {
        return None;
    }
    let from = Uid(item.from.id()?);
    let to = match item.to.id() {
        Some(to) => Uid(to),
        None if in_group => return None,
        None => own,
    };
    Some(Message {
        from,
        to,
        in_group,
        notice: item
            .notice
            .0
            .filter(|_| in_group)
            .map(|kind| Box::new(group_notice(&kind, item.uids))),
        files: objects(item.attachments, MOST_FILES)
            .filter_map(|file| file_from(file, web))
            .collect(),
        from_name: item.from_name.or_empty(),
        to_name: item.to_name.or_empty(),
        text: body.text.0?,
        time: body.time.0.or(item.time.0).unwrap_or(0),
        message_id: body.message_id.or_empty(),
        origin: if from == own && to != own {
            Origin::OwnElsewhere
        } else {
            Origin::Incoming
        },
        replayed: false,
    })
}

/// `None` for a file that has no usable id, which could neither be opened nor downloaded.
fn file_from(file: ItemFile, web: &WebSession) -> Option<File> {
    let id = file.id.0.filter(|id| is_file_id(id))?;
    let name = name_line(&file.name.or_empty());
    let size = |points: Int| u32::try_from(points.id().unwrap_or(0)).unwrap_or(0);
    Some(File {
        url: web.file_url(&file.url.or_empty(), &id, &name),
        kind: match file.kind.0.as_deref() {
            Some("photo") => FileKind::Photo,
            _ => FileKind::Other,
        },
        size: file.size.id().unwrap_or(0),
        content_type: file.mime.or_empty(),
        width: size(file.width),
        height: size(file.height),
        id,
        name,
    })
}

fn group_notice(kind: &str, uids: List<Int>) -> GroupNotice {
    let uids = uids.0.unwrap_or_default().into_iter();
    GroupNotice {
        kind: match kind {
            "created" => NoticeKind::Created,
            "added" => NoticeKind::Added,
            "removed" => NoticeKind::Removed,
            "left" => NoticeKind::Left,
            "renamed" => NoticeKind::Renamed,
            _ => NoticeKind::Other,
        },
        uids: uids
            .filter_map(|uid| uid.id().map(Uid))
            .take(MOST_CONCERNED)
            .collect(),
    }
}
