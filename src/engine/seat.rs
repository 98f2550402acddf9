//! What host threads and a session's task share: commands one way, what is known of the session the other.
//!
//! Calls are checked here, before they are accepted; nothing here waits.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::lock;
use super::roster::Roster;
use crate::protocol::check_message;
use crate::types::{Buddy, Command, Event, OwnPresence, RequestId, Uid};
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// The id of a session: unique in the process and never used again, so a stale one is only ever unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Sessions and requests draw from one row of numbers, so that neither is ever mistaken for the other.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// Greatest number of requests of one session without an answer: what keeps their final events bounded.
const MAX_REQUESTS: usize = 256;
/// Greatest number of commands that the session's task has not picked up yet.
const MAX_COMMANDS: usize = 512;

/// How far a session is, as far as calls care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Fresh,
    LoggingIn,
    Online,
    LoggingOut,
    Over,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    commands: VecDeque<Command>,
    open: HashSet<RequestId>,
    message_limit: usize,
    roster: Roster,
    end: Option<Duration>,
}

/// One session, seen from outside of its task.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) id: SessionId,
    user_data: usize,
    state: Mutex<State>,
    /// Messages that the host has not taken. Those of a session that it has closed stay untaken for ever.
    untaken: AtomicUsize,
    bell: Notify,
}

/// What a session's task finds when the bell rings.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) commands: VecDeque<Command>,
    /// The host is done with the session; a logout under way may take this long.
    pub(super) end: Option<Duration>,
}

/// What becomes of an event on its way to the queue.
#[derive(Debug)]
pub(super) struct Noted {
    /// False for a second answer to one request.
    pub(super) wanted: bool,
    /// Requests that the end of the session leaves without an answer.
    pub(super) unanswered: Vec<RequestId>,
}

impl Seat {
    pub(super) fn new(user_data: usize) -> Self {
        Seat {
            id: SessionId(next_id()),
            user_data,
            state: Mutex::new(State {
                phase: Phase::Fresh,
                commands: VecDeque::new(),
                open: HashSet::new(),
                message_limit: usize::MAX,
                roster: Roster::default(),
                end: None,
            }),
            untaken: AtomicUsize::new(0),
            bell: Notify::new(),
        }
    }

    pub(crate) fn user_data(&self) -> usize {
        self.user_data
    }

    /// Begins to log in, in whichever way.
    pub(super) fn sign_on(
        &self,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.start_login()?;
            Ok(command(request))
        })
    }

    /// Takes a command that only a session that is logged in can carry out.
    pub(super) fn ask(
        &self,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.must_be_online()?;
            Ok(command(request))
        })
    }

    pub(crate) fn send(&self, to: Uid, text: String) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            check_message(&text, state.message_limit)?;
            state.must_be_online()?;
            Ok(Command::Send { request, to, text })
        })
    }

    pub(crate) fn logout(&self) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            match state.phase {
                Phase::Fresh => {
                    return Err(CallError::State(
                        "Nobody is logged in; close the session instead",
                    ));
                }
                Phase::LoggingOut => return Err(CallError::State("A logout is under way already")),
                _ => state.phase = Phase::LoggingOut,
            }
            Ok(Command::Logout { request })
        })
    }

    /// Takes a command that is not answered, of a session that is logged in.
    pub(super) fn mention(&self, command: Command) -> Result<(), CallError> {
        self.tell(command, State::must_be_online)
    }

    pub(crate) fn set_presence(&self, presence: OwnPresence) -> Result<(), CallError> {
        // Also before login, so that nobody sees an invisible user come.
        self.tell(Command::SetPresence(presence), State::must_live)
    }

    /// The machine's network is another one. A session that is over, or has too much to do already, need not know.
    pub(super) fn network_changed(&self) {
        let _ = self.tell(Command::NetworkChanged, State::must_live);
    }

    /// Gives a request up; one that has its answer is passed over.
    pub(crate) fn cancel(&self, request: RequestId) {
        let mut state = lock(&self.state);
        let asked = |command: &Command| matches!(command, Command::Cancel(it) if *it == request);
        if state.open.contains(&request) && !state.commands.iter().any(asked) {
            state.commands.push_back(Command::Cancel(request));
            drop(state);
            self.ring();
        }
    }

    /// Whether a request has no answer yet.
    pub(super) fn is_open(&self, request: RequestId) -> bool {
        lock(&self.state).open.contains(&request)
    }

    pub(crate) fn buddies(&self) -> Result<Arc<[Arc<Buddy>]>, CallError> {
        let mut state = lock(&self.state);
        state.must_live()?;
        let list = state.roster.snapshot();
        list.ok_or(CallError::State(
            "The buddy list is not known yet; log in and wait for it",
        ))
    }

    /// The host is done with the session: its task ends, at once or after a logout under way.
    pub(super) fn end(&self, logout_grace: Duration) {
        lock(&self.state).end = Some(logout_grace);
        self.ring();
    }

    /// Has the session's task look around.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// How many messages the host has not taken.
    pub(super) fn untaken(&self) -> usize {
        self.untaken.load(Ordering::Acquire)
    }

    /// A message is about to be queued.
    pub(super) fn message_given(&self) {
        self.untaken.fetch_add(1, Ordering::AcqRel);
    }

    /// The host took a message. With the last one the session's task may fetch more.
    pub(super) fn message_taken(&self) {
        if self.untaken.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ring();
        }
    }

    /// Waits until somebody rang since the last wait.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    pub(super) fn take_work(&self) -> Work {
        let mut state = lock(&self.state);
        Work {
            commands: std::mem::take(&mut state.commands),
            end: state.end,
        }
    }

    /// Whether a logout was asked for and is not over.
    pub(super) fn is_logging_out(&self) -> bool {
        lock(&self.state).phase == Phase::LoggingOut
    }

    /// Learns from an event before the host can see it, so that calls made in answer to it are accepted; then passes it on,
    /// under the same lock, so that a request without an answer is open and one with an answer has it in the queue.
    /// What comes after CLOSED is dropped.
    pub(super) fn note(&self, event: Event, pass_on: impl FnOnce(Event, Noted)) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Over {
            return;
        }
        state.roster.note(&event);
        match &event {
            Event::LoggedIn { message_limit, .. } => {
                state.message_limit = *message_limit;
                state.advance(Phase::Online);
            }
            Event::LoginFailed { .. } | Event::Challenge { .. } => state.advance(Phase::Fresh),
            Event::Closed { .. } => state.phase = Phase::Over,
            _ => {}
        }
        let wanted = match (event.answers(), &event) {
            (Some(request), Event::BuddyList { .. }) => {
                state.open.remove(&request);
                true
            }
            (Some(request), Event::Closed { .. }) => {
                state.open.remove(&request);
                true
            }
            (Some(request), _) => state.open.remove(&request),
            (None, _) => true,
        };
        let unanswered = match &event {
            Event::Closed { .. } => state.open.drain().collect(),
            _ => Vec::new(),
        };
        pass_on(event, Noted { wanted, unanswered });
    }

    fn submit(
        &self,
        make: impl FnOnce(&mut State, RequestId) -> Result<Command, CallError>,
    ) -> Result<RequestId, CallError> {
        let mut state = lock(&self.state);
        state.must_live()?;
        if state.open.len() >= MAX_REQUESTS || state.commands.len() >= MAX_COMMANDS {
            return Err(CallError::QueueFull);
        }
        let request = RequestId(next_id());
        let command = make(&mut state, request)?;
        state.open.insert(request);
        state.commands.push_back(command);
        drop(state);
        self.ring();
        Ok(request)
    }

    fn tell(
        &self,
        command: Command,
        check: impl FnOnce(&State) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        check(&state)?;
        if state.commands.len() >= MAX_COMMANDS {
            return Err(CallError::QueueFull);
        }
        state.commands.push_back(command);
        drop(state);
        self.ring();
        Ok(())
    }
}

impl State {
    fn must_live(&self) -> Result<(), CallError> {
        if self.phase == Phase::Over || self.end.is_some() {
            return Err(CallError::NoSession);
        }
        Ok(())
    }

    fn start_login(&mut self) -> Result<(), CallError> {
        match self.phase {
            Phase::Fresh => self.phase = Phase::LoggingIn,
            Phase::LoggingIn => return Err(CallError::State("A login is under way already")),
            _ => return Err(CallError::State("The session is logged in already")),
        }
        Ok(())
    }

    fn must_be_online(&self) -> Result<(), CallError> {
        self.must_live()?;
        match self.phase {
            Phase::Online => Ok(()),
            Phase::LoggingOut => Err(CallError::State("The session is being logged out")),
            _ => Err(CallError::State(
                "The session is not logged in yet; wait for LOGGED_IN",
            )),
        }
    }

    /// A login's outcome counts only while nobody has asked for a logout.
    fn advance(&mut self, phase: Phase) {
        if matches!(self.phase, Phase::Fresh | Phase::LoggingIn | Phase::Online) {
            self.phase = phase;
        }
    }
}

#[cfg(test)]
#[path = "seat_tests.rs"]
mod tests;
