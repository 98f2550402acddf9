//! Per-user state in memory: presence, recent events and held polls.
//!
//! There is one mutex, which is held for microseconds and never across an await. The hub numbers nothing: it passes on events that
//! the store has numbered and published.

mod other_servers;
mod polls;
mod ring;
mod subscription;
mod user_state;

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

pub use polls::{Step, Waiter};
pub use ring::{ANSWER_BYTES, take_run};
pub use subscription::{Availability, Subscription};
pub use user_state::{Changed, ChannelCursor, Limits};

use crate::sync::lock;
use crate::types::{ChannelState, Presence, Published, Seq, SessionKey, Uid, Wake};
use user_state::UserState;

/// The state of all users.
pub struct Hub {
    users: Mutex<Users>,
    limits: Limits,
    last_waiter: AtomicU64,
}

/// What a sweep has found.
pub struct Swept {
    pub changed: Vec<(Uid, Changed)>,
    /// What was acknowledged since the last one.
    pub acked: Vec<(Uid, Seq)>,
}

#[derive(Default)]
struct Users {
    by_uid: HashMap<Uid, UserState>,
    /// Users whose sessions may have been ended at another server.
    suspects: HashSet<Uid>,
    /// What other servers have for the services.
    told: Vec<String>,
    stopping: bool,
}

impl Hub {
    /// Nobody is online yet.
    pub fn new(limits: Limits) -> Self {
        Hub {
            users: Mutex::default(),
            limits,
            last_waiter: AtomicU64::new(0),
        }
    }

    /// Sets where the channel of every user stands. The channel of a user who is added later starts at the beginning.
    pub fn load(&self, states: Vec<ChannelState>) {
        let now = Instant::now();
        let mut users = lock(&self.users);
        for state in states {
            let user = users.by_uid.entry(state.uid).or_default();
            user.restore(&state, now);
        }
    }

    /// Makes a user permanently active.
    pub fn pin(&self, uid: Uid) {
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        user.pin();
        let _ = user.update_presence(self.limits, Instant::now());
    }

    /// Passes on what the store has published.
    pub fn publish(&self, events: Vec<Published>) {
        let now = Instant::now();
        let mut users = lock(&self.users);
        for event in events {
            let user = users.by_uid.entry(event.owner).or_default();
            user.publish(event.seq, event.item, now);
        }
    }

    /// Marks a user online; `active` if there is user activity.
    pub fn mark_online(&self, uid: Uid, session: SessionKey, active: bool) -> Changed {
        let now = Instant::now();
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        user.mark_online(session, active, now);
        user.update_presence(self.limits, now)
    }

    /// Whether user activity in a session would change nothing that others see.
    pub fn is_active(&self, uid: Uid, session: SessionKey) -> bool {
        let users = lock(&self.users);
        let user = users.by_uid.get(&uid);
        user.is_some_and(|user| user.is_active(session))
    }

    /// Refreshes an online session; never brings a user online.
    pub fn touch(&self, uid: Uid, session: SessionKey, active: bool) -> Changed {
        let now = Instant::now();
        let mut users = lock(&self.users);
        let Some(user) = users.by_uid.get_mut(&uid) else {
            return Changed::Nothing;
        };
        user.touch(session, active, now);
        user.update_presence(self.limits, now)
    }

    /// Ends a session.
    pub fn end_session(&self, uid: Uid, session: SessionKey) -> Changed {
        let now = Instant::now();
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        user.end_session(session, now);
        user.update_presence(self.limits, now)
    }

    /// Ends all sessions of a user but one.
    pub fn end_others(&self, uid: Uid, keep: SessionKey) {
        if let Some(user) = lock(&self.users).by_uid.get_mut(&uid) {
            user.end_others(keep, Instant::now());
        }
    }

    /// The sessions of a user that have a client connected, at any server.
    pub fn sessions(&self, uid: Uid) -> Vec<SessionKey> {
        let users = lock(&self.users);
        users
            .by_uid
            .get(&uid)
            .map_or_else(Vec::new, UserState::all_sessions)
    }

    /// The sessions of these users that have a client connected here.
    pub fn sessions_here(&self, uids: &HashSet<Uid>) -> Vec<(Uid, SessionKey)> {
        let users = lock(&self.users);
        let known = uids
            .iter()
            .filter_map(|uid| users.by_uid.get_key_value(uid));
        known
            .flat_map(|(uid, user)| user.sessions().into_iter().map(|session| (*uid, session)))
            .collect()
    }

    /// The sessions of all users that have a client connected here.
    pub fn all_sessions(&self) -> Vec<(Uid, SessionKey)> {
        let users = lock(&self.users);
        let all = users.by_uid.iter();
        all.flat_map(|(uid, user)| user.sessions().into_iter().map(|session| (*uid, session)))
            .collect()
    }

    /// Marks a user online and switches their chat on or off in one step, so that nobody sees the state between.
    pub fn set_visible(&self, uid: Uid, session: SessionKey, visible: bool) -> Changed {
        let now = Instant::now();
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        user.mark_online(session, false, now);
        user.set_visible(visible);
        user.update_presence(self.limits, now)
    }

    /// All users who are known here.
    pub fn users(&self) -> Vec<Uid> {
        lock(&self.users).by_uid.keys().copied().collect()
    }

    /// Forgets users who were deleted, and the events of others that match.
    pub fn forget(&self, uids: &[Uid], matches: impl Fn(&str) -> bool) {
        let mut users = lock(&self.users);
        users.by_uid.retain(|uid, _| !uids.contains(uid));
        for user in users.by_uid.values_mut() {
            user.drop_matching(&matches);
        }
    }

    /// What others see of a user.
    pub fn presence(&self, uid: Uid) -> Presence {
        let users = lock(&self.users);
        users
            .by_uid
            .get(&uid)
            .map_or(Presence::Offline, UserState::presence)
    }

    /// Which of `uids` have a client connected, also while they are invisible.
    pub fn connected(&self, mut uids: Vec<Uid>) -> Vec<Uid> {
        let users = lock(&self.users);
        uids.retain(|uid| {
            let user = users.by_uid.get(uid);
            user.is_some_and(UserState::is_connected_anywhere)
        });
        uids
    }

    /// The number of held polls, and of users that others see online because of this server.
    pub fn count(&self) -> (usize, usize) {
        let users = lock(&self.users);
        let all = users.by_uid.values();
        all.fold((0, 0), |(polls, online), user| {
            let visible = user.presence_here() != Presence::Offline;
            (polls + user.polls(), online + usize::from(visible))
        })
    }

    /// Drops old events and updates every presence.
    pub fn sweep(&self) -> Swept {
        let now = Instant::now();
        let (mut changed, mut acked) = (Vec::new(), Vec::new());
        for (uid, user) in &mut lock(&self.users).by_uid {
            user.expire(now);
            let update = user.update_presence(self.limits, now);
            if update != Changed::Nothing {
                changed.push((*uid, update));
            }
            acked.extend(user.take_acknowledged().map(|seq| (*uid, seq)));
        }
        Swept { changed, acked }
    }

    /// Releases every held poll, and holds no more.
    pub fn stop(&self) {
        let mut users = lock(&self.users);
        users.stopping = true;
        for user in users.by_uid.values_mut() {
            user.wake_all(Wake::Continue, Instant::now());
        }
    }
}
