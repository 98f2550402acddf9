//! What a client sends, by kind, and when it is carried out.

use std::future::ready;

use tokio::time::Instant;

use super::errors::{StanzaError, StreamError};
use super::jid::Jid;
use super::pipeline::{Done, Entry, MessageKey, Received};
use super::session::{Client, Ended, Fault};
use super::xml::{Element, ns};

impl Client {
    /// Takes a stanza, or another element of the stream.
    pub async fn stanza(&mut self, stanza: Element) -> Result<(), Ended> {
        if let Some(former) = self.former.take() {
            // The client has the new token.
            self.end_login(former).await;
        }
        if stanza.is("a", ns::SM) && self.management.is_some() {
            return self.acknowledged_by(&stanza);
        }
        if stanza.ns == ns::CSI {
            self.client_state(&stanza);
            return Ok(());
        }
        if stanza.ns == ns::CLIENT {
            self.check_sender(&stanza)?;
            self.received = self.received.wrapping_add(1);
            self.xmpp.metrics.received.inc();
        } else if stanza.ns != ns::SM {
            return Err(StreamError::UNSUPPORTED_STANZA.into());
        }
        self.carry_out(Received {
            element: stanza,
            number: self.received,
        })
        .await
    }

    fn check_sender(&self, stanza: &Element) -> Result<(), Ended> {
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
        if is_own {
            Ok(())
        } else {
            Err(StreamError::INVALID_FROM.into())
        }
    }

    /// Carries out an element when those before it allow that. Messages only have to reach the store in their order. Everything else
    /// waits until those before it are carried out, and answers of stream management wait for their turn.
    async fn carry_out(&mut self, received: Received) -> Result<(), Ended> {
        let element = &received.element;
        if element.ns == ns::CLIENT && element.name != "message" {
            self.settle().await;
        }
        if self.pipeline.again().is_some() {
            self.pipeline.push_held(received);
            return Ok(());
        }
        let result = match (&*element.ns, &*element.name) {
            (ns::SM, _) => Ok(()),
            (_, "message") => match self.message(&received).await {
                Ok(Some(sending)) => {
                    self.pipeline.push_sending(received, sending);
                    return Ok(());
                }
                result => result.map(drop),
            },
            (_, "presence") => self.presence(element).await,
            (_, "iq") => self.iq(element).await,
            _ => Err(Fault::Ended(StreamError::UNSUPPORTED_STANZA.into())),
        };
        let outcome = match result {
            Err(Fault::Ended(ended)) => return Err(ended),
            Err(Fault::Refused(error)) => Err(error),
            Ok(()) => Ok(()),
        };
        self.pipeline.push_done(received, outcome);
        self.finish_ready().await;
        Ok(())
    }

    /// Tries again what had to wait for the database, if it is time.
    pub async fn try_again(&mut self, now: Instant) -> Result<(), Ended> {
        for entry in self.pipeline.due(now) {
            let Entry {
                received,
                key,
                outcome,
            } = entry;
            // Messages that were submitted behind one that had to wait may have been stored.
            let outcome = match outcome {
                Some(outcome) => Some(outcome.await),
                None => None,
            };
            match outcome {
                Some(Err(error)) if error.is_away => {
                    self.not_sent(key.as_ref());
                    self.carry_out(received).await?;
                }
                Some(outcome) => self.pipeline.push(Entry {
                    received,
                    key,
                    outcome: Some(Box::pin(ready(outcome))),
                }),
                None => self.carry_out(received).await?,
            }
        }
        Ok(())
    }

    /// Waits until everything before is carried out, or waits for the database.
    pub async fn settle(&mut self) {
        while let Some(done) = self.pipeline.next().await {
            self.finish(done);
        }
    }

    /// Finishes the elements that are done.
    pub async fn finish_ready(&mut self) {
        while let Some(done) = self.pipeline.ready().await {
            self.finish(done);
        }
    }

    /// Called when an element is done and it is its turn. A stanza counts as received, and is refused if it was not carried out.
    pub fn finish(&mut self, done: Done) {
        let Done {
            received,
            key,
            outcome,
        } = done;
        if received.element.ns == ns::SM {
            self.manage(&received.element);
            return;
        }
        if let Err(error) = outcome {
            self.not_sent(key.as_ref());
            let received = match error.is_away {
                true => self.pipeline.hold(received, Instant::now()),
                false => Some(received),
            };
            let Some(received) = received else {
                return;
            };
            self.refuse(error, &received.element);
        }
        if let Some(management) = &mut self.management {
            management.received = management.received.wrapping_add(1);
        }
    }

    /// A message will not come back to the client, or is submitted again.
    fn not_sent(&mut self, key: Option<&MessageKey>) {
        if let Some((to, msg_id)) = key {
            self.rooms.not_sent(*to, msg_id);
        }
    }

    /// The session ends: what is on its way to the disk gets there. A client without stream management would not know that a stanza was
    /// not carried out.
    pub async fn finish_all(&mut self) {
        self.settle().await;
        for stanza in self.pipeline.forget() {
            if self.management.is_none() {
                let error =
                    StanzaError::new("wait", "internal-server-error", StreamError::AWAY.text);
                self.refuse(error, &stanza);
            }
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
