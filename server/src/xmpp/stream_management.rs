//! Stream management (XEP-0198): the client says what has arrived, and a session outlives its connection for a while. What the client has
//! not acknowledged is kept, and an item of the channel counts as fetched only when it is.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::acknowledgements::Management;
use super::errors::StreamError;
use super::features;
use super::registry::{Mail, Return};
use super::sasl2::Bind;
use super::session::{Client, Ended, Fault};
use super::wire::stopping;
use super::xml::{Element, ns};
use crate::secrets;

/// How long a session waits for its client.
const WAITS: Duration = Duration::from_secs(300);

fn element(name: &'static str) -> Element {
    Element::new(name, ns::SM)
}

fn count(element: &Element) -> Option<u32> {
    element.attribute("h")?.trim().parse().ok()
}

impl Client {
    /// Takes an element of stream management, when everything before it is counted.
    pub fn manage(&mut self, request: &Element) {
        match (&*request.name, &mut self.management) {
            ("enable", None) => {
                let enabled = self.enable(request);
                self.send_uncounted(&enabled);
            }
            ("r", Some(management)) => {
                let answer = element("a").with("h", management.received.to_string());
                self.send_uncounted(&answer);
            }
            _ => {
                let failed = element("failed").empty("unexpected-request", ns::STANZA_ERRORS);
                self.send_uncounted(&failed);
            }
        }
    }

    /// The client says how many stanzas it has.
    pub fn acknowledged_by(&mut self, answer: &Element) -> Result<(), Ended> {
        let count = count(answer).ok_or(StreamError::BAD_FORMAT)?;
        self.acknowledge(count)
    }

    /// From now on both sides count; returns the answer.
    pub fn enable(&mut self, request: &Element) -> Element {
        let wants = matches!(request.attribute("resume"), Some("true" | "1"));
        let id = if wants {
            secrets::random_hex(16).ok()
        } else {
            None
        };
        let mut enabled = element("enabled");
        if let Some(id) = &id {
            self.place.can_resume(id);
            enabled = enabled
                .with("id", id.as_str())
                .with("resume", "true")
                .with("max", WAITS.as_secs().to_string());
        }
        self.management = Some(Management::new(id));
        enabled
    }

    /// Begins as a client wants that has asked for everything in one step; returns the answer.
    pub fn bound(&mut self, bind: Bind) -> Element {
        self.has_carbons = bind.has_carbons;
        self.is_inactive = bind.is_inactive;
        let mut bound = Element::new("bound", ns::BIND2);
        if let Some(request) = bind.enable {
            bound.push(self.enable(&request));
        }
        bound
    }

    /// Tells such a client that it is logged in.
    pub fn succeed(&mut self, success: &Element) {
        let mut text = String::new();
        success.write(&mut text, ns::CLIENT);
        features::write(features::bound(), &mut text);
        self.send_text(&text);
    }

    fn acknowledge(&mut self, count: u32) -> Result<(), Ended> {
        let Some(management) = &mut self.management else {
            return Ok(());
        };
        if !management.acknowledge(count) {
            return Err(StreamError::COUNT_TOO_HIGH.into());
        }
        let first = management.first();
        self.acknowledge_channel(first);
        Ok(())
    }

    /// Whether the session can outlive its connection.
    pub fn can_resume(&self) -> bool {
        let management = self.management.as_ref();
        management.is_some_and(|management| management.id.is_some())
    }

    /// Waits for the client to come back with another connection; an error if it does not.
    pub async fn wait_for_return(
        &mut self,
        closing: &mut watch::Receiver<bool>,
    ) -> Result<(), Ended> {
        // What is on its way to the disk gets there, and counts when the client comes back.
        self.settle().await;
        self.leave_wire();
        self.subscription.rest();
        self.place.is_waiting(true);
        let until = Instant::now() + WAITS;
        let back = tokio::select! {
            mail = self.place.mail.recv() => match mail {
                Some(Mail::Return(back)) => back,
                Some(Mail::Replaced) | None => return Err(Ended::Lost),
            },
            () = sleep_until(until) => return Err(Ended::Lost),
            () = stopping(closing) => return Err(Ended::Lost),
        };
        self.place.is_waiting(false);
        self.resume(*back).await?;
        self.subscription.back();
        self.show_again();
        // What friends did meanwhile may not have been in the channel.
        self.is_behind = true;
        Ok(())
    }

    /// Goes on with another connection.
    pub async fn resume(&mut self, back: Return) -> Result<(), Ended> {
        let Return {
            wire,
            count,
            guard,
            success,
        } = back;
        self.use_wire(wire, guard);
        if let Err(Fault::Ended(ended)) = self.session().await {
            return Err(ended);
        }
        self.settle().await;
        // The client does not learn that these were received, and sends them again.
        for _ in self.pipeline.forget() {
            self.received = self.received.wrapping_sub(1);
        }
        self.acknowledge(count)?;
        self.late = self.xmpp.services.channels.next(self.uid);
        let Some(management) = &mut self.management else {
            return Err(StreamError::INTERNAL.into());
        };
        let again = management.again();
        let resumed = element("resumed")
            .with("previd", management.id.clone().unwrap_or_default())
            .with("h", management.received.to_string());
        match success {
            Some(success) => {
                let address = Element::new("authorization-identifier", ns::SASL2);
                let address = address.text(self.full.as_str());
                self.succeed(&success.child(address).child(resumed));
            }
            None => self.send_uncounted(&resumed),
        }
        self.send_text(&again);
        self.xmpp.metrics.resumptions.inc();
        Ok(())
    }
}
