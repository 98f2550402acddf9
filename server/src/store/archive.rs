//! The messages of one user with everybody, in parts.

use super::sqlite::archive;
use super::{Reply, Store, postgres};
use crate::types::{Message, Uid};

/// A part of a user's messages. Times are those of messages, in ms.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArchiveRange {
    /// Only messages with this other user, or in this group while the user was a member.
    pub with: Option<Uid>,
    /// Only messages of this time and later, and of this time and earlier.
    pub start: Option<i64>,
    pub end: Option<i64>,
    /// Only messages after and before those with these times, which the user must have.
    pub after: Option<i64>,
    pub before: Option<i64>,
    /// Whether the last of them are wanted, not the first.
    pub from_end: bool,
    /// The most messages.
    pub limit: usize,
}

impl Store {
    /// Messages that a user sent to users or received from them, or those in one group, oldest first; `None` if they do not have one that
    /// the range names.
    /// Fewer than the limit if they have more than `HISTORY_BYTES` of text.
    pub fn archive(&self, uid: Uid, range: ArchiveRange) -> Reply<Option<Vec<Message>>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(move |db| archive::archive(db, uid, range)),
            Store::Postgres(postgres) => postgres.long_read(move |db| async move {
                postgres::archive::archive(&db, uid, range).await
            }),
        }
    }

    /// The key from which the ids of messages are made that others must not guess.
    pub fn archive_key(&self) -> Reply<[u8; 32]> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(archive::key),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::archive::key(&db).await })
            }
        }
    }
}
