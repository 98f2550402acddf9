//! The messages of a room from before a client has joined it.

use super::not_joined;
use crate::clock::now_ms;
use crate::types::{Message, Session, Uid};
use crate::xmpp::errors::StanzaError;
use crate::xmpp::items::Line;
use crate::xmpp::message::delay;
use crate::xmpp::rooms::Room;
use crate::xmpp::session::Client;
use crate::xmpp::xml::{Element, ns};

/// The default and the maximum number of messages.
const USUAL: usize = 20;
const MOST: usize = 100;
/// The maximum number of messages that may arrive over the channel while a client joins, although they were read already.
const OVERLAP: usize = 10;

/// The history that a client wants.
pub(super) struct Wanted {
    stanzas: usize,
    chars: usize,
    since: i64,
}

impl Wanted {
    pub(super) fn read(x: &Element) -> Result<Self, StanzaError> {
        let mut wanted = Wanted {
            stanzas: USUAL,
            chars: usize::MAX,
            since: 0,
        };
        let Some(history) = x.find("history", ns::MUC) else {
            return Ok(wanted);
        };
        let number = |name| match history.attribute(name) {
            None => Ok(None),
            Some(text) => {
                let number = text.trim().parse::<u32>();
                number.map(Some).map_err(|_| StanzaError::bad_request())
            }
        };
        let stanzas = number("maxstanzas")?;
        let (chars, seconds) = (number("maxchars")?, number("seconds")?);
        if let Some(stanzas) = stanzas {
            wanted.stanzas = usize::try_from(stanzas).unwrap_or(MOST).min(MOST);
        } else if history.attribute("since").is_some() || seconds.is_some() {
            wanted.stanzas = MOST;
        }
        if let Some(chars) = chars {
            wanted.chars = usize::try_from(chars).unwrap_or(usize::MAX);
        }
        if let Some(seconds) = seconds {
            wanted.since = now_ms().saturating_sub(i64::from(seconds) * 1000);
        }
        if let Some(since) = history.attribute("since") {
            let since: Result<jiff::Timestamp, _> = since.trim().parse();
            let since = since.map_err(|_| StanzaError::bad_request())?;
            wanted.since = wanted.since.max(since.as_millisecond());
        }
        Ok(wanted)
    }
}

impl Client {
    /// The times of the last messages in a group, and those messages that the client wants.
    pub(super) async fn last_messages(
        &self,
        session: &Session,
        gid: Uid,
        wanted: Wanted,
    ) -> Result<(Vec<i64>, Vec<Message>), StanzaError> {
        let limit = Some(wanted.stanzas.max(OVERLAP));
        let messages = &self.xmpp.services.messages;
        let found = messages.history(session, gid, None, None, limit).await?;
        let (mut messages, _) = found.ok_or_else(not_joined)?;
        let first = messages.len().saturating_sub(OVERLAP);
        let known = messages.iter().skip(first).map(|message| message.time);
        let known = known.collect();
        let mut chars = wanted.chars;
        let last = messages.iter().rev().take(wanted.stanzas);
        let last = last.take_while(|message| {
            let fits = message.text.len() <= chars && message.time >= wanted.since;
            chars = chars.saturating_sub(message.text.len());
            fits
        });
        let count = last.count();
        messages.drain(..messages.len() - count);
        Ok((known, messages))
    }

    pub(super) fn tell_history(&mut self, room: &Room, messages: Vec<Message>) {
        for message in &messages {
            let stanza = self
                .line(&room.jid, &room.occupants, &Line::from(message))
                .with("to", self.full.as_str())
                .child(delay(&room.jid, message.time));
            self.send(&stanza);
        }
    }

    /// Tells the client the name of the group, with which the history ends.
    pub(super) fn tell_subject(&mut self, room: &Room) {
        let stanza = Element::new("message", ns::CLIENT)
            .with("type", "groupchat")
            .with("from", room.jid.as_str())
            .with("to", self.full.as_str())
            .child(Element::new("subject", ns::CLIENT).text(room.name.as_str()));
        self.send(&stanza);
    }
}
