//! What host threads and a session's task share: commands one way, what is known of the session the other.
//!
//! Calls are checked here, before they are accepted; nothing here waits.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::lock;
use super::roster::Roster;
use crate::types::{Buddy, Command, Event, OwnPresence, RequestId, Secret, Uid};
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

    pub(crate) fn login(&self, email: String, password: Secret) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            match state.phase {
                Phase::Fresh => state.phase = Phase::LoggingIn,
                Phase::LoggingIn => return Err(CallError::State("A login is under way already")),
                _ => return Err(CallError::State("The session is logged in already")),
            }
            Ok(Command::Login {
                request,
                email,
                password,
            })
        })
    }

    pub(crate) fn send(&self, to: Uid, text: String) -> Result<RequestId, CallError> {
        let length = text.chars().count();
        self.submit(|state, request| {
            state.must_be_online()?;
            let limit = state.message_limit;
            if length > limit {
                return Err(CallError::TooLong { length, limit });
            }
            Ok(Command::Send { request, to, text })
        })
    }

    pub(crate) fn refresh(&self) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.must_be_online()?;
            Ok(Command::Refresh { request })
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

    pub(crate) fn set_typing(&self, to: Uid, typing: bool) -> Result<(), CallError> {
        self.tell(Command::SetTyping { to, typing }, State::must_be_online)
    }

    pub(crate) fn set_presence(&self, presence: OwnPresence) -> Result<(), CallError> {
        // Also before login, so that nobody sees an invisible user come.
        self.tell(Command::SetPresence(presence), State::must_live)
    }

    pub(crate) fn buddies(&self) -> Result<Arc<[Buddy]>, CallError> {
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

    /// Learns from an event before the host can see it, so that calls made in answer to it are accepted.
    pub(super) fn note(&self, event: &Event) -> Noted {
        let mut state = lock(&self.state);
        state.roster.note(event);
        match event {
            Event::LoggedIn { message_limit, .. } => {
                state.message_limit = *message_limit;
                state.advance(Phase::Online);
            }
            Event::LoginFailed { .. } | Event::Challenge { .. } => state.advance(Phase::Fresh),
            Event::Closed { .. } => state.phase = Phase::Over,
            _ => {}
        }
        let wanted = match (event.answers(), event) {
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
        let unanswered = match event {
            Event::Closed { .. } => state.open.drain().collect(),
            _ => Vec::new(),
        };
        Noted { wanted, unanswered }
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
mod tests {
    use super::*;
    use crate::status::{Problem, Status};

    fn online() -> Seat {
        let seat = Seat::new(0);
        let request = seat
            .login("alice@example.org".into(), Secret::new("demo".into()))
            .unwrap();
        seat.note(&Event::LoggedIn {
            request,
            uid: Uid(1),
            name: String::new(),
            message_limit: 5,
        });
        seat.take_work();
        seat
    }

    #[test]
    fn calls_are_refused_in_the_wrong_phase() {
        let seat = Seat::new(0);
        let text = || "hi".to_owned();
        assert!(matches!(
            seat.send(Uid(2), text()),
            Err(CallError::State(_))
        ));
        assert!(matches!(seat.logout(), Err(CallError::State(_))));
        assert!(matches!(seat.buddies(), Err(CallError::State(_))));
        let seat = online();
        let again = seat.login("a".into(), Secret::new("b".into()));
        assert!(matches!(again, Err(CallError::State(_))));
        seat.send(Uid(2), text()).unwrap();
        seat.logout().unwrap();
        assert!(matches!(
            seat.send(Uid(2), text()),
            Err(CallError::State(_))
        ));
        seat.end(Duration::ZERO);
        assert_eq!(seat.send(Uid(2), text()), Err(CallError::NoSession));
    }

    #[test]
    fn failed_login_may_be_repeated() {
        let seat = Seat::new(0);
        let request = seat.login("a".into(), Secret::new("b".into())).unwrap();
        seat.note(&Event::LoginFailed {
            request,
            problem: Problem::new(Status::Credentials, "no"),
        });
        assert!(seat.login("a".into(), Secret::new("c".into())).is_ok());
    }

    #[test]
    fn message_length_counts_characters_and_names_the_limit() {
        let seat = online();
        assert!(seat.send(Uid(2), "中文🎉éé".into()).is_ok());
        let error = seat.send(Uid(2), "123456".into()).unwrap_err();
        assert_eq!(error.status(), Status::TooLong);
        assert_eq!(
            error.to_string(),
            "The message has 6 characters; this server allows 5"
        );
    }

    #[test]
    fn requests_without_an_answer_are_bounded_and_answered_once() {
        let seat = online();
        let requests: Vec<_> = std::iter::from_fn(|| seat.send(Uid(2), "hi".into()).ok()).collect();
        assert_eq!(requests.len(), MAX_REQUESTS);
        assert_eq!(seat.send(Uid(2), "hi".into()), Err(CallError::QueueFull));
        let failed = |request| Event::Failed {
            request,
            problem: Problem::new(Status::Io, "gone"),
        };
        assert!(seat.note(&failed(requests[0])).wanted);
        assert!(!seat.note(&failed(requests[0])).wanted);
        assert!(seat.send(Uid(2), "hi".into()).is_ok());
        let closed = seat.note(&Event::Closed {
            request: None,
            problem: None,
        });
        assert_eq!(closed.unanswered.len(), MAX_REQUESTS);
    }
}
