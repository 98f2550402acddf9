//! What the items of the channel say (docs/protocol.md, Items).

use crate::protocol::wire::channel_reply::Item;
use crate::protocol::wire::json::{count, time};
use crate::types::{FriendRequest, Message, Origin, Presence, Uid, UnixMillis};

/// What one item says.
#[derive(Debug)]
pub enum Notice {
    Message(Message),
    Typing {
        from: Uid,
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
    Inbox(u32),
    Poke {
        from: Uid,
        name: String,
        time: UnixMillis,
    },
}

/// Reads an item. `None` if its type is unknown, which is normal since there were new ones every year, or if it says nothing.
pub fn read(item: Item, own: Uid) -> Option<Notice> {
    let kind = item.kind.0.as_deref().unwrap_or_default();
    let uid = item.uid.id().map(Uid);
    Some(match kind {
        "msg" | "offline_msg" => Notice::Message(message_from(item, own)?),
        "typ" => Notice::Typing {
            from: item.from.id().map(Uid).filter(|&from| from != own)?,
            typing: item.st.0 == Some(1),
        },
        "presence" => Notice::Presence {
            presence: match item.state.0.as_deref() {
                Some("active") => Presence::Active,
                Some("idle") => Presence::Idle,
                Some("offline") => Presence::Offline,
                _ => return None,
            },
            uid: uid.filter(|&uid| uid != own)?,
            idle_since: time(item.idle_since),
        },
        "status" | "picture" | "name" if uid? == own => Notice::OwnChange,
        "status" => {
            let text = item.text.0.filter(|text| !text.is_empty());
            // Buddy lists have the time in seconds.
            let set = time(item.time).div_euclid(1000).saturating_mul(1000);
            Notice::Status {
                uid: uid?,
                time: if text.is_some() { set } else { 0 },
                text,
            }
        }
        "picture" => Notice::Picture {
            uid: uid?,
            reference: item.thumb_src.0,
        },
        "name" => Notice::Name {
            uid: uid?,
            name: item.name.0.filter(|name| !name.is_empty())?,
            first_name: item.first_name.or_empty(),
        },
        "friend_request" => Notice::FriendRequest(FriendRequest {
            uid: uid?,
            name: item.name.or_empty(),
            message: item.message.or_empty(),
            time: time(item.time),
        }),
        "friend" => Notice::Friendship {
            uid: uid?,
            began: match item.action.0.as_deref() {
                Some("added") => true,
                Some("removed") => false,
                _ => return None,
            },
            name: item.name.or_empty(),
        },
        "block" => Notice::Block {
            uid: uid?,
            name: item.name.or_empty(),
            blocked: item.blocked.0?,
        },
        "inbox" => Notice::Inbox(count(item.unseen)),
        "poke" => Notice::Poke {
            from: uid?,
            name: item.name.or_empty(),
            time: time(item.time),
        },
        _ => return None,
    })
}

/// Reads a message out of an item of the channel or of a history. `None` for everything else, and for a text that is cut
/// short, since the whole text follows in another item.
pub fn message_from(item: Item, own: Uid) -> Option<Message> {
    let kind = item.kind.0.as_deref();
    if kind.is_some_and(|kind| kind != "msg" && kind != "offline_msg") {
        return None;
    }
    let body = item.msg.0?;
    if item.truncated.0 == Some(true) || body.truncated.0 == Some(true) {
        return None;
    }
    let from = Uid(item.from.id()?);
    let to = item.to.id().map_or(own, Uid);
    Some(Message {
        from,
        to,
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
