//! The groups of a user as bookmarks (XEP-0402, and XEP-0048 in private storage): each is to be joined at the login. Bookmarks cannot be
//! changed, because they are the groups: a client that tries is told what they are.

use super::errors::StanzaError;
use super::interests::Bookmarks;
use super::jid::Jid;
use super::pep::{event_item, item};
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::types::Session;

fn conference(name: &str, nick: &str) -> Element {
    Element::new("conference", ns::BOOKMARKS)
        .with("name", name)
        .with("autojoin", "true")
        .child(Element::new("nick", ns::BOOKMARKS).text(nick))
}

impl Client {
    async fn read_bookmarks(&self, session: &Session) -> Result<Bookmarks, StoreError> {
        let listed = self.xmpp.services.groups.listed(session).await?;
        let bookmarks = listed.iter().map(|group| {
            let address = self.xmpp.room_address(&listed, group);
            (group.gid, (address, group.name.clone()))
        });
        Ok(bookmarks.collect())
    }

    /// All bookmarks as items of their node.
    pub async fn bookmarks(&mut self, session: &Session) -> Result<Vec<Element>, StanzaError> {
        let bookmarks = self.read_bookmarks(session).await?;
        let items = bookmarks.values();
        let items = items.map(|(jid, name)| item(jid, conference(name, &session.user.name)));
        let items = items.collect();
        self.bookmarked = Some(bookmarks);
        Ok(items)
    }

    /// The answer to a client that looks into private storage.
    pub async fn private_storage(
        &mut self,
        session: &Session,
        request: &Element,
    ) -> Result<Element, StanzaError> {
        let asked = request.children().next();
        let asked = asked.ok_or_else(StanzaError::bad_request)?;
        let mut storage = Element::new(asked.name.clone(), asked.ns.clone());
        if asked.is("storage", ns::OLD_BOOKMARKS) {
            for (jid, name) in self.read_bookmarks(session).await?.into_values() {
                let nick = session.user.name.as_str();
                let conference = Element::new("conference", ns::OLD_BOOKMARKS)
                    .with("jid", jid)
                    .with("name", name)
                    .with("autojoin", "true")
                    .child(Element::new("nick", ns::OLD_BOOKMARKS).text(nick));
                storage.push(conference);
            }
        }
        Ok(Element::new("query", ns::PRIVATE).child(storage))
    }

    /// A client wants to add or change a bookmark.
    pub async fn publish_bookmark(
        &mut self,
        session: &Session,
        item: &Element,
    ) -> Result<(), StanzaError> {
        if self.tell_bookmark(session, item).await? {
            return Ok(());
        }
        let text = "Bookmarks are the groups that you are in. Ask a member to add you.";
        Err(StanzaError::new("cancel", "not-allowed", text))
    }

    /// Tells the client what a bookmark is; false if there is none.
    pub async fn tell_bookmark(
        &mut self,
        session: &Session,
        item: &Element,
    ) -> Result<bool, StanzaError> {
        let jid = item.attribute("id").and_then(Jid::parse);
        let jid = jid.ok_or_else(StanzaError::bad_request)?;
        let all = self.read_bookmarks(session).await?;
        let found = all.into_values().find(|(known, _)| *known == jid.bare());
        let Some((jid, name)) = found else {
            return Ok(false);
        };
        if self.interests.bookmarks {
            let content = conference(&name, &session.user.name);
            let from = self.bare.clone();
            self.send_event(&from, ns::BOOKMARKS, vec![event_item(&jid, content)]);
        }
        Ok(true)
    }

    /// From now on the client is told of changes.
    pub async fn begin_bookmarks(&mut self) -> Result<(), StoreError> {
        if self.bookmarked.is_none()
            && let Some(session) = self.find_session().await?
        {
            self.bookmarked = Some(self.read_bookmarks(&session).await?);
        }
        Ok(())
    }

    /// Tells the client which groups were added, removed or renamed since it was told last.
    pub async fn sync_bookmarks(&mut self) -> Result<(), StoreError> {
        if !self.interests.bookmarks {
            return Ok(());
        }
        let Some(session) = self.find_session().await? else {
            return Ok(());
        };
        let now = self.read_bookmarks(&session).await?;
        let before = self.bookmarked.take().unwrap_or_default();
        let mut items = Vec::new();
        for (gid, bookmark) in &now {
            if before.get(gid) != Some(bookmark) {
                let (jid, name) = bookmark;
                items.push(event_item(jid, conference(name, &session.user.name)));
            }
        }
        for (gid, (jid, _)) in &before {
            if !now.contains_key(gid) {
                items.push(Element::new("retract", ns::PUBSUB_EVENT).with("id", jid.as_str()));
            }
        }
        self.bookmarked = Some(now);
        let from = self.bare.clone();
        for item in items {
            self.send_event(&from, ns::BOOKMARKS, vec![item]);
        }
        Ok(())
    }
}
