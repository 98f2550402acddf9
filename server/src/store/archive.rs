//! The messages of one user with everybody, in parts.

use super::sqlite::archive;
use super::{Reply, Store};
use crate::types::{Message, Uid};

/// A part of a user's messages. Times are those of messages, in ms.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArchiveRange {
    /// Only messages with this other user.
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
    /// Messages that a user sent to users or received from them, oldest first; `None` if they do not have one that the range names.
    /// Fewer than the limit if they have more than `HISTORY_BYTES` of text.
    pub fn archive(&self, uid: Uid, range: ArchiveRange) -> Reply<Option<Vec<Message>>> {
        let Store::Sqlite(sqlite) = self;
        sqlite.long_read(move |db| archive::archive(db, uid, range))
    }

    /// The key from which the ids of messages are made that others must not guess.
    pub fn archive_key(&self) -> Reply<[u8; 32]> {
        let Store::Sqlite(sqlite) = self;
        sqlite.read(archive::key)
    }
}
