//! The lists into which users sort their friends.

use std::sync::Arc;

use super::user_limit::{TooOften, UserLimit};
use super::validate::single_line;
use crate::store::{ListChange, ListChanged, Store, StoreError};
use crate::types::{Session, Uid};

pub use crate::store::List;

/// The longest name of a list, in characters.
const NAME: usize = 100;

/// Why a list was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("The name of the list is empty.")]
    Empty,
    /// The name has more characters than this.
    #[error("The name of a list can have {0} characters.")]
    TooLong(usize),
    #[error("You have a list of that name already. Choose another name.")]
    Exists,
    #[error("You can have 100 lists.")]
    TooMany,
    #[error("There is no such list or friend.")]
    Unknown,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Lists {
    store: Arc<Store>,
    actions: UserLimit,
}

impl Lists {
    /// `actions` limits how often users change them.
    pub fn new(store: Arc<Store>, actions: UserLimit) -> Self {
        Lists { store, actions }
    }

    /// The lists of the user, oldest first.
    pub async fn all(&self, session: &Session) -> Result<Vec<List>, StoreError> {
        self.store.lists(session.user.uid).await
    }

    /// Adds an empty list.
    pub async fn create(&self, session: &Session, name: &str) -> Result<(), ListError> {
        let name = single_line(name);
        match name.chars().count() {
            0 => Err(ListError::Empty),
            1..=NAME => self.change(session, ListChange::Create(name)).await,
            _ => Err(ListError::TooLong(NAME)),
        }
    }

    /// Deletes a list; its members stay friends.
    pub async fn delete(&self, session: &Session, list: i64) -> Result<(), ListError> {
        self.change(session, ListChange::Delete(list)).await
    }

    /// Moves a friend out of one list and into another; either may be missing.
    pub async fn move_friend(
        &self,
        session: &Session,
        friend: Uid,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<(), ListError> {
        self.change(session, ListChange::Move { friend, from, to })
            .await
    }

    async fn change(&self, session: &Session, change: ListChange) -> Result<(), ListError> {
        self.actions.take(session.user.uid)?;
        match self.store.change_lists(session.user.uid, change).await? {
            ListChanged::Done => Ok(()),
            ListChanged::Exists => Err(ListError::Exists),
            ListChanged::TooMany => Err(ListError::TooMany),
            ListChanged::Unknown => Err(ListError::Unknown),
        }
    }
}
