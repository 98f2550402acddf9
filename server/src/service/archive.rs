//! The archive of a user: their messages with everybody, under ids that nobody can guess.

use std::sync::Arc;

use super::message_part;
use crate::concurrency_limit::ConcurrencyLimit;
use crate::secrets::{permuted, restored};
use crate::store::{Store, StoreError};
use crate::types::{Message, Session, Uid};

pub use super::message_part::MOST as PART;
pub use crate::store::ArchiveRange;

/// The parts that are read for one user at a time.
const READS: usize = 1;

pub struct Archives {
    store: Arc<Store>,
    reads_of: ConcurrencyLimit<Uid>,
}

/// The ids of messages: their times, encrypted.
#[derive(Clone)]
pub struct Ids([u8; 32]);

impl Ids {
    /// The id of the message with this time.
    pub fn id(&self, time: i64) -> String {
        format!("{:016x}", permuted(&self.0, time.cast_unsigned()))
    }

    /// The time of the message with this id, if it can be one.
    pub fn time(&self, id: &str) -> Option<i64> {
        let is_id = id.len() == 16 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(id, 16).ok().filter(|_| is_id)?;
        Some(restored(&self.0, number).cast_signed())
    }
}

impl Archives {
    pub fn new(store: Arc<Store>) -> Self {
        Archives {
            store,
            reads_of: ConcurrencyLimit::new(READS),
        }
    }

    /// The ids of all messages.
    pub async fn ids(&self) -> Result<Ids, StoreError> {
        Ok(Ids(self.store.archive_key().await?))
    }

    /// A part of the user's messages, oldest first, and whether there are more: at least one, and no more than make an answer of the
    /// usual size. `None` if the user does not have one that the range names.
    pub async fn read(
        &self,
        session: &Session,
        range: ArchiveRange,
    ) -> Result<Option<(Vec<Message>, bool)>, StoreError> {
        let limit = range.limit.min(PART);
        let wanted = ArchiveRange {
            // One message more than needed shows whether there are more.
            limit: limit + 1,
            ..range
        };
        let own = session.user.uid;
        let permit = self.reads_of.acquire(own).await;
        let found = self.store.archive(own, wanted).await?;
        drop(permit);
        Ok(found.map(|messages| message_part::cut(messages, limit, range.from_end)))
    }
}
