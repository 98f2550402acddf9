//! Messages that a client sends: text, and whether its user is typing.

use std::future::ready;

use blake2::{Blake2s256, Digest};

use super::errors::StanzaError;
use super::jid::Jid;
use super::pipeline::{PendingOutcome, Received, Sending};
use super::session::{Client, Fault};
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::messages::{Outgoing, SendError};
use crate::types::{Session, Uid};

/// How many messages a client remembers that does not read its channel. The others may come back to it as carbons.
const SENT_HERE: usize = 1000;
/// The hexadecimal digits of a UUID.
const UUID: usize = 32;

/// When a message was stored, in ms, for a client that gets it later.
pub fn delay(domain: &str, time: i64) -> Element {
    Element::new("delay", ns::DELAY)
        .with("from", domain)
        .with("stamp", stamp(time))
}

/// A time in ms, as XMPP writes it (XEP-0082).
pub fn stamp(time: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(time).unwrap_or_default();
    format!("{time:.3}")
}

impl Client {
    /// Takes a message. If there is something to store, it is on its way to the disk afterwards.
    pub async fn message(&mut self, received: &Received) -> Result<Option<Sending>, Fault> {
        let stanza = &received.element;
        if stanza.attribute("type") == Some("error") {
            // Somebody's answer to what they could not read.
            return Ok(None);
        }
        let to = stanza.attribute("to").and_then(Jid::parse);
        if let Some(room) = to.filter(|to| self.xmpp.is_room(to)) {
            return self.room_message(&room, received).await;
        }
        if stanza.attribute("type") == Some("groupchat") {
            return Err(StanzaError::service_unavailable().into());
        }
        let to = self.recipient(stanza).await?;
        let session = self.session().await?;
        if let Some(room) = stanza.find("x", ns::CONFERENCE) {
            self.invite_directly(&session, room, to).await?;
            return Ok(None);
        }
        let Some(body) = stanza.find("body", ns::CLIENT) else {
            if stanza.find("displayed", ns::MARKERS).is_some() {
                self.xmpp.services.messages.mark_read(&session, to).await?;
            } else {
                self.chat_state(&session, to, stanza).await;
            }
            return Ok(None);
        };
        if self.typing_to == Some(to) {
            // Clients take the message itself for the end of the typing.
            self.typing_to = None;
        }
        let msg_id = self.message_id(received);
        let key = (to, msg_id.clone());
        if !self.sent_here.contains(&key) {
            if self.sent_here.len() >= SENT_HERE {
                self.sent_here.remove(0);
            }
            self.sent_here.push(key);
        }
        let text = body.content();
        Ok(Some(self.submit(session, to, msg_id, &text).await))
    }

    /// Sends a text, or in place of the link to a file that the user has uploaded the file itself.
    pub async fn submit(&self, session: Session, to: Uid, msg_id: String, text: &str) -> Sending {
        let messages = &self.xmpp.services.messages;
        let message = |text, files| Outgoing {
            to,
            msg_id: &msg_id,
            text,
            files,
            client_time: None,
        };
        let mut sent = None;
        if let Some(file) = self.xmpp.linked_file(text) {
            let file = messages.send(&session, message("", vec![file])).await;
            // The file of somebody else, or one that was never uploaded, is no file.
            sent = Some(file).filter(|sent| !matches!(sent, Err(SendError::FileMissing)));
        }
        let outcome: PendingOutcome = match sent {
            Some(sent) => Box::pin(ready(sent.map_err(StanzaError::from))),
            None => match messages.submit(&session, message(text, Vec::new())).await {
                Ok(submitted) => {
                    let xmpp = self.xmpp.clone();
                    let stored = tokio::spawn(async move {
                        let messages = &xmpp.services.messages;
                        messages.stored(&session, submitted).await
                    });
                    // This fails only if the server has stopped.
                    Box::pin(async move { Ok(stored.await.map_err(|_| StoreError::Closed)??) })
                }
                Err(error) => Box::pin(ready(Err(error.into()))),
            },
        };
        Sending {
            key: (to, msg_id),
            outcome,
        }
    }

    /// The user whom a stanza is for. Whether there is such a user is not told.
    async fn recipient(&self, stanza: &Element) -> Result<Uid, StanzaError> {
        let Some(to) = stanza.attribute("to") else {
            return Ok(self.uid);
        };
        let to = Jid::parse(to).ok_or_else(|| StanzaError::new("modify", "jid-malformed", ""))?;
        self.find(&to)
            .await?
            .ok_or_else(|| SendError::NotReachable.into())
    }

    /// The user with an address.
    pub async fn find(&self, jid: &Jid) -> Result<Option<Uid>, StanzaError> {
        if jid.domain != self.xmpp.domain {
            return Err(StanzaError::remote());
        }
        let Some(username) = &jid.local else {
            return Ok(None);
        };
        if *username == self.username {
            return Ok(Some(self.uid));
        }
        let user = self.xmpp.services.usernames.find(username).await?;
        Ok(user.map(|user| user.uid))
    }

    /// The id under which a message is stored once. The client's own id for it, if no other message of the user can have it: then it may
    /// also come again over another connection.
    pub fn message_id(&self, received: &Received) -> String {
        let hash = match own_id(&received.element) {
            Some(id) => Blake2s256::new().chain_update("origin").chain_update(id),
            None => Blake2s256::new()
                .chain_update(&self.stream)
                .chain_update(received.number.to_be_bytes()),
        };
        let start = hash.finalize();
        let number = start
            .first_chunk()
            .map_or(0, |start| u64::from_be_bytes(*start));
        (number >> 1).to_string()
    }

    /// The user types somewhere, or has stopped.
    pub async fn chat_state(&mut self, session: &Session, to: Uid, stanza: &Element) {
        let state = stanza.children().find(|child| child.ns == ns::CHAT_STATES);
        let Some(state) = state else {
            return;
        };
        let is_typing = state.name == "composing";
        if !is_typing && self.typing_to != Some(to) {
            return;
        }
        self.typing_to = is_typing.then_some(to);
        // Friends who cannot be told are told nothing; nobody wants to read of it.
        let messages = &self.xmpp.services.messages;
        if let Err(error) = messages.typing(session, to, is_typing).await {
            log::debug!("typing of {} was not told: {error}", self.uid);
        }
    }
}

/// The id that a client has given to a message and to no other: an origin-id (XEP-0359), or an id of the stanza with a UUID in it.
/// Shorter ones may be a number that starts again with each connection, and a message must not be taken for an older one.
fn own_id(stanza: &Element) -> Option<&str> {
    let origin = stanza.find("origin-id", ns::STANZA_ID);
    origin
        .and_then(|origin| origin.attribute("id"))
        .or_else(|| stanza.attribute("id").filter(|id| has_uuid(id)))
}

fn has_uuid(id: &str) -> bool {
    let mut parts = id.split(|c: char| c != '-' && !c.is_ascii_hexdigit());
    parts.any(|part| part.chars().filter(|c| *c != '-').count() >= UUID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_with_a_uuid_belong_to_one_message() {
        let of = |id| {
            let message = Element::new("message", ns::CLIENT).with("id", id);
            own_id(&message).is_some()
        };
        assert!(of("3f2504e0-4f89-11d3-9a0c-0305e82c3301"));
        assert!(of("3F2504E04F8911D39A0C0305E82C3301-17"));
        assert!(of("3f2504e0-4f89-11d3-9a0c-0305e82c3301:sendMessage"));
        assert!(
            !of("purple7f3a19c2") && !of("17") && !of("abcdef:abcdef:abcdef:abcdef:abcdef:abcdef")
        );
        let origin = Element::new("origin-id", ns::STANZA_ID).with("id", "1");
        assert_eq!(
            own_id(&Element::new("message", ns::CLIENT).child(origin)),
            Some("1")
        );
    }

    #[test]
    fn times_are_written_with_milliseconds_and_in_utc() {
        assert_eq!(stamp(1_204_729_222_005), "2008-03-05T15:00:22.005Z");
    }
}
