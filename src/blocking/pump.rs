//! Moves data between a protocol session and the threads that use it. Knows no HTTP and no public calls.

use super::Account;
use super::http::Http;
use crate::options::NetworkOptions;
use crate::protocol::{self, Exchange, Input, Now, Output, SessionConfig};
use crate::status::{Problem, Status};
use crate::types::{Buddy, Command, Connection, Event, Message, Millis, RequestId, UnixMillis};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Events other than messages that are kept for a program that does not fetch them; the oldest go first.
const EVENT_LIMIT: usize = 1000;

/// What the threads of one session share.
#[derive(Debug)]
pub(super) struct Shared {
    http: Http,
    start: Instant,
    /// Never held while the network is waited for.
    state: Mutex<State>,
    /// Something in the state changed that a thread may be waiting for.
    changed: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    session: protocol::Session,
    /// Threads that want messages. Without any, the long-poll rests.
    waiters: usize,
    last_request: u64,
    /// Requests that a thread waits for, and their answers once they are there.
    requests: HashMap<RequestId, Option<Result<Answer, Problem>>>,
    /// What came in and was not fetched yet.
    pub(super) incoming: VecDeque<Event>,
    pub(super) connection: Connection,
    /// Set when the session is over.
    pub(super) closed: Option<Problem>,
}

/// What a request gave.
#[derive(Debug)]
pub(super) enum Answer {
    LoggedIn(Account),
    Sent,
    Buddies(Arc<[Arc<Buddy>]>),
    History(Vec<Message>),
}

impl Shared {
    /// A session that is about to log in, with its caller waiting for messages.
    pub(super) fn new(config: SessionConfig, network: &NetworkOptions) -> Result<Self, Problem> {
        Ok(Shared {
            http: Http::new(network)?,
            start: Instant::now(),
            state: Mutex::new(State {
                session: protocol::Session::new(config),
                waiters: 1,
                last_request: 0,
                requests: HashMap::new(),
                incoming: VecDeque::new(),
                connection: Connection::LoggingIn,
                closed: None,
            }),
            changed: Condvar::new(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A state that a panic left behind is still a state; the protocol has no half-done steps that matter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        let since_1970 = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            monotonic: Millis::try_from(self.start.elapsed().as_millis()).unwrap_or(Millis::MAX),
            unix: UnixMillis::try_from(since_1970.as_millis()).unwrap_or(UnixMillis::MAX),
        }
    }

    /// Gives out what came in. The messages in it count as taken, so that the server may forget them.
    pub(super) fn take_incoming(self: &Arc<Self>, state: &mut State) -> Vec<Event> {
        let events = state.incoming.drain(..).collect();
        state.session.set_untaken(self.now(), 0);
        self.drain(state);
        events
    }

    /// A thread starts to wait for messages.
    pub(super) fn enter(self: &Arc<Self>, state: &mut State) {
        state.waiters += 1;
        if state.waiters == 1 {
            state.session.set_paused(self.now(), false);
            self.drain(state);
        }
    }

    /// A thread ends to wait for messages.
    pub(super) fn leave(self: &Arc<Self>, state: &mut State) {
        state.waiters -= 1;
        if state.waiters == 0 {
            state.session.set_paused(self.now(), true);
            self.drain(state);
        }
    }

    pub(super) fn handle(self: &Arc<Self>, state: &mut State, input: Input) {
        state.session.handle(self.now(), input);
        self.drain(state);
    }

    /// Does what the protocol wants done. Must follow every touch of it.
    fn drain(self: &Arc<Self>, state: &mut State) {
        while let Some(output) = state.session.poll_output() {
            match output {
                Output::Event(event) => state.take(event),
                // What is under way cannot be called back; the protocol drops a late reply.
                Output::Cancel(_) => {}
                Output::Exchange(exchange) => {
                    let id = exchange.id;
                    if let Err(error) = self.start(exchange) {
                        let failed = crate::fault::classify(&error, true, false, None);
                        state
                            .session
                            .handle(self.now(), Input::Reply(id, Err(failed)));
                    }
                }
            }
        }
        self.changed.notify_all();
    }

    /// Carries an exchange out on a thread of its own, so that every wait of a caller ends at the caller's limit.
    ///
    /// The thread does not keep the session alive: if it was dropped meanwhile, the reply goes nowhere.
    fn start(self: &Arc<Self>, exchange: Exchange) -> std::io::Result<()> {
        let http = self.http.clone();
        let session = Arc::downgrade(self);
        std::thread::Builder::new()
            .name("fbchat-http".to_owned())
            .spawn(move || {
                let id = exchange.id;
                let reply = http.carry_out(exchange);
                if let Some(shared) = session.upgrade() {
                    let mut state = shared.lock();
                    shared.handle(&mut state, Input::Reply(id, reply));
                }
            })?;
        Ok(())
    }

    /// Waits until `goal` gives something or the deadline is over, and keeps the protocol's timers meanwhile.
    pub(super) fn wait<'a, T>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, State>,
        deadline: Instant,
        mut goal: impl FnMut(&mut State) -> Option<T>,
    ) -> (MutexGuard<'a, State>, Option<T>) {
        loop {
            let due = |state: &State| {
                let due = state.session.poll_timeout()?;
                self.start.checked_add(Duration::from_millis(due))
            };
            if due(&state).is_some_and(|due| due <= Instant::now()) {
                state.session.handle_timeout(self.now());
                self.drain(&mut state);
            }
            if let Some(reached) = goal(&mut state) {
                return (state, Some(reached));
            }
            let now = Instant::now();
            if now >= deadline {
                return (state, None);
            }
            // The clock of the protocol is in whole milliseconds: waking a little late is better than spinning.
            let until = due(&state).map_or(deadline, |due| due.min(deadline));
            let pause = until.saturating_duration_since(now) + Duration::from_millis(1);
            state = self
                .changed
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Gives a command and waits for its answer.
    pub(super) fn request<'a>(
        self: &'a Arc<Self>,
        deadline: Instant,
        command: impl FnOnce(RequestId) -> Command,
    ) -> (MutexGuard<'a, State>, Result<Answer, Problem>) {
        let mut state = self.lock();
        if let Some(problem) = state.closed.clone() {
            return (state, Err(problem));
        }
        let request = state.new_request();
        state.requests.insert(request, None);
        let command = command(request);
        let unsettled = match &command {
            Command::Send { .. } => Status::OutcomeUnknown,
            _ => Status::Timeout,
        };
        self.handle(&mut state, Input::Command(command));
        let (mut state, answer) = self.wait(state, deadline, |state| {
            let answer = state.requests.get_mut(&request).and_then(Option::take);
            answer.or_else(|| state.closed.clone().map(Err))
        });
        state.requests.remove(&request);
        let answer =
            answer.unwrap_or_else(|| Err(too_slow(unsettled, "The server did not answer")));
        (state, answer)
    }
}

impl State {
    pub(super) fn new_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }

    /// Brings an event to whoever waits for it.
    fn take(&mut self, event: Event) {
        match event {
            Event::LoggedIn {
                request,
                uid,
                name,
                message_limit,
                ..
            } => {
                let account = Account {
                    uid,
                    name,
                    message_limit,
                };
                self.answer(request, Ok(Answer::LoggedIn(account)));
            }
            Event::LoginFailed { request, problem }
            | Event::Challenge { request, problem }
            | Event::Failed { request, problem } => self.answer(request, Err(problem)),
            Event::Sent { request, .. } => self.answer(request, Ok(Answer::Sent)),
            Event::History {
                request, messages, ..
            } => {
                self.answer(request, Ok(Answer::History(messages)));
            }
            Event::BuddyList {
                request: Some(request),
                buddies,
            } => {
                self.answer(request, Ok(Answer::Buddies(buddies)));
            }
            Event::Closed { problem, .. } => {
                let logged_out = || Problem::new(Status::Closed, "This session was logged out.");
                self.closed = Some(problem.unwrap_or_else(logged_out));
            }
            Event::Connection(connection) => {
                self.connection = connection.clone();
                self.queue(Event::Connection(connection));
            }
            event => self.queue(event),
        }
    }

    /// An answer that nobody waits for any more is dropped.
    fn answer(&mut self, request: RequestId, answer: Result<Answer, Problem>) {
        if let Some(place) = self.requests.get_mut(&request) {
            *place = Some(answer);
        }
    }

    /// Messages are never dropped; they stop coming by themselves while nobody waits for them.
    fn queue(&mut self, event: Event) {
        if self.incoming.len() >= EVENT_LIMIT {
            let droppable = |event: &Event| !matches!(event, Event::Message(_));
            if let Some(oldest) = self.incoming.iter().position(droppable) {
                self.incoming.remove(oldest);
            }
        }
        self.incoming.push_back(event);
    }
}

pub(super) fn too_slow(status: Status, what: &str) -> Problem {
    Problem::new(status, format!("{what} in time."))
}
