//! Requests to the service of all rooms, to a room, and to somebody in a room.

use super::{not_joined, user_element};
use crate::service::StoreError;
use crate::service::groups::{GroupError, Listed};
use crate::types::{Message, Session, Uid};
use crate::xmpp::archive;
use crate::xmpp::disco;
use crate::xmpp::errors::StanzaError;
use crate::xmpp::forms;
use crate::xmpp::items::Line;
use crate::xmpp::jid::Jid;
use crate::xmpp::message::delay;
use crate::xmpp::rooms::{Occupant, occupants};
use crate::xmpp::session::{Client, Fault, RESOURCE};
use crate::xmpp::xml::{Element, ns};

/// What the service of all rooms understands.
const SERVICE: &[&str] = &[ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC, ns::PING];
/// What every room understands and is.
const ROOM: &[&str] = &[
    ns::DISCO_INFO,
    ns::MAM,
    ns::MUC,
    ns::PING,
    ns::REGISTER,
    ns::STANZA_ID,
    "http://jabber.org/protocol/muc#self-ping-optimization",
    "http://jabber.org/protocol/muc#stable_id",
    "muc_hidden",
    "muc_membersonly",
    "muc_nonanonymous",
    "muc_persistent",
    "muc_unmoderated",
    "muc_unsecured",
];

fn identity(name: &str) -> Element {
    disco::identity("conference", "text", name)
}

impl Client {
    /// Answers a request to the rooms.
    pub async fn room_request(
        &mut self,
        is_set: bool,
        jid: &Jid,
        request: &Element,
    ) -> Result<Option<Element>, Fault> {
        let session = self.session().await?;
        let answer = if jid.local.is_none() {
            self.service_request(&session, is_set, request).await
        } else if let Some(nick) = &jid.resource {
            self.occupant_request(&session, is_set, jid, nick, request)
                .await
        } else {
            self.request_of_room(&session, is_set, jid, request).await
        };
        Ok(answer?)
    }

    async fn service_request(
        &mut self,
        session: &Session,
        is_set: bool,
        request: &Element,
    ) -> Result<Option<Element>, StanzaError> {
        match (is_set, &*request.ns, &*request.name) {
            (false, ns::DISCO_INFO, "query") => {
                disco::no_node(request)?;
                Ok(Some(disco::about(identity("Groups"), SERVICE)))
            }
            (false, ns::DISCO_ITEMS, "query") => {
                disco::no_node(request)?;
                let listed = self.xmpp.services.groups.listed(session).await?;
                let items = listed.iter().map(|group| {
                    let address = self.xmpp.room_address(&listed, group);
                    disco::item(address).with("name", group.name.as_str())
                });
                let query = Element::new("query", ns::DISCO_ITEMS);
                Ok(Some(items.fold(query, Element::child)))
            }
            (false, ns::PING, "ping") => Ok(None),
            _ => Err(StanzaError::service_unavailable()),
        }
    }

    /// Of the people in a room only the client itself can be asked, whether it has joined (XEP-0410), and the cards of all of them.
    async fn occupant_request(
        &mut self,
        session: &Session,
        is_set: bool,
        jid: &Jid,
        nick: &str,
        request: &Element,
    ) -> Result<Option<Element>, StanzaError> {
        let joined = self.rooms.joined_as(&jid.bare());
        let room = joined.and_then(|gid| self.rooms.joined.get(&gid));
        let room = room.ok_or_else(not_joined)?;
        let occupant = room.called(nick).map(|occupant| occupant.uid);
        let unknown = || StanzaError::new("cancel", "item-not-found", "");
        let uid = occupant.ok_or_else(unknown)?;
        match (is_set, &*request.ns, &*request.name) {
            (false, ns::PING, "ping") if uid == self.uid => Ok(None),
            (false, ns::VCARD, "vCard") => self.vcard(session, uid).await.map(Some),
            _ => Err(StanzaError::service_unavailable()),
        }
    }

    async fn request_of_room(
        &mut self,
        session: &Session,
        is_set: bool,
        jid: &Jid,
        request: &Element,
    ) -> Result<Option<Element>, StanzaError> {
        if request.is("query", ns::MUC_OWNER) {
            return if is_set {
                self.configure(session, jid, request).await.map(|()| None)
            } else {
                self.configuration(session, jid).await.map(Some)
            };
        }
        let is_new = self.rooms.creating.contains(&jid.bare());
        if is_new && !is_set && request.is("query", ns::DISCO_INFO) {
            let name = jid.local.as_deref().unwrap_or_default();
            return Ok(Some(disco::about(identity(name), ROOM)));
        }
        let group = self.find_room(session, jid).await?;
        let group = group.ok_or(GroupError::Unknown)?;
        match (is_set, &*request.ns, &*request.name) {
            (false, ns::DISCO_INFO, "query") => {
                disco::no_node(request)?;
                self.about_room(session, &group).await.map(Some)
            }
            // Who is in it is said to those who join.
            (false, ns::DISCO_ITEMS, "query") => Ok(Some(Element::new("query", ns::DISCO_ITEMS))),
            (false, ns::PING, "ping") => Ok(None),
            (false, ns::MUC_ADMIN, "query") => {
                self.list_members(session, &group, request).await.map(Some)
            }
            (true, ns::MUC_ADMIN, "query") => {
                let changed = self.change_members(session, &group, request).await;
                changed.map(|()| None)
            }
            (false, ns::REGISTER, "query") => Ok(Some(
                Element::new("query", ns::REGISTER).empty("registered", ns::REGISTER),
            )),
            (true, ns::REGISTER, "query") if request.find("remove", ns::REGISTER).is_some() => {
                let groups = &self.xmpp.services.groups;
                groups.leave(session, group.gid).await?;
                Ok(None)
            }
            (false, ns::MAM, "query") => Ok(Some(archive::form())),
            (true, ns::MAM, "query") => {
                let found = self.read_archive(session, request, Some(group.gid)).await?;
                self.answer_room_query(session, jid, &group, request, found)
                    .await
                    .map(Some)
            }
            _ => Err(StanzaError::service_unavailable()),
        }
    }

    async fn about_room(&self, session: &Session, group: &Listed) -> Result<Element, StanzaError> {
        let members = self.group_members(session, group.gid).await?;
        let occupants = members.len().to_string();
        let form = forms::form("result", ns::MUC_ROOMINFO)
            .child(forms::filled("muc#roominfo_subject", &group.name))
            .child(forms::filled("muc#roominfo_subjectmod", "1"))
            .child(forms::filled("muc#roominfo_occupants", occupants))
            .child(forms::filled("muc#roomconfig_roomname", &group.name));
        Ok(disco::about(identity(&group.name), ROOM).child(form))
    }

    async fn answer_room_query(
        &mut self,
        session: &Session,
        jid: &Jid,
        group: &Listed,
        request: &Element,
        (messages, more): (Vec<Message>, bool),
    ) -> Result<Element, StanzaError> {
        let members = self.group_members(session, group.gid).await?;
        let (room, members) = (jid.bare(), occupants(&members));
        let mut results = Vec::new();
        for message in &messages {
            let line = self.line(&room, &members, &Line::from(message));
            let line = match self.address_in(&members, message.from).await? {
                Some(address) => line.child(
                    user_element().child(Element::new("item", ns::MUC_USER).with("jid", address)),
                ),
                None => line,
            };
            let forwarded = Element::new("forwarded", ns::FORWARD)
                .child(delay(&room, message.time))
                .child(line);
            results.push((message.time, forwarded));
        }
        for (time, forwarded) in results {
            self.send_result(&room, request, time, forwarded);
        }
        Ok(self.end_of_answer(&messages, more))
    }

    async fn address_in(
        &self,
        members: &[Occupant],
        uid: Uid,
    ) -> Result<Option<String>, StoreError> {
        let address = match members.iter().find(|member| member.uid == uid) {
            Some(occupant) => Some(self.xmpp.address(&occupant.username)),
            None => self.address_of(uid).await?,
        };
        Ok(address.map(|address| format!("{address}/{RESOURCE}")))
    }
}
