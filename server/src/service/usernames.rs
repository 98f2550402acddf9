//! Changing one's user name.

use std::sync::Arc;

use super::user_limit::{TooOften, UserLimit};
use super::validate::{Invalid, valid_username};
use crate::store::{ChangedBy, Store, StoreError, UsernameChange};
use crate::types::{Session, User};
use crate::username::is_reserved;

/// The most attempts in ten minutes: enough to find a free name, too few to try a list of names.
const ATTEMPTS: u32 = 20;

/// Why a user name was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UsernameError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(
        "This user name, or one that looks almost the same, is taken or reserved. Choose another."
    )]
    Taken,
    #[error("A user name can be changed three times within 30 days. Try again in a few weeks.")]
    ChangedOften,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Usernames {
    store: Arc<Store>,
    attempts: UserLimit,
}

impl Usernames {
    pub fn new(store: Arc<Store>) -> Self {
        Usernames {
            store,
            attempts: UserLimit::new(ATTEMPTS),
        }
    }

    /// The user with this name.
    pub async fn find(&self, username: &str) -> Result<Option<User>, StoreError> {
        self.store.user_named(username).await
    }

    /// Changes the user's own name; returns it as it is stored.
    pub async fn change(&self, session: &Session, text: &str) -> Result<String, UsernameError> {
        let username = valid_username(text)?;
        let own = &session.user;
        if username == own.username {
            return Ok(username);
        }
        self.attempts.take(own.uid)?;
        if is_reserved(&username) {
            return Err(UsernameError::Taken);
        }
        let changed = self
            .store
            .set_username(own.uid, username.clone(), ChangedBy::Owner);
        match changed.await? {
            UsernameChange::Done => {
                log::info!(uid:% = own.uid; "changed their user name");
                Ok(username)
            }
            UsernameChange::Taken => Err(UsernameError::Taken),
            UsernameChange::TooOften => Err(UsernameError::ChangedOften),
        }
    }
}
