//! The session: its state, the four verbs, the host's commands, and the timers.
//!
//! What follows what on the way to the held long-poll, and all recovery, is in `link`.

use super::backoff::Backoff;
use super::call::{Call, Flight};
use super::config::SessionConfig;
use super::cookies::Cookies;
use super::exchange::{Exchange, ExchangeId, Reply, TransportError, TransportFault};
use super::history::Seen;
use super::link::Link;
use super::outbox::Outbox;
use super::page::Page;
use super::presence::Buddies;
use super::questions::Asked;
use super::read_marks::ReadMarks;
use super::register::Registration;
use crate::status::{Problem, Status};
use crate::types::{
    Command, Connection, Event, Millis, OwnPresence, RequestId, Secret, Seq, Uid, UnixMillis,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use url::Url;

/// Message limit of servers that don't announce one (docs/protocol.md, Messages).
const OLD_MESSAGE_LIMIT: usize = 999;
/// Unsettled messages are given this long at logout, and the logout itself as long again, in milliseconds.
pub(super) const LOGOUT_PATIENCE: Millis = 1_500;
/// The wall clock running ahead of the monotonic one by more than this means that the machine slept, in milliseconds.
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

/// Who is logged in, or about to be.
#[derive(Debug)]
pub(super) struct Account {
    /// For as long as the session may have to log in again; none if it was resumed.
    pub credentials: Option<Credentials>,
    /// The login command that has not been answered yet.
    pub unanswered: Option<RequestId>,
    /// The account is still to be made.
    pub registration: Option<Registration>,
}

#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub email: String,
    pub password: Secret,
}

#[derive(Debug)]
pub(super) struct Closing {
    pub request: RequestId,
    pub deadline: Millis,
}

/// One login and all that belongs to it.
#[derive(Debug)]
pub struct Session {
    pub(super) config: SessionConfig,
    pub(super) rng: fastrand::Rng,
    pub(super) outputs: VecDeque<Output>,
    pub(super) cookies: Cookies,
    pub(super) flights: BTreeMap<ExchangeId, Flight>,
    pub(super) last_exchange: u64,
    clock_skew: Option<i64>,

    pub(super) account: Option<Account>,
    /// Own number and tokens, from login and pages.
    pub(super) uid: Option<Uid>,
    pub(super) page: Page,
    pub(super) tokens_stale: bool,

    pub(super) link: Link,
    pub(super) told: Option<Connection>,
    pub(super) backoff: Backoff,
    pub(super) redirects: u8,
    /// Steps taken in a row to cure a stale channel: reconnect, new page, new login.
    pub(super) stale: u8,
    pub(super) may_log_in_again: bool,

    pub(super) channel: Option<Url>,
    pub(super) seq: Option<Seq>,
    /// What the last long-poll asked for, and when.
    pub(super) polled: Option<(Seq, Millis)>,
    /// Fingerprint of the last [`Event::State`].
    pub(super) told_state: Option<u64>,
    pub(super) idle_running: u32,
    pub(super) seen: Seen,
    /// With whom this session talked, and since when.
    pub(super) conversations: VecDeque<(Uid, UnixMillis)>,
    /// Conversations to look through for what a gap swallowed.
    pub(super) recover: VecDeque<Uid>,

    pub(super) buddies: Buddies,
    pub(super) refresh_at: Option<Millis>,
    /// When the channel was last opened anew after an outage.
    pub(super) outage_ended_at: Option<Millis>,
    /// The server's clock minus ours.
    pub(super) server_ahead: i64,

    pub(super) outbox: Outbox,
    pub(super) asked: BTreeMap<RequestId, Asked>,
    pub(super) read_marks: ReadMarks,
    /// Friend requests that the host was told of.
    pub(super) known_requests: BTreeSet<(Uid, UnixMillis)>,
    pub(super) own_presence: OwnPresence,
    /// What the server has confirmed.
    pub(super) visible_there: Option<bool>,
    /// What the step on the way to the long-poll asked for.
    pub(super) visibility_posted: bool,
    pub(super) visibility_at: Millis,
    pub(super) paused: bool,
    /// For each message that the host has not taken yet, the channel's number behind it.
    pub(super) untaken: VecDeque<Seq>,
    pub(super) closing: Option<Closing>,
}

impl Session {
    /// A session that waits for [`Command::Login`].
    pub fn new(config: SessionConfig) -> Self {
        Session {
            rng: fastrand::Rng::with_seed(config.seed),
            own_presence: config.presence,
            config,
            outputs: VecDeque::new(),
            cookies: Cookies::default(),
            flights: BTreeMap::new(),
            last_exchange: 0,
            clock_skew: None,
            account: None,
            uid: None,
            page: Page::default(),
            tokens_stale: false,
            link: Link::Idle,
            told: None,
            backoff: Backoff::default(),
            redirects: 0,
            stale: 0,
            may_log_in_again: false,
            channel: None,
            seq: None,
            polled: None,
            told_state: None,
            idle_running: 0,
            seen: Seen::default(),
            conversations: VecDeque::new(),
            recover: VecDeque::new(),
            buddies: Buddies::default(),
            refresh_at: None,
            outage_ended_at: None,
            server_ahead: 0,
            outbox: Outbox::default(),
            asked: BTreeMap::new(),
            read_marks: ReadMarks::default(),
            known_requests: BTreeSet::new(),
            visible_there: None,
            visibility_posted: true,
            visibility_at: 0,
            paused: false,
            untaken: VecDeque::new(),
            closing: None,
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
            Input::Reply(id, result) => {
                if let Some(flight) = self.flights.remove(&id) {
                    self.reply(now, flight, result);
                }
            }
        }
        self.settle(now);
    }

    /// The next thing to be done; call until `None` after every `handle` and `handle_timeout`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `handle_timeout` is due, on the monotonic clock.
    pub fn poll_timeout(&self) -> Option<Millis> {
        if self.is_closed() {
            return None;
        }
        let flights = self.flights.values().map(|flight| flight.deadline).min();
        let link = match self.link {
            Link::Waiting { until, .. } => Some(until),
            _ => None,
        };
        let sending = self
            .flights
            .values()
            .any(|flight| flight.call == Call::Send);
        let outbox = self.outbox.timeout(sending || !self.may_write());
        let closing = self.closing.as_ref().map(|closing| closing.deadline);
        let refresh = self.refresh_at.filter(|_| self.may_write());
        [
            flights,
            link,
            outbox,
            closing,
            refresh,
            self.visibility_timeout(),
            self.questions_timeout(),
            self.read_marks_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due at this time. Harmless when called early.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.is_closed() {
            return;
        }
        self.notice_sleep(now);
        let late = |flight: &Flight| flight.deadline <= now.monotonic;
        while let Some(id) = self
            .flights
            .iter()
            .find(|(_, flight)| late(flight))
            .map(|(id, _)| *id)
        {
            self.outputs.push_back(Output::Cancel(id));
            if let Some(flight) = self.flights.remove(&id) {
                let error = TransportError {
                    fault: TransportFault::Timeout,
                    detail: "no answer".into(),
                };
                self.reply(now, flight, Err(error));
            }
            if self.is_closed() {
                return;
            }
        }
        if let Link::Waiting { until, step } = self.link
            && until <= now.monotonic
        {
            self.begin(now, step);
        }
        if self.refresh_at.is_some_and(|at| at <= now.monotonic) && self.may_write() {
            self.refresh_at = None;
            self.ask_buddy_list(now, None);
        }
        self.settle(now);
    }

    /// True once [`Event::Closed`] was given out: nothing more will come.
    pub fn is_closed(&self) -> bool {
        matches!(self.link, Link::Closed)
    }

    /// The user's own number, once it is known.
    pub fn own_uid(&self) -> Option<Uid> {
        self.uid
    }

    /// Greatest length of a message in Unicode scalar values.
    pub fn message_limit(&self) -> usize {
        let announced = self
            .page
            .extensions
            .as_ref()
            .and_then(|own| own.message_limit.id());
        announced
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(OLD_MESSAGE_LIMIT)
    }

    pub(super) fn presence_is_pushed(&self) -> bool {
        self.page
            .extensions
            .as_ref()
            .is_some_and(|own| own.presence.0 == Some(true))
    }

    pub(super) fn server(&self) -> String {
        self.config.server.label()
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// The wall clock jumps when a machine wakes up; a long-poll from before is dead, but only its timeout would tell.
    fn notice_sleep(&mut self, now: Now) {
        let monotonic = i64::try_from(now.monotonic).unwrap_or(i64::MAX);
        let skew = now.unix.saturating_sub(monotonic);
        let before = self.clock_skew.replace(skew).unwrap_or(skew);
        if skew.saturating_sub(before) > SLEPT {
            self.begin_anew(now);
        }
    }

    /// What every verb ends with: posts what can go out, ends what is over.
    fn settle(&mut self, now: Now) {
        if self.is_closed() {
            return;
        }
        self.pump_outbox(now);
        self.pump_questions(now);
        self.pump_read_marks(now);
        self.keep_visibility(now);
        let Some(closing) = &self.closing else {
            return;
        };
        let logging_out = self
            .flights
            .values()
            .any(|flight| flight.call == Call::Logout);
        let patience_over = closing.deadline <= now.monotonic;
        if !logging_out && (self.outbox.is_empty() || patience_over || !self.may_write()) {
            if let Some(closing) = &mut self.closing {
                closing.deadline = now.monotonic.saturating_add(LOGOUT_PATIENCE);
            }
            // So that the next session does not get again what this one's host has.
            let seq = self.taken_up_to().map_or(-1, |Seq(seq)| seq).to_string();
            let fields = [("confirm", "1"), ("seq", seq.as_str())];
            self.post(now, Call::Logout, "/logout.php", &fields);
        } else if logging_out && patience_over {
            self.logout_done();
        }
    }

    /// Ends the session: every request still open fails, every exchange is dropped, secrets are wiped.
    pub(super) fn close(&mut self, problem: Option<Problem>, request: Option<RequestId>) {
        let why = problem
            .clone()
            .unwrap_or_else(|| Problem::new(Status::Cancelled, "The session was closed"));
        self.cancel_send();
        while let Some(outgoing) = self.outbox.settle() {
            let problem = if outgoing.uncertain {
                self.outcome_unknown()
            } else {
                why.clone()
            };
            self.emit(Event::Failed {
                request: outgoing.request,
                problem,
            });
        }
        self.end_flights(&why);
        if let Some(request) = self.account.take().and_then(|account| account.unanswered) {
            self.emit(Event::LoginFailed {
                request,
                problem: why,
            });
        }
        self.cookies = Cookies::default();
        self.page = Page::default();
        self.link = Link::Closed;
        self.emit(Event::Closed { request, problem });
    }
}
