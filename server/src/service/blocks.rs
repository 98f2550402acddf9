//! Blocking: people a user wants to hear nothing from. Somebody who is blocked is answered as if the user could not be reached; the checks
//! stand with the rules of what they try.

use std::sync::Arc;

use super::detached::detached;
use super::presence::Presences;
use super::user_limit::{TooOften, UserLimit};
use crate::store::{BlockChanged, Store, StoreError};
use crate::types::{Session, Uid, User};

/// The most changes in ten minutes: enough for a long list, too few to flood a friend with what they see of the user.
const CHANGES: u32 = 300;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    #[error("There is no such person.")]
    Unknown,
    #[error("You cannot block yourself.")]
    Own,
    #[error("You can block 1000 people. Unblock somebody first.")]
    TooMany,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Blocks {
    store: Arc<Store>,
    presences: Presences,
    limit: UserLimit,
}

impl Blocks {
    pub fn new(store: Arc<Store>, presences: Presences) -> Self {
        Blocks {
            store,
            presences,
            limit: UserLimit::new(CHANGES),
        }
    }

    /// Those whom the user has blocked, latest first.
    pub async fn all(&self, session: &Session) -> Result<Vec<User>, StoreError> {
        self.store.blocked(session.user.uid).await
    }

    /// Blocks or unblocks another user. A friendship stays, so unblocking restores everything.
    pub async fn set(
        &self,
        session: &Session,
        other: Uid,
        blocked: bool,
    ) -> Result<(), BlockError> {
        let own = session.user.uid;
        if other == own {
            return Err(BlockError::Own);
        }
        self.limit.take(own)?;
        let presences = self.presences.clone();
        detached(async move {
            match presences.set_blocked(own, other, blocked).await? {
                BlockChanged::Done => Ok(()),
                BlockChanged::Unknown => Err(BlockError::Unknown),
                BlockChanged::TooMany => Err(BlockError::TooMany),
            }
        })
        .await
    }
}
