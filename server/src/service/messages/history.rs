//! Reading history, in parts of limited size.

use super::Messages;
use crate::service::message_part::{self, MOST};
use crate::store::{HistoryRange, StoreError};
use crate::types::{Message, Session, Uid};

/// The parts of history that are read for one user at a time.
pub const HISTORY_READS: usize = 2;

impl Messages {
    /// Messages with one other user or in a group, oldest first, and whether there are more: those after `since`, else the newest, in
    /// both cases only those before `before`. At least one, and no more than fit into an answer of the usual size. `None` for a group that
    /// the user was never in; of a group that they have left they still see the messages that they received.
    pub async fn history(
        &self,
        session: &Session,
        with: Uid,
        since: Option<i64>,
        before: Option<i64>,
        limit: Option<usize>,
    ) -> Result<Option<(Vec<Message>, bool)>, StoreError> {
        let limit = limit.unwrap_or(MOST).clamp(1, MOST);
        let range = HistoryRange {
            since,
            before,
            // One message more than needed shows whether there are more.
            limit: limit + 1,
        };
        let own = session.user.uid;
        let permit = self.history_of.acquire(own).await;
        let found = if with.is_group() {
            self.store.group_history(own, with, range).await?
        } else {
            Some(self.store.history(own, with, range).await?)
        };
        drop(permit);
        Ok(found.map(|messages| message_part::cut(messages, limit, since.is_none())))
    }
}
