//! Whom users have blocked.

use std::sync::Arc;

use super::sqlite::blocks;
use super::{Reply, Store, postgres};
use crate::types::{Uid, User};

/// The result of blocking or unblocking somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockChanged {
    /// It was done, or had been done before.
    Done,
    /// There is no such user.
    Unknown,
    /// The user has blocked as many as one can.
    TooMany,
}

impl Store {
    /// The people a user has blocked, latest first.
    pub fn blocked(&self, uid: Uid) -> Reply<Vec<User>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| blocks::blocked(db, uid)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::blocks::blocked(&db, uid).await })
            }
        }
    }

    /// Those who have blocked a user.
    pub fn blocked_by(&self, uid: Uid) -> Reply<Vec<Uid>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| blocks::blocked_by(db, uid)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::blocks::blocked_by(&db, uid).await })
            }
        }
    }

    /// Blocks or unblocks `other` for `own`. A friend request of theirs that waits is declined. If it changes something, the clients of
    /// `own` are told, and `other` gets `presence`, the item that says how they see `own` from now on, if the two are friends; both
    /// only if they are connected.
    pub fn set_blocked(
        &self,
        own: Uid,
        other: Uid,
        blocked: bool,
        presence: Arc<str>,
    ) -> Reply<BlockChanged> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.write(move |tx| tx.set_blocked(own, other, blocked, &presence))
            }
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.set_blocked(own, other, blocked, &presence).await)
            }
        }
    }
}
