//! What users show of themselves: name, status, and who may see what.

use std::sync::Arc;

use super::detached::detached;
use super::user_limit::{TooOften, UserLimit};
use super::validate::{Invalid, single_line, valid_name};
use crate::clock::now_ms;
use crate::item;
use crate::store::{Audience, Store, StoreError};
use crate::types::{Session, Status, Uid, User};

pub use crate::store::Relation;

/// The longest status in characters; as in 2008.
pub const STATUS: usize = 420;
/// The most users in a feed.
const FEED: usize = 50;

/// What one user may know of another. Names and picture are for every user, as search shows them too.
pub struct Profile {
    pub uid: Uid,
    pub name: String,
    pub username: String,
    /// The hash of the picture.
    pub picture: Option<String>,
    pub relation: Relation,
    /// What only friends may see.
    pub details: Option<Details>,
}

/// What only friends may see.
pub struct Details {
    pub email: String,
    pub status: Option<Status>,
    /// When the account was made, in ms, if that is known.
    pub since: Option<i64>,
}

/// Why a profile cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("There is no such person.")]
    Unknown,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a profile was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The text has more characters than this.
    #[error("A status can have {0} characters.")]
    TooLong(usize),
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Profiles {
    store: Arc<Store>,
    changes: UserLimit,
}

impl Profiles {
    /// `changes` limits how often users change what all their friends are told.
    pub fn new(store: Arc<Store>, changes: UserLimit) -> Self {
        Profiles { store, changes }
    }

    /// The profile of any user.
    pub async fn view(&self, session: &Session, uid: Uid) -> Result<Profile, ProfileError> {
        let found = self.store.user_and_relation(session.user.uid, uid).await?;
        let (user, relation) = found.ok_or(ProfileError::Unknown)?;
        let is_close = matches!(relation, Relation::Own | Relation::Friend);
        Ok(Profile {
            uid,
            name: user.name,
            username: user.username,
            picture: user.picture,
            relation,
            details: is_close.then_some(Details {
                email: user.email,
                status: user.status,
                since: user.since,
            }),
        })
    }

    /// The user name of any user.
    pub async fn username(&self, uid: Uid) -> Result<String, ProfileError> {
        let found = self.store.username(uid).await?;
        found.ok_or(ProfileError::Unknown)
    }

    /// Changes the name that others see; returns it as it is stored.
    pub async fn rename(&self, session: &Session, name: &str) -> Result<String, ChangeError> {
        let name = valid_name(name)?;
        if name == session.user.name {
            return Ok(name);
        }
        let uid = session.user.uid;
        self.changes.take(uid)?;
        let store = self.store.clone();
        detached(async move {
            store.set_name(uid, name.clone()).await?;
            store.push(Audience::UserAndFriends(uid), item::name(uid, &name));
            log::info!(uid:%; "changed their name");
            Ok(name)
        })
        .await
    }

    /// Sets a status, which becomes one line, or clears it if the text is empty. Returns it as it is stored.
    pub async fn set_status(
        &self,
        session: &Session,
        text: &str,
    ) -> Result<Option<Status>, ChangeError> {
        let text = single_line(text);
        if text.chars().count() > STATUS {
            return Err(ChangeError::TooLong(STATUS));
        }
        let own = &session.user;
        let uid = own.uid;
        let old = own.status.as_ref().map_or("", |status| &status.text);
        if text == old {
            return Ok(own.status.clone());
        }
        self.changes.take(uid)?;
        let store = self.store.clone();
        detached(async move {
            let status = (!text.is_empty()).then(|| text.clone());
            let time = store.set_status(uid, status.clone()).await?;
            let item = item::status(uid, &text, time);
            store.push(Audience::UserAndFriends(uid), item);
            Ok(status.map(|text| Status { text, time }))
        })
        .await
    }

    /// The friends with a status later than `newest`, in seconds, latest first; with the user themselves if `own`.
    pub async fn feed(
        &self,
        session: &Session,
        newest: i64,
        own: bool,
    ) -> Result<Vec<User>, StoreError> {
        let mut users = self.store.friends(session.user.uid).await?;
        users.extend(own.then(|| session.user.clone()));
        // A status that was set while the clock was ahead would hide every later one.
        let until = now_ms() / 1000 + 1;
        users.retain(|user| (newest.saturating_add(1)..=until).contains(&user.status_seconds()));
        users.sort_by_key(|user| std::cmp::Reverse(user.status.as_ref().map(|status| status.time)));
        users.truncate(FEED);
        Ok(users)
    }
}
