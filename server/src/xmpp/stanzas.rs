//! What a client sends, by kind.

use tokio::time::Instant;

use super::errors::{StanzaError, StreamError};
use super::jid::Jid;
use super::session::{Client, Ended, Fault};
use super::xml::{Element, ns};

impl Client {
    /// Takes a stanza, or another element of the stream.
    pub async fn stanza(&mut self, stanza: Element) -> Result<(), Ended> {
        if let Some(former) = self.former.take() {
            // The client has the new token.
            self.end_login(former).await;
        }
        if stanza.ns == ns::SM {
            return self.manage(&stanza);
        }
        if stanza.ns == ns::CSI {
            self.client_state(&stanza);
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
        self.xmpp.metrics.received.inc();
        self.carry_out(stanza).await
    }

    /// Carries out a stanza, or lets it wait for the database.
    pub async fn carry_out(&mut self, stanza: Element) -> Result<(), Ended> {
        let result = match &*stanza.name {
            "message" => self.message(&stanza).await,
            "presence" => self.presence(&stanza).await,
            "iq" => self.iq(&stanza).await,
            _ => Err(Fault::Ended(StreamError::UNSUPPORTED_STANZA.into())),
        };
        match result {
            Ok(()) => {}
            Err(Fault::Ended(ended)) => return Err(ended),
            Err(Fault::Refused(error)) if error.is_away => {
                let Some(stanza) = self.outage.hold(stanza, Instant::now()) else {
                    return Ok(());
                };
                self.refuse(error, &stanza);
            }
            Err(Fault::Refused(error)) => self.refuse(error, &stanza),
        }
        if let Some(management) = &mut self.management {
            management.received = management.received.wrapping_add(1);
        }
        Ok(())
    }

    /// The session ends. A client without stream management would not know that a stanza was not carried out.
    pub fn refuse_held(&mut self) {
        if let Some(stanza) = self.outage.forget()
            && self.management.is_none()
        {
            let error = StanzaError::new("wait", "internal-server-error", StreamError::AWAY.text);
            self.refuse(error, &stanza);
        }
    }

    /// Answers a stanza with an error, unless it is an answer itself.
    fn refuse(&mut self, error: StanzaError, stanza: &Element) {
        if !matches!(stanza.attribute("type"), Some("error" | "result")) {
            let answer = error.answer(stanza);
            self.send(&answer);
        }
    }
}
