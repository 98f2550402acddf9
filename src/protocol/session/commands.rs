//! Commands of the host: each is carried out, or refused with the reason.

use crate::protocol::answer;
use crate::protocol::connect::account::{Account, Credentials, Registration};
use crate::protocol::connect::resume::SavedState;
use crate::protocol::connect::step::Step;
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::requests::unsettled::Unsettled;
use crate::protocol::session::{Now, Session};
use crate::status::{Problem, Status};
use crate::types::{Command, Event, OwnPresence, Query, RequestId, Uid};

/// Typing notices in flight; more are dropped, since a late one is worth nothing.
const MOST_TYPING: usize = 4;
/// Queries and refreshes without an answer.
const MOST_QUERIES: usize = 16;

impl Session {
    /// Carries a command out, or says why not.
    pub(super) fn command(&mut self, now: Now, command: Command) {
        if self.closing.is_some() && !matches!(command, Command::Cancel(_)) {
            let problem = Problem::new(Status::State, "The session is being logged out");
            return self.refuse(command, problem);
        }
        match command {
            Command::Login {
                request,
                email,
                password,
            } => {
                let credentials = Credentials { email, password };
                self.log_in(now, request, credentials, None);
            }
            Command::Register {
                request,
                email,
                password,
                name,
                invite,
            } => {
                let credentials = Credentials { email, password };
                let registration = Registration { name, invite };
                self.log_in(now, request, credentials, Some(registration));
            }
            Command::Resume { request, state } => self.resume(now, request, state.reveal()),
            Command::Cancel(request) => self.give_up(now, request),
            Command::Logout { request } => self.start_logout(now, request),
            Command::SetPresence(presence) => self.set_presence(now, presence),
            Command::NetworkChanged => self.restart(now),
            _ if self.web.uid().is_none() || self.connector.is_first_login() => {
                self.refuse(command, Problem::new(Status::State, "Not logged in"));
            }
            Command::Send {
                request,
                to,
                text,
                file,
                message_id,
            } => {
                let drawn = || self.rng.u32(1..=0x7fff_ffff).to_string();
                let message = Unsettled {
                    to: to.0,
                    text,
                    file,
                    message_id: message_id.unwrap_or_else(drawn),
                    client_time: now.unix,
                };
                self.queue_message(now, request, message);
            }
            Command::SetTyping { to, typing } => self.send_typing(now, to, typing),
            Command::Refresh { .. }
            | Command::RefreshGroups { .. }
            | Command::Ask { .. }
            | Command::Upload { .. }
            | Command::Download { .. }
                if self.queries() >= MOST_QUERIES =>
            {
                let problem = Problem::new(Status::QueueFull, "Too many queries under way");
                self.refuse(command, problem);
            }
            Command::Refresh { request } => self.ask_buddy_list(now, Some(request)),
            Command::RefreshGroups { request } => self.ask_groups(now, Some(request)),
            Command::Ask { request, query } => self.ask(now, request, query),
            Command::Upload {
                request,
                name,
                size,
            } => {
                let rng = &mut self.rng;
                let file = (name, size);
                let taken = self.transfers.upload(&self.web, rng, request, file);
                taken.unwrap_or_else(|problem| self.fail(request, problem));
            }
            Command::Download {
                request,
                file,
                target,
            } => {
                let taken = self.transfers.download(&self.web, request, file, target);
                taken.unwrap_or_else(|problem| self.fail(request, problem));
            }
            Command::MarkRead(what) => {
                what.into_iter().for_each(|gid| self.groups.read(gid));
                self.read_marks.add(&self.web, what);
            }
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
            | Command::RefreshGroups { request }
            | Command::Ask { request, .. }
            | Command::Upload { request, .. }
            | Command::Download { request, .. }
            | Command::Logout { request } => self.fail(request, problem),
            Command::SetTyping { .. }
            | Command::SetPresence(_)
            | Command::MarkRead(_)
            | Command::NetworkChanged
            | Command::Cancel(_) => {}
        }
    }

    fn log_in(
        &mut self,
        now: Now,
        request: RequestId,
        credentials: Credentials,
        registration: Option<Registration>,
    ) {
        let account = Account::new(request, Some(credentials), registration);
        let next = self.connector.log_in(request, account);
        self.act(now, next);
    }

    /// Resumes a saved session: the page for new tokens, then the channel from its number on.
    fn resume(&mut self, now: Now, request: RequestId, state: &str) {
        if !self.connector.has_account() {
            let restored = SavedState::parse(state).and_then(|saved| {
                let seq = saved.restore(&mut self.web)?;
                Ok((saved, seq))
            });
            match restored {
                Ok((saved, seq)) => {
                    seq.into_iter().for_each(|seq| self.channel.set_seq(seq));
                    self.earlier = Some(saved);
                }
                Err(problem) => return self.emit(Event::LoginFailed { request, problem }),
            }
        }
        let next = self
            .connector
            .log_in(request, Account::new(request, None, None));
        self.act(now, next);
    }

    fn queries(&self) -> usize {
        let refreshes = self.exchanges.count(|it| it.refresh().is_some());
        let queries = refreshes.saturating_add(self.queries.len());
        queries.saturating_add(self.transfers.len())
    }

    fn queue_message(&mut self, now: Now, request: RequestId, message: Unsettled) {
        let to = Uid(message.to);
        let queued = self.outbox.push(now.monotonic, &self.web, request, message);
        match queued {
            Ok(()) => {
                let since = self.buddies.server_now(now.unix);
                self.channel.note_conversation(to, since);
            }
            Err(problem) => self.fail(request, problem),
        }
    }

    fn ask(&mut self, now: Now, request: RequestId, mut query: Query) {
        // The same one in all attempts.
        if let Query::CreateGroup { create_id, .. } = &mut query
            && *create_id == 0
        {
            *create_id = self.rng.u64(1..=0x7fff_ffff_ffff_ffff);
        }
        let picture = match query {
            Query::Picture(uid) => self.buddies.picture_url(uid),
            _ => None,
        };
        let queued = self
            .queries
            .push(now.monotonic, &self.web, request, query, picture);
        if let Err(problem) = queued {
            self.fail(request, problem);
        }
    }

    fn send_typing(&mut self, now: Now, to: Uid, typing: bool) {
        let under_way = self.exchanges.count(|it| it == Purpose::Typing);
        let is_open = self.gate(now) == Gate::Open;
        if is_open && Some(to) != self.web.uid() && under_way < MOST_TYPING {
            let typing = if typing { "1" } else { "0" };
            let fields = [("typ", typing), ("to", &to.to_string())];
            let request = self.web.post("/ajax/chat/typ.php", &fields);
            self.send(now, Purpose::Typing, request);
        }
    }

    fn set_presence(&mut self, now: Now, presence: OwnPresence) {
        // The server learns from the address of the poll whether the user is at the keyboard.
        if self.visibility.set(presence) && self.connector.is_polling() {
            self.stop_step();
            self.begin(now, Step::Poll);
        }
    }

    /// Gives a request up. One that was answered, or never made, is ignored.
    fn give_up(&mut self, now: Now, request: RequestId) {
        let problem = Problem::new(Status::Cancelled, "The request was cancelled");
        if let Some(failed) = self.queries.cancel(request, &problem) {
            let purposes = [Purpose::Query(request), Purpose::Picture(request)];
            self.cancel_exchange(|it| purposes.contains(&it));
            return self.act(now, failed);
        }
        if let Some(failed) = self.transfers.fail(request, problem.clone()) {
            self.cancel_exchange(|it| it == Purpose::Transfer(request));
            return self.act(now, failed);
        }
        if self.cancel_exchange(|it| it.refresh() == Some(request)) {
            return self.fail(request, problem);
        }
        if self.connector.login_request() == Some(request) {
            let is_registering = |it| it == Purpose::Connect(Step::Register);
            let problem = match self.exchanges.has(is_registering) {
                true => answer::in_doubt(problem),
                false => problem,
            };
            return self.login_ended(now, problem, false);
        }
        if self.outbox.is_posted(request) {
            self.cancel_post();
        }
        let failed = self
            .outbox
            .cancel(now.monotonic, &self.web, request, problem);
        self.act_all(now, failed);
    }
}
