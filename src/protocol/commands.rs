//! What a host asks of a session, and the way out.

use super::call::{Call, Flight};
use super::link::Step;
use super::questions::{MOST_QUESTIONS, in_doubt};
use super::register::Registration;
use super::session::{Account, Closing, Credentials, LOGOUT_PATIENCE, Now, Session};
use crate::status::{Problem, Status};
use crate::types::{Command, Event, RequestId, Uid};

/// Typing notices in flight; more are dropped, since a late one is worth nothing.
const MOST_TYPING: usize = 4;

impl Session {
    /// Carries a command out, or says why not.
    pub(super) fn command(&mut self, now: Now, command: Command) {
        if self.closing.is_some() && !matches!(command, Command::Cancel(_)) {
            return self.refuse(
                command,
                Problem::new(Status::State, "The session is being logged out"),
            );
        }
        match command {
            Command::Login {
                request,
                email,
                password,
            } => self.sign_on(now, request, Credentials { email, password }, None),
            Command::Register {
                request,
                email,
                password,
                name,
                invite,
            } => {
                let registration = Registration { name, invite };
                let credentials = Credentials { email, password };
                self.sign_on(now, request, credentials, Some(registration));
            }
            Command::Resume { request, .. } if self.account.is_some() => {
                self.logged_in_already(request);
            }
            Command::Resume { request, state } => self.resume(now, request, state.reveal()),
            Command::Cancel(request) => self.give_up(request),
            Command::Logout { request } => self.start_logout(now, request),
            Command::SetPresence(presence) => self.set_presence(now, presence),
            Command::NetworkChanged => self.begin_anew(now),
            _ if self.uid.is_none() => {
                self.refuse(command, Problem::new(Status::State, "Not logged in"));
            }
            Command::Send { request, to, text } => self.queue_send(now, request, to, text),
            Command::SetTyping { to, typing } => self.send_typing(now, to, typing),
            Command::Refresh { .. } | Command::Ask { .. } if self.questions() >= MOST_QUESTIONS => {
                self.refuse(
                    command,
                    Problem::new(Status::QueueFull, "Too many questions under way"),
                );
            }
            Command::Refresh { request } => self.ask_buddy_list(now, Some(request)),
            Command::Ask { request, question } => self.ask(now, request, question),
            Command::MarkRead(what) => self.mark_read(what),
        }
    }

    fn sign_on(
        &mut self,
        now: Now,
        request: RequestId,
        credentials: Credentials,
        registration: Option<Registration>,
    ) {
        if self.account.is_some() {
            return self.logged_in_already(request);
        }
        self.account = Some(Account {
            credentials: Some(credentials),
            unanswered: Some(request),
            registration,
        });
        self.begin(now, Step::LoginPage);
    }

    fn questions(&self) -> usize {
        let flights = self.flights.values();
        let refreshes = flights.filter(|flight| flight.call.refresh().is_some());
        refreshes.count().saturating_add(self.asked.len())
    }

    fn logged_in_already(&mut self, request: RequestId) {
        let text = "This session is logged in already, or about to be";
        let problem = Problem::new(Status::State, text);
        self.emit(Event::LoginFailed { request, problem });
    }

    /// Gives a request up. One that was answered, or never made, is passed over.
    fn give_up(&mut self, request: RequestId) {
        let problem = Problem::new(Status::Cancelled, "The request was cancelled");
        if self.drop_question(request, &problem) {
            return;
        }
        let asking = |flight: &&Flight| flight.call.refresh() == Some(request);
        let flight = self.flights.iter().find(|(_, flight)| asking(flight));
        if let Some(id) = flight.map(|(id, _)| *id) {
            self.cancel(id);
            return self.emit(Event::Failed { request, problem });
        }
        let account = self.account.as_ref();
        if account.is_some_and(|account| account.unanswered == Some(request)) {
            let signing_up = |flight: &Flight| flight.call == Call::Link(Step::Register);
            let problem = match self.flights.values().any(signing_up) {
                true => in_doubt(problem),
                false => problem,
            };
            return self.login_ended(problem, false);
        }
        if self
            .outbox
            .current()
            .is_some_and(|it| it.request == request)
        {
            self.cancel_send();
        }
        if let Some(outgoing) = self.outbox.take(request) {
            let problem = match outgoing.uncertain {
                true => self.outcome_unknown(),
                false => problem,
            };
            self.emit(Event::Failed { request, problem });
        }
    }

    fn refuse(&mut self, command: Command, problem: Problem) {
        match command {
            Command::Login { request, .. }
            | Command::Register { request, .. }
            | Command::Resume { request, .. } => {
                self.emit(Event::LoginFailed { request, problem });
            }
            Command::Send { request, .. }
            | Command::Refresh { request }
            | Command::Ask { request, .. }
            | Command::Logout { request } => self.emit(Event::Failed { request, problem }),
            Command::SetTyping { .. }
            | Command::SetPresence(_)
            | Command::MarkRead(_)
            | Command::NetworkChanged
            | Command::Cancel(_) => {}
        }
    }

    fn send_typing(&mut self, now: Now, to: Uid, typing: bool) {
        let in_flight = self
            .flights
            .values()
            .filter(|flight| flight.call == Call::Typing)
            .count();
        if self.may_write() && Some(to) != self.own_uid() && in_flight < MOST_TYPING {
            let typing = if typing { "1" } else { "0" };
            let fields = [("typ", typing), ("to", &to.to_string())];
            self.post(now, Call::Typing, "/ajax/chat/typ.php", &fields);
        }
    }

    fn start_logout(&mut self, now: Now, request: RequestId) {
        if self.uid.is_none() {
            return self.close(None, Some(request));
        }
        self.stop_link();
        self.closing = Some(Closing {
            request,
            deadline: now.monotonic.saturating_add(LOGOUT_PATIENCE),
        });
    }

    pub(super) fn logout_done(&mut self) {
        let request = self.closing.take().map(|closing| closing.request);
        self.close(None, request);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_some()
    }
}
