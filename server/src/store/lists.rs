//! The lists into which users sort their friends.

use super::sqlite::lists;
use super::{Reply, Store, postgres};
use crate::types::Uid;

/// A list of friends.
#[derive(Debug)]
pub struct List {
    /// Its number, unique among the lists of all users.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The friends in it.
    pub members: Vec<Uid>,
}

/// A change to one's own lists.
#[derive(Debug)]
pub enum ListChange {
    /// Adds a list.
    Create(String),
    /// Deletes a list; its members stay friends.
    Delete(i64),
    /// Moves a friend out of one list and into another; either may be missing.
    Move {
        /// The friend.
        friend: Uid,
        /// Out of this list.
        from: Option<i64>,
        /// Into this list.
        to: Option<i64>,
    },
}

/// The result of a change to one's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListChanged {
    /// The change was made.
    Done,
    /// There is a list of that name.
    Exists,
    /// There are too many lists.
    TooMany,
    /// There is no such list, or no such friend.
    Unknown,
}

impl Store {
    /// A user's lists, oldest first.
    pub fn lists(&self, owner: Uid) -> Reply<Vec<List>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| lists::lists(db, owner)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::lists::lists(&db, owner).await })
            }
        }
    }

    /// Changes one's own lists.
    pub fn change_lists(&self, owner: Uid, change: ListChange) -> Reply<ListChanged> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| match &change {
                ListChange::Create(name) => tx.create_list(owner, name),
                ListChange::Delete(list) => tx.delete_list(owner, *list),
                ListChange::Move { friend, from, to } => tx.move_friend(owner, *friend, *from, *to),
            }),
            Store::Postgres(postgres) => postgres.write(async move |tx| match &change {
                ListChange::Create(name) => tx.create_list(owner, name).await,
                ListChange::Delete(list) => tx.delete_list(owner, *list).await,
                ListChange::Move { friend, from, to } => {
                    tx.move_friend(owner, *friend, *from, *to).await
                }
            }),
        }
    }
}
