//! How one user is connected to other servers, and what those servers know about this one.

use std::time::Instant;

use super::activity::Activity;
use crate::types::{Here, Presence, SessionKey};

/// How much newer the last activity must be before other servers are told, in ms. They need it for users who switch servers.
const ACTIVE_STEP: i64 = 60_000;

#[derive(Default)]
pub struct OtherServers {
    /// How the user is connected to them, by their numbers.
    connected: Vec<(i64, Here)>,
    /// How the user is connected here, as they were told, and whether that may be wrong.
    told: Option<Box<Here>>,
    must_tell: bool,
}

impl OtherServers {
    /// How the user is connected to another server.
    pub fn set(&mut self, node: i64, here: Option<Here>) {
        self.connected.retain(|(known, _)| *known != node);
        self.connected.extend(here.map(|here| (node, here)));
        if self.connected.is_empty() {
            self.connected = Vec::new();
        }
    }

    /// Forgets what was known about other servers, and what they were told.
    pub fn forget(&mut self, must_tell: bool) {
        self.connected = Vec::new();
        self.must_tell = must_tell;
    }

    /// Other servers could not be told.
    pub fn must_tell(&mut self) {
        self.must_tell = true;
    }

    /// Whether other servers have to be told how the user is connected here. Marks this as done.
    pub fn take_news(&mut self, here: Option<Here>) -> bool {
        let is_told = match (&here, self.told.as_deref()) {
            (None, None) => true,
            (Some(here), Some(told)) => {
                here.presence == told.presence
                    && here.sessions == told.sessions
                    && here.active.abs_diff(told.active) < ACTIVE_STEP.unsigned_abs()
            }
            _ => false,
        };
        if is_told && !self.must_tell {
            return false;
        }
        self.must_tell = false;
        self.told = here.map(Box::new);
        true
    }

    /// The last activity of a user who switches from another server.
    pub fn last_active(&self, now: Instant) -> Option<Activity> {
        let shown = self.connected.iter().map(|(_, here)| here);
        let shown = shown.filter(|here| here.presence != Presence::Offline);
        Activity::seen_elsewhere(shown.map(|here| here.active).max()?, now)
    }

    /// What each of them shows others about the user.
    pub fn presences(&self) -> impl Iterator<Item = Presence> {
        self.connected.iter().map(|(_, here)| here.presence)
    }

    /// The sessions that have a client connected to one of them.
    pub fn sessions(&self) -> impl Iterator<Item = SessionKey> {
        let all = self.connected.iter().flat_map(|(_, here)| &here.sessions);
        all.copied()
    }

    /// Whether a client is connected to one of them.
    pub fn is_connected(&self) -> bool {
        !self.connected.is_empty()
    }
}
