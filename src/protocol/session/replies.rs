//! Replies: each goes to the part that asked.

use crate::protocol::answer::{self, Failure, Ignored};
use crate::protocol::buddies::Circumstances;
use crate::protocol::buddies::list::UpdatePayload;
use crate::protocol::connect::step::Step;
use crate::protocol::groups::list::GroupsPayload;
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::in_flight::InFlight;
use crate::protocol::session::{Now, Output, Session};
use crate::protocol::wire::exchange::{ExchangeId, Outcome};
use crate::protocol::wire::reading_cost;
use crate::types::RequestId;

impl Session {
    /// Gives a reply to the part that asked.
    pub(super) fn reply(&mut self, now: Now, exchange: InFlight, outcome: Outcome) {
        let at = now.monotonic;
        let outcome = outcome.and_then(|reply| reading_cost::affordable(reply, exchange.most_cost));
        if let Ok(reply) = &outcome {
            self.web.take_cookies(&exchange.url, &reply.set_cookie);
            // Too many logins are refused with status 200. Who logs in for the first time may have mistyped the address.
            let is_new_login = exchange.purpose == Purpose::Connect(Step::LoginPost)
                && !self.connector.is_first_login();
            if matches!(reply.status, 429 | 503) || is_new_login {
                self.rate_limit.take(at, now.unix, reply);
            }
        }
        match exchange.purpose {
            Purpose::Connect(step) => self.step_reply(now, step, &exchange, outcome),
            Purpose::Message => {
                let wants_chat = self.visibility.wants_visible();
                let rng = &mut self.rng;
                let next = self.outbox.reply(at, &self.web, rng, wants_chat, outcome);
                self.act_all(now, next);
            }
            Purpose::SettledMessage => {}
            Purpose::BuddyList(request) => self.list_reply(now, exchange.id, request, outcome),
            Purpose::Query(request) | Purpose::Picture(request) => {
                let next = self.queries.reply(at, &self.web, request, outcome);
                self.act_all(now, next);
            }
            Purpose::Transfer(request) => {
                let lasted = at.saturating_sub(exchange.started);
                let next =
                    self.transfers
                        .reply(at, &self.web, &mut self.rng, (request, lasted), outcome);
                self.act_all(now, next);
            }
            Purpose::FriendRequests => {
                let next = self.friend_requests.reply(&self.web, outcome);
                self.act_all(now, next);
            }
            Purpose::Groups(request) => self.groups_reply(now, exchange.id, request, outcome),
            Purpose::MarkRead(what) => {
                let next = self.read_marks.reply(at, &self.web, what, outcome);
                self.act_all(now, next);
            }
            Purpose::Tokens => self.tokens_reply(now, &exchange.url, outcome),
            Purpose::Typing => {
                self.worked(now, outcome, "sending a typing notice");
            }
            Purpose::Visibility(visible) => {
                if self.worked(now, outcome, "setting the visibility") {
                    self.visibility.confirmed(visible);
                }
            }
            Purpose::Logout => self.logout_done(now),
            Purpose::Farewell if self.closing.is_some() => {}
            Purpose::Farewell => self.close(now, None, None),
        }
    }

    /// True if a write worked whose failure nobody needs to hear of.
    fn worked(&mut self, now: Now, outcome: Outcome, doing: &str) -> bool {
        match answer::read_explicit::<Ignored>(&self.web.label(), outcome, doing) {
            Ok(_) => true,
            Err(Failure::Refused(error)) => {
                self.cure(now, &error);
                false
            }
            Err(Failure::Lost(_)) => false,
        }
    }

    fn list_reply(
        &mut self,
        now: Now,
        id: ExchangeId,
        request: Option<RequestId>,
        outcome: Outcome,
    ) {
        let server = self.web.label();
        let doing = Step::BuddyList.doing();
        let (problem, refusal) = match answer::read::<UpdatePayload>(&server, outcome, doing) {
            Ok(payload) => {
                let is_news = self.take_list(now, id, payload.unwrap_or_default());
                if is_news || request.is_some() {
                    self.emit(self.buddies.event(request));
                }
                return;
            }
            Err(Failure::Refused(error)) => (answer::refused(&server, error.clone()), Some(error)),
            Err(Failure::Lost(problem)) => (problem, None),
        };
        self.buddies.list_failed(now.monotonic);
        if let Some(request) = request {
            self.fail(request, problem);
        }
        // Last, because it may end the session.
        if let Some(error) = refusal {
            self.cure(now, &error);
        }
    }

    fn groups_reply(
        &mut self,
        now: Now,
        id: ExchangeId,
        request: Option<RequestId>,
        outcome: Outcome,
    ) {
        let server = self.web.label();
        let doing = Step::Groups.doing();
        let (problem, refusal) =
            match answer::read_explicit::<GroupsPayload>(&server, outcome, doing) {
                Ok(payload) => {
                    return self.take_groups(now, id, request, payload.unwrap_or_default());
                }
                Err(Failure::Refused(error)) => {
                    (answer::refused(&server, error.clone()), Some(error))
                }
                Err(Failure::Lost(problem)) => (problem, None),
            };
        self.groups.list_failed(now.monotonic);
        if let Some(request) = request {
            self.fail(request, problem);
        }
        // Last, because it may end the session.
        if let Some(error) = refusal {
            self.cure(now, &error);
        }
    }

    /// Takes over a list of groups, and tells the host what is new.
    pub(super) fn take_groups(
        &mut self,
        now: Now,
        id: ExchangeId,
        request: Option<RequestId>,
        payload: GroupsPayload,
    ) {
        let (gone, is_news) = self.groups.take_list(now.monotonic, &self.web, id, payload);
        self.outputs.extend(gone.into_iter().map(Output::Event));
        if is_news || request.is_some() {
            self.emit(self.groups.event(request));
        }
    }

    /// Takes over a buddy list; true if the whole list is news.
    pub(super) fn take_list(&mut self, now: Now, id: ExchangeId, payload: UpdatePayload) -> bool {
        if self.buddies.is_outdated(id) {
            return false;
        }
        let clocks = (now.monotonic, now.unix);
        let circumstances = Circumstances {
            connected: self.connector.is_connected(),
            logged_in: self.connector.is_logged_in(),
        };
        let (changes, is_news) =
            self.buddies
                .take_list(clocks, &self.web, circumstances, (id, payload));
        self.act_all(now, changes);
        if circumstances.logged_in {
            let unread = self.buddies.unread_news();
            self.outputs.extend(unread.map(Output::Event));
        }
        is_news
    }
}
