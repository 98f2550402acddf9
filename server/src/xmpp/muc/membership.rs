//! Who belongs to a group: invitations, lists of members, removing and leaving.

use crate::service::StoreError;
use crate::service::groups::{GroupError, Listed};
use crate::types::{Session, Uid};
use crate::xmpp::errors::StanzaError;
use crate::xmpp::items::News;
use crate::xmpp::jid::Jid;
use crate::xmpp::rooms::occupants;
use crate::xmpp::session::Client;
use crate::xmpp::xml::{Element, ns};

impl Client {
    /// Adds those whom a client invites through the room.
    pub(super) async fn invite(
        &mut self,
        session: &Session,
        jid: &Jid,
        stanza: &Element,
    ) -> Result<(), StanzaError> {
        let Some(x) = stanza.find("x", ns::MUC_USER) else {
            // Also a request to be allowed to speak, which everybody is.
            return Err(StanzaError::bad_request());
        };
        let invites = x
            .children()
            .filter(|child| child.is("invite", ns::MUC_USER));
        let mut invited = Vec::new();
        for invite in invites {
            let to = invite.attribute("to").and_then(Jid::parse);
            let to = to.ok_or_else(|| StanzaError::new("modify", "jid-malformed", ""))?;
            invited.push(self.find(&to).await?.ok_or(GroupError::NotFriends)?);
        }
        if invited.is_empty() {
            // Somebody declines. They are in the group nevertheless, until they leave it.
            return Ok(());
        }
        let group = self.find_room(session, jid).await?;
        let gid = group.ok_or(GroupError::Unknown)?.gid;
        Ok(self.xmpp.services.groups.add(session, gid, invited).await?)
    }

    /// Adds the one to whom a client sends the address of a room (XEP-0249).
    pub async fn invite_directly(
        &mut self,
        session: &Session,
        room: &Element,
        to: Uid,
    ) -> Result<(), StanzaError> {
        let room = room.attribute("jid").and_then(Jid::parse);
        let room = room.filter(|room| self.xmpp.is_room(room));
        let group = match room {
            Some(room) => self.find_room(session, &room).await?,
            None => None,
        };
        let gid = group.ok_or(GroupError::Unknown)?.gid;
        let groups = &self.xmpp.services.groups;
        Ok(groups.add(session, gid, vec![to]).await?)
    }

    /// Answers who has a role or an affiliation.
    pub(super) async fn list_members(
        &mut self,
        session: &Session,
        group: &Listed,
        request: &Element,
    ) -> Result<Element, StanzaError> {
        let asked = request.find("item", ns::MUC_ADMIN);
        let asked = asked.ok_or_else(StanzaError::bad_request)?;
        let members = occupants(&self.group_members(session, group.gid).await?);
        let (by_role, wanted) = match (asked.attribute("affiliation"), asked.attribute("role")) {
            (Some(affiliation), _) => (false, affiliation),
            (None, Some(role)) => (true, role),
            (None, None) => return Err(StanzaError::bad_request()),
        };
        let mut query = Element::new("query", ns::MUC_ADMIN);
        for member in members {
            let (affiliation, role) = if member.is_owner {
                ("owner", "moderator")
            } else {
                ("member", "participant")
            };
            if wanted != if by_role { role } else { affiliation } {
                continue;
            }
            let item = Element::new("item", ns::MUC_ADMIN)
                .with("affiliation", affiliation)
                .with("role", role)
                .with("jid", self.xmpp.address(&member.username))
                .with("nick", member.nick);
            query.push(item);
        }
        Ok(query)
    }

    /// Adds and removes members.
    pub(super) async fn change_members(
        &mut self,
        session: &Session,
        group: &Listed,
        request: &Element,
    ) -> Result<(), StanzaError> {
        for item in request.children() {
            let uid = self.member_of(session, group, item).await?;
            let groups = &self.xmpp.services.groups;
            match (item.attribute("affiliation"), item.attribute("role")) {
                (Some("none"), _) | (None, Some("none")) => {
                    groups.remove(session, group.gid, uid).await?;
                }
                (Some("member"), _) => groups.add(session, group.gid, vec![uid]).await?,
                _ => {
                    let text =
                        "A group has one owner, and its members. Members can be added and removed.";
                    return Err(StanzaError::new("cancel", "not-allowed", text));
                }
            }
        }
        Ok(())
    }

    /// The user whom an item names, by address or by nick.
    async fn member_of(
        &self,
        session: &Session,
        group: &Listed,
        item: &Element,
    ) -> Result<Uid, StanzaError> {
        let unknown = || StanzaError::new("cancel", "item-not-found", "There is no such member.");
        if let Some(jid) = item.attribute("jid") {
            let jid =
                Jid::parse(jid).ok_or_else(|| StanzaError::new("modify", "jid-malformed", ""))?;
            return self.find(&jid).await?.ok_or_else(unknown);
        }
        let nick = item
            .attribute("nick")
            .ok_or_else(StanzaError::bad_request)?;
        let members = self.group_members(session, group.gid).await?;
        let found = occupants(&members).into_iter().find(|one| one.nick == nick);
        found.map(|one| one.uid).ok_or_else(unknown)
    }

    /// Tells the client what has changed about a group.
    pub async fn tell_group(&mut self, news: News) -> Result<(), StoreError> {
        if news.muted.is_some() || news.unread.is_some() {
            // Rooms know nothing of it.
            return Ok(());
        }
        if let Some(room) = self.rooms.joined.get_mut(&news.gid) {
            room.name = news.name;
        }
        self.sync_room(news.gid).await?;
        self.sync_bookmarks().await
    }
}
