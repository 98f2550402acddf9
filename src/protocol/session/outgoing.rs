//! What goes out: exchanges, and the rules for when they may.

use crate::protocol::answer;
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::in_flight::Limits;
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::session::{Now, Output, Session};
use crate::protocol::wire::request::Request;
use crate::status::Problem;
use crate::types::{Event, RequestId};

impl Session {
    /// Tells the host what it needs to resume the session, if that has changed.
    pub(super) fn report_state(&mut self, now: Now) {
        if self.saved.timeout(&self.outbox).is_some() {
            let event = self.saved.update(now.monotonic, &self.web, &self.outbox);
            self.outputs.extend(event.map(Output::Event));
        }
    }

    /// The same, but not too often.
    pub(super) fn report_state_if_due(&mut self, now: Now) {
        let due = self.saved.timeout(&self.outbox);
        if due.is_some_and(|due| due <= now.monotonic) {
            self.report_state(now);
        }
    }

    /// Whether requests can go out: the server knows the session, the tokens are valid, and no pause was asked for.
    pub(super) fn gate(&self, now: Now) -> Gate {
        if self.rate_limit.is_active(now.monotonic) {
            Gate::Paused
        } else if self.web.may_write() {
            Gate::Open
        } else {
            Gate::Closed
        }
    }

    pub(super) fn is_posting(&self) -> bool {
        self.exchanges.has(|it| it == Purpose::Message)
    }

    pub(super) fn is_marking(&self) -> bool {
        self.exchanges.has(|it| matches!(it, Purpose::MarkRead(_)))
    }

    pub(super) fn can_set_visibility(&self, now: Now) -> bool {
        let is_setting = |it| matches!(it, Purpose::Visibility(_));
        self.connector.is_connected()
            && self.gate(now) == Gate::Open
            && self.closing.is_none()
            && !self.exchanges.has(is_setting)
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn fail(&mut self, request: RequestId, problem: Problem) {
        self.emit(Event::Failed { request, problem });
    }

    /// Starts an exchange, unless the server has asked for a pause.
    pub(super) fn send(&mut self, now: Now, purpose: Purpose, request: Request) {
        if self.rate_limit.is_active(now.monotonic) {
            return self.postpone(now, purpose);
        }
        if let Purpose::Connect(step) = purpose {
            self.connector.started(step);
        }
        let limits = Limits {
            timeout: self.call_timeout,
            picture: self.web.picture_limit(),
        };
        let cookie = self.web.cookie_header(&request.url);
        let exchange = self
            .exchanges
            .start(now.monotonic, purpose, request, cookie, limits);
        self.outputs.push_back(Output::Exchange(exchange));
    }

    /// Something has to wait for the end of a pause. What is not named here waits in its part, or is worth nothing later.
    pub(super) fn postpone(&mut self, now: Now, purpose: Purpose) {
        let pause = self.rate_limit.left(now.monotonic);
        let problem = self.rate_limit.problem(now.monotonic, &self.web.label());
        match purpose {
            Purpose::Connect(step) => {
                let next = self.connector.postpone(now.monotonic, step, pause, problem);
                self.act_all(now, next);
            }
            Purpose::BuddyList(Some(request)) | Purpose::Groups(Some(request)) => {
                self.fail(request, problem);
            }
            Purpose::BuddyList(None) => self.buddies.refresh_soon(now.monotonic, pause),
            Purpose::Groups(None) => self.groups.list_failed(now.monotonic),
            Purpose::Transfer(request) => self.transfers.postpone(request),
            _ => {}
        }
    }

    pub(super) fn cancel_exchange(&mut self, is: impl Fn(Purpose) -> bool) -> bool {
        let dropped = self.exchanges.drop_one(is);
        let output = dropped.map(Output::Cancel);
        self.outputs.extend(output);
        dropped.is_some()
    }

    /// Drops the post that is in flight, if there is one.
    pub(super) fn cancel_post(&mut self) {
        if self.cancel_exchange(|it| it == Purpose::Message) {
            self.outbox.post_dropped();
        }
    }

    /// Drops the step that is under way.
    pub(super) fn stop_step(&mut self) {
        self.cancel_exchange(|it| matches!(it, Purpose::Connect(_)));
        self.connector.stop();
    }

    /// Drops all exchanges. Queries and refreshes fail; messages and transfers wait.
    pub(super) fn end_exchanges(&mut self, now: Now, why: &Problem) {
        self.cancel_post();
        let ended = self.queries.end(why);
        self.act_all(now, ended);
        self.transfers.interrupt();
        for (id, purpose) in self.exchanges.drop_all() {
            self.outputs.push_back(Output::Cancel(id));
            if let Some(request) = purpose.refresh() {
                self.fail(request, why.clone());
            }
        }
    }

    /// Begins the transfers under way again.
    pub(super) fn restart_transfers(&mut self) {
        while self.cancel_exchange(|it| matches!(it, Purpose::Transfer(_))) {}
        self.transfers.interrupt();
    }

    pub(super) fn fetch_tokens(&mut self, now: Now) {
        if self.web.needs_tokens() && !self.rate_limit.is_active(now.monotonic) {
            self.web.tokens_expected();
            let request = self.web.get("/presence/popout.php");
            self.send(now, Purpose::Tokens, request);
        }
    }

    pub(super) fn pump_outbox(&mut self, now: Now) {
        let gate = self.gate(now);
        if self.outbox.is_expired(now.monotonic) {
            self.cancel_post();
            let failed = self.outbox.expire(now.monotonic, &self.web, gate);
            self.act_all(now, failed);
        }
        if gate == Gate::Open
            && !self.is_posting()
            && let Some(request) = self.outbox.post(now.monotonic, &self.web)
        {
            self.send(now, Purpose::Message, request);
        }
    }

    pub(super) fn ask_buddy_list(&mut self, now: Now, request: Option<RequestId>) {
        let list = self.buddies.request(&self.web);
        self.send(now, Purpose::BuddyList(request), list);
        if request.is_none() {
            self.ask_friend_requests(now);
            self.ask_groups(now, None);
        }
    }

    /// Asks for the list of groups; once is enough unless the host waits for the answer.
    pub(super) fn ask_groups(&mut self, now: Now, request: Option<RequestId>) {
        let is_asking = self.is_asking_groups();
        if request.is_none() && is_asking {
            return;
        }
        match (self.groups.request(&self.web, is_asking), request) {
            (Some(list), _) => self.send(now, Purpose::Groups(request), list),
            (None, Some(request)) => {
                let problem = answer::unsupported(&self.web.label(), "groups");
                self.fail(request, problem);
            }
            (None, None) => {}
        }
    }

    pub(super) fn is_asking_groups(&self) -> bool {
        let is_asking = |it| match it {
            Purpose::Groups(_) => true,
            Purpose::Connect(step) => step.is_groups(),
            _ => false,
        };
        self.exchanges.has(is_asking)
    }

    pub(super) fn ask_friend_requests(&mut self, now: Now) {
        let is_asking = self.exchanges.has(|it| it == Purpose::FriendRequests);
        if !is_asking && let Some(request) = self.friend_requests.ask(&self.web) {
            self.send(now, Purpose::FriendRequests, request);
        }
    }
}
