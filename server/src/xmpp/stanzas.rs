//! What a client sends, by kind.

use super::errors::{StanzaError, StreamError};
use super::jid::Jid;
use super::session::{Client, Ended};
use super::xml::{Element, ns};

impl Client {
    /// Takes a stanza, or another element of the stream.
    pub async fn stanza(&mut self, mut stanza: Element) -> Result<(), Ended> {
        if let Some(former) = self.former.take() {
            // The client has the new token.
            self.end_former(&former).await;
        }
        if stanza.ns == ns::SM {
            return self.manage(&stanza);
        }
        if stanza.ns == ns::CSI {
            self.client_state(&stanza).await;
            return Ok(());
        }
        if stanza.ns != ns::CLIENT {
            return Err(StreamError::UNSUPPORTED_STANZA.into());
        }
        let from = stanza.attribute("from").map(Jid::parse);
        let is_own = from.is_none_or(|from| {
            from.is_some_and(|from| {
                let resource = self.full.split_once('/').map(|(_, resource)| resource);
                from.bare() == self.bare
                    && from
                        .resource
                        .as_deref()
                        .is_none_or(|own| Some(own) == resource)
            })
        });
        if !is_own {
            return Err(StreamError::INVALID_FROM.into());
        }
        self.received = self.received.wrapping_add(1);
        let result = match &*stanza.name {
            "message" => self.message(&stanza).await?,
            "presence" => self.presence(&stanza).await?,
            "iq" => self.iq(&mut stanza).await?,
            _ => return Err(StreamError::UNSUPPORTED_STANZA.into()),
        };
        if let Err(error) = result {
            self.refuse(error, &stanza);
        }
        if let Some(management) = &mut self.management {
            management.received = management.received.wrapping_add(1);
        }
        Ok(())
    }

    /// Answers a stanza with an error, unless it is one itself.
    fn refuse(&mut self, error: StanzaError, stanza: &Element) {
        if stanza.attribute("type") != Some("error") {
            let answer = error.answer(stanza);
            self.send(&answer);
        }
    }
}
