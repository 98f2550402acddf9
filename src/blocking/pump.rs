//! Moves data between a protocol session and the threads that use it. Knows no HTTP and no public calls.
//!
//! Exchanges go to their threads by a channel. Events and answers do not: a waiting thread also runs the protocol's timers,
//! and old events give way to new ones, so these are under the lock of the session.

use super::Account;
use super::http::Http;
use super::transfer::Transfer;
use crate::options::NetworkOptions;
use crate::protocol::{self, Exchange, Input, Now, Output, SessionConfig};
use crate::status::{Problem, Status};
use crate::types::{
    Buddy, Command, Connection, Event, File, Group, Message, Millis, Person, RequestId, UnixMillis,
};
use crossbeam_channel::{Receiver, Sender};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How many events are kept for a program that does not fetch them. Beyond it, the oldest that is not a message is dropped.
const EVENT_LIMIT: usize = 1000;

/// How long a thread waits for another exchange.
const THREAD_KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The state that the threads of one session share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) http: Arc<Http>,
    start: Instant,
    /// Hands exchanges to threads that wait for one; without a buffer, so that none waits for a busy thread.
    exchanges: (Sender<Exchange>, Receiver<Exchange>),
    /// The contents of unfinished transfers.
    pub(super) transfers: Mutex<HashMap<RequestId, Arc<Transfer>>>,
    /// Never locked while waiting for the network.
    state: Mutex<SessionState>,
    /// Notified after every change of the state.
    changed: Condvar,
}

#[derive(Debug)]
pub(super) struct SessionState {
    session: protocol::Session,
    /// The number of threads that wait for messages. Without any, no long-poll is held.
    waiters: usize,
    last_request: u64,
    /// Requests that a thread waits for, with their results once known.
    requests: HashMap<RequestId, Option<Result<Success, Problem>>>,
    /// Events that were not fetched yet.
    pub(super) incoming: VecDeque<Event>,
    pub(super) connection: Connection,
    /// Why the session ended, once it has.
    pub(super) closed: Option<Problem>,
}

/// The result of a successful request.
#[derive(Debug)]
pub(super) enum Success {
    LoggedIn(Account),
    Sent,
    Done,
    People(Vec<Person>),
    Buddies(Arc<[Arc<Buddy>]>),
    History(Vec<Message>),
    File(Box<File>),
    Groups(Arc<[Arc<Group>]>),
    Group(Arc<Group>),
}

impl Shared {
    /// A session before its login. Its caller counts as waiting for messages.
    pub(super) fn new(config: SessionConfig, network: &NetworkOptions) -> Result<Self, Problem> {
        Ok(Shared {
            http: Arc::new(Http::new(network)?),
            start: Instant::now(),
            exchanges: crossbeam_channel::bounded(0),
            transfers: Mutex::default(),
            state: Mutex::new(SessionState {
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

    pub(super) fn lock(&self) -> MutexGuard<'_, SessionState> {
        // Usable after a panic, too: the protocol leaves no step half done that matters.
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

    /// Takes the waiting events. Their messages count as taken, so that the server may forget them.
    pub(super) fn take_incoming(self: &Arc<Self>, state: &mut SessionState) -> Vec<Event> {
        let events = state.incoming.drain(..).collect();
        state.session.set_untaken(self.now(), 0);
        self.drain(state);
        events
    }

    /// A thread starts to wait for messages.
    pub(super) fn enter(self: &Arc<Self>, state: &mut SessionState) {
        state.waiters += 1;
        if state.waiters == 1 {
            state.session.set_paused(self.now(), false);
            self.drain(state);
        }
    }

    /// A thread stops waiting for messages.
    pub(super) fn leave(self: &Arc<Self>, state: &mut SessionState) {
        state.waiters -= 1;
        if state.waiters == 0 {
            state.session.set_paused(self.now(), true);
            self.drain(state);
        }
    }

    pub(super) fn handle(self: &Arc<Self>, state: &mut SessionState, input: Input) {
        state.session.handle(self.now(), input);
        self.drain(state);
    }

    /// Carries out the outputs of the protocol. Must be called after every input.
    fn drain(self: &Arc<Self>, state: &mut SessionState) {
        while let Some(output) = state.session.poll_output() {
            match output {
                Output::Event(event) => state.take(event),
                // An exchange in progress cannot be cancelled; the protocol ignores its reply.
                Output::Cancel(_) => {}
                Output::Exchange(exchange) => {
                    let id = exchange.id;
                    let started = match exchange.stream {
                        Some(_) => self.start_transfer(exchange),
                        None => self.start(exchange),
                    };
                    if let Err(error) = started {
                        let failed = crate::transport_error::classify(&error, true, false, None);
                        state
                            .session
                            .handle(self.now(), Input::Reply(id, Err(failed)));
                    }
                }
            }
        }
        self.changed.notify_all();
    }

    /// Carries an exchange out on another thread, so that every wait of a caller ends at the caller's limit.
    ///
    /// The thread does not keep the session alive: if the session is dropped, the reply is ignored and the thread ends.
    fn start(self: &Arc<Self>, exchange: Exchange) -> std::io::Result<()> {
        let (waiting, queue) = &self.exchanges;
        let exchange = match waiting.try_send(exchange) {
            Ok(()) => return Ok(()),
            Err(no_thread_waits) => no_thread_waits.into_inner(),
        };
        let (http, queue) = (Arc::clone(&self.http), queue.clone());
        let session = Arc::downgrade(self);
        let thread = std::thread::Builder::new().name("fbchat-http".to_owned());
        thread.spawn(move || {
            let mut next = Some(exchange);
            while let Some(exchange) = next {
                let id = exchange.id;
                let reply = http.execute(exchange);
                let Some(shared) = session.upgrade() else {
                    return;
                };
                let mut state = shared.lock();
                shared.handle(&mut state, Input::Reply(id, reply));
                drop(state);
                drop(shared);
                next = queue.recv_timeout(THREAD_KEEP_ALIVE).ok();
            }
        })?;
        Ok(())
    }

    /// Waits until `goal` returns something or the deadline is over; meanwhile it runs the protocol's timers.
    pub(super) fn wait<'a, T>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, SessionState>,
        deadline: Instant,
        mut goal: impl FnMut(&mut SessionState) -> Option<T>,
    ) -> (MutexGuard<'a, SessionState>, Option<T>) {
        loop {
            let due = |state: &SessionState| {
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
            // The protocol's clock counts whole milliseconds: waking slightly late is better than spinning.
            let until = due(&state).map_or(deadline, |due| due.min(deadline));
            let pause = until.saturating_duration_since(now) + Duration::from_millis(1);
            state = self
                .changed
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Passes a command to the protocol and waits for its result.
    pub(super) fn request<'a>(
        self: &'a Arc<Self>,
        deadline: Instant,
        command: impl FnOnce(RequestId) -> Command,
    ) -> (MutexGuard<'a, SessionState>, Result<Success, Problem>) {
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

impl SessionState {
    pub(super) fn new_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }

    /// Passes an event to the thread that waits for it.
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
                self.answer(request, Ok(Success::LoggedIn(account)));
            }
            Event::LoginFailed { request, problem }
            | Event::Challenge { request, problem }
            | Event::Failed { request, problem } => self.answer(request, Err(problem)),
            Event::Sent { request, .. } => self.answer(request, Ok(Success::Sent)),
            Event::File { request, file, .. } => self.answer(request, Ok(Success::File(file))),
            Event::Done { request } => self.answer(request, Ok(Success::Done)),
            Event::Blocked { request, people } => {
                self.answer(request, Ok(Success::People(people)));
            }
            Event::History {
                request, messages, ..
            } => {
                self.answer(request, Ok(Success::History(messages)));
            }
            Event::BuddyList {
                request: Some(request),
                buddies,
            } => {
                self.answer(request, Ok(Success::Buddies(buddies)));
            }
            // Also an event, so that what follows is in order with it.
            Event::GroupList { request, groups } => {
                if let Some(request) = request {
                    self.answer(request, Ok(Success::Groups(groups.clone())));
                }
                let is_older =
                    |event: &Event| matches!(event, Event::GroupList { .. } | Event::Group { .. });
                self.incoming.retain(|event| !is_older(event));
                let request = None;
                self.queue(Event::GroupList { request, groups });
            }
            Event::Group {
                request,
                group,
                gone,
            } => {
                if let Some(request) = request {
                    self.answer(request, Ok(Success::Group(group.clone())));
                }
                self.queue(Event::Group {
                    request: None,
                    group,
                    gone,
                });
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

    /// Drops the messages that no thread is about to fetch. They were not reported to the server, which sends them again.
    pub(super) fn drop_unfetched(&mut self) {
        if self.waiters == 0 {
            self.incoming
                .retain(|event| !matches!(event, Event::Message(_)));
        }
    }

    /// An answer that no thread waits for any more is dropped.
    fn answer(&mut self, request: RequestId, answer: Result<Success, Problem>) {
        if let Some(waiting) = self.requests.get_mut(&request) {
            *waiting = Some(answer);
        }
    }

    /// Messages are never dropped; while no thread waits for them, none are fetched.
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
