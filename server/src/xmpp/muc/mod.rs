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

use super::Xmpp;
use super::errors::StanzaError;
use super::jid::Jid;
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::groups::{GroupError, Listed};
use crate::types::{Session, Uid, User};

impl Xmpp {
    /// The domain of the rooms.
    pub fn rooms(&self) -> String {
        format!("rooms.{}", self.domain)
    }

    /// Whether an address is that of a room, or of the service of all rooms.
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

fn user_element() -> Element {
    Element::new("x", ns::MUC_USER)
}

fn status(code: &str) -> Element {
    Element::new("status", ns::MUC_USER).with("code", code)
}

/// The client is not in the room.
fn not_joined() -> StanzaError {
    StanzaError::new(
        "cancel",
        "not-acceptable",
        "You have not joined this room with this client.",
    )
}

/// The user is in no such group, which may or may not exist.
fn not_a_member() -> StanzaError {
    let text = "You are not in this group. Ask one of its members to add you.";
    StanzaError::new("auth", "registration-required", text)
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

    async fn group_members(&self, session: &Session, gid: Uid) -> Result<Vec<User>, GroupError> {
        self.xmpp.services.groups.members(session, gid).await
    }
}
