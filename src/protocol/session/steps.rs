//! The steps to the long-poll: the request of each, and what its reply leads to.

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Ignored};
use crate::protocol::buddies::list::UpdatePayload;
use crate::protocol::channel::PollOptions;
use crate::protocol::connect::account;
use crate::protocol::connect::chat_page;
use crate::protocol::connect::step::Step;
use crate::protocol::connect::web_session::PageContent;
use crate::protocol::groups::list::GroupsPayload;
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::in_flight::InFlight;
use crate::protocol::session::{Now, Output, Session};
use crate::protocol::wire::exchange::{Outcome, Reply};
use crate::protocol::wire::reply::{self, body_text};
use crate::protocol::wire::request::Request;
use crate::status::Status;
use crate::types::{Event, Millis};
use url::Url;

impl Session {
    pub(super) fn poll_options(&mut self) -> PollOptions {
        PollOptions {
            active: self.visibility.is_active(),
            batch: self.batch,
            nonce: self.rng.u32(..),
        }
    }

    /// Starts a step.
    pub(super) fn begin(&mut self, now: Now, step: Step) {
        if self.closing.is_some() || self.leaving {
            return self.connector.stop();
        }
        if step == Step::Poll && self.channel.is_held_back() {
            return self.connector.pause();
        }
        if self.rate_limit.is_active(now.monotonic) {
            return self.postpone(now, Purpose::Connect(step));
        }
        if step == Step::Poll {
            self.saved.reached(self.channel.seq());
            // A host that hears of the connection can have the state.
            self.report_state_if_due(now);
        }
        if let Some(event) = self.connector.begin(step) {
            self.emit(event);
        }
        match self.step_request(now, step) {
            Ok(request) => self.send(now, Purpose::Connect(step), request),
            Err(other) => self.begin(now, other),
        }
    }

    /// The request of a step, or the step that has to come in its place.
    fn step_request(&mut self, now: Now, step: Step) -> Result<Request, Step> {
        let options = self.poll_options();
        let is_asking = self.is_asking_groups();
        let web = &self.web;
        match step {
            Step::LoginPage => {
                self.web.tokens_expected();
                Ok(self.web.get("/login.php"))
            }
            // A form is posted only straight from the page that it is on.
            Step::LoginPost | Step::Register => Err(Step::LoginPage),
            Step::Popout => Ok(web.get("/presence/popout.php")),
            Step::Home => Ok(web.get("/home.php")),
            Step::Visibility => Ok(self.visibility.step_request(web)),
            Step::BuddyList => Ok(self.buddies.request(web)),
            Step::Groups => {
                let list = self.groups.request(web, is_asking);
                list.ok_or_else(|| self.way_to_channel())
            }
            Step::GroupsInGap => {
                let list = self.groups.request(web, is_asking);
                list.ok_or(Step::Recover)
            }
            Step::Reconnect => Ok(self.channel.reconnect(web)),
            Step::Probe => self.channel.probe(web, options).ok_or(Step::Reconnect),
            Step::Recover => self.channel.recover(web).ok_or(Step::Poll),
            Step::Poll => {
                let poll = self.channel.poll(now.monotonic, web, options);
                poll.ok_or(Step::Reconnect)
            }
        }
    }

    pub(super) fn poll_if_paused(&mut self, now: Now) {
        if self.connector.is_paused() && !self.channel.is_held_back() {
            self.begin(now, Step::Poll);
            self.arm_timers(now);
        }
    }

    /// Starts again with what was begun before the machine slept, or on another network.
    pub(super) fn restart(&mut self, now: Now) {
        if let Some(step) = self.connector.restart() {
            self.restart_transfers();
            self.stop_step();
            self.begin(now, step);
        }
    }

    fn take_page(&mut self, reply: &Reply, url: &Url) -> PageContent {
        if reply.status != 200 {
            return PageContent::Nothing;
        }
        let (content, channel) = self.web.take_page(&body_text(&reply.body), url);
        self.channel.locate(channel);
        content
    }

    /// The page that was to bring new tokens.
    pub(super) fn tokens_reply(&mut self, now: Now, url: &Url, outcome: Outcome) {
        let content = outcome.map(|reply| self.take_page(&reply, url));
        if content != Ok(PageContent::Complete) {
            // The steps to the long-poll know other pages, redirects, and how to wait.
            self.web.tokens_expected();
            self.stop_step();
            let rng = &mut self.rng;
            self.connector
                .wait_for_backoff(now.monotonic, rng, Step::Popout);
        }
    }

    /// Takes the reply to a step.
    pub(super) fn step_reply(
        &mut self,
        now: Now,
        step: Step,
        exchange: &InFlight,
        outcome: Outcome,
    ) {
        if step == Step::Register {
            return self.act(now, account::registered(&self.web, outcome));
        }
        if step.is_groups() {
            return self.groups_step_reply(now, step, exchange, outcome);
        }
        let held = now.monotonic.saturating_sub(exchange.started);
        if step == Step::Poll && self.channel.was_cut_off(held, &outcome) {
            let next = self.channel.go_on(held, false);
            return self.act(now, next);
        }
        let server = self.web.label();
        let failed = |problem, hopeless| Action::Failed {
            step,
            problem,
            hopeless,
        };
        let reply = match outcome {
            Ok(reply) => reply,
            Err(error) => {
                let problem = answer::transport(&server, &error, step.doing());
                // What the system lacks it may have again in a moment.
                let hopeless = error.fault.never_sent() && problem.status != Status::Resources;
                return self.act(now, failed(problem, hopeless));
            }
        };
        if reply.status >= 500 || matches!(reply.status, 408 | 429) {
            let problem = match self.rate_limit.is_active(now.monotonic) {
                true => self.rate_limit.problem(now.monotonic, &server),
                false => answer::http(&server, reply.status, step.doing()),
            };
            return self.act(now, failed(problem, false));
        }
        if step != Step::LoginPost && (300..400).contains(&reply.status) {
            let url = &exchange.url;
            let next = self.connector.redirected(&mut self.web, step, url, &reply);
            return self.act(now, next);
        }
        self.connector.not_redirected();
        self.step_done(now, step, exchange, &reply, held);
    }

    /// Goes on with what the reply to a step leads to.
    fn step_done(
        &mut self,
        now: Now,
        step: Step,
        exchange: &InFlight,
        reply: &Reply,
        held: Millis,
    ) {
        let url = &exchange.url;
        let next = match step {
            Step::Register | Step::Groups | Step::GroupsInGap => return,
            Step::LoginPage => self.connector.login_page(&mut self.web, url, reply),
            Step::LoginPost => self.connector.login_reply(&self.web, reply),
            Step::Popout | Step::Home => {
                let content = self.take_page(reply, url);
                chat_page::page_reply(&mut self.web, step, content)
            }
            Step::Visibility => {
                self.visibility.step_reply(reply::worked(&reply.body));
                match answer::read_step::<Ignored>(reply) {
                    Ok(_) => Action::Begin(Step::BuddyList),
                    Err(next) => *next,
                }
            }
            Step::BuddyList => match answer::read_step::<UpdatePayload>(reply) {
                Ok(payload) => {
                    if self.take_list(now, exchange.id, payload.unwrap_or_default()) {
                        self.emit(self.buddies.event(None));
                    }
                    self.buddies_known(now)
                }
                Err(next) => *next,
            },
            Step::Reconnect => match self.channel.reconnected(&self.web, url, reply) {
                Ok(()) => self.reconnected(now),
                Err(next) => *next,
            },
            Step::Recover => {
                let failures = self.connector.failures();
                match self.channel.recovered(&self.web, reply, failures) {
                    Ok(messages) => {
                        for message in messages {
                            self.take_message(now, message, false);
                        }
                        Action::Begin(Step::Recover)
                    }
                    Err(next) => *next,
                }
            }
            Step::Probe => self.channel.probe_reply(&self.web, reply),
            Step::Poll => {
                let next = self.channel.poll_reply(&self.web, reply, held);
                return self.act_all(now, next);
            }
        };
        self.act(now, next);
    }

    /// Everything that a host waits for at login is there. The step that comes next.
    fn buddies_known(&mut self, now: Now) -> Action {
        if let Some(uid) = self.web.uid()
            && let Some(request) = self.connector.login_succeeded()
        {
            self.emit(Event::LoggedIn {
                request,
                uid,
                name: self.buddies.own_name().unwrap_or_default().to_owned(),
                message_limit: self.web.message_limit(),
                file_limit: self.web.file_limit(),
                features: self.web.features(),
            });
            self.emit(self.buddies.event(None));
            let unread = self.buddies.unread_news();
            self.outputs.extend(unread.map(Output::Event));
            if let Some(mut earlier) = self.earlier.take() {
                let left = earlier.take_unsettled(&self.web);
                self.outbox.restore(now.monotonic, left);
            }
        }
        self.ask_friend_requests(now);
        Action::Begin(Step::Groups)
    }

    /// The step to the channel once the lists are there.
    fn way_to_channel(&self) -> Step {
        match (self.channel.has_url(), self.channel.seq()) {
            (true, Some(_)) if self.connector.trusts_channel() => Step::Poll,
            (true, None) => Step::Probe,
            _ => Step::Reconnect,
        }
    }

    /// Takes the list of groups, and goes on also without one: people are to reach each other all the same.
    fn groups_step_reply(&mut self, now: Now, step: Step, exchange: &InFlight, outcome: Outcome) {
        let found = outcome.ok().filter(|reply| reply.status == 200);
        match found.map(|reply| answer::read_step::<GroupsPayload>(&reply)) {
            Some(Err(next)) => return self.act(now, *next),
            Some(Ok(payload)) => {
                self.take_groups(now, exchange.id, None, payload.unwrap_or_default());
                if step == Step::GroupsInGap {
                    self.channel.recover_also(self.groups.with_messages());
                }
            }
            None => self.groups.list_failed(now.monotonic),
        }
        let next = match step {
            Step::GroupsInGap => Step::Recover,
            _ => self.way_to_channel(),
        };
        self.begin(now, next);
    }

    /// The channel's address and number are there. The step that comes next.
    fn reconnected(&mut self, now: Now) -> Action {
        if self.connector.is_first_login() {
            // The way was interrupted before the host was told what it waits for.
            return Action::Begin(Step::Visibility);
        }
        if !self.connector.is_connected() {
            self.buddies.outage_ended(now.monotonic);
        }
        Action::Begin(match self.channel.seq() {
            Some(_) => Step::Recover,
            None => Step::Probe,
        })
    }
}
