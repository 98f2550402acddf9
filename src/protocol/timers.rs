//! The session's timers, one slot each.

use crate::types::Millis;

/// What can become due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// An exchange that the driver should have reported by now.
    Exchange,
    /// The next attempt of a connection step.
    Step,
    /// The next attempt to send a message, or the end of its time.
    Outbox,
    /// A query that has waited long enough.
    Queries,
    /// The next attempt of an upload or download, or the end of their time.
    Transfers,
    /// The next attempt to post a read mark.
    ReadMarks,
    /// The next attempt to set the visibility.
    Visibility,
    /// The next request for the buddy list.
    BuddyList,
    /// The next request for the list of groups.
    Groups,
    /// The end of the pause that the server asked for.
    RateLimit,
    /// The end of the time that a logout may take.
    Logout,
    /// The next report of what a session needs to be resumed.
    SavedSession,
}

impl Timer {
    const ALL: [Timer; 12] = [
        Timer::Exchange,
        Timer::Step,
        Timer::Outbox,
        Timer::Queries,
        Timer::Transfers,
        Timer::ReadMarks,
        Timer::Visibility,
        Timer::BuddyList,
        Timer::Groups,
        Timer::RateLimit,
        Timer::Logout,
        Timer::SavedSession,
    ];
}

/// When each timer is due, on the monotonic clock.
#[derive(Debug, Default)]
pub struct TimerTable {
    due: [Option<Millis>; Timer::ALL.len()],
}

impl TimerTable {
    /// Arms a timer, or stops it.
    pub fn set(&mut self, timer: Timer, due: Option<Millis>) {
        if let Some(slot) = self.due.get_mut(timer as usize) {
            *slot = due;
        }
    }

    /// When the first timer is due.
    pub fn next(&self) -> Option<Millis> {
        self.due.iter().flatten().min().copied()
    }

    /// Stops and returns a timer that is due at this time.
    pub fn expire(&mut self, now: Millis) -> Option<Timer> {
        let is_due = |(_, due): &(_, &mut Option<Millis>)| due.is_some_and(|due| due <= now);
        let (timer, slot) = Timer::ALL.into_iter().zip(&mut self.due).find(is_due)?;
        *slot = None;
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_expire_once_and_in_their_time() {
        let mut timers = TimerTable::default();
        assert_eq!((timers.next(), timers.expire(Millis::MAX)), (None, None));
        timers.set(Timer::Logout, Some(20));
        timers.set(Timer::Exchange, Some(30));
        timers.set(Timer::Outbox, Some(10));
        timers.set(Timer::Outbox, None);
        assert_eq!((timers.next(), timers.expire(19)), (Some(20), None));
        assert_eq!(timers.expire(20), Some(Timer::Logout));
        assert_eq!(timers.expire(20), None);
        assert_eq!(timers.expire(30), Some(Timer::Exchange));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn every_timer_has_a_slot_of_its_own() {
        let mut timers = TimerTable::default();
        for timer in Timer::ALL {
            timers.set(timer, Some(1));
            assert_eq!(timers.expire(1), Some(timer));
        }
    }
}
