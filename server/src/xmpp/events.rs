//! The items of a user's channel as stanzas for their client.

use serde::Deserialize;

use super::message;
use super::session::{Client, RESOURCE};
use super::xml::{Element, ns};
use crate::attachment;
use crate::service::StoreError;
use crate::service::profiles::ProfileError;
use crate::types::{Seq, Uid};

/// What is told to clients of XMPP. Group conversations, pokes and notices are not.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item {
    Msg {
        msg: Text,
        from: Uid,
        to: Uid,
    },
    Typ {
        st: u8,
        from: Uid,
    },
    Presence {
        uid: Uid,
    },
    FriendRequest {
        uid: Uid,
        name: String,
        message: String,
    },
    Friend {
        uid: Uid,
        action: Action,
    },
    Status {
        uid: Uid,
    },
    Name {
        uid: Uid,
    },
    Block {
        uid: Uid,
        blocked: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Added,
    Removed,
}

#[derive(Debug, Deserialize)]
struct Text {
    text: String,
    time: i64,
    #[serde(rename = "msgID")]
    msg_id: String,
}

impl Client {
    /// Tells the client of an item. After an error the same item comes again.
    pub async fn item(&mut self, json: &str, seq: Seq) -> Result<(), StoreError> {
        let linked = attachment::without(json, |id, path| self.xmpp.link(id, path));
        let item = match serde_json::from_str(linked.as_deref().unwrap_or(json)) {
            Ok(item) => item,
            Err(error) => {
                log::error!("an item of {} cannot be read: {error}", self.uid);
                return Ok(());
            }
        };
        match item {
            Item::Msg { msg, from, to } => {
                let known = |sent: &String| from == self.uid && *sent == msg.msg_id;
                if let Some(at) = self.sent_here.iter().position(known) {
                    self.sent_here.swap_remove(at);
                    return Ok(());
                }
                let late = (seq < self.late).then_some(msg.time);
                if to == self.uid {
                    return self.deliver(from, &msg, late).await;
                }
                self.tell_sent(to, &msg.text, msg.time, late).await
            }
            Item::Typ { .. } if self.withheld.is_some() => Ok(()),
            Item::Typ { st, from } => match self.address_of(from).await? {
                Some(from) => {
                    let state = if st > 0 { "composing" } else { "paused" };
                    self.send(&self.chat(&from).empty(state, ns::CHAT_STATES));
                    Ok(())
                }
                None => Ok(()),
            },
            Item::Presence { uid } | Item::Status { uid } => match &mut self.withheld {
                Some(withheld) => {
                    withheld.insert(uid);
                    Ok(())
                }
                None => self.tell_presence(uid).await,
            },
            Item::FriendRequest { uid, name, message } => {
                self.tell_request(uid, &name, &message).await
            }
            Item::Friend { uid, action } => {
                let added = matches!(action, Action::Added);
                self.tell_friend(uid, added).await
            }
            Item::Block { uid, blocked } => self.tell_block(uid, blocked).await,
            Item::Name { uid } => self.tell_roster_item(uid).await,
            Item::Other => Ok(()),
        }
    }

    async fn deliver(
        &mut self,
        from: Uid,
        msg: &Text,
        late: Option<i64>,
    ) -> Result<(), StoreError> {
        let Some(from) = self.address_of(from).await? else {
            return Ok(());
        };
        let mut stanza = self
            .chat(&from)
            .with("id", self.ids.id(msg.time))
            .child(Element::new("body", ns::CLIENT).text(msg.text.as_str()))
            .empty("active", ns::CHAT_STATES)
            .empty("markable", ns::MARKERS)
            .child(self.stanza_id(msg.time));
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
