//! Joining and leaving rooms, and who is in them.

use super::history::Wanted;
use super::{not_a_member, not_joined, status, user_element};
use crate::metrics::Counted;
use crate::service::StoreError;
use crate::service::groups::GroupError;
use crate::types::{Session, Uid};
use crate::xmpp::errors::StanzaError;
use crate::xmpp::jid::Jid;
use crate::xmpp::rooms::{CREATING, Occupant, Room, distinct, occupants};
use crate::xmpp::session::{Client, Fault, RESOURCE};
use crate::xmpp::xml::{Element, ns};

impl Client {
    /// Takes a presence for a room.
    pub async fn room_presence(&mut self, jid: &Jid, stanza: &Element) -> Result<(), Fault> {
        let session = self.session().await?;
        Ok(self.change_occupancy(&session, jid, stanza).await?)
    }

    async fn change_occupancy(
        &mut self,
        session: &Session,
        jid: &Jid,
        stanza: &Element,
    ) -> Result<(), StanzaError> {
        let joined = self.rooms.joined_as(&jid.bare());
        match stanza.attribute("type") {
            Some("unavailable") => {
                self.leave_room(jid, joined);
                return Ok(());
            }
            // Rooms have no subscriptions.
            Some(_) => return Ok(()),
            None => {}
        }
        let Some(nick) = &jid.resource else {
            let text = "Write the address of the room with a name: ROOM/NAME.";
            return Err(StanzaError::new("modify", "jid-malformed", text));
        };
        if let Some(x) = stanza.find("x", ns::MUC) {
            return self.join(session, jid, nick, x).await;
        }
        let Some(room) = joined.and_then(|gid| self.rooms.joined.get(&gid)) else {
            return Err(not_joined());
        };
        let own = room.occupant(self.uid).filter(|own| own.nick == *nick);
        let Some(own) = own else {
            let text = "Everybody has their own name here. Change yours in the settings.";
            return Err(StanzaError::new("cancel", "not-acceptable", text));
        };
        // The presence that others see does not depend on the room.
        let (room, own) = (room.jid.clone(), own.clone());
        self.tell_occupant(&room, &own, &["110"]).await;
        Ok(())
    }

    async fn join(
        &mut self,
        session: &Session,
        jid: &Jid,
        nick: &str,
        x: &Element,
    ) -> Result<(), StanzaError> {
        let Some(group) = self.find_room(session, jid).await? else {
            return self.begin_creation(jid, nick);
        };
        let (services, gid) = (self.xmpp.services.clone(), group.gid);
        // Taken before everything is read: later items may be read as well, earlier ones certainly are.
        let since = services.channels.next(self.uid);
        let members = services.groups.members(session, gid).await;
        let members = members.map_err(|error| match error {
            GroupError::Unknown => not_a_member(),
            error => error.into(),
        })?;
        let wanted = Wanted::read(x)?;
        let (known, messages) = self.last_messages(session, gid, wanted).await?;
        let room = Room {
            jid: jid.bare(),
            name: group.name,
            occupants: occupants(&members),
            since,
            known,
            sent: Vec::new(),
            _counted: Counted::by(&self.xmpp.metrics.rooms),
        };
        let own = self.uid;
        for occupant in room.occupants.iter().filter(|one| one.uid != own) {
            self.tell_occupant(&room.jid, occupant, &[]).await;
        }
        if let Some(own) = room.occupant(self.uid) {
            let codes: &[&str] = if own.nick == nick {
                &["100", "110"]
            } else {
                &["100", "110", "210"]
            };
            self.tell_occupant(&room.jid, own, codes).await;
        }
        self.tell_history(&room, messages);
        self.tell_subject(&room);
        self.rooms.joined.insert(gid, room);
        Ok(())
    }

    /// A client enters a room that its user does not have: it may be about to create it.
    fn begin_creation(&mut self, jid: &Jid, nick: &str) -> Result<(), StanzaError> {
        let local = jid.local.as_deref().unwrap_or_default();
        // Groups have their numbers from the server, and who is in none learns nothing of it.
        if local.is_empty() || local.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_member());
        }
        let bare = jid.bare();
        if !self.rooms.creating.contains(&bare) {
            if self.rooms.creating.len() >= CREATING {
                let text = "You are creating other rooms. Finish configuring them first.";
                return Err(StanzaError::new("wait", "resource-constraint", text));
            }
            self.rooms.creating.push(bare.clone());
        }
        let item = Element::new("item", ns::MUC_USER)
            .with("affiliation", "owner")
            .with("role", "moderator")
            .with("jid", self.full.as_str());
        let x = user_element()
            .child(item)
            .child(status("110"))
            .child(status("201"));
        let presence = Element::new("presence", ns::CLIENT)
            .with("from", format!("{bare}/{nick}"))
            .with("to", self.full.as_str())
            .child(x);
        self.send(&presence);
        Ok(())
    }

    fn leave_room(&mut self, jid: &Jid, joined: Option<Uid>) {
        let bare = jid.bare();
        self.rooms.creating.retain(|creating| *creating != bare);
        let Some(room) = joined.and_then(|gid| self.rooms.joined.remove(&gid)) else {
            return;
        };
        if let Some(own) = room.occupant(self.uid) {
            let affiliation = if own.is_owner { "owner" } else { "member" };
            self.tell_gone(&room.jid, own, affiliation, None);
        }
    }

    /// Tells the client that somebody is in a room.
    async fn tell_occupant(&mut self, room: &str, occupant: &Occupant, codes: &[&str]) {
        let (affiliation, role) = if occupant.is_owner {
            ("owner", "moderator")
        } else {
            ("member", "participant")
        };
        let item = Element::new("item", ns::MUC_USER)
            .with("affiliation", affiliation)
            .with("role", role)
            .with("jid", self.real_address(occupant));
        let x = user_element().child(item);
        let x = codes
            .iter()
            .map(|code| status(code))
            .fold(x, Element::child);
        let picture = occupant.picture.as_deref();
        let photo = self.xmpp.photo(occupant.uid, picture).await;
        let presence = Element::new("presence", ns::CLIENT)
            .with("from", format!("{room}/{}", occupant.nick))
            .with("to", self.full.as_str())
            .child(x)
            .child(photo);
        self.send(&presence);
    }

    fn real_address(&self, occupant: &Occupant) -> String {
        if occupant.uid == self.uid {
            self.full.clone()
        } else {
            format!("{}/{RESOURCE}", self.xmpp.address(&occupant.username))
        }
    }

    /// Tells the client that somebody is not in a room any more, or has another nick there.
    fn tell_gone(
        &mut self,
        room: &str,
        occupant: &Occupant,
        affiliation: &str,
        nick: Option<&str>,
    ) {
        let item = Element::new("item", ns::MUC_USER)
            .with("affiliation", affiliation)
            .with("role", "none")
            .with("jid", self.real_address(occupant))
            .with_some("nick", nick);
        let mut x = user_element().child(item);
        if occupant.uid == self.uid {
            x.push(status("110"));
        }
        if nick.is_some() {
            x.push(status("303"));
        } else if affiliation == "none" {
            // They are no longer a member.
            x.push(status("321"));
        }
        let presence = Element::new("presence", ns::CLIENT)
            .with("type", "unavailable")
            .with("from", format!("{room}/{}", occupant.nick))
            .with("to", self.full.as_str())
            .child(x);
        self.send(&presence);
    }

    /// Tells the client what has changed in the rooms that it has joined, and in the bookmarks.
    pub async fn sync_rooms(&mut self) -> Result<(), StoreError> {
        let joined: Vec<Uid> = self.rooms.joined.keys().copied().collect();
        for gid in joined {
            self.sync_room(gid).await?;
        }
        self.sync_bookmarks().await
    }

    /// Tells the client what has changed about the people who are in a room.
    pub async fn sync_rooms_with(&mut self, uid: Uid) -> Result<(), StoreError> {
        let joined = self.rooms.joined.iter();
        let joined = joined.filter(|(_, room)| room.occupant(uid).is_some());
        let joined: Vec<Uid> = joined.map(|(gid, _)| *gid).collect();
        for gid in joined {
            self.sync_room(gid).await?;
        }
        Ok(())
    }

    /// Tells the client what has changed about who is in a room, if it has joined it.
    pub(super) async fn sync_room(&mut self, gid: Uid) -> Result<(), StoreError> {
        if !self.rooms.joined.contains_key(&gid) {
            return Ok(());
        }
        let Some(session) = self.find_session().await? else {
            return Ok(());
        };
        let members = match self.xmpp.services.groups.members(&session, gid).await {
            Ok(members) => members,
            Err(GroupError::Store(error)) => return Err(error),
            Err(_) => {
                if let Some(room) = self.rooms.joined.remove(&gid)
                    && let Some(own) = room.occupant(self.uid)
                {
                    self.tell_gone(&room.jid, own, "none", None);
                }
                return Ok(());
            }
        };
        let now = occupants(&members);
        let Some(room) = self.rooms.joined.get_mut(&gid) else {
            return Ok(());
        };
        let jid = room.jid.clone();
        let before = std::mem::replace(&mut room.occupants, now.clone());
        let find = |all: &[Occupant], uid| all.iter().find(|one| one.uid == uid).cloned();
        for old in &before {
            match find(&now, old.uid) {
                None => self.tell_gone(&jid, old, "none", None),
                Some(new) if new.nick != old.nick => {
                    let affiliation = if new.is_owner { "owner" } else { "member" };
                    self.tell_gone(&jid, old, affiliation, Some(&new.nick));
                }
                Some(_) => {}
            }
        }
        for new in &now {
            if find(&before, new.uid).as_ref() != Some(new) {
                let codes: &[&str] = if new.uid == self.uid { &["110"] } else { &[] };
                self.tell_occupant(&jid, new, codes).await;
            }
        }
        Ok(())
    }

    /// The nick of somebody who has written to a room, and may not be in it any more.
    pub(super) fn nick(&self, occupants: &[Occupant], uid: Uid, name: &str) -> String {
        match occupants.iter().find(|occupant| occupant.uid == uid) {
            Some(occupant) => occupant.nick.clone(),
            None => distinct(name, "not in the group", occupants),
        }
    }
}
