//! The session: owns the parts, gives each input to the part that it concerns, and carries out what the parts want done.
//!
//! What a reply means is decided by the parts. Here is only which part comes next, and in which order.

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure, Ignored};
use crate::protocol::buddies::friend_requests::FriendRequests;
use crate::protocol::buddies::list::UpdatePayload;
use crate::protocol::buddies::visibility::Visibility;
use crate::protocol::buddies::{BuddyList, Circumstances};
use crate::protocol::channel::notices::{self, Notice};
use crate::protocol::channel::{Channel, PollOptions};
use crate::protocol::config::SessionConfig;
use crate::protocol::connect::Connector;
use crate::protocol::connect::account::{self, Account, Credentials, Registration};
use crate::protocol::connect::resume::{SavedState, StateReport};
use crate::protocol::connect::step::Step;
use crate::protocol::connect::web_session::{PageContent, WebSession};
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::in_flight::{Exchanges, InFlight, Limits};
use crate::protocol::requests::outbox::{Outbox, Unsettled};
use crate::protocol::requests::queries::Queries;
use crate::protocol::requests::rate_limit::{Gate, RateLimit};
use crate::protocol::requests::read_marks::ReadMarks;
use crate::protocol::timers::{Timer, TimerTable};
use crate::protocol::wire::channel_reply::Item;
use crate::protocol::wire::exchange::{
    Exchange, ExchangeId, Outcome, Reply, TransportError, TransportFault,
};
use crate::protocol::wire::reply::{self, AjaxError, body_text};
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{
    Command, Event, Message, Millis, Origin, OwnPresence, Query, RequestId, Seq, Uid, UnixMillis,
};
use std::collections::VecDeque;
use url::Url;

/// Typing notices in flight; more are dropped, since a late one is worth nothing.
const MOST_TYPING: usize = 4;
/// Queries and refreshes without an answer.
const MOST_QUERIES: usize = 16;
/// Unsettled messages are given this long at logout, and the logout itself as long again, in milliseconds.
const LOGOUT_PATIENCE: Millis = 1_500;
/// If the wall clock runs ahead of the monotonic one by more than this, the machine has slept, in milliseconds.
const SLEPT: i64 = 30_000;

/// The driver's clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// A clock that never goes back, from any start.
    pub monotonic: Millis,
    /// The wall clock.
    pub unix: UnixMillis,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// The host asks for something.
    Command(Command),
    /// An exchange ended.
    Reply(ExchangeId, Result<Reply, TransportError>),
}

/// Something to be done.
#[derive(Debug)]
pub enum Output {
    /// Carry out an exchange and hand back its [`Input::Reply`].
    Exchange(Exchange),
    /// Drop an exchange; its reply is no longer wanted.
    Cancel(ExchangeId),
    /// Tell the host.
    Event(Event),
}

/// A logout under way.
#[derive(Clone, Copy, Debug)]
struct Closing {
    request: RequestId,
    /// Later if messages are settled meanwhile, unless the host is in a hurry.
    deadline: Millis,
    /// The state of the outbox when the deadline was set.
    revision: u64,
    in_a_hurry: bool,
}

/// One login and everything that belongs to it.
#[derive(Debug)]
pub struct Session {
    call_timeout: Millis,
    batch: Option<u32>,
    rng: fastrand::Rng,
    outputs: VecDeque<Output>,
    timers: TimerTable,
    clock_skew: Option<i64>,
    web: WebSession,
    connector: Connector,
    channel: Channel,
    saved: StateReport,
    buddies: BuddyList,
    friend_requests: FriendRequests,
    visibility: Visibility,
    exchanges: Exchanges,
    rate_limit: RateLimit,
    outbox: Outbox,
    queries: Queries,
    read_marks: ReadMarks,
    closing: Option<Closing>,
    /// The host has dropped the session; what it accepted is still sent.
    leaving: bool,
    /// Has messages that an earlier session left, until the login.
    earlier: Option<SavedState>,
}

impl Session {
    /// A session that waits for [`Command::Login`].
    pub fn new(config: SessionConfig) -> Self {
        Session {
            call_timeout: config.call_timeout,
            batch: config.batch,
            rng: fastrand::Rng::with_seed(config.seed),
            outputs: VecDeque::new(),
            timers: TimerTable::default(),
            clock_skew: None,
            web: WebSession::new(config.server),
            connector: Connector::default(),
            channel: Channel::default(),
            saved: StateReport::default(),
            buddies: BuddyList::default(),
            friend_requests: FriendRequests::default(),
            visibility: Visibility::new(config.presence),
            exchanges: Exchanges::default(),
            rate_limit: RateLimit::default(),
            outbox: Outbox::default(),
            queries: Queries::default(),
            read_marks: ReadMarks::default(),
            closing: None,
            leaving: false,
            earlier: config.saved,
        }
    }

    /// Takes in what happened. Outputs may be due afterwards.
    pub fn handle(&mut self, now: Now, input: Input) {
        if self.is_closed() {
            return;
        }
        self.notice_sleep(now);
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Reply(id, outcome) => {
                if let Some(exchange) = self.exchanges.take(id) {
                    self.reply(now, exchange, outcome);
                }
            }
        }
        self.settle(now);
    }

    /// The next thing to be done; call until `None` after every other verb.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `handle_timeout` is due, on the monotonic clock.
    pub fn poll_timeout(&self) -> Option<Millis> {
        match self.is_closed() {
            true => None,
            false => self.timers.next(),
        }
    }

    /// Does what is due at this time. Harmless when called early.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.is_closed() {
            return;
        }
        self.notice_sleep(now);
        while let Some(timer) = self.timers.expire(now.monotonic) {
            self.expired(now, timer);
            if self.is_closed() {
                return;
            }
        }
        self.settle(now);
    }

    /// Holds back (true) or lets go on (false) the next long-poll, for a host that does not keep up: the server keeps the messages.
    pub fn set_paused(&mut self, now: Now, paused: bool) {
        self.channel.set_paused(paused);
        self.poll_if_paused(now);
    }

    /// Learns how many messages the host has not taken yet. The next long-poll waits until it has taken them all, since asking
    /// for a number tells the server that everything below has arrived, and the server would never send it again.
    pub fn set_untaken(&mut self, now: Now, count: usize) {
        self.channel.set_untaken(count);
        match self.closing {
            // The logout may have waited for this.
            Some(_) => self.settle(now),
            None => self.poll_if_paused(now),
        }
    }

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
    fn leave_if_due(&mut self, now: Now) {
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

    /// True once [`Event::Closed`] was given out: nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.connector.is_closed()
    }

    /// The user's own number, once it is known.
    pub fn own_uid(&self) -> Option<Uid> {
        self.web.uid()
    }

    /// Greatest length of a message in Unicode scalar values.
    pub fn message_limit(&self) -> usize {
        self.web.message_limit()
    }

    // Time.

    /// The wall clock jumps when a machine wakes up. A long-poll from before is dead, but only its timeout would tell.
    fn notice_sleep(&mut self, now: Now) {
        let monotonic = i64::try_from(now.monotonic).unwrap_or(i64::MAX);
        let skew = now.unix.saturating_sub(monotonic);
        let before = self.clock_skew.replace(skew).unwrap_or(skew);
        if skew.saturating_sub(before) > SLEPT {
            self.restart(now);
        }
    }

    /// Does what a timer is for. The others are for what `settle` does.
    fn expired(&mut self, now: Now, timer: Timer) {
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
            Timer::Outbox
            | Timer::Queries
            | Timer::ReadMarks
            | Timer::Visibility
            | Timer::RateLimit
            | Timer::Logout
            | Timer::SavedSession => {}
        }
    }

    /// What every verb ends with: sends what can be sent, ends what is over, and arms the timers for the rest.
    fn settle(&mut self, now: Now) {
        if !self.is_closed() {
            self.fetch_tokens(now);
            self.pump_outbox(now);
            let gate = self.gate(now);
            let due = self
                .queries
                .pump(now.monotonic, &self.web, &mut self.rng, gate);
            self.act_all(now, due);
            if gate == Gate::Open && !self.is_marking() {
                let due = self.read_marks.post(now.monotonic, &self.web);
                self.act_all(now, due);
            }
            if self.can_set_visibility(now)
                && let Some((visible, request)) = self.visibility.keep(now.monotonic, &self.web)
            {
                self.send(now, Purpose::Visibility(visible), request);
            }
            self.log_out_if_due(now);
            self.leave_if_due(now);
            if !self.is_closed() {
                self.report_state_if_due(now);
            }
        }
        self.arm_timers(now);
    }

    fn arm_timers(&mut self, now: Now) {
        let is_open = self.gate(now) == Gate::Open;
        let can_post = is_open && !self.is_posting();
        let (marks, visibility) = (is_open && !self.is_marking(), self.can_set_visibility(now));
        let timers = &mut self.timers;
        timers.set(Timer::Exchange, self.exchanges.timeout());
        timers.set(Timer::Step, self.connector.timeout());
        timers.set(Timer::Outbox, self.outbox.timeout(can_post));
        timers.set(Timer::Queries, self.queries.timeout());
        let due = self.read_marks.timeout();
        timers.set(Timer::ReadMarks, due.filter(|_| marks));
        let due = self.visibility.timeout();
        timers.set(Timer::Visibility, due.filter(|_| visibility));
        let due = self.buddies.timeout();
        timers.set(Timer::BuddyList, due.filter(|_| is_open));
        let pause = self.rate_limit.timeout(now.monotonic);
        timers.set(Timer::RateLimit, pause);
        timers.set(Timer::Logout, self.closing.map(|closing| closing.deadline));
        timers.set(Timer::SavedSession, self.saved.timeout(&self.outbox));
    }

    /// Tells the host what it needs to resume the session, if that has changed.
    fn report_state(&mut self, now: Now) {
        if self.saved.timeout(&self.outbox).is_some() {
            let event = self.saved.update(now.monotonic, &self.web, &self.outbox);
            self.outputs.extend(event.map(Output::Event));
        }
    }

    /// The same, but not too often.
    fn report_state_if_due(&mut self, now: Now) {
        let due = self.saved.timeout(&self.outbox);
        if due.is_some_and(|due| due <= now.monotonic) {
            self.report_state(now);
        }
    }

    // What goes out.

    /// Whether requests can go out: the server knows the session, the tokens are valid, and no pause was asked for.
    fn gate(&self, now: Now) -> Gate {
        if self.rate_limit.is_active(now.monotonic) {
            Gate::Paused
        } else if self.web.may_write() {
            Gate::Open
        } else {
            Gate::Closed
        }
    }

    fn is_posting(&self) -> bool {
        self.exchanges.has(|it| it == Purpose::Message)
    }

    fn is_marking(&self) -> bool {
        self.exchanges.has(|it| matches!(it, Purpose::MarkRead(_)))
    }

    fn can_set_visibility(&self, now: Now) -> bool {
        let is_setting = |it| matches!(it, Purpose::Visibility(_));
        self.connector.is_connected()
            && self.gate(now) == Gate::Open
            && self.closing.is_none()
            && !self.exchanges.has(is_setting)
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn fail(&mut self, request: RequestId, problem: Problem) {
        self.emit(Event::Failed { request, problem });
    }

    /// Starts an exchange, unless the server has asked for a pause.
    fn send(&mut self, now: Now, purpose: Purpose, request: Request) {
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
    fn postpone(&mut self, now: Now, purpose: Purpose) {
        let pause = self.rate_limit.left(now.monotonic);
        let problem = self.rate_limit.problem(now.monotonic, &self.web.label());
        match purpose {
            Purpose::Connect(step) => {
                let next = self.connector.postpone(now.monotonic, step, pause, problem);
                self.act_all(now, next);
            }
            Purpose::BuddyList(Some(request)) => self.fail(request, problem),
            Purpose::BuddyList(None) => self.buddies.refresh_soon(now.monotonic, pause),
            _ => {}
        }
    }

    fn cancel_exchange(&mut self, is: impl Fn(Purpose) -> bool) -> bool {
        let dropped = self.exchanges.drop_one(is);
        let output = dropped.map(Output::Cancel);
        self.outputs.extend(output);
        dropped.is_some()
    }

    /// Drops the post that is in flight, if there is one.
    fn cancel_post(&mut self) {
        if self.cancel_exchange(|it| it == Purpose::Message) {
            self.outbox.post_dropped();
        }
    }

    /// Drops the step that is under way.
    fn stop_step(&mut self) {
        self.cancel_exchange(|it| matches!(it, Purpose::Connect(_)));
        self.connector.stop();
    }

    /// Drops all exchanges. Queries and refreshes fail; messages wait.
    fn end_exchanges(&mut self, now: Now, why: &Problem) {
        self.cancel_post();
        let ended = self.queries.end(why);
        self.act_all(now, ended);
        for (id, purpose) in self.exchanges.drop_all() {
            self.outputs.push_back(Output::Cancel(id));
            if let Some(request) = purpose.refresh() {
                self.fail(request, why.clone());
            }
        }
    }

    fn fetch_tokens(&mut self, now: Now) {
        if self.web.needs_tokens() && !self.rate_limit.is_active(now.monotonic) {
            self.web.tokens_expected();
            let request = self.web.get("/presence/popout.php");
            self.send(now, Purpose::Tokens, request);
        }
    }

    fn pump_outbox(&mut self, now: Now) {
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

    fn ask_buddy_list(&mut self, now: Now, request: Option<RequestId>) {
        let list = self.buddies.request(&self.web);
        self.send(now, Purpose::BuddyList(request), list);
        if request.is_none() {
            self.ask_friend_requests(now);
        }
    }

    fn ask_friend_requests(&mut self, now: Now) {
        let is_asking = self.exchanges.has(|it| it == Purpose::FriendRequests);
        if !is_asking && let Some(request) = self.friend_requests.ask(&self.web) {
            self.send(now, Purpose::FriendRequests, request);
        }
    }

    fn poll_options(&mut self) -> PollOptions {
        PollOptions {
            active: self.visibility.is_active(),
            batch: self.batch,
            nonce: self.rng.u32(..),
        }
    }

    /// Starts a step.
    fn begin(&mut self, now: Now, step: Step) {
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
            Step::Reconnect => Ok(self.channel.reconnect(web)),
            Step::Probe => self.channel.probe(web, options).ok_or(Step::Reconnect),
            Step::Recover => self.channel.recover(web).ok_or(Step::Poll),
            Step::Poll => {
                let poll = self.channel.poll(now.monotonic, web, options);
                poll.ok_or(Step::Reconnect)
            }
        }
    }

    fn poll_if_paused(&mut self, now: Now) {
        if self.connector.is_paused() && !self.channel.is_held_back() {
            self.begin(now, Step::Poll);
            self.arm_timers(now);
        }
    }

    /// Starts again with what was begun before the machine slept, or on another network.
    fn restart(&mut self, now: Now) {
        if let Some(step) = self.connector.restart() {
            self.stop_step();
            self.begin(now, step);
        }
    }

    // What the parts want done.

    fn act_all(&mut self, now: Now, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            self.act(now, action);
        }
    }

    fn act(&mut self, now: Now, action: Action) {
        if self.is_closed() {
            return;
        }
        let at = now.monotonic;
        match action {
            Action::Tell(event) => self.emit(event),
            Action::Send(purpose, request) => self.send(now, purpose, request),
            Action::Begin(step) => self.begin(now, step),
            Action::Pause { step, wait } => self.connector.wait(at, step, wait),
            Action::Failed {
                step,
                problem,
                hopeless,
            } => {
                let pause = self.rate_limit.left(at);
                let failed = (step, problem);
                let next = self
                    .connector
                    .failed(at, &mut self.rng, failed, hopeless, pause);
                self.act_all(now, next);
            }
            Action::StaleChannel => {
                let next = self.connector.stale_channel(at, &mut self.rng);
                self.act_all(now, next);
            }
            Action::StaleToken => {
                let next = self.connector.stale_token(at, &mut self.rng);
                self.act_all(now, next);
            }
            Action::LoggedOut => self.logged_out(now),
            Action::LoginEnded(problem) => self.login_ended(now, problem, false),
            Action::Challenge(problem) => self.login_ended(now, problem, true),
            Action::Close(problem) => self.close(now, Some(problem), None),
            Action::Cure(error) => self.cure(now, &error),
            Action::ChannelWorks => self.connector.works(),
            Action::Items { items, held } => self.take_items(now, items, held),
            Action::RefreshBuddies => self.buddies.refresh_soon(at, 0),
            Action::RepeatVisibility => self.visibility.repeat(),
            Action::NewPassword(password) => self.connector.set_password(password),
        }
    }

    /// Does something about a refusal that is about the session itself; others are reported by the part that was refused.
    fn cure(&mut self, now: Now, error: &AjaxError) {
        if error.is_logged_out() {
            // The login that cures it may be under way already.
            if !self.connector.is_logging_in() {
                self.logged_out(now);
            }
        } else if error.is_stale_token() {
            self.web.tokens_refused();
        }
    }

    // The end of a login, and of the session.

    /// The server does not know this session any more.
    fn logged_out(&mut self, now: Now) {
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
    fn login_ended(&mut self, now: Now, problem: Problem, challenge: bool) {
        let Some(request) = self.connector.login_ended() else {
            return self.close(now, Some(problem), None);
        };
        self.stop_step();
        self.channel.forget();
        self.buddies.forget();
        self.visibility.forget();
        self.end_exchanges(now, &problem);
        self.web.forget_user();
        self.emit(match challenge {
            true => Event::Challenge { request, problem },
            false => Event::LoginFailed { request, problem },
        });
    }

    fn start_logout(&mut self, now: Now, request: RequestId) {
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
    fn log_out_if_due(&mut self, now: Now) {
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

    fn logout_done(&mut self, now: Now) {
        let request = self.closing.take().map(|closing| closing.request);
        self.close(now, None, request);
    }

    /// Ends the session: every open request fails, every exchange is dropped, secrets are wiped.
    fn close(&mut self, now: Now, problem: Option<Problem>, request: Option<RequestId>) {
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
        self.end_exchanges(now, &why);
        if let Some(request) = self.connector.close() {
            let problem = why;
            self.emit(Event::LoginFailed { request, problem });
        }
        self.web.clear();
        self.emit(Event::Closed { request, problem });
    }

    // Commands of the host.

    /// Carries a command out, or says why not.
    fn command(&mut self, now: Now, command: Command) {
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
                message_id,
            } => {
                let drawn = || self.rng.u32(1..=0x7fff_ffff).to_string();
                let message = Unsettled {
                    to: to.0,
                    text,
                    message_id: message_id.unwrap_or_else(drawn),
                    client_time: now.unix,
                };
                self.queue_message(now, request, message);
            }
            Command::SetTyping { to, typing } => self.send_typing(now, to, typing),
            Command::Refresh { .. } | Command::Ask { .. } if self.queries() >= MOST_QUERIES => {
                let problem = Problem::new(Status::QueueFull, "Too many queries under way");
                self.refuse(command, problem);
            }
            Command::Refresh { request } => self.ask_buddy_list(now, Some(request)),
            Command::Ask { request, query } => self.ask(now, request, query),
            Command::MarkRead(what) => self.read_marks.add(&self.web, what),
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
        refreshes.saturating_add(self.queries.len())
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

    fn ask(&mut self, now: Now, request: RequestId, query: Query) {
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
        if self.outbox.is_current(request) {
            self.cancel_post();
        }
        let failed = self
            .outbox
            .cancel(now.monotonic, &self.web, request, problem);
        self.act_all(now, failed);
    }

    // Replies.

    /// Gives a reply to the part that asked.
    fn reply(&mut self, now: Now, exchange: InFlight, outcome: Outcome) {
        let at = now.monotonic;
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
            Purpose::BuddyList(request) => self.list_reply(now, request, outcome),
            Purpose::Query(request) | Purpose::Picture(request) => {
                let next = self.queries.reply(at, &self.web, request, outcome);
                self.act_all(now, next);
            }
            Purpose::FriendRequests => {
                let next = self.friend_requests.reply(&self.web, outcome);
                self.act_all(now, next);
            }
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

    fn list_reply(&mut self, now: Now, request: Option<RequestId>, outcome: Outcome) {
        let server = self.web.label();
        let doing = Step::BuddyList.doing();
        let (problem, refusal) = match answer::read::<UpdatePayload>(&server, outcome, doing) {
            Ok(payload) => {
                let is_news = self.take_list(now, payload.unwrap_or_default());
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

    /// Takes over a buddy list; true if the whole list is news.
    fn take_list(&mut self, now: Now, payload: UpdatePayload) -> bool {
        let clocks = (now.monotonic, now.unix);
        let circumstances = Circumstances {
            connected: self.connector.is_connected(),
            logged_in: self.connector.is_logged_in(),
        };
        let (changes, is_news) = self
            .buddies
            .take_list(clocks, &self.web, circumstances, payload);
        self.act_all(now, changes);
        if circumstances.logged_in {
            let unread = self.buddies.unread_news();
            self.outputs.extend(unread.map(Output::Event));
        }
        is_news
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
    fn tokens_reply(&mut self, now: Now, url: &Url, outcome: Outcome) {
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
    fn step_reply(&mut self, now: Now, step: Step, exchange: &InFlight, outcome: Outcome) {
        if step == Step::Register {
            return self.act(now, account::registered(&self.web, outcome));
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
        self.step_done(now, step, &exchange.url, &reply, held);
    }

    /// Goes on with what the reply to a step leads to.
    fn step_done(&mut self, now: Now, step: Step, url: &Url, reply: &Reply, held: Millis) {
        let next = match step {
            Step::Register => return,
            Step::LoginPage => self.connector.login_page(&mut self.web, url, reply),
            Step::LoginPost => self.connector.login_reply(&self.web, reply),
            Step::Popout | Step::Home => {
                let content = self.take_page(reply, url);
                self.connector.page_reply(&mut self.web, step, content)
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
                    if self.take_list(now, payload.unwrap_or_default()) {
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
        Action::Begin(match (self.channel.has_url(), self.channel.seq()) {
            (true, Some(_)) if self.connector.trusts_channel() => Step::Poll,
            (true, None) => Step::Probe,
            _ => Step::Reconnect,
        })
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

    // Items of the channel.

    fn take_items(&mut self, now: Now, items: Vec<Option<Item>>, held: Millis) {
        let mut news = false;
        for item in items {
            self.channel.next_item();
            news |= self.take_item(now, item);
        }
        let next = self.channel.go_on(held, news);
        self.act(now, next);
    }

    /// Takes one item; false if it brought nothing that this session had not seen, or does not know.
    fn take_item(&mut self, now: Now, item: Option<Item>) -> bool {
        let (Some(item), Some(own)) = (item, self.web.uid()) else {
            return false;
        };
        let Some(notice) = notices::read(item, own) else {
            return false;
        };
        let at = now.monotonic;
        let next = match notice {
            Notice::Message(message) => return self.take_message(now, message, true),
            Notice::Presence {
                uid,
                presence,
                idle_since,
            } => {
                let changed = self.buddies.set_presence(at, uid, presence, idle_since);
                let Some(next) = changed else {
                    return false;
                };
                self.act_all(now, next);
                None
            }
            Notice::Status { uid, text, time } => self.buddies.change(at, uid, |buddy| {
                buddy.status_text = text;
                buddy.status_time = time;
            }),
            Notice::Picture { uid, reference } => {
                let url = reference.and_then(|reference| self.web.picture_url(&reference));
                self.buddies
                    .change(at, uid, |buddy| buddy.picture_url = url)
            }
            Notice::Name {
                uid,
                name,
                first_name,
            } => self.buddies.change(at, uid, |buddy| {
                buddy.name = name;
                buddy.first_name = first_name;
            }),
            Notice::OwnChange => None,
            Notice::FriendRequest(request) => self.friend_requests.take(request),
            Notice::Friendship { uid, name, began } => {
                self.friend_requests.settle(uid);
                self.emit(Event::Friend { uid, name, began });
                self.buddies.friendship(at, uid, began)
            }
            Notice::Typing { from, typing } => Some(Action::Tell(Event::Typing { from, typing })),
            Notice::Inbox(unseen) => Some(Action::Tell(Event::Inbox(unseen))),
            Notice::Block { uid, name, blocked } => {
                Some(Action::Tell(Event::Block { uid, name, blocked }))
            }
            Notice::Poke { from, name, time } => {
                Some(Action::Tell(Event::Poke { from, name, time }))
            }
        };
        self.act_all(now, next);
        true
    }

    /// Hands a message to the host unless it was handed out before, or is the echo of one that this session sent. False if it
    /// was seen before.
    fn take_message(&mut self, now: Now, message: Message, live: bool) -> bool {
        let is_own = Some(message.from) == self.web.uid() && !message.message_id.is_empty();
        let is_echo = is_own && self.settle_by_echo(now, &message.message_id);
        // A message to oneself is shown as received, too.
        if is_echo && message.origin == Origin::OwnElsewhere {
            return self.channel.note(&message);
        }
        let server_now = self.buddies.server_now(now.unix);
        let Some(message) = self.channel.accept(message, server_now) else {
            return false;
        };
        let shows_presence = live
            && !message.replayed
            && !self.web.presence_is_pushed()
            && message.origin == Origin::Incoming;
        if shows_presence {
            let seen = self.buddies.saw(message.from);
            self.act_all(now, seen);
        }
        self.emit(Event::Message(message));
        true
    }

    /// True if this session sent the message with this id. The echo settles it, whatever becomes of the post.
    fn settle_by_echo(&mut self, now: Now, message_id: &str) -> bool {
        match self.outbox.settle_by_echo(now.monotonic, message_id) {
            Some((sent, was_current)) => {
                if was_current {
                    self.exchanges.message_settled();
                }
                self.emit(sent);
                true
            }
            None => self.outbox.has_settled(message_id),
        }
    }
}
