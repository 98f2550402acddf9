//! The sessions of one user that are online, with the time of their last request, and those that have just ended.

use std::time::{Duration, Instant};

use crate::types::SessionKey;

/// How long an ended session is remembered; longer than any request lasts that found it valid.
pub const ENDED: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Sessions {
    online: Vec<(SessionKey, Instant)>,
    /// Sessions that a request in progress may still consider valid.
    ended: Vec<(SessionKey, Instant)>,
}

impl Sessions {
    /// Adds a session, or refreshes it.
    pub fn add(&mut self, session: SessionKey, now: Instant) {
        if self.contains(session) {
            self.refresh(session, now);
        } else {
            // Most users have one, and their number is small.
            self.online.reserve_exact(1);
            self.online.push((session, now));
        }
    }

    /// Notes a request of a session, if it is online.
    pub fn refresh(&mut self, session: SessionKey, now: Instant) {
        let known = self.online.iter_mut().find(|(key, _)| *key == session);
        if let Some((_, at)) = known {
            *at = now;
        }
    }

    /// Takes a session offline; it may come back.
    pub fn remove(&mut self, session: SessionKey) {
        self.online.retain(|(known, _)| *known != session);
    }

    /// Ends a session for good.
    pub fn end(&mut self, session: SessionKey, now: Instant) {
        self.ended.push((session, now));
        self.remove(session);
    }

    pub fn has_ended(&self, session: SessionKey) -> bool {
        self.ended.iter().any(|(ended, _)| *ended == session)
    }

    pub fn contains(&self, session: SessionKey) -> bool {
        self.keys().any(|known| known == session)
    }

    pub fn keys(&self) -> impl Iterator<Item = SessionKey> {
        self.online.iter().map(|(session, _)| *session)
    }

    pub fn is_empty(&self) -> bool {
        self.online.is_empty()
    }

    /// Takes the sessions offline whose last request is `limit` ago, except those that are connected, and forgets those that ended
    /// long ago.
    pub fn expire(
        &mut self,
        limit: Duration,
        now: Instant,
        is_connected: impl Fn(SessionKey) -> bool,
    ) {
        let age = |at: Instant| now.saturating_duration_since(at);
        self.ended.retain(|(_, at)| age(*at) < ENDED);
        self.online
            .retain(|(session, at)| age(*at) < limit || is_connected(*session));
    }
}
