//! The subscriptions of one user's clients, and what each of them shows.

use std::sync::Arc;
use std::time::Instant;

use super::activity::Activity;
use crate::hub::subscription::{Availability, Signal};
use crate::types::SessionKey;

struct Subscriber {
    id: u64,
    session: SessionKey,
    availability: Availability,
    /// When the user left, while they are away.
    away: Option<Activity>,
    signal: Arc<Signal>,
}

#[derive(Default)]
pub struct Subscribers {
    all: Vec<Subscriber>,
}

impl Subscribers {
    /// Adds a subscription, which shows nothing yet.
    pub fn add(&mut self, id: u64, session: SessionKey, signal: Arc<Signal>) {
        self.all.push(Subscriber {
            id,
            session,
            availability: Availability::Hidden,
            away: None,
            signal,
        });
    }

    /// Changes what the client of a subscription shows. Returns its session, if there is such a subscription.
    pub fn show(
        &mut self,
        id: u64,
        availability: Availability,
        now: Instant,
    ) -> Option<SessionKey> {
        let subscriber = self.all.iter_mut().find(|known| known.id == id)?;
        subscriber.availability = availability;
        subscriber.away = match availability {
            Availability::Away => subscriber.away.or(Some(Activity::at(now))),
            Availability::Available | Availability::Hidden => None,
        };
        Some(subscriber.session)
    }

    /// Removes a subscription, and returns its session.
    pub fn remove(&mut self, id: u64) -> Option<SessionKey> {
        let at = self.all.iter().position(|known| known.id == id)?;
        Some(self.all.swap_remove(at).session)
    }

    /// Whether the user is shown as online because of this session.
    pub fn is_shown(&self, session: SessionKey) -> bool {
        let mut all = self.all.iter();
        all.any(|known| known.session == session && known.availability != Availability::Hidden)
    }

    /// Since when the user is away from the client of a session.
    pub fn away(&self, session: SessionKey) -> Option<Activity> {
        let mut all = self.all.iter();
        all.find(|known| known.session == session)?.away
    }

    /// Signals that there may be something to read.
    pub fn wake_all(&self) {
        for subscriber in &self.all {
            subscriber.signal.wake();
        }
    }

    /// Signals that a session has ended.
    pub fn end_session(&self, session: SessionKey) {
        for subscriber in &self.all {
            if subscriber.session == session {
                subscriber.signal.end();
            }
        }
    }

    /// The sessions of the subscriptions, one for each.
    pub fn sessions(&self) -> impl Iterator<Item = SessionKey> {
        self.all.iter().map(|known| known.session)
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
