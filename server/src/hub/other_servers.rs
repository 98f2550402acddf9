//! What the hub learns from other servers that use the same database, and what it tells them.

use std::collections::HashSet;
use std::time::Instant;

use super::{Changed, Hub};
use crate::sync::lock;
use crate::types::{Here, Presence, Seq, Uid};

/// The maximum number of items that wait for the services.
const TOLD: usize = 10_000;

impl Hub {
    /// Another server has used a number for an item that this server does not have.
    pub fn skip(&self, uid: Uid, seq: Seq) {
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        user.skip_to(seq.next(), Instant::now());
    }

    /// How a user is connected to another server; `None` if they are not any more.
    pub fn set_elsewhere(&self, node: i64, uid: Uid, here: Option<Here>) {
        let mut users = lock(&self.users);
        users
            .by_uid
            .entry(uid)
            .or_default()
            .set_elsewhere(node, here);
    }

    /// How users are connected to all other servers. `own` are those who are connected here as far as the others know.
    pub fn reset_elsewhere(&self, all: Vec<(i64, Uid, Here)>, own: &[Uid]) {
        let own: HashSet<_> = own.iter().collect();
        let mut users = lock(&self.users);
        for (uid, user) in &mut users.by_uid {
            user.forget_elsewhere(own.contains(uid));
        }
        for (node, uid, here) in all {
            let user = users.by_uid.entry(uid).or_default();
            user.set_elsewhere(node, Some(here));
        }
    }

    /// A user has switched chat on or off at another server. The next sweep publishes the consequences.
    pub fn set_visible_elsewhere(&self, uid: Uid, visible: bool) {
        let mut users = lock(&self.users);
        let user = users.by_uid.entry(uid).or_default();
        user.set_visible(visible);
        if user.update_presence(self.limits, Instant::now()) != Changed::Nothing {
            user.must_tell();
        }
    }

    /// Sessions of a user may have been ended at another server.
    pub fn suspect(&self, uid: Uid) {
        lock(&self.users).suspects.insert(uid);
    }

    /// Takes the users whose sessions may have ended.
    pub fn take_suspects(&self) -> HashSet<Uid> {
        std::mem::take(&mut lock(&self.users).suspects)
    }

    /// Another server has sent something to the services. If they do not take it, the oldest is lost.
    pub fn tell(&self, text: String) {
        let mut users = lock(&self.users);
        if users.told.len() >= TOLD {
            users.told.remove(0);
        }
        users.told.push(text);
    }

    /// Takes what other servers have sent to the services.
    pub fn take_told(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.users).told)
    }

    /// How a user is connected here, and what others see of them because of that.
    pub fn here(&self, uid: Uid) -> (Option<Here>, Presence) {
        let users = lock(&self.users);
        let user = users.by_uid.get(&uid);
        user.map_or((None, Presence::Offline), |user| {
            (user.here(), user.presence_here())
        })
    }

    /// Other servers could not be told how a user is connected here.
    pub fn must_tell(&self, uid: Uid) {
        if let Some(user) = lock(&self.users).by_uid.get_mut(&uid) {
            user.must_tell();
        }
    }
}
