//! Answers polls and subscriptions from memory, and holds polls for which there is nothing yet.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::oneshot;

use super::user_state::UserState;
use super::{ChannelCursor, Hub};
use crate::sync::lock;
use crate::types::{Seq, SessionKey, Uid, Wake};

/// What to do with a poll, as far as memory can tell.
pub enum Step {
    /// Answer with these items.
    Items(Vec<Arc<str>>),
    /// The number was not assigned yet; this is the next one.
    Ahead(Seq),
    /// There is nothing yet.
    Wait(Waiter),
    /// The server stops.
    Continue,
    /// The number is no longer in memory; the store decides.
    InStore(ChannelCursor),
}

impl Hub {
    /// Decides about a poll. Asking for a number acknowledges everything below.
    pub fn poll(self: &Arc<Self>, uid: Uid, session: SessionKey, seq: Seq, limit: usize) -> Step {
        let mut users = lock(&self.users);
        if users.stopping {
            return Step::Continue;
        }
        let user = users.by_uid.entry(uid).or_default();
        let next = user.next();
        if seq > next {
            return Step::Ahead(next);
        }
        user.acknowledge(seq);
        if seq == next {
            let id = self.last_waiter.fetch_add(1, Ordering::Relaxed);
            let (wake, woken) = oneshot::channel();
            user.wait(id, session, wake);
            return Step::Wait(Waiter {
                hub: self.clone(),
                uid,
                session,
                id,
                woken,
            });
        }
        from_memory(user, seq, limit)
    }

    /// What there is for a subscription from `seq` on; `None` if there is nothing yet. This acknowledges nothing.
    pub fn read(&self, uid: Uid, seq: Seq, limit: usize) -> Option<Step> {
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        let next = user.next();
        match seq.cmp(&next) {
            std::cmp::Ordering::Less => Some(from_memory(user, seq, limit)),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Step::Ahead(next)),
        }
    }

    /// The client of a user has fetched everything below `seq`.
    pub fn acknowledge(&self, uid: Uid, seq: Seq) {
        let mut users = lock(&self.users);
        users.by_uid.entry(uid).or_default().acknowledge(seq);
    }

    /// The state of a user's channel.
    pub fn cursor(&self, uid: Uid) -> ChannelCursor {
        let mut users = lock(&self.users);
        users.by_uid.entry(uid).or_default().cursor(Seq(-1))
    }
}

/// The items from `seq` on, a number that was assigned.
fn from_memory(user: &UserState, seq: Seq, limit: usize) -> Step {
    let items = user.recent(seq, limit);
    if items.is_empty() {
        Step::InStore(user.cursor(seq))
    } else {
        Step::Items(items)
    }
}

/// A held poll. The wait ends when this is dropped, as it is when the client goes away.
pub struct Waiter {
    hub: Arc<Hub>,
    uid: Uid,
    session: SessionKey,
    id: u64,
    woken: oneshot::Receiver<Wake>,
}

impl Waiter {
    /// Waits to be woken.
    pub async fn woken(mut self) -> Wake {
        (&mut self.woken).await.unwrap_or(Wake::Continue)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(user) = lock(&self.hub.users).by_uid.get_mut(&self.uid) {
            user.stop_waiting(self.id, self.session, Instant::now());
        }
    }
}
