//! The live side of the server: who is there, what his channel said lately, and whose poll waits for more.
//!
//! One mutex, held for microseconds and never across an await. Numbers come from the store's writer; the hub only
//! hands on what is already published.

mod live;
mod ring;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::oneshot;

pub use live::Limits;
pub use ring::take_run;

use crate::lock;
use crate::types::{ChannelState, Published, Seq, SessionKey, Uid};
use live::{Live, Waiting};

/// What others see of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// At the keyboard.
    Active,
    /// Connected, but without a sign of the person for some minutes.
    Idle {
        /// When the last one was, in ms since 1970.
        since: i64,
    },
    /// Not connected, or switched off.
    Offline,
}

impl Presence {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Presence::Active => "active",
            Presence::Idle { .. } => "idle",
            Presence::Offline => "offline",
        }
    }

    /// Since when there was no sign of the person, in ms since 1970.
    pub fn idle_since(self) -> Option<i64> {
        match self {
            Presence::Idle { since } => Some(since),
            Presence::Active | Presence::Offline => None,
        }
    }
}

/// Why a waiting poll was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// There is something to fetch.
    Look,
    /// Answer `continue`: too many polls, or the server stops.
    Continue,
    /// The session is over.
    Ended,
}

/// What to do with a poll, as far as memory knows.
pub enum Step {
    /// Answer with these.
    Items(Vec<Arc<str>>),
    /// The number is not given yet: this is the next.
    Ahead(Seq),
    /// Nothing yet.
    Wait(Waiter),
    /// The server stops.
    Continue,
    /// Not in memory; the store decides.
    Stored(Stored),
}

/// What the store needs to know to decide about a poll.
#[derive(Clone, Copy, Debug)]
pub struct Stored {
    /// The next number to be given; nothing from here on is published.
    pub next: Seq,
    /// Everything below has been fetched.
    pub acked: Seq,
    /// The first number in memory, else `next`.
    pub ring_first: Seq,
    /// The first number in memory that is not below the one asked for, else `next`.
    pub ring_from: Seq,
}

/// The state of all users.
pub struct Hub {
    users: Mutex<Users>,
    limits: Limits,
    last_waiter: AtomicU64,
}

#[derive(Default)]
struct Users {
    live: HashMap<Uid, Live>,
    stopping: bool,
}

impl Hub {
    /// Nobody there yet.
    pub fn new(limits: Limits) -> Self {
        Hub {
            users: Mutex::default(),
            limits,
            last_waiter: AtomicU64::new(0),
        }
    }

    /// Takes over where every user's numbering stands. A user added later starts at the beginning.
    pub fn load(&self, marks: Vec<ChannelState>) {
        let mut users = lock(&self.users);
        for mark in marks {
            let live = users.live.entry(mark.uid).or_default();
            live.next = mark.next;
            live.acked = mark.acked;
            live.acked_saved = mark.acked;
            live.visible = mark.visible;
        }
    }

    /// Makes a user permanently active.
    pub fn pin(&self, uid: Uid) {
        let mut users = lock(&self.users);
        let live = users.live.entry(uid).or_default();
        live.pinned = true;
        live.settle(self.limits, Instant::now());
    }

    /// Hands on what the store has published.
    pub fn publish(&self, events: Vec<Published>) {
        let now = Instant::now();
        let mut users = lock(&self.users);
        for event in events {
            let live = users.live.entry(event.owner).or_default();
            live.next = event.seq.next();
            live.ring.push(event.seq, event.item, now);
            live.wake(Wake::Look, now);
        }
    }

    /// Decides about a poll. Asking for a number says that everything below has arrived.
    pub fn poll(self: &Arc<Self>, uid: Uid, session: SessionKey, seq: Seq, limit: usize) -> Step {
        let mut users = lock(&self.users);
        if users.stopping {
            return Step::Continue;
        }
        let live = users.live.entry(uid).or_default();
        if seq > live.next {
            return Step::Ahead(live.next);
        }
        live.acked = live.acked.max(seq);
        if seq == live.next {
            let id = self.last_waiter.fetch_add(1, Ordering::Relaxed);
            let (wake, woken) = oneshot::channel();
            live.wait(Waiting { id, session, wake });
            return Step::Wait(Waiter {
                hub: self.clone(),
                uid,
                session,
                id,
                woken,
            });
        }
        let items = live.ring.run(seq, limit);
        if items.is_empty() {
            Step::Stored(live.stored(seq))
        } else {
            Step::Items(items)
        }
    }

    /// Everything below `seq` has arrived.
    pub fn acknowledge(&self, uid: Uid, seq: Seq) {
        let mut users = lock(&self.users);
        let live = users.live.entry(uid).or_default();
        live.acked = live.acked.max(seq.min(live.next));
    }

    /// What the store needs to find a starting number for a channel.
    pub fn stored(&self, uid: Uid) -> Stored {
        lock(&self.users)
            .live
            .entry(uid)
            .or_default()
            .stored(Seq(-1))
    }

    /// A client is there to chat; true if the user's presence changed.
    pub fn seen(&self, uid: Uid, session: SessionKey, active: bool) -> bool {
        let now = Instant::now();
        let mut users = lock(&self.users);
        let live = users.live.entry(uid).or_default();
        live.seen(session, active, now);
        live.settle(self.limits, now)
    }

    /// A request came in that puts nobody online who is not; true if the user's presence changed.
    pub fn glimpsed(&self, uid: Uid, session: SessionKey, active: bool) -> bool {
        let now = Instant::now();
        let mut users = lock(&self.users);
        let Some(live) = users.live.get_mut(&uid) else {
            return false;
        };
        live.glimpsed(session, active, now);
        live.settle(self.limits, now)
    }

    /// A session was ended; true if the user's presence changed.
    pub fn end_session(&self, uid: Uid, session: SessionKey) -> bool {
        let mut users = lock(&self.users);
        let live = users.live.entry(uid).or_default();
        let now = Instant::now();
        live.end_session(session, now);
        live.settle(self.limits, now)
    }

    /// All sessions of a user but one were ended.
    pub fn end_others(&self, uid: Uid, keep: SessionKey) {
        if let Some(live) = lock(&self.users).live.get_mut(&uid) {
            live.end_others(keep, Instant::now());
        }
    }

    /// The sessions of a user that have a client connected.
    pub fn sessions(&self, uid: Uid) -> Vec<SessionKey> {
        lock(&self.users)
            .live
            .get(&uid)
            .map_or_else(Vec::new, Live::sessions)
    }

    /// All sessions of all users that have a client connected.
    pub fn all_sessions(&self) -> Vec<(Uid, SessionKey)> {
        let users = lock(&self.users);
        let sessions = users.live.iter().map(|(uid, live)| (*uid, live.sessions()));
        sessions
            .flat_map(|(uid, sessions)| sessions.into_iter().map(move |session| (uid, session)))
            .collect()
    }

    /// A client is there and switched chat on or off, which is one step, so that nobody sees him in between; true if
    /// the user's presence changed.
    pub fn set_visible(&self, uid: Uid, session: SessionKey, visible: bool) -> bool {
        let now = Instant::now();
        let mut users = lock(&self.users);
        let live = users.live.entry(uid).or_default();
        live.seen(session, false, now);
        live.visible = visible;
        live.settle(self.limits, now)
    }

    /// What others see of a user.
    pub fn presence(&self, uid: Uid) -> Presence {
        lock(&self.users)
            .live
            .get(&uid)
            .map_or(Presence::Offline, |live| live.presence)
    }

    /// Those of `uids` who have a client connected, also while they are invisible.
    pub fn connected(&self, uids: impl Iterator<Item = Uid>) -> Vec<Uid> {
        let users = lock(&self.users);
        uids.filter(|uid| users.live.get(uid).is_some_and(Live::connected))
            .collect()
    }

    /// How many polls are held, and how many users others see.
    pub fn count(&self) -> (usize, usize) {
        let users = lock(&self.users);
        let live = users.live.values();
        live.fold((0, 0), |(polls, online), live| {
            let seen = live.presence != Presence::Offline;
            (polls + live.waiting.len(), online + usize::from(seen))
        })
    }

    /// Looks after everybody: forgets old events; returns whose presence changed, and what was newly fetched.
    pub fn sweep(&self) -> (Vec<Uid>, Vec<(Uid, Seq)>) {
        let now = Instant::now();
        let (mut changed, mut acked) = (Vec::new(), Vec::new());
        for (uid, live) in &mut lock(&self.users).live {
            live.ring.expire(now);
            if live.settle(self.limits, now) {
                changed.push(*uid);
            }
            if live.acked > live.acked_saved {
                live.acked_saved = live.acked;
                acked.push((*uid, live.acked));
            }
        }
        (changed, acked)
    }

    /// Lets every held poll go, and holds no more.
    pub fn stop(&self) {
        let mut users = lock(&self.users);
        users.stopping = true;
        for live in users.live.values_mut() {
            live.wake(Wake::Continue, Instant::now());
        }
    }
}

impl Live {
    fn stored(&self, seq: Seq) -> Stored {
        Stored {
            next: self.next,
            acked: self.acked,
            ring_first: self.ring.first().unwrap_or(self.next),
            ring_from: self.ring.first_from(seq).unwrap_or(self.next),
        }
    }
}

/// A held poll; dropping it (the client went away) ends the waiting.
pub struct Waiter {
    hub: Arc<Hub>,
    uid: Uid,
    session: SessionKey,
    id: u64,
    woken: oneshot::Receiver<Wake>,
}

impl Waiter {
    /// Waits to be woken.
    pub async fn woken(&mut self) -> Wake {
        (&mut self.woken).await.unwrap_or(Wake::Continue)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(live) = lock(&self.hub.users).live.get_mut(&self.uid) {
            live.unwait(self.id, self.session, Instant::now());
        }
    }
}
