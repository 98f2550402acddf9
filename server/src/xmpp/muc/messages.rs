//! Messages to rooms, and from them.

use super::{not_joined, status, user_element};
use crate::service::StoreError;
use crate::types::{NoticeKind, Seq, Session, Uid};
use crate::xmpp::errors::StanzaError;
use crate::xmpp::items::Line;
use crate::xmpp::jid::Jid;
use crate::xmpp::message::delay;
use crate::xmpp::pipeline::{Received, Sending};
use crate::xmpp::rooms::{Occupant, Sent};
use crate::xmpp::session::{Client, Fault};
use crate::xmpp::xml::{Element, ns};

impl Client {
    /// Takes a message to a room.
    pub async fn room_message(
        &mut self,
        jid: &Jid,
        received: &Received,
    ) -> Result<Option<Sending>, Fault> {
        let session = self.session().await?;
        Ok(self.say(session, jid, received).await?)
    }

    async fn say(
        &mut self,
        session: Session,
        jid: &Jid,
        received: &Received,
    ) -> Result<Option<Sending>, StanzaError> {
        let stanza = &received.element;
        let body = stanza.find("body", ns::CLIENT);
        if jid.resource.is_some() {
            if body.is_none() {
                return Ok(None);
            }
            let text = "There are no private messages in a room. Write to the person themselves.";
            return Err(StanzaError::new("auth", "forbidden", text));
        }
        if stanza.attribute("type") != Some("groupchat") {
            self.invite(&session, jid, stanza).await?;
            return Ok(None);
        }
        let joined = self.rooms.joined_as(&jid.bare());
        let gid = joined.ok_or_else(not_joined)?;
        if let Some(body) = body {
            let sending = self.send_to_room(session, gid, received, body).await;
            return Ok(Some(sending));
        }
        let services = &self.xmpp.services;
        if let Some(subject) = stanza.find("subject", ns::CLIENT) {
            let name = subject.content();
            services.groups.rename(&session, gid, &name).await?;
        } else if stanza.find("displayed", ns::MARKERS).is_some() {
            services.messages.mark_read(&session, gid).await?;
        } else {
            self.chat_state(&session, gid, stanza).await;
        }
        Ok(None)
    }

    async fn send_to_room(
        &mut self,
        session: Session,
        gid: Uid,
        received: &Received,
        body: &Element,
    ) -> Sending {
        let stanza = &received.element;
        let msg_id = self.message_id(received);
        if self.typing_to == Some(gid) {
            self.typing_to = None;
        }
        if let Some(room) = self.rooms.joined.get_mut(&gid) {
            let own = room.occupant(self.uid);
            let nick = own.map(|own| own.nick.as_str()).unwrap_or_default();
            let mut shown = Element::new("message", ns::CLIENT)
                .with("type", "groupchat")
                .with_some("id", stanza.attribute("id"))
                .with("from", format!("{}/{nick}", room.jid))
                .with("to", self.full.as_str());
            if let Some(origin) = stanza.find("origin-id", ns::STANZA_ID) {
                shown.push(origin.clone());
            }
            room.sent.push(Sent {
                msg_id: msg_id.clone(),
                stanza: shown,
                text: body.content(),
            });
        }
        self.submit(session, gid, msg_id, &body.content()).await
    }

    /// Tells the client of a message to a group.
    pub async fn tell_line(
        &mut self,
        line: &Line,
        seq: Seq,
        late: Option<i64>,
    ) -> Result<(), StoreError> {
        let Some(room) = self.rooms.joined.get_mut(&line.to) else {
            return self.tell_invitation(line).await;
        };
        if seq < room.since || room.known.contains(&line.msg.time) {
            return Ok(());
        }
        // What follows was not there when the client joined.
        room.known = Vec::new();
        let is_own = line.from == self.uid;
        let sent = room.sent.iter();
        let sent = sent.filter(|sent| is_own && sent.msg_id == line.msg.msg_id);
        if let Some(sent) = sent.map(|sent| sent.stanza.clone()).next() {
            room.sent.retain(|sent| sent.msg_id != line.msg.msg_id);
            let jid = room.jid.clone();
            let text = self.xmpp.text(&line.msg.text, &line.attachments);
            let stanza = sent
                .child(Element::new("body", ns::CLIENT).text(text))
                .child(self.stanza_id_by(&jid, line.msg.time));
            let links = self.xmpp.links(&line.attachments).into_iter();
            let stanza = links.fold(stanza, Element::child);
            self.send(&stanza);
            return Ok(());
        }
        if line.is_name() {
            room.name.clone_from(&line.to_name);
        }
        let (jid, occupants) = (room.jid.clone(), room.occupants.clone());
        let stanza = self.line(&jid, &occupants, line);
        let mut stanza = stanza.with("to", self.full.as_str());
        if let Some(time) = late {
            stanza.push(delay(&jid, time));
        }
        self.send(&stanza);
        if line.is_name() {
            // Clients query the name of the room again.
            let changed = Element::new("message", ns::CLIENT)
                .with("type", "groupchat")
                .with("from", jid)
                .with("to", self.full.as_str())
                .child(user_element().child(status("104")));
            self.send(&changed);
        }
        Ok(())
    }

    /// Called when the channel has been read. A message that was sent here, has no item in the channel and is not on its way to the disk
    /// was stored earlier, over another connection. The client is told that it has arrived.
    pub fn forget_sent(&mut self) {
        let pipeline = &self.pipeline;
        self.sent_here
            .retain(|(to, msg_id)| pipeline.is_sending(*to, msg_id));
        let mut arrived = Vec::new();
        for (gid, room) in &mut self.rooms.joined {
            let sent = std::mem::take(&mut room.sent).into_iter();
            let (sending, others) = sent.partition(|sent| pipeline.is_sending(*gid, &sent.msg_id));
            room.sent = sending;
            arrived.extend::<Vec<Sent>>(others);
        }
        for Sent { stanza, text, .. } in arrived {
            self.send(&stanza.child(Element::new("body", ns::CLIENT).text(text)));
        }
    }

    /// A message to a group as its room shows it: what a member says, or what has happened. A new name is the subject.
    pub(super) fn line(&self, room: &str, occupants: &[Occupant], line: &Line) -> Element {
        let from = if line.notice.is_some() && !line.is_name() {
            room.to_owned()
        } else {
            format!(
                "{room}/{}",
                self.nick(occupants, line.from, &line.from_name)
            )
        };
        let content = if line.is_name() {
            Element::new("subject", ns::CLIENT).text(line.to_name.as_str())
        } else {
            Element::new("body", ns::CLIENT).text(self.xmpp.text(&line.msg.text, &line.attachments))
        };
        let stanza = Element::new("message", ns::CLIENT)
            .with("type", "groupchat")
            .with("id", self.ids.id(line.msg.time))
            .with("from", from)
            .child(content)
            .child(self.stanza_id_by(room, line.msg.time));
        let links = self.xmpp.links(&line.attachments).into_iter();
        links.fold(stanza, Element::child)
    }

    /// Tells the client that somebody types in a room, or has stopped.
    pub fn tell_typing_in_room(&mut self, gid: Uid, from: Uid, state: &'static str) {
        let Some(room) = self.rooms.joined.get(&gid) else {
            return;
        };
        let Some(occupant) = room.occupant(from).filter(|_| from != self.uid) else {
            return;
        };
        let stanza = Element::new("message", ns::CLIENT)
            .with("type", "groupchat")
            .with("from", format!("{}/{}", room.jid, occupant.nick))
            .with("to", self.full.as_str())
            .empty(state, ns::CHAT_STATES);
        self.send(&stanza);
    }

    /// Tells a client that has not joined a room that its user was added to the group.
    async fn tell_invitation(&mut self, line: &Line) -> Result<(), StoreError> {
        let added = [NoticeKind::Created.name(), NoticeKind::Added.name()];
        let is_addition = line
            .notice
            .as_deref()
            .is_some_and(|kind| added.contains(&kind));
        if !is_addition || line.from == self.uid || !line.uids.contains(&self.uid) {
            return Ok(());
        }
        let (Some(session), Some(from)) = (
            self.find_session().await?,
            self.address_of(line.from).await?,
        ) else {
            return Ok(());
        };
        let listed = self.xmpp.services.groups.listed(&session).await?;
        // They may have been removed since.
        let Some(group) = listed.iter().find(|group| group.gid == line.to) else {
            return Ok(());
        };
        let room = self.xmpp.room_address(&listed, group);
        let reason = Element::new("reason", ns::MUC_USER).text(line.to_name.as_str());
        let invite = Element::new("invite", ns::MUC_USER)
            .with("from", from)
            .child(reason);
        let stanza = Element::new("message", ns::CLIENT)
            .with("id", self.ids.id(line.msg.time))
            .with("from", room)
            .with("to", self.full.as_str())
            .child(user_element().child(invite));
        self.send(&stanza);
        Ok(())
    }
}
