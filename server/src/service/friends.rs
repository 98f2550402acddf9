//! Friends: asking, answering, ending a friendship, poking, and the buddy list.

use std::sync::Arc;

use super::detached::detached;
use super::user_limit::{TooOften, UserLimit};
use super::validate::lines;
use crate::hub::Hub;
use crate::item;
use crate::store::{Answered, Asked, Audience, Poked, Relation, Store, StoreError};
use crate::types::{Presence, Session, Uid, User};

pub use crate::store::FriendRequest;

/// The longest message with a request, in characters.
const MESSAGE: usize = 1000;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other user has been asked.
    Requested,
    /// Both are friends now.
    Added,
    /// The same was done before, and the other user has not reacted yet.
    Pending,
    /// Both were friends already.
    Friend,
    /// The request was declined.
    Declined,
    /// Both are no longer friends.
    Removed,
    /// There was nothing to do.
    None,
    /// The other user has been poked.
    Poked,
}

/// Why a call was refused.
#[derive(Debug, thiserror::Error)]
pub enum FriendError {
    #[error("There is no such person.")]
    Unknown,
    #[error("There is no such request any more.")]
    NoRequest,
    #[error("You have blocked this person. Unblock them first.")]
    Blocked,
    #[error("You can poke only your friends.")]
    NotFriends,
    /// The text has more characters than this.
    #[error("The message can have {0} characters.")]
    TooLong(usize),
    #[error(
        "There are too many requests or friends, on one side or the other. Try again tomorrow."
    )]
    TooMany,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Friends {
    store: Arc<Store>,
    hub: Arc<Hub>,
    actions: UserLimit,
}

impl Friends {
    /// `actions` limits how often users change what is between them and others.
    pub fn new(store: Arc<Store>, hub: Arc<Hub>, actions: UserLimit) -> Self {
        Friends {
            store,
            hub,
            actions,
        }
    }

    /// The friends of the user, and what the user sees of them. A user who has switched chat off is not seen, but sees.
    pub async fn list(&self, session: &Session) -> Result<Vec<(User, Presence)>, StoreError> {
        let own = session.user.uid;
        let friends = self.store.friends(own).await?;
        // Read last: who has blocked the user before is offline to them.
        let hidden = self.store.blocked_by(own).await?;
        let seen = |user: User| {
            let presence = if hidden.contains(&user.uid) {
                Presence::Offline
            } else {
                self.hub.presence(user.uid)
            };
            (user, presence)
        };
        Ok(friends.into_iter().map(seen).collect())
    }

    /// One of the friends, and what the user sees of them.
    pub async fn find(
        &self,
        session: &Session,
        other: Uid,
    ) -> Result<Option<(User, Presence)>, StoreError> {
        let own = session.user.uid;
        let found = self.store.user_and_relation(own, other).await?;
        let Some((user, Relation::Friend)) = found else {
            return Ok(None);
        };
        let hidden = self.store.blocked_by(own).await?;
        let presence = if hidden.contains(&other) {
            Presence::Offline
        } else {
            self.hub.presence(other)
        };
        Ok(Some((user, presence)))
    }

    /// The requests that wait for the user's answer, and those that they sent.
    pub async fn requests(
        &self,
        session: &Session,
    ) -> Result<(Vec<FriendRequest>, Vec<FriendRequest>), StoreError> {
        let received = self.requests_received(session).await?;
        let sent = self.store.requests_sent(session.user.uid).await?;
        Ok((received, sent))
    }

    /// The requests that wait for the user's answer.
    pub async fn requests_received(
        &self,
        session: &Session,
    ) -> Result<Vec<FriendRequest>, StoreError> {
        self.store.requests_received(session.user.uid).await
    }

    /// Asks another user to be friends, or accepts if they have asked.
    pub async fn ask(
        &self,
        session: &Session,
        to: Uid,
        message: &str,
    ) -> Result<Outcome, FriendError> {
        let message = lines(message);
        if message.chars().count() > MESSAGE {
            return Err(FriendError::TooLong(MESSAGE));
        }
        self.actions.take(session.user.uid)?;
        let (store, own) = (self.store.clone(), session.user.clone());
        detached(async move {
            match store.ask(own.uid, to, message.clone()).await? {
                Asked::Requested(time) => {
                    let item = item::friend_request(&own, &message, time);
                    store.push(Audience::From { from: own.uid, to }, item);
                    Ok(Outcome::Requested)
                }
                Asked::Added(other) => {
                    tell_both(&store, &own, &other, true);
                    Ok(Outcome::Added)
                }
                Asked::Pending => Ok(Outcome::Pending),
                Asked::Friend => Ok(Outcome::Friend),
                Asked::Unknown => Err(FriendError::Unknown),
                Asked::TooMany => Err(FriendError::TooMany),
                Asked::Blocked => Err(FriendError::Blocked),
            }
        })
        .await
    }

    /// Accepts or declines the request of another user.
    pub async fn answer(
        &self,
        session: &Session,
        from: Uid,
        accept: bool,
    ) -> Result<Outcome, FriendError> {
        self.actions.take(session.user.uid)?;
        let (store, own) = (self.store.clone(), session.user.clone());
        detached(async move {
            match store.answer(own.uid, from, accept).await? {
                Answered::Added(other) => {
                    tell_both(&store, &own, &other, true);
                    Ok(Outcome::Added)
                }
                Answered::Declined => Ok(Outcome::Declined),
                Answered::Friend => Ok(Outcome::Friend),
                Answered::Unknown => Err(FriendError::NoRequest),
                Answered::TooMany => Err(FriendError::TooMany),
            }
        })
        .await
    }

    /// Ends a friendship for both. An unknown number gives the same answer as a user who is no friend, so nobody learns who exists.
    pub async fn remove(&self, session: &Session, other: Uid) -> Result<Outcome, FriendError> {
        self.actions.take(session.user.uid)?;
        let (store, own) = (self.store.clone(), session.user.clone());
        detached(async move {
            match store.unfriend(own.uid, other).await? {
                Some(other) => {
                    tell_both(&store, &own, &other, false);
                    Ok(Outcome::Removed)
                }
                None => Ok(Outcome::None),
            }
        })
        .await
    }

    /// Pokes a friend: once a day, or until they poke back.
    pub async fn poke(&self, session: &Session, to: Uid) -> Result<Outcome, FriendError> {
        self.actions.take(session.user.uid)?;
        let (store, own) = (self.store.clone(), session.user.clone());
        detached(async move {
            match store.poke(own.uid, to).await? {
                Poked::New(time) => {
                    let audience = Audience::From { from: own.uid, to };
                    store.push(audience, item::poke(&own, time));
                    Ok(Outcome::Poked)
                }
                Poked::Pending => Ok(Outcome::Pending),
                Poked::NotFriends => Err(FriendError::NotFriends),
                Poked::Blocked => Err(FriendError::Blocked),
            }
        })
        .await
    }
}

fn tell_both(store: &Store, own: &User, other: &User, added: bool) {
    for (to, about) in [(own, other), (other, own)] {
        let item = item::friend(about.uid, &about.name, added);
        store.push(Audience::Users(vec![to.uid]), item);
    }
}
