//! What every request handler gets: settings, store, live state; and the few things that need all of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::config::Config;
use crate::hub::Hub;
use crate::item;
use crate::metrics::Metrics;
use crate::rate_limit::RateLimit;
use crate::service::login_throttle::Throttle;
use crate::service::passwords::Passwords;
use crate::store::{Store, StoreError};
use crate::sync::lock;
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
    pub store: Arc<dyn Store>,
    /// What is going on.
    pub hub: Arc<Hub>,
    /// Checks passwords.
    pub passwords: Passwords,
    /// Slows guessing down.
    pub throttle: Mutex<Throttle>,
    /// Slows signing up down; apart, so that nobody is kept from logging in by it.
    pub sign_ups: Mutex<Throttle>,
    /// How often people change what all their friends are told.
    pub changes: Mutex<RateLimit<Uid>>,
    /// How often people search for others.
    pub searches: Mutex<RateLimit<Uid>>,
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
        store: Arc<dyn Store>,
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
            changes: Mutex::new(RateLimit::new(CHANGES, WHILE)),
            searches: Mutex::new(RateLimit::new(SEARCHES, WHILE)),
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
        let presence = self.hub.presence(uid);
        match self.store.friends(uid) {
            Ok(friends) => {
                let there = self.hub.connected(friends.iter().map(|friend| friend.uid));
                if !there.is_empty() {
                    self.store.push(there, item::presence(uid, presence));
                }
            }
            Err(error) => log::error!("cannot tell the presence of {uid}: {error}"),
        }
    }

    /// Tells something to those of `uids` who are there to hear it; nobody else will.
    pub fn tell(&self, uids: impl IntoIterator<Item = Uid>, item: Arc<str>) {
        let there = self.hub.connected(uids.into_iter());
        if !there.is_empty() {
            self.store.push(there, item);
        }
    }

    /// Tells something to a user's friends, and to his other clients.
    pub fn tell_circle(&self, uid: Uid, item: Arc<str>) {
        match self.store.friends(uid) {
            Ok(friends) => self.tell(friends.iter().map(|user| user.uid).chain([uid]), item),
            Err(error) => log::error!("cannot tell the friends of {uid}: {error}"),
        }
    }

    /// Ends the sessions here that another process has ended in the store: a revoked one, a new password, a deleted account.
    fn end_what_was_ended(&self) -> Result<(), StoreError> {
        if !self.store.changed_outside()? {
            return Ok(());
        }
        for (uid, session) in self.hub.all_sessions() {
            if self.store.session(session)?.is_none() && self.hub.end_session(uid, session) {
                self.tell_presence(uid);
            }
        }
        Ok(())
    }

    /// Once a second: presence that changes by itself, and what was fetched meanwhile.
    pub fn tick(&self) {
        if let Err(error) = self.end_what_was_ended() {
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
