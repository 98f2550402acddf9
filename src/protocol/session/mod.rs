//! The session: owns the parts, gives each input to the part that it concerns, and carries out what the parts want done.
//!
//! What a reply means is decided by the parts. Here is only which part comes next, and in which order. Each file of this folder
//! has the methods for one duty.

mod actions;
mod commands;
mod ending;
mod items;
mod outgoing;
mod replies;
mod steps;
mod time;

use crate::protocol::buddies::BuddyList;
use crate::protocol::buddies::friend_requests::FriendRequests;
use crate::protocol::buddies::visibility::Visibility;
use crate::protocol::channel::Channel;
use crate::protocol::config::SessionConfig;
use crate::protocol::connect::Connector;
use crate::protocol::connect::resume::{SavedState, StateReport};
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::groups::Groups;
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::in_flight::Exchanges;
use crate::protocol::requests::outbox::Outbox;
use crate::protocol::requests::queries::Queries;
use crate::protocol::requests::rate_limit::{Gate, RateLimit};
use crate::protocol::requests::read_marks::ReadMarks;
use crate::protocol::requests::transfers::Transfers;
use crate::protocol::timers::TimerTable;
use crate::protocol::wire::exchange::{Exchange, ExchangeId, Reply, TransportError};
use crate::types::{Command, Event, Millis, RequestId, Uid, UnixMillis};
use std::collections::VecDeque;

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
    groups: Groups,
    visibility: Visibility,
    exchanges: Exchanges,
    rate_limit: RateLimit,
    outbox: Outbox,
    queries: Queries,
    transfers: Transfers,
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
            groups: Groups::default(),
            visibility: Visibility::new(config.presence),
            exchanges: Exchanges::default(),
            rate_limit: RateLimit::default(),
            outbox: Outbox::default(),
            queries: Queries::default(),
            transfers: Transfers::default(),
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
            let due = self
                .transfers
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
}
