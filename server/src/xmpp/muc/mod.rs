//! Group conversations as rooms (XEP-0045). Every member of a group is an occupant of its room, whether or not they are online: they get
//! everything that is said there. A client gets it once it has joined the room; joining and leaving concern the client alone.
//!
//! Rooms can only be entered by members, are never gone before the group is, and show who everybody is.

mod creation;
mod history;
mod membership;
mod messages;
mod presence;
mod requests;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Xmpp;
use super::errors::StanzaError;
use super::jid::Jid;
use super::session::Client;
use super::xml::{Element, ns};
use crate::attachment::Listed as File;
use crate::service::StoreError;
use crate::service::groups::{GroupError, Listed};
use crate::types::{Seq, Session, Uid, User};

/// The most rooms that a client can be creating.
const CREATING: usize = 10;

/// The rooms of a client.
#[derive(Default)]
pub struct Rooms {
    joined: BTreeMap<Uid, Room>,
    /// The addresses of rooms that the client has entered as the first one, and has not configured yet.
    creating: Vec<String>,
}

/// A room that a client has joined.
struct Room {
    /// The address under which the client has joined it.
    jid: String,
    /// The name of the group.
    name: String,
    /// Who is in it, as the client was told.
    occupants: Vec<Occupant>,
    /// The channel had everything below this number when the client joined.
    since: Seq,
    /// The times of the last messages that were there when the client joined. The channel may bring them again.
    known: Vec<i64>,
    /// What the client has sent, and has not come back to it yet.
    sent: Vec<Sent>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Occupant {
    uid: Uid,
    nick: String,
    username: String,
    is_owner: bool,
    /// The hash of their picture.
    picture: Option<String>,
}

/// A message that a client has sent to a room.
struct Sent {
    msg_id: String,
    /// The message with its ids, as it is shown to everybody.
    stanza: Element,
    text: String,
}

/// A message to a group, as the channel brings it.
#[derive(Debug, Deserialize)]
pub struct Line {
    msg: super::events::Text,
    from: Uid,
    to: Uid,
    from_name: String,
    to_name: String,
    notice: Option<String>,
    #[serde(default)]
    uids: Vec<Uid>,
    #[serde(default)]
    attachments: Vec<File>,
}

/// What has changed about a group.
#[derive(Debug, Deserialize)]
pub struct News {
    gid: Uid,
    name: String,
}

impl Xmpp {
    /// The domain of the rooms.
    pub fn rooms(&self) -> String {
        format!("rooms.{}", self.domain)
    }

    /// Whether an address is one of a room, or that of all of them.
    pub fn is_room(&self, jid: &Jid) -> bool {
        jid.domain.strip_prefix("rooms.") == Some(&self.domain)
    }

    /// The address of a group of those that a user has. It is the one with which its creator's client has made it, if the user has
    /// no earlier group that was called the same, else that of its number.
    pub fn room_address(&self, all: &[Listed], group: &Listed) -> String {
        let first = |label: &String| {
            let mut same = all.iter().filter(|one| one.label.as_ref() == Some(label));
            same.next().is_some_and(|first| first.gid == group.gid)
        };
        match group.label.as_ref().filter(|label| first(label)) {
            Some(label) => format!("{label}@{}", self.rooms()),
            None => format!("{}@{}", group.gid, self.rooms()),
        }
    }
}

impl From<GroupError> for StanzaError {
    fn from(error: GroupError) -> Self {
        let text = error.to_string();
        match error {
            GroupError::Unknown => Self::new("cancel", "item-not-found", text),
            GroupError::NotOwner => Self::new("auth", "forbidden", text),
            GroupError::NotFriends | GroupError::HasLeft | GroupError::Nobody => {
                Self::new("cancel", "not-allowed", text)
            }
            GroupError::TooManyMembers | GroupError::TooManyGroups | GroupError::TooOften(_) => {
                Self::new("wait", "resource-constraint", text)
            }
            GroupError::CreateId => Self::bad_request(),
            GroupError::Name(_) => Self::new("modify", "not-acceptable", text),
            GroupError::Store(error) => error.into(),
        }
    }
}

impl Room {
    fn occupant(&self, uid: Uid) -> Option<&Occupant> {
        self.occupants.iter().find(|occupant| occupant.uid == uid)
    }

    fn own(&self, nick: &str) -> Option<&Occupant> {
        self.occupants.iter().find(|occupant| occupant.nick == nick)
    }
}

impl Line {
    /// When it was stored, in ms.
    pub fn time(&self) -> i64 {
        self.msg.time
    }
}

impl Rooms {
    /// The client is not available any more, and has left all of them.
    pub fn clear(&mut self) {
        *self = Rooms::default();
    }

    /// The group of a room that the client has joined under this address.
    fn joined_as(&self, bare: &str) -> Option<Uid> {
        let mut joined = self.joined.iter();
        joined.find_map(|(gid, room)| (room.jid == bare).then_some(*gid))
    }
}

/// The members of a group with names that differ: who joined later is called by their user name as well.
fn occupants(members: &[User]) -> Vec<Occupant> {
    let mut occupants: Vec<Occupant> = Vec::new();
    for user in members {
        let nick = distinct(&user.name, &user.username, &occupants);
        occupants.push(Occupant {
            uid: user.uid,
            nick,
            username: user.username.clone(),
            is_owner: occupants.is_empty(),
            picture: user.picture.clone(),
        });
    }
    occupants
}

/// A name, followed by something else if somebody has it already.
fn distinct(name: &str, more: &str, occupants: &[Occupant]) -> String {
    let folded = name.to_lowercase();
    if occupants
        .iter()
        .any(|other| other.nick.to_lowercase() == folded)
    {
        format!("{name} ({more})")
    } else {
        name.to_owned()
    }
}

fn user_element() -> Element {
    Element::new("x", ns::MUC_USER)
}

fn status(code: &str) -> Element {
    Element::new("status", ns::MUC_USER).with("code", code)
}

impl Client {
    /// The group of the user whose room has this address.
    async fn find_room(&self, session: &Session, jid: &Jid) -> Result<Option<Listed>, StoreError> {
        let Some(local) = &jid.local else {
            return Ok(None);
        };
        let number = local.parse::<Uid>().ok();
        let listed = self.xmpp.services.groups.listed(session).await?;
        let mut listed = listed.into_iter();
        Ok(listed.find(|group| match number {
            Some(gid) => group.gid == gid,
            None => group.label.as_ref() == Some(local),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_with_one_name_have_different_nicks() {
        let member = |uid, name: &str, username: &str| User {
            uid: Uid(uid),
            email: String::new(),
            name: name.to_owned(),
            visible: true,
            picture: None,
            status: None,
            since: None,
            username: username.to_owned(),
        };
        let members = [
            member(1, "Ann", "ann"),
            member(2, "ann", "ann2"),
            member(3, "Bob", "bob"),
        ];
        let found = occupants(&members);
        let nicks: Vec<_> = found.iter().map(|one| one.nick.as_str()).collect();
        assert_eq!(nicks, ["Ann", "ann (ann2)", "Bob"]);
        assert!(found[0].is_owner && !found[1].is_owner);
    }
}
