//! A client that stays connected and reads its user's channel with a cursor of its own. Unlike a poll, reading acknowledges nothing, and
//! there is no answer that ends the wait: the client is only told that there may be something to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

use super::{Changed, Hub};
use crate::sync::lock;
use crate::types::{SessionKey, Uid};

/// What the client of a subscription shows of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Nothing: the user is not online because of this client.
    Hidden,
    Available,
    /// The user is not there.
    Away,
}

/// How the hub wakes a subscription.
#[derive(Default)]
pub struct Signal {
    notify: Notify,
    ended: AtomicBool,
}

impl Signal {
    /// There may be something to read.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// The session has ended.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.wake();
    }
}

/// A subscription. It ends when this is dropped.
pub struct Subscription {
    hub: Arc<Hub>,
    uid: Uid,
    session: SessionKey,
    id: u64,
    signal: Arc<Signal>,
}

impl Hub {
    /// Subscribes a client to the channel of its user, hidden for now.
    pub fn subscribe(self: &Arc<Self>, uid: Uid, session: SessionKey) -> Subscription {
        let id = self.last_waiter.fetch_add(1, Ordering::Relaxed);
        let signal = Arc::new(Signal::default());
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        user.subscribe(id, session, signal.clone());
        Subscription {
            hub: self.clone(),
            uid,
            session,
            id,
            signal,
        }
    }
}

impl Subscription {
    /// Waits until there may be something to read, or the session has ended.
    pub async fn woken(&self) {
        self.signal.notify.notified().await;
    }

    /// Whether the session has ended.
    pub fn has_ended(&self) -> bool {
        self.signal.ended.load(Ordering::Relaxed)
    }

    /// Changes what the client shows.
    pub fn show(&self, availability: Availability) -> Changed {
        let mut users = lock(&self.hub.users);
        let Some(user) = users.by_uid.get_mut(&self.uid) else {
            return Changed::Nothing;
        };
        let now = Instant::now();
        user.show(self.id, availability, now);
        user.update_presence(self.hub.limits, now)
    }

    /// The client has lost its connection and may come back: until then it shows nothing, and the user stays online for a while.
    pub fn rest(&self) {
        if let Some(user) = lock(&self.hub.users).by_uid.get_mut(&self.uid) {
            user.unsubscribe(self.id, Instant::now());
        }
    }

    /// The client has come back; it is hidden for now.
    pub fn back(&self) {
        let mut users = lock(&self.hub.users);
        let user = users.by_uid.entry(self.uid).or_default();
        user.subscribe(self.id, self.session, self.signal.clone());
    }

    /// The user, and the session of the client.
    pub fn session(&self) -> (Uid, SessionKey) {
        (self.uid, self.session)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.rest();
    }
}
