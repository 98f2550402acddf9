//! Presence: what a client shows of its user, and what it sees of friends.

use super::errors::StanzaError;
use super::jid::Jid;
use super::message::stamp;
use super::session::{Client, Fault, RESOURCE};
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::presence::Availability;
use crate::types::{Presence, Status, Uid, User};

impl Client {
    pub async fn presence(&mut self, stanza: &Element) -> Result<(), Fault> {
        let to = stanza.attribute("to").and_then(Jid::parse);
        if let Some(room) = to.filter(|to| self.xmpp.is_room(to)) {
            return self.room_presence(&room, stanza).await;
        }
        match stanza.attribute("type") {
            Some(kind @ ("subscribe" | "subscribed" | "unsubscribe" | "unsubscribed")) => {
                return self.subscription_change(kind, stanza).await;
            }
            // Directed presence, probes and errors: friends always see the same.
            _ if stanza.attribute("to").is_some() => return Ok(()),
            None => {}
            Some("unavailable") => {
                self.shown = Availability::Hidden;
                self.show_again();
                self.rooms.clear();
                return Ok(());
            }
            Some("probe" | "error") => return Ok(()),
            Some(_) => return Err(StanzaError::bad_request().into()),
        }
        let show = stanza.find("show", ns::CLIENT).map(Element::content);
        let availability = match show.as_deref().map(str::trim) {
            Some("away" | "xa") => Availability::Away,
            _ => Availability::Available,
        };
        let session = self.session().await?;
        let was_available = self.is_available();
        self.shown = availability;
        self.show_again();
        // The client's own presence comes back to it, as RFC 6121 wants.
        let mut own = Element::new("presence", ns::CLIENT)
            .with("from", self.full.as_str())
            .with("to", self.full.as_str());
        for name in ["show", "status", "priority"] {
            let child = stanza.find(name, ns::CLIENT);
            own = child.into_iter().cloned().fold(own, Element::child);
        }
        self.send(&own);
        self.ask_for_capabilities(stanza);
        if !was_available {
            let begun = async {
                self.tell_presences().await?;
                for request in self
                    .xmpp
                    .services
                    .friends
                    .requests_received(&session)
                    .await?
                {
                    let user = &request.user;
                    self.tell_request(user.uid, &user.name, &request.message)
                        .await?;
                }
                self.begin_channel().await
            };
            if let Err(error) = begun.await {
                self.shown = Availability::Hidden;
                self.show_again();
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Lets others see what the client shows.
    pub fn show_again(&self) {
        let presences = &self.xmpp.services.presences;
        presences.show(&self.subscription, self.shown);
    }

    /// Tells the client how all friends are.
    pub async fn tell_all_presences(&mut self) -> Result<(), StoreError> {
        let Some(session) = self.find_session().await?.filter(|_| self.is_available()) else {
            return Ok(());
        };
        for (friend, presence) in self.xmpp.services.friends.list(&session).await? {
            self.send_presence(&friend, presence).await;
        }
        Ok(())
    }

    /// Tells the client which friends are online.
    pub async fn tell_presences(&mut self) -> Result<(), StoreError> {
        let Some(session) = self.find_session().await? else {
            // The session is ending.
            return Ok(());
        };
        // From then on every change is told.
        self.xmpp.services.presences.settled().await?;
        for (friend, presence) in self.xmpp.services.friends.list(&session).await? {
            if presence != Presence::Offline {
                self.send_presence(&friend, presence).await;
            }
        }
        Ok(())
    }

    /// Tells the client how a friend is now.
    pub async fn tell_presence(&mut self, uid: Uid) -> Result<(), StoreError> {
        let Some(session) = self.find_session().await? else {
            return Ok(());
        };
        let found = self.xmpp.services.friends.find(&session, uid).await?;
        if let Some((friend, presence)) = found {
            self.send_presence(&friend, presence).await;
        }
        Ok(())
    }

    async fn send_presence(&mut self, friend: &User, presence: Presence) {
        let from = self.xmpp.address(&friend.username);
        let mut stanza = Element::new("presence", ns::CLIENT)
            .with("from", format!("{from}/{RESOURCE}"))
            .with("to", self.full.as_str());
        if presence == Presence::Offline {
            stanza = stanza.with("type", "unavailable");
        }
        if let Presence::Idle { since } = presence {
            stanza.push(Element::new("show", ns::CLIENT).text("away"));
            stanza.push(Element::new("idle", ns::IDLE).with("since", stamp(since)));
        }
        if let Some(Status { text, .. }) = &friend.status {
            stanza.push(Element::new("status", ns::CLIENT).text(text.as_str()));
        }
        if presence != Presence::Offline {
            let photo = self.xmpp.photo(friend.uid, friend.picture.as_deref());
            stanza.push(photo.await);
        }
        self.send(&stanza);
    }

    /// Tells the client that somebody wants to be friends.
    pub async fn tell_request(
        &mut self,
        uid: Uid,
        name: &str,
        message: &str,
    ) -> Result<(), StoreError> {
        let Some(from) = self.address_of(uid).await? else {
            return Ok(());
        };
        let mut stanza = Element::new("presence", ns::CLIENT)
            .with("type", "subscribe")
            .with("from", from)
            .with("to", self.bare.as_str())
            .child(Element::new("nick", ns::NICK).text(name));
        if !message.is_empty() {
            stanza.push(Element::new("status", ns::CLIENT).text(message));
        }
        self.send(&stanza);
        Ok(())
    }
}
