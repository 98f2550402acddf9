//! When the buddy list is asked for, and what hosts are told of it. The rules of reading it are in `presence`.

use super::call::Call;
use super::calls::Answer;
use super::exchange::{Reply, TransportError};
use super::presence::{Strikes, UpdatePayload};
use super::session::{Now, Session};
use crate::types::{Connection, Event, Millis, RequestId};

/// Pause before a list that left somebody out is asked for again, in milliseconds.
const DOUBT: Millis = 5_000;
/// Interval where presence has to be polled, in milliseconds (docs/protocol.md, Buddy list and presence).
const LIST_EVERY: Millis = 60_000;
/// The same where presence is pushed: only a safety net.
const LIST_SELDOM: Millis = 900_000;
/// Time for everybody to come back after an outage, in milliseconds.
const SETTLING: Millis = 30_000;

impl Session {
    pub(super) fn ask_buddy_list(&mut self, now: Now, request: Option<RequestId>) {
        self.post_buddy_list(now, Call::BuddyList(request));
        if request.is_none() {
            self.ask_friend_requests(now);
        }
    }

    pub(super) fn buddy_list_reply(
        &mut self,
        now: Now,
        request: Option<RequestId>,
        result: Result<Reply, TransportError>,
    ) {
        let problem = match self.answer::<UpdatePayload>(result, "asking for the buddy list") {
            Answer::Ok(payload) => {
                let changed = self.take_buddy_list(now, payload.unwrap_or_default());
                if changed || request.is_some() {
                    self.tell_buddy_list(request);
                }
                return;
            }
            Answer::Refused(error) => {
                self.cure(now, &error);
                self.refused(error)
            }
            Answer::Lost(problem) => problem,
        };
        // The old list stays; a bad list is no reason to give anything up.
        self.refresh_soon(now, 60_000);
        if let Some(request) = request {
            self.emit(Event::Failed { request, problem });
        }
    }

    pub(super) fn post_buddy_list(&mut self, now: Now, call: Call) {
        let own = self.uid.map_or_else(String::new, |uid| uid.to_string());
        let fields = [
            ("buddy_list", "1"),
            ("force_render", "1"),
            ("user", own.as_str()),
        ];
        self.post(now, call, "/ajax/presence/update.php", &fields);
    }

    pub(super) fn tell_buddy_list(&mut self, request: Option<RequestId>) {
        let buddies = self.buddies.snapshot();
        self.emit(Event::BuddyList { request, buddies });
    }

    /// Takes over a buddy list and tells what changed, if anybody was told the list already.
    pub(super) fn take_buddy_list(&mut self, now: Now, payload: UpdatePayload) -> bool {
        let Some(own) = self.uid else { return false };
        // After an outage, friends come back when we do: a list from these seconds leaves out those who are a little later.
        let settled_at = self.outage_ended_at.map(|at| at.saturating_add(SETTLING));
        let settling = settled_at.filter(|&at| now.monotonic < at);
        // Our own server never leaves anybody out by mistake, those of 2008 did now and then.
        let outage = settling.is_some() || self.told != Some(Connection::Connected);
        let strikes = match (outage, self.presence_is_pushed()) {
            (true, _) => Strikes::NEVER,
            (false, true) => Strikes::ONE,
            (false, false) => Strikes::TWO,
        };
        let change = self.buddies.apply(payload, own, strikes);
        if let Some(time) = change.server_time {
            self.server_ahead = time.saturating_sub(now.unix);
        }
        let every = match (change.doubtful, self.presence_is_pushed()) {
            (true, _) => DOUBT,
            (false, false) => LIST_EVERY,
            (false, true) => LIST_SELDOM,
        };
        let next = now.monotonic.saturating_add(every);
        self.refresh_at = Some(settling.filter(|_| change.doubtful).unwrap_or(next));
        let logged_in = self
            .account
            .as_ref()
            .is_some_and(|account| account.unanswered.is_none());
        if logged_in && !change.list {
            for buddy in change.buddies {
                self.emit(Event::Presence(buddy));
            }
        }
        logged_in && change.list
    }

    /// Asks for the buddy list in this many milliseconds, if not sooner anyway.
    pub(super) fn refresh_soon(&mut self, now: Now, wait: Millis) {
        let at = now.monotonic.saturating_add(wait);
        self.refresh_at = Some(self.refresh_at.map_or(at, |planned| planned.min(at)));
    }
}
