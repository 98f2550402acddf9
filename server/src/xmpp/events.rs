//! The items of a user's channel as stanzas for their client.

use super::items::{Action, Item, Text};
use super::message;
use super::pipeline::MessageKey;
use super::session::{Client, RESOURCE};
use super::xml::{Element, ns};
use crate::attachment::Listed;
use crate::service::StoreError;
use crate::service::profiles::ProfileError;
use crate::types::{Seq, Uid};

fn chat_state(typing: u8) -> &'static str {
    if typing > 0 { "composing" } else { "paused" }
}

impl Client {
    /// Tells the client of an item. After an error the same item comes again.
    pub async fn item(&mut self, json: &str, seq: Seq) -> Result<(), StoreError> {
        let item = match serde_json::from_str(json) {
            Ok(item) => item,
            Err(error) => {
                log::error!("an item of {} cannot be read: {error}", self.uid);
                return Ok(());
            }
        };
        match item {
            Item::Msg {
                msg,
                from,
                to,
                attachments,
            } => {
                let known =
                    |(uid, id): &MessageKey| from == self.uid && *uid == to && *id == msg.msg_id;
                if let Some(at) = self.sent_here.iter().position(known) {
                    self.sent_here.swap_remove(at);
                    return Ok(());
                }
                let late = (seq < self.late).then_some(msg.time);
                if to == self.uid {
                    return self.deliver(from, &msg, &attachments, late).await;
                }
                self.tell_sent(to, &msg, &attachments, late).await
            }
            Item::GroupMsg(line) => {
                let late = (seq < self.late).then_some(line.time());
                self.tell_line(&line, seq, late).await
            }
            Item::Group(news) => self.tell_group(news).await,
            Item::Typ { .. } | Item::Ttyp { .. } if self.is_inactive => Ok(()),
            Item::Ttyp { st, from, to } => {
                self.tell_typing_in_room(to, from, chat_state(st));
                Ok(())
            }
            Item::Typ { st, from } => match self.address_of(from).await? {
                Some(from) => {
                    let stanza = self.chat(&from).empty(chat_state(st), ns::CHAT_STATES);
                    self.send(&stanza);
                    Ok(())
                }
                None => Ok(()),
            },
            Item::Presence { uid } | Item::Status { uid } if self.is_inactive => {
                self.withheld.insert(uid);
                Ok(())
            }
            Item::Presence { uid } | Item::Status { uid } => self.tell_presence(uid).await,
            Item::FriendRequest { uid, name, message } => {
                self.tell_request(uid, &name, &message).await
            }
            Item::Friend {
                uid,
                action,
                username,
            } => {
                let address = match username {
                    Some(username) => Some(self.xmpp.address(&username)),
                    None => self.address_of(uid).await?,
                };
                match address {
                    Some(address) => {
                        let added = matches!(action, Action::Added);
                        self.tell_friend(uid, &address, added).await
                    }
                    None => Ok(()),
                }
            }
            Item::Picture { uid } => self.tell_picture(uid).await,
            Item::Block { uid, blocked } => self.tell_block(uid, blocked).await,
            Item::Name { uid } => {
                self.tell_roster_item(uid).await?;
                self.sync_rooms_with(uid).await
            }
            Item::Other => Ok(()),
        }
    }

    async fn deliver(
        &mut self,
        from: Uid,
        msg: &Text,
        files: &[Listed],
        late: Option<i64>,
    ) -> Result<(), StoreError> {
        let Some(from) = self.address_of(from).await? else {
            return Ok(());
        };
        let mut stanza = self
            .chat(&from)
            .with("id", self.ids.id(msg.time))
            .child(Element::new("body", ns::CLIENT).text(self.xmpp.text(&msg.text, files)))
            .empty("active", ns::CHAT_STATES)
            .empty("markable", ns::MARKERS)
            .child(self.stanza_id(msg.time));
        stanza = self
            .xmpp
            .links(files)
            .into_iter()
            .fold(stanza, Element::child);
        if let Some(time) = late {
            stanza.push(message::delay(&self.xmpp.domain, time));
        }
        self.send(&stanza);
        Ok(())
    }

    fn chat(&self, from: &str) -> Element {
        Element::new("message", ns::CLIENT)
            .with("type", "chat")
            .with("from", format!("{from}/{RESOURCE}"))
            .with("to", self.full.as_str())
    }

    /// The address of any user, if they still exist.
    pub async fn address_of(&self, uid: Uid) -> Result<Option<String>, StoreError> {
        Ok(self
            .username_of(uid)
            .await?
            .map(|name| self.xmpp.address(&name)))
    }

    async fn username_of(&self, uid: Uid) -> Result<Option<String>, StoreError> {
        if uid == self.uid {
            return Ok(Some(self.username.clone()));
        }
        let services = &self.xmpp.services;
        match services.profiles.username(uid).await {
            Ok(name) => Ok(Some(name)),
            Err(ProfileError::Unknown) => Ok(None),
            Err(ProfileError::Store(error)) => Err(error),
        }
    }
}
