//! The channel of a user: what a poll gets, and where a client without a number begins (docs/protocol.md, The channel).

use std::sync::Arc;

use crate::hub::{ChannelCursor, Hub, Step, Waiter, take_run};
use crate::item;
use crate::store::{Store, StoreError};
use crate::types::{Seq, Session, SessionKey, Uid, Wake};

pub use crate::hub::Subscription;

/// The most items in one answer.
pub const BATCH: usize = 100;

/// The answer to a poll.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Items as JSON, beginning with the requested number.
    Items(Vec<Arc<str>>),
    /// Nothing has happened.
    Continue,
    /// Go on with another number.
    Restart(Seq),
    /// The session has ended.
    Ended,
}

/// What to do with a poll.
pub enum Poll {
    Answer(Answer),
    /// Wait, and then poll again with the result.
    Wait(Waiter),
}

pub struct Channels {
    store: Arc<Store>,
    hub: Arc<Hub>,
}

impl Channels {
    pub fn new(store: Arc<Store>, hub: Arc<Hub>) -> Self {
        Channels { store, hub }
    }

    /// Decides about a poll for the items from `seq` on; a negative number asks where to begin. `batch` is the most items that the
    /// client takes at once, `None` for old clients, which take one. `wake` is the result of waiting, if the poll has waited.
    pub async fn poll(
        &self,
        uid: Uid,
        session: SessionKey,
        seq: Seq,
        batch: Option<usize>,
        wake: Option<Wake>,
    ) -> Result<Poll, StoreError> {
        if seq < Seq(0) {
            return Ok(Poll::Answer(Answer::Restart(self.start(uid).await?)));
        }
        let answer = match wake {
            // A new password can end sessions from another process, which cannot wake their polls.
            Some(Wake::Look) if self.store.session(session).await?.is_none() => Answer::Ended,
            Some(Wake::Ended) => Answer::Ended,
            Some(Wake::Continue) => Answer::Continue,
            Some(Wake::Look) | None => {
                let batch = batch.map(|batch| batch.clamp(1, BATCH));
                let look = || self.hub.poll(uid, session, seq, batch.unwrap_or(1));
                let mut step = look();
                // The client may have learnt from another server what is not known here yet.
                if matches!(step, Step::Ahead(_)) && self.store.is_shared() {
                    self.store.catch_up().await?;
                    step = look();
                }
                match step {
                    Step::Items(items) => Answer::Items(items),
                    Step::Ahead(next) => Answer::Restart(next),
                    Step::Continue => Answer::Continue,
                    Step::InStore(cursor) => self.read_stored(uid, seq, batch, cursor).await?,
                    Step::Wait(waiter) => return Ok(Poll::Wait(waiter)),
                }
            }
        };
        Ok(Poll::Answer(answer))
    }

    /// Subscribes the client of a session to the channel of its user.
    pub fn subscribe(&self, session: &Session) -> Subscription {
        self.hub.subscribe(session.user.uid, session.key)
    }

    /// What a subscription gets from `seq` on, without acknowledging anything; `None` if there is nothing yet.
    pub async fn read(&self, uid: Uid, seq: Seq) -> Result<Option<Answer>, StoreError> {
        let mut step = self.hub.read(uid, seq, BATCH);
        if matches!(step, Some(Step::Ahead(_))) && self.store.is_shared() {
            self.store.catch_up().await?;
            step = self.hub.read(uid, seq, BATCH);
        }
        Ok(Some(match step {
            None | Some(Step::Wait(_) | Step::Continue) => return Ok(None),
            Some(Step::Items(items)) => Answer::Items(items),
            Some(Step::Ahead(next)) => Answer::Restart(next),
            Some(Step::InStore(cursor)) => self.read_stored(uid, seq, Some(BATCH), cursor).await?,
        }))
    }

    /// The client of a user has everything below `seq`.
    pub fn acknowledge(&self, uid: Uid, seq: Seq) {
        self.hub.acknowledge(uid, seq);
    }

    /// The next number of a channel.
    pub fn next(&self, uid: Uid) -> Seq {
        self.hub.cursor(uid).next
    }

    /// Where a client without a number begins: the first message to its user that nobody has fetched, else the next number. Messages
    /// that the user sent do not count: they saw those where they sent them, even if that client left before its channel brought
    /// them.
    pub async fn start(&self, uid: Uid) -> Result<Seq, StoreError> {
        self.store.catch_up().await?;
        self.start_from(uid, self.hub.cursor(uid)).await
    }

    async fn start_from(&self, uid: Uid, cursor: ChannelCursor) -> Result<Seq, StoreError> {
        let saved = self.store.acked(uid).await?;
        let acked = saved.map_or(cursor.acked, |saved| saved.max(cursor.acked));
        let first = self.store.first_received(uid, acked, cursor.next).await?;
        Ok(first.unwrap_or(cursor.next))
    }

    /// Answers for a number that was given out, but is not in memory.
    async fn read_stored(
        &self,
        uid: Uid,
        seq: Seq,
        batch: Option<usize>,
        cursor: ChannelCursor,
    ) -> Result<Answer, StoreError> {
        if batch.is_none() {
            // An old client may start at 0: do not show it everything that was ever sent.
            let start = self.start_from(uid, cursor).await?;
            if seq < cursor.ring_first.min(start) {
                return Ok(Answer::Restart(start));
            }
        }
        let limit = batch.unwrap_or(1);
        let found = self.store.deliveries(uid, seq, cursor.next, limit).await?;
        Ok(match found.first() {
            Some((first, _)) if *first == seq => {
                let items = found
                    .iter()
                    .map(|(seq, message)| (*seq, item::message(message)));
                Answer::Items(take_run(seq, limit, items))
            }
            Some((first, _)) => Answer::Restart(cursor.ring_from.min(*first)),
            None => Answer::Restart(cursor.ring_from),
        })
    }
}

#[cfg(test)]
mod tests;
