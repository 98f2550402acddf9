//! The block list of the user (XEP-0191).

use super::errors::StanzaError;
use super::jid::Jid;
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::blocks::BlockError;
use crate::types::{Session, Uid};

impl From<BlockError> for StanzaError {
    fn from(error: BlockError) -> Self {
        let text = error.to_string();
        match error {
            BlockError::Unknown => StanzaError::new("cancel", "item-not-found", text),
            BlockError::Own => StanzaError::new("cancel", "not-allowed", text),
            BlockError::TooMany | BlockError::TooOften(_) => {
                StanzaError::new("wait", "resource-constraint", text)
            }
            BlockError::Store(error) => error.into(),
        }
    }
}

impl Client {
    /// The answer to a client that asks for the block list.
    pub async fn block_list(&mut self, session: &Session) -> Result<Element, StanzaError> {
        let blocked = self.xmpp.services.blocks.all(session).await?;
        self.has_block_list = true;
        let list = Element::new("blocklist", ns::BLOCKING);
        let addresses = blocked.iter().map(|user| self.xmpp.address(&user.username));
        Ok(addresses.map(item).fold(list, Element::child))
    }

    /// A client blocks or unblocks people; unblocking nobody in particular unblocks everybody. All clients of the user are told over
    /// the channel.
    pub async fn change_blocks(
        &mut self,
        session: &Session,
        request: &Element,
        block: bool,
    ) -> Result<(), StanzaError> {
        let blocks = &self.xmpp.services.blocks;
        let mut uids = Vec::new();
        for item in request.children() {
            let jid = item.attribute("jid").and_then(Jid::parse);
            let jid = jid.ok_or_else(|| StanzaError::new("modify", "jid-malformed", ""))?;
            let found = self.find(&jid).await?;
            uids.push(found.ok_or(BlockError::Unknown)?);
        }
        if uids.is_empty() {
            if block {
                return Err(StanzaError::bad_request());
            }
            uids = blocks
                .all(session)
                .await?
                .iter()
                .map(|user| user.uid)
                .collect();
        }
        for uid in uids {
            blocks.set(session, uid, block).await?;
        }
        Ok(())
    }

    /// Tells the client that its user has blocked or unblocked somebody.
    pub async fn tell_block(&mut self, uid: Uid, blocked: bool) -> Result<(), StoreError> {
        if !self.has_block_list {
            return Ok(());
        }
        let Some(address) = self.address_of(uid).await? else {
            return Ok(());
        };
        let name = if blocked { "block" } else { "unblock" };
        let change = Element::new(name, ns::BLOCKING).child(item(address));
        self.push(change);
        Ok(())
    }
}

fn item(address: String) -> Element {
    Element::new("item", ns::BLOCKING).with("jid", address)
}
