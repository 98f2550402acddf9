//! What every request handler gets: settings, store, live state; and the few things that need all of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::config::Config;
use crate::hub::Hub;
use crate::item;
use crate::lock;
use crate::metrics::Metrics;
use crate::pace::Pace;
use crate::password::Passwords;
use crate::store::{Audience, Store, StoreError};
use crate::throttle::Throttle;
use crate::types::{Uid, User};

/// The most uploads at a time.
const UPLOADS: usize = 16;
/// The most changes of name, status and picture in [`WHILE`].
const CHANGES: u32 = 60;
/// The most searches in [`WHILE`]: enough to find people, too few to try a list of addresses.
const SEARCHES: u32 = 100;
const WHILE: Duration = Duration::from_secs(600);

/// The server.
pub struct App {
    /// Settings.
    pub config: Config,
    /// What lasts.
    pub store: Arc<Store>,
    /// What is going on.
    pub hub: Arc<Hub>,
    /// Checks passwords.
    pub passwords: Passwords,
    /// Slows guessing down.
    pub throttle: Mutex<Throttle>,
    /// Slows signing up down; apart, so that nobody is kept from logging in by it.
    pub sign_ups: Mutex<Throttle>,
    /// How often people change what all their friends are told.
    pub changes: Mutex<Pace<Uid>>,
    /// How often people search for others.
    pub searches: Mutex<Pace<Uid>>,
    /// The right to hold an upload in memory.
    pub uploads: Semaphore,
    /// What the operator can watch.
    pub metrics: Metrics,
    /// The demo's echo account.
    pub echo: Option<Echo>,
    /// Held while a presence is told, so that the last thing told is the last thing true.
    telling: Mutex<()>,
}

/// The way to the echo account.
pub struct Echo {
    /// Who it is.
    pub user: User,
    /// Where its messages go: sender and text.
    pub inbox: mpsc::Sender<(User, String)>,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        config: Config,
        store: Arc<Store>,
        hub: Arc<Hub>,
        passwords: Passwords,
        echo: Option<Echo>,
    ) -> Self {
        App {
            metrics: Metrics::new(store.commit_times(), passwords.times()),
            config,
            store,
            hub,
            passwords,
            throttle: Mutex::default(),
            sign_ups: Mutex::default(),
            changes: Mutex::new(Pace::new(CHANGES, WHILE)),
            searches: Mutex::new(Pace::new(SEARCHES, WHILE)),
            uploads: Semaphore::new(UPLOADS),
            echo,
            telling: Mutex::new(()),
        }
    }

    /// How long a poll is held.
    pub fn hold(&self) -> Duration {
        Duration::from_secs(self.config.hold_s)
    }

    /// Tells the friends of `uid` who are there, visible or not, how he is now.
    pub fn tell_presence(&self, uid: Uid) {
        let _telling = lock(&self.telling);
        let presence = item::presence(uid, self.hub.presence(uid));
        self.store.push(Audience::FriendsOf(uid), presence);
    }

    /// Tells something to those of `uids` who are there to hear it; nobody else will.
    pub fn tell(&self, uids: impl IntoIterator<Item = Uid>, item: Arc<str>) {
        let uids = uids.into_iter().collect();
        self.store.push(Audience::Users(uids), item);
    }

    /// Tells something to a user's friends, and to his other clients.
    pub fn tell_circle(&self, uid: Uid, item: Arc<str>) {
        self.store.push(Audience::UserAndFriends(uid), item);
    }

    /// Ends the sessions here that another process has ended in the store: a revoked one, a new password, a deleted account.
    async fn end_what_was_ended(&self) -> Result<(), StoreError> {
        if !self.store.changed_outside() {
            return Ok(());
        }
        let sessions = self.hub.all_sessions();
        let keys = sessions.iter().map(|(_, session)| *session).collect();
        let ended: HashSet<_> = HashSet::from_iter(self.store.ended_sessions(keys).await?);
        for (uid, session) in sessions {
            if ended.contains(&session) && self.hub.end_session(uid, session) {
                self.tell_presence(uid);
            }
        }
        Ok(())
    }

    /// Once a second: presence that changes by itself, and what was fetched meanwhile.
    pub async fn tick(&self) {
        if let Err(error) = self.end_what_was_ended().await {
            log::error!("cannot look after the sessions: {error}");
        }
        let (changed, acked) = self.hub.sweep();
        for uid in changed {
            self.tell_presence(uid);
        }
        if !acked.is_empty() {
            // Nobody waits for this: after a crash a little is fetched again, and clients know what they have.
            drop(self.store.acknowledge(acked));
        }
    }
}
