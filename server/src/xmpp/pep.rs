//! Personal eventing (XEP-0163) for what the server knows of users: their groups as bookmarks, and their pictures. Nothing else can be
//! published. A client is told of changes if its capabilities (XEP-0115) say so.

use super::disco::Target;
use super::errors::StanzaError;
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::types::{Session, Uid};

/// The longest name of a client's capabilities.
const NAME: usize = 1024;

/// An item of a node.
pub fn item(id: impl Into<String>, content: Element) -> Element {
    Element::new("item", ns::PUBSUB)
        .with("id", id)
        .child(content)
}

impl Client {
    /// Asks the client what it can do, if its presence names capabilities that were not asked for yet.
    pub fn ask_for_capabilities(&mut self, presence: &Element) {
        let named = presence.find("c", ns::CAPS);
        let named = named.and_then(|c| Some((c.attribute("node")?, c.attribute("ver")?)));
        let Some((node, version)) = named else {
            return;
        };
        let name = format!("{node}#{version}");
        if name.len() > NAME || name == self.interests.capabilities {
            return;
        }
        let id = self.next_id();
        let query = Element::new("query", ns::DISCO_INFO).with("node", name.as_str());
        let request = Element::new("iq", ns::CLIENT)
            .with("type", "get")
            .with("id", id.as_str())
            .with("from", self.xmpp.domain.as_str())
            .with("to", self.full.as_str())
            .child(query);
        self.interests.capabilities = name;
        self.interests.asked = Some(id);
        self.send(&request);
    }

    /// Takes the client's answer to a request of the server.
    pub async fn take_answer(&mut self, stanza: &Element) -> Result<(), StoreError> {
        if self.interests.asked.is_none()
            || self.interests.asked.as_deref() != stanza.attribute("id")
        {
            return Ok(());
        }
        let Some(query) = stanza.find("query", ns::DISCO_INFO) else {
            self.interests.asked = None;
            return Ok(());
        };
        let features = query
            .children()
            .filter(|child| child.is("feature", ns::DISCO_INFO));
        let nodes: Vec<_> = features
            .filter_map(|feature| feature.attribute("var")?.strip_suffix("+notify"))
            .collect();
        self.interests.bookmarks = nodes.contains(&ns::BOOKMARKS);
        let wants_pictures = nodes.contains(&ns::AVATAR_METADATA);
        if self.interests.bookmarks {
            self.begin_bookmarks().await?;
        }
        if wants_pictures && !self.interests.pictures {
            self.tell_pictures().await?;
        }
        self.interests.pictures = wants_pictures;
        self.interests.asked = None;
        Ok(())
    }

    /// Answers a request for what a user publishes, or to publish something.
    pub async fn publishing(
        &mut self,
        session: &Session,
        is_set: bool,
        target: Target,
        request: &Element,
    ) -> Result<Option<Element>, StanzaError> {
        let uid = match target {
            Target::Other(uid) if !is_set => uid,
            Target::Account => self.uid,
            Target::Other(_) | Target::Server => return Err(StanzaError::service_unavailable()),
        };
        // A request to publish can have options, which nothing here depends on.
        let action = request
            .children()
            .find(|child| child.name != "publish-options");
        let action = action.ok_or_else(StanzaError::bad_request)?;
        let node = action.attribute("node").unwrap_or_default();
        match (is_set, &*action.name) {
            (false, "items") => self.items(session, uid, node, action).await.map(Some),
            (true, "publish") => {
                let item = action.find("item", ns::PUBSUB);
                let item = item.ok_or_else(StanzaError::bad_request)?;
                match node {
                    ns::BOOKMARKS => self.publish_bookmark(session, item).await?,
                    ns::AVATAR_DATA => self.publish_picture(session, item).await?,
                    ns::AVATAR_METADATA => self.publish_metadata(session, item).await?,
                    _ => return Err(StanzaError::not_implemented()),
                }
                let id = item.attribute("id");
                let item = Element::new("item", ns::PUBSUB).with_some("id", id);
                let published = Element::new("publish", ns::PUBSUB)
                    .with("node", node)
                    .child(item);
                Ok(Some(Element::new("pubsub", ns::PUBSUB).child(published)))
            }
            (true, "retract") if node == ns::BOOKMARKS => {
                let item = action.find("item", ns::PUBSUB);
                let item = item.ok_or_else(StanzaError::bad_request)?;
                self.tell_bookmark(session, item).await?;
                Ok(None)
            }
            _ => Err(StanzaError::not_implemented()),
        }
    }

    async fn items(
        &mut self,
        session: &Session,
        uid: Uid,
        node: &str,
        request: &Element,
    ) -> Result<Element, StanzaError> {
        let found = match node {
            ns::BOOKMARKS if uid == self.uid => self.bookmarks(session).await?,
            ns::AVATAR_DATA => self.picture_data(session, uid).await?,
            ns::AVATAR_METADATA => self.picture_metadata(session, uid).await?,
            _ => return Err(StanzaError::new("cancel", "item-not-found", "")),
        };
        let wanted = request.children().filter_map(|item| item.attribute("id"));
        let wanted: Vec<_> = wanted.collect();
        let is_wanted = |item: &Element| {
            let id = item.attribute("id").unwrap_or_default();
            wanted.is_empty() || wanted.contains(&id)
        };
        let items = Element::new("items", ns::PUBSUB).with("node", node);
        let items = found
            .into_iter()
            .filter(is_wanted)
            .fold(items, Element::child);
        Ok(Element::new("pubsub", ns::PUBSUB).child(items))
    }

    /// Tells the client what somebody publishes now, or that they have retracted it.
    pub fn send_event(&mut self, from: &str, node: &str, items: Vec<Element>) {
        let all = Element::new("items", ns::PUBSUB_EVENT).with("node", node);
        let all = items.into_iter().fold(all, Element::child);
        let stanza = Element::new("message", ns::CLIENT)
            .with("type", "headline")
            .with("from", from)
            .with("to", self.full.as_str())
            .child(Element::new("event", ns::PUBSUB_EVENT).child(all));
        self.send(&stanza);
    }
}

/// An item as it is told to those who want to know.
pub fn event_item(id: &str, content: Element) -> Element {
    Element::new("item", ns::PUBSUB_EVENT)
        .with("id", id)
        .child(content)
}
