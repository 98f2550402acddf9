//! Finding users by name or exact address.

use std::sync::Arc;

use super::user_limit::{TooOften, UserLimit};
use crate::store::{Relation, Store, StoreError};
use crate::types::{Session, User};

/// The most users in an answer.
const RESULTS: usize = 50;
/// How long a search may be, in characters; a shorter one would show everybody.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=100;
/// The most searches in ten minutes: enough to find people, too few to try a list of addresses.
const SEARCHES: u32 = 100;

/// Why a search was refused.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error("Search for 2 to 100 characters.")]
    Length,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Search {
    store: Arc<Store>,
    limit: UserLimit,
}

impl Search {
    pub fn new(store: Arc<Store>) -> Self {
        Search {
            store,
            limit: UserLimit::new(SEARCHES),
        }
    }

    /// The users who match, and how they are related to the one who searches.
    pub async fn find(
        &self,
        session: &Session,
        text: &str,
    ) -> Result<Vec<(User, Relation)>, SearchError> {
        let (own, text) = (session.user.uid, text.trim());
        if !LENGTH.contains(&text.chars().count()) {
            return Err(SearchError::Length);
        }
        self.limit.take(own)?;
        Ok(self.store.search(own, text, RESULTS).await?)
    }
}
