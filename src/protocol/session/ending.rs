//! The end of a login, and of the session.

use crate::protocol::purpose::Purpose;
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::session::{Closing, Now, Session};
use crate::status::{Problem, Status};
use crate::types::{Event, Millis, RequestId, Seq};

/// Unsettled messages are given this long at logout, and the logout itself as long again, in milliseconds.
const LOGOUT_PATIENCE: Millis = 1_500;

impl Session {
    /// The host drops the session without a logout: sends what can be sent at once, and tells the server what the host has, if
    /// the server may not know yet. True if something is under way; the session is over when it is done.
    ///
    /// A logout under way tells the server, too, and must not be cut short by a reply that comes before its own.
    pub fn farewell(&mut self, now: Now) -> bool {
        if let Some(closing) = &mut self.closing {
            let soon = now.monotonic.saturating_add(LOGOUT_PATIENCE);
            closing.deadline = closing.deadline.min(soon);
            closing.in_a_hurry = true;
            self.arm_timers(now);
            return false;
        }
        if self.is_closed() || self.gate(now) != Gate::Open {
            return false;
        }
        if self.exchanges.has(|it| it == Purpose::Farewell) {
            return true;
        }
        self.leaving = true;
        if !self.is_unfinished(now) {
            return self.send_farewell(now);
        }
        self.stop_step();
        self.settle(now);
        true
    }

    /// True while something is on its way that the host counts on.
    fn is_unfinished(&self, now: Now) -> bool {
        let counts = |purpose: Purpose| {
            matches!(
                purpose,
                Purpose::Message | Purpose::Typing | Purpose::MarkRead(_) | Purpose::Visibility(_)
            )
        };
        let marks = self.read_marks.timeout();
        !self.outbox.is_empty()
            || self.queries.has_writes()
            || marks.is_some_and(|at| at <= now.monotonic)
            || self.exchanges.has(counts)
    }

    /// Goes on with the end of a dropped session once nothing is on its way.
    pub(super) fn leave_if_due(&mut self, now: Now) {
        let is_saying_it = self.exchanges.has(|it| it == Purpose::Farewell);
        if !self.leaving || is_saying_it {
            return;
        }
        let is_open = self.gate(now) == Gate::Open;
        if is_open && (self.is_unfinished(now) || self.send_farewell(now)) {
            return;
        }
        self.close(now, None, None);
    }

    fn send_farewell(&mut self, now: Now) -> bool {
        let options = self.poll_options();
        let Some(request) = self.channel.farewell(now.monotonic, &self.web, options) else {
            return false;
        };
        self.stop_step();
        self.send(now, Purpose::Farewell, request);
        self.arm_timers(now);
        true
    }

    /// The server does not know this session any more.
    pub(super) fn logged_out(&mut self, now: Now) {
        if self.closing.is_some() {
            return self.logout_done(now);
        }
        self.stop_step();
        let server = self.web.label();
        // What was asked in the old session is not answered in the new one, and a late "not logged in" must not end that.
        let text = format!("{server} asked for a new login meanwhile; try again");
        self.end_exchanges(now, &Problem::new(Status::LoggedOut, text));
        self.web.forget_login();
        self.visibility.forget();
        let next = self.connector.logged_out(&server);
        self.act(now, next);
    }

    /// A login came to nothing. The host can repeat the first one; a later one ends the session.
    pub(super) fn login_ended(&mut self, now: Now, problem: Problem, challenge: bool) {
        let Some(request) = self.connector.login_ended() else {
            return self.close(now, Some(problem), None);
        };
        self.stop_step();
        self.channel.forget();
        self.buddies.forget();
        self.groups.forget();
        self.visibility.forget();
        let ended = self.transfers.end(&problem);
        self.act_all(now, ended);
        self.end_exchanges(now, &problem);
        self.web.forget_user();
        self.emit(match challenge {
            true => Event::Challenge { request, problem },
            false => Event::LoginFailed { request, problem },
        });
    }

    pub(super) fn start_logout(&mut self, now: Now, request: RequestId) {
        if self.web.uid().is_none() {
            return self.close(now, None, Some(request));
        }
        // It does what a farewell under way is for, and has to be answered.
        self.leaving = false;
        self.stop_step();
        self.closing = Some(Closing {
            request,
            deadline: now.monotonic.saturating_add(LOGOUT_PATIENCE),
            revision: self.outbox.revision(),
            in_a_hurry: false,
        });
    }

    /// Posts the logout once all messages are settled and taken, or none was for a while, and ends the session when that is
    /// done or takes too long.
    pub(super) fn log_out_if_due(&mut self, now: Now) {
        let Some(mut closing) = self.closing else {
            return;
        };
        let revision = self.outbox.revision();
        if std::mem::replace(&mut closing.revision, revision) != revision && !closing.in_a_hurry {
            closing.deadline = now.monotonic.saturating_add(LOGOUT_PATIENCE);
        }
        self.closing = Some(closing);
        let is_late = closing.deadline <= now.monotonic;
        if self.exchanges.has(|it| it == Purpose::Logout) {
            if is_late {
                self.logout_done(now);
            }
            return;
        }
        match self.gate(now) {
            // Not even a logout goes out then.
            Gate::Paused if is_late => self.logout_done(now),
            Gate::Paused => {}
            Gate::Open if !is_late && self.has_unfinished_work() => {}
            Gate::Open | Gate::Closed => {
                let deadline = now.monotonic.saturating_add(LOGOUT_PATIENCE);
                self.closing = Some(Closing {
                    deadline,
                    ..closing
                });
                // So that the next session does not get what the host has already.
                let taken = self.channel.taken_up_to();
                let seq = taken.map_or(-1, |Seq(seq)| seq).to_string();
                let fields = [("confirm", "1"), ("seq", seq.as_str())];
                let request = self.web.post("/logout.php", &fields);
                self.send(now, Purpose::Logout, request);
            }
        }
    }

    /// What a logout waits for. A message that the host takes afterwards would come again with the next session.
    fn has_unfinished_work(&self) -> bool {
        !self.outbox.is_empty() || self.queries.has_writes() || self.channel.is_being_taken()
    }

    pub(super) fn logout_done(&mut self, now: Now) {
        let request = self.closing.take().map(|closing| closing.request);
        self.close(now, None, request);
    }

    /// Ends the session: every open request fails, every exchange is dropped, secrets are wiped.
    pub(super) fn close(&mut self, now: Now, problem: Option<Problem>, request: Option<RequestId>) {
        let why = problem
            .clone()
            .unwrap_or_else(|| Problem::new(Status::Cancelled, "The session was closed"));
        self.cancel_post();
        let ended = match problem {
            Some(_) => self.outbox.end(now.monotonic, &self.web, &why),
            None => {
                self.report_state(now);
                self.outbox.leave(now.monotonic)
            }
        };
        self.act_all(now, ended);
        if problem.is_some() {
            // Failed messages are not to be sent by a later session.
            self.report_state(now);
        }
        let ended = self.transfers.end(&why);
        self.act_all(now, ended);
        self.end_exchanges(now, &why);
        if let Some(request) = self.connector.close() {
            let problem = why;
            self.emit(Event::LoginFailed { request, problem });
        }
        self.web.clear();
        self.emit(Event::Closed { request, problem });
    }
}
