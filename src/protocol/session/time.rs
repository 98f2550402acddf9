//! When something is due: the timers, and machines that slept.

use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::session::{Now, Output, Session};
use crate::protocol::timers::Timer;
use crate::protocol::wire::exchange::{TransportError, TransportFault};

/// If the wall clock runs ahead of the monotonic one by more than this, the machine has slept, in milliseconds.
const SLEPT: i64 = 30_000;

impl Session {
    /// The wall clock jumps when a machine wakes up. A long-poll from before is dead, but only its timeout would tell.
    pub(super) fn notice_sleep(&mut self, now: Now) {
        let monotonic = i64::try_from(now.monotonic).unwrap_or(i64::MAX);
        let skew = now.unix.saturating_sub(monotonic);
        let before = self.clock_skew.replace(skew).unwrap_or(skew);
        if skew.saturating_sub(before) > SLEPT {
            self.restart(now);
        }
    }

    /// Does what a timer is for. The others are for what `settle` does.
    pub(super) fn expired(&mut self, now: Now, timer: Timer) {
        match timer {
            Timer::Exchange => {
                while let Some((id, exchange)) = self.exchanges.take_late(now.monotonic) {
                    self.outputs.push_back(Output::Cancel(id));
                    let error = TransportError {
                        fault: TransportFault::Timeout,
                        detail: "no answer".into(),
                    };
                    self.reply(now, exchange, Err(error));
                    if self.is_closed() {
                        return;
                    }
                }
            }
            Timer::Step => {
                if let Some(step) = self.connector.due(now.monotonic) {
                    self.begin(now, step);
                }
            }
            Timer::BuddyList => {
                if self.gate(now) == Gate::Open && self.buddies.refresh_is_due(now.monotonic) {
                    self.ask_buddy_list(now, None);
                }
            }
            Timer::Groups => {
                if self.gate(now) == Gate::Open && self.groups.refresh_is_due(now.monotonic) {
                    self.ask_groups(now, None);
                }
            }
            Timer::Outbox
            | Timer::Queries
            | Timer::Transfers
            | Timer::ReadMarks
            | Timer::Visibility
            | Timer::RateLimit
            | Timer::Logout
            | Timer::SavedSession => {}
        }
    }

    pub(super) fn arm_timers(&mut self, now: Now) {
        let is_open = self.gate(now) == Gate::Open;
        let can_post = is_open && !self.is_posting();
        let (marks, visibility) = (is_open && !self.is_marking(), self.can_set_visibility(now));
        let timers = &mut self.timers;
        timers.set(Timer::Exchange, self.exchanges.timeout());
        timers.set(Timer::Step, self.connector.timeout());
        timers.set(Timer::Outbox, self.outbox.timeout(can_post));
        timers.set(Timer::Queries, self.queries.timeout());
        timers.set(Timer::Transfers, self.transfers.timeout(now.monotonic));
        let due = self.read_marks.timeout();
        timers.set(Timer::ReadMarks, due.filter(|_| marks));
        let due = self.visibility.timeout();
        timers.set(Timer::Visibility, due.filter(|_| visibility));
        let due = self.buddies.timeout();
        timers.set(Timer::BuddyList, due.filter(|_| is_open));
        let due = self.groups.timeout();
        timers.set(Timer::Groups, due.filter(|_| is_open));
        let pause = self.rate_limit.timeout(now.monotonic);
        timers.set(Timer::RateLimit, pause);
        timers.set(Timer::Logout, self.closing.map(|closing| closing.deadline));
        timers.set(Timer::SavedSession, self.saved.timeout(&self.outbox));
    }
}
