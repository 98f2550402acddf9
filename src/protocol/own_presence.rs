//! What this user shows to friends: the account-wide visibility, and the ACTIVE part of the long-poll (docs/protocol.md, The channel).

use super::call::Call;
use super::link::Step;
use super::session::{Now, Session};
use crate::types::{Connection, Millis, OwnPresence};

/// Pause between two attempts to set the visibility, in milliseconds.
const RETRY: Millis = 30_000;

impl Session {
    fn wants_visible(&self) -> bool {
        self.own_presence != OwnPresence::Invisible
    }

    /// Carries the host's wish out, now or as soon as it can be.
    pub(super) fn set_presence(&mut self, now: Now, presence: OwnPresence) {
        if std::mem::replace(&mut self.own_presence, presence) == presence {
            return;
        }
        self.visibility_at = 0;
        // The server learns of activity from the address of the poll.
        let is_poll = |call: &Call| *call == Call::Link(Step::Poll);
        let polling = self
            .flights
            .iter()
            .find(|(_, flight)| is_poll(&flight.call));
        if let Some(id) = polling.map(|(id, _)| *id) {
            self.cancel(id);
            self.begin(now, Step::Poll);
        }
    }

    /// The step on the way to the long-poll.
    pub(super) fn begin_visibility(&mut self, now: Now) {
        self.visibility_posted = self.wants_visible();
        self.post_visibility(now, Call::Link(Step::Visibility));
    }

    fn post_visibility(&mut self, now: Now, call: Call) {
        let visible = if self.wants_visible() {
            "true"
        } else {
            "false"
        };
        let fields = [("visibility", visible)];
        self.post(now, call, "/ajax/chat/settings.php", &fields);
    }

    /// True if the server has not confirmed what the host wants, and nothing is on its way to change that.
    fn visibility_is_due(&self) -> bool {
        let under_way = |call: &Call| matches!(call, Call::Visibility(_));
        self.told == Some(Connection::Connected)
            && self.may_write()
            && self.visible_there != Some(self.wants_visible())
            && !self.is_closing()
            && !self.flights.values().any(|flight| under_way(&flight.call))
    }

    /// Sets the visibility if it is not what the host wants: nobody who asked to be invisible stays visible because one request was lost.
    pub(super) fn keep_visibility(&mut self, now: Now) {
        if self.visibility_is_due() && self.visibility_at <= now.monotonic {
            self.visibility_at = now.monotonic.saturating_add(RETRY);
            self.post_visibility(now, Call::Visibility(self.wants_visible()));
        }
    }

    /// When [`Session::keep_visibility`] wants to be asked.
    pub(super) fn visibility_timeout(&self) -> Option<Millis> {
        self.visibility_is_due().then_some(self.visibility_at)
    }
}
