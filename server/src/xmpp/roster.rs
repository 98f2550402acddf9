//! The roster: friends with the names that they chose, and the user's friend lists as groups. Subscriptions are friendships, which are
//! always mutual.

use super::errors::StanzaError;
use super::jid::Jid;
use super::session::{Client, Fault};
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::friends::FriendError;
use crate::service::lists::List;
use crate::types::{Session, Uid, User};

impl From<FriendError> for StanzaError {
    fn from(error: FriendError) -> Self {
        let text = error.to_string();
        match error {
            FriendError::Unknown | FriendError::NoRequest => {
                StanzaError::new("cancel", "item-not-found", text)
            }
            FriendError::Blocked | FriendError::NotFriends => {
                StanzaError::new("cancel", "not-allowed", text)
            }
            FriendError::TooLong(_) => StanzaError::new("modify", "not-acceptable", text),
            FriendError::TooMany | FriendError::TooOften(_) => {
                StanzaError::new("wait", "resource-constraint", text)
            }
            FriendError::Store(error) => error.into(),
        }
    }
}

impl Client {
    /// The answer to a client that asks for the roster.
    pub async fn roster(&mut self, session: &Session) -> Result<Element, StanzaError> {
        let services = &self.xmpp.services;
        let friends = services.friends.list(session).await?;
        let lists = services.lists.all(session).await?;
        let mut query = Element::new("query", ns::ROSTER);
        for (friend, _) in &friends {
            query.push(self.roster_item(friend, &lists));
        }
        self.has_roster = true;
        Ok(query)
    }

    fn roster_item(&self, friend: &User, lists: &[List]) -> Element {
        let groups = lists
            .iter()
            .filter(|list| list.members.contains(&friend.uid));
        let groups = groups.map(|list| Element::new("group", ns::ROSTER).text(list.name.as_str()));
        let item = Element::new("item", ns::ROSTER)
            .with("jid", self.xmpp.address(&friend.username))
            .with("name", friend.name.as_str())
            .with("subscription", "both");
        groups.fold(item, Element::child)
    }

    /// A client changes its roster. Names and groups are not the client's to change: it is told what they are. Removing somebody ends
    /// the friendship.
    pub async fn set_roster(
        &mut self,
        session: &Session,
        query: &Element,
    ) -> Result<(), StanzaError> {
        let item = query.find("item", ns::ROSTER);
        let jid = item.and_then(|item| Jid::parse(item.attribute("jid")?));
        let (Some(item), Some(jid)) = (item, jid) else {
            return Err(StanzaError::bad_request());
        };
        let Some(uid) = self.find(&jid).await?.filter(|uid| *uid != self.uid) else {
            return Err(FriendError::Unknown.into());
        };
        if item.attribute("subscription") == Some("remove") {
            self.xmpp.services.friends.remove(session, uid).await?;
        } else {
            self.tell_roster_item(uid).await?;
        }
        Ok(())
    }

    /// Tells the client how a friend is listed now.
    pub async fn tell_roster_item(&mut self, uid: Uid) -> Result<(), StoreError> {
        let Some(session) = self.find_session().await? else {
            return Ok(());
        };
        let services = &self.xmpp.services;
        let Some((friend, _)) = services.friends.find(&session, uid).await? else {
            return Ok(());
        };
        let lists = services.lists.all(&session).await?;
        self.push_roster(self.roster_item(&friend, &lists));
        Ok(())
    }

    fn push_roster(&mut self, item: Element) {
        if self.has_roster {
            self.push(Element::new("query", ns::ROSTER).child(item));
        }
    }

    /// Tells the client that somebody is a friend now, or is no friend any more.
    pub async fn tell_friend(
        &mut self,
        uid: Uid,
        address: &str,
        added: bool,
    ) -> Result<(), StoreError> {
        if added {
            self.tell_roster_item(uid).await?;
        } else {
            let item = Element::new("item", ns::ROSTER)
                .with("jid", address)
                .with("subscription", "remove");
            self.push_roster(item);
        }
        let kinds = if added {
            &["subscribed"][..]
        } else {
            &["unsubscribed", "unavailable"]
        };
        for kind in kinds {
            let presence = Element::new("presence", ns::CLIENT)
                .with("type", *kind)
                .with("from", address)
                .with("to", self.bare.as_str());
            self.send(&presence);
        }
        if added {
            self.tell_presence(uid).await
        } else {
            Ok(())
        }
    }

    /// A client asks for a friendship, or accepts, declines or ends one.
    pub async fn subscription_change(&mut self, kind: &str, stanza: &Element) -> Result<(), Fault> {
        let session = self.session().await?;
        Ok(self.change_friendship(&session, kind, stanza).await?)
    }

    async fn change_friendship(
        &mut self,
        session: &Session,
        kind: &str,
        stanza: &Element,
    ) -> Result<(), StanzaError> {
        let to = stanza.attribute("to").and_then(Jid::parse);
        let to = to.ok_or_else(StanzaError::bad_request)?;
        let found = self.find(&to).await?.filter(|uid| *uid != self.uid);
        let uid: Uid = found.ok_or(FriendError::Unknown)?;
        let friends = &self.xmpp.services.friends;
        let done = match kind {
            "subscribe" => {
                let message = stanza.find("status", ns::CLIENT);
                let message = message.map(Element::content).unwrap_or_default();
                friends.ask(session, uid, &message).await
            }
            "subscribed" => friends.answer(session, uid, true).await,
            "unsubscribed" if friends.find(session, uid).await?.is_none() => {
                friends.answer(session, uid, false).await
            }
            _ => friends.remove(session, uid).await,
        };
        match done {
            // Clients answer both sides of a friendship, of which one is enough.
            Ok(_) | Err(FriendError::NoRequest) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
