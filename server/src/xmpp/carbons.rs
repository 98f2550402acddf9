//! Carbons (XEP-0280): what the user has sent with another client. What the user receives, every client gets anyway.

use super::items::Text;
use super::message::delay;
use super::session::{Client, RESOURCE};
use super::xml::{Element, ns};
use crate::attachment::Listed;
use crate::service::StoreError;
use crate::types::Uid;

impl Client {
    /// Tells the client of a message that its user has sent elsewhere, if it wants to know.
    pub async fn tell_sent(
        &mut self,
        to: Uid,
        msg: &Text,
        files: &[Listed],
        late: Option<i64>,
    ) -> Result<(), StoreError> {
        if !self.has_carbons {
            return Ok(());
        }
        let Some(to) = self.address_of(to).await? else {
            return Ok(());
        };
        let Text { text, time, .. } = msg;
        let message = Element::new("message", ns::CLIENT)
            .with("type", "chat")
            .with("id", self.ids.id(*time))
            .with("from", format!("{}/{RESOURCE}", self.bare))
            .with("to", to)
            .child(Element::new("body", ns::CLIENT).text(self.xmpp.text(text, files)))
            .child(self.stanza_id(*time));
        let message = self
            .xmpp
            .links(files)
            .into_iter()
            .fold(message, Element::child);
        let mut forwarded = Element::new("forwarded", ns::FORWARD);
        if let Some(time) = late {
            forwarded.push(delay(&self.xmpp.domain, time));
        }
        let sent = Element::new("sent", ns::CARBONS).child(forwarded.child(message));
        let stanza = Element::new("message", ns::CLIENT)
            .with("type", "chat")
            .with("from", self.bare.as_str())
            .with("to", self.full.as_str())
            .child(sent);
        self.send(&stanza);
        Ok(())
    }
}
