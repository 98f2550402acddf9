//! Which rooms a client has joined, and who is in them. What is done in rooms is in `muc`.

use std::collections::BTreeMap;

use super::xml::Element;
use crate::metrics::Counted;
use crate::types::{Seq, Uid, User};

/// The most rooms that a client can be creating.
pub const CREATING: usize = 10;

/// The rooms of a client.
#[derive(Default)]
pub struct Rooms {
    pub joined: BTreeMap<Uid, Room>,
    /// The addresses of rooms that the client has entered as the first one, and has not configured yet.
    pub creating: Vec<String>,
}

/// A room that a client has joined.
pub struct Room {
    /// The address under which the client has joined it.
    pub jid: String,
    /// The name of the group.
    pub name: String,
    /// Who is in it, as the client was told.
    pub occupants: Vec<Occupant>,
    /// The channel had everything below this number when the client joined.
    pub since: Seq,
    /// The times of the last messages that were there when the client joined. The channel may bring them again.
    pub known: Vec<i64>,
    /// What the client has sent, and has not come back to it yet.
    pub sent: Vec<Sent>,
    /// Counts it as long as it is joined.
    pub _counted: Counted,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    pub uid: Uid,
    pub nick: String,
    pub username: String,
    pub is_owner: bool,
    /// The hash of their picture.
    pub picture: Option<String>,
}

/// A message that a client has sent to a room.
pub struct Sent {
    pub msg_id: String,
    /// The message with its ids, as it is shown to everybody.
    pub stanza: Element,
    pub text: String,
}

impl Room {
    pub fn occupant(&self, uid: Uid) -> Option<&Occupant> {
        self.occupants.iter().find(|occupant| occupant.uid == uid)
    }

    pub fn called(&self, nick: &str) -> Option<&Occupant> {
        self.occupants.iter().find(|occupant| occupant.nick == nick)
    }
}

impl Rooms {
    /// The client is not available any more, and has left all of them.
    pub fn clear(&mut self) {
        *self = Rooms::default();
    }

    /// A message to a group was refused. It does not come back to the client.
    pub fn not_sent(&mut self, gid: Uid, msg_id: &str) {
        if let Some(room) = self.joined.get_mut(&gid) {
            room.sent.retain(|sent| sent.msg_id != msg_id);
        }
    }

    /// The group of a room that the client has joined under this address.
    pub fn joined_as(&self, bare: &str) -> Option<Uid> {
        let mut joined = self.joined.iter();
        joined.find_map(|(gid, room)| (room.jid == bare).then_some(*gid))
    }
}

/// The members of a group with distinct names: of two with the same name, the one who joined later also gets their user name.
pub fn occupants(members: &[User]) -> Vec<Occupant> {
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

/// A name, with a suffix if it is taken.
pub fn distinct(name: &str, more: &str, occupants: &[Occupant]) -> String {
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
