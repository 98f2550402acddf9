//! Command queue and cached snapshot between host threads and a session's task.
//!
//! Calls are checked here, before they are accepted; nothing here waits.
//!
//! The command queue is not a channel: a command is checked against the session's phase and queued in one step, under one
//! lock; a second cancellation of a request is recognised; and an idle session keeps no buffer (an unbounded channel keeps
//! a block of 31 commands, for each of possibly thousands of sessions).

#![forbid(unsafe_code)]

use super::buddy_cache::BuddyCache;
use super::error::CallError;
use super::group_cache::GroupCache;
use super::host_pace::HostPace;
use super::lock;
use super::phase::Phase;
use super::sending::{MAX_MESSAGES, Sending};
use super::transfers::Transfers;
use crate::protocol::{SavedState, Unsettled, check_message};
use crate::types::{Buddy, Command, Event, Group, OwnPresence, RequestId, Saved, Secret, Uid};
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;

/// The id of a session: unique in the process and never used again, so a stale id is only ever unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Sessions and requests share one counter, so that one is never mistaken for the other.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// Greatest number of unanswered requests of one session, without messages; it bounds the events that the end of a session adds.
pub(super) const MAX_REQUESTS: usize = 256;
/// Greatest number of commands that the session's task has not picked up yet.
const MAX_COMMANDS: usize = 512 + MAX_MESSAGES;

#[derive(Debug)]
pub(super) struct HandleState {
    phase: Phase,
    commands: VecDeque<Command>,
    unanswered: HashSet<RequestId>,
    message_limit: usize,
    buddies: BuddyCache,
    groups: GroupCache,
    pub(super) file_limit: u64,
    pub(super) transfers: Transfers,
    /// Draws the ids of messages.
    rng: fastrand::Rng,
    /// The last saved session.
    saved: Option<Secret>,
    /// The last saved session may not have the newest of them yet.
    sending: Sending,
    close: Option<Duration>,
}

/// One session, as seen from outside of its task.
#[derive(Debug)]
pub(crate) struct SessionHandle {
    pub(super) id: SessionId,
    user_data: usize,
    state: Mutex<HandleState>,
    pub(super) pace: HostPace,
    /// Wakes the session's task.
    notify: Notify,
}

/// What a session's task finds when it was notified.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) commands: VecDeque<Command>,
    /// The host has closed the session; a logout in progress may take this long.
    pub(super) close: Option<Duration>,
}

/// What an event on its way to the queue changes.
#[derive(Debug)]
pub(super) struct Effect {
    /// False for a second answer to one request.
    pub(super) wanted: bool,
    /// Requests that the end of the session leaves unanswered.
    pub(super) unanswered: Vec<RequestId>,
}

impl SessionHandle {
    pub(super) fn new(user_data: usize, seed: u64) -> Self {
        SessionHandle {
            id: SessionId(next_id()),
            user_data,
            state: Mutex::new(HandleState {
                phase: Phase::Fresh,
                commands: VecDeque::new(),
                unanswered: HashSet::new(),
                message_limit: usize::MAX,
                buddies: BuddyCache::default(),
                groups: GroupCache::default(),
                file_limit: 0,
                transfers: Transfers::default(),
                rng: fastrand::Rng::with_seed(seed),
                saved: None,
                sending: Sending::default(),
                close: None,
            }),
            pace: HostPace::default(),
            notify: Notify::new(),
        }
    }

    pub(crate) fn user_data(&self) -> usize {
        self.user_data
    }

    /// Queues a command that begins a login.
    pub(super) fn submit_login(
        &self,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.phase.start_login()?;
            Ok(command(request))
        })
    }

    /// Queues a command that needs a logged-in session.
    pub(super) fn submit_online(
        &self,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.check_online()?;
            Ok(command(request))
        })
    }

    pub(crate) fn send(
        &self,
        to: Uid,
        text: String,
        file: Option<String>,
    ) -> Result<RequestId, CallError> {
        let mut state = lock(&self.state);
        check_message(&text, file.is_some(), state.message_limit)?;
        state.check_online()?;
        state.sending.check(text.len())?;
        let request = RequestId(next_id());
        let message_id = state.rng.u32(1..=0x7fff_ffff).to_string();
        let message = Unsettled {
            to: to.0,
            text: text.clone(),
            file: file.clone(),
            message_id: message_id.clone(),
            client_time: unix_now(),
        };
        state.sending.add(request, message);
        let command = Command::Send {
            request,
            to,
            text,
            file,
            message_id: Some(message_id),
        };
        self.accept(state, request, command);
        Ok(request)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, HandleState> {
        lock(&self.state)
    }

    /// The saved session with every message that was accepted and has no answer yet.
    pub(crate) fn saved(&self) -> Result<Saved, CallError> {
        let state = lock(&self.state);
        state.check_open()?;
        let unknown = CallError::State("There is nothing to save yet; log in first");
        let Some(saved) = &state.saved else {
            return Err(unknown);
        };
        let Ok(mut all) = SavedState::parse(saved.reveal()) else {
            return Err(unknown);
        };
        all.add_unsettled(state.sending.messages());
        all.to_saved().ok_or(unknown)
    }

    pub(crate) fn logout(&self) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.phase.start_logout()?;
            Ok(Command::Logout { request })
        })
    }

    /// Queues a command that is not answered and needs a logged-in session.
    pub(super) fn push_online(&self, command: Command) -> Result<(), CallError> {
        self.push(command, HandleState::check_online)
    }

    pub(crate) fn set_presence(&self, presence: OwnPresence) -> Result<(), CallError> {
        // Also before login, so that nobody sees an invisible user come online.
        self.push(Command::SetPresence(presence), HandleState::check_open)
    }

    /// The machine's network has changed. A session that is closed, or whose queue is full, need not be told.
    pub(super) fn network_changed(&self) {
        let _ = self.push(Command::NetworkChanged, HandleState::check_open);
    }

    /// Cancels a request; one that is already answered is ignored.
    pub(crate) fn cancel(&self, request: RequestId) {
        let mut state = lock(&self.state);
        let is_queued =
            |command: &Command| matches!(command, Command::Cancel(it) if *it == request);
        if state.unanswered.contains(&request) && !state.commands.iter().any(is_queued) {
            state.commands.push_back(Command::Cancel(request));
            drop(state);
            self.notify();
        }
    }

    /// True while a request has no answer.
    pub(super) fn is_unanswered(&self, request: RequestId) -> bool {
        lock(&self.state).unanswered.contains(&request)
    }

    pub(crate) fn buddies(&self) -> Result<Arc<[Arc<Buddy>]>, CallError> {
        let mut state = lock(&self.state);
        state.check_open()?;
        let list = state.buddies.snapshot();
        list.ok_or(CallError::State(
            "The buddy list is not known yet; log in and wait for it",
        ))
    }

    /// A group as last reported to the host.
    pub(crate) fn group(&self, gid: Uid) -> Result<Option<Arc<Group>>, CallError> {
        let state = lock(&self.state);
        state.check_open()?;
        let group = state.groups.get(gid);
        group.ok_or(CallError::State(
            "The groups are not known yet; log in and wait for them",
        ))
    }

    /// The host closes the session: its task ends, at once or after a logout in progress.
    pub(super) fn close(&self, logout_grace: Duration) {
        self.ask_to_close(logout_grace);
        self.notify();
    }

    /// The same for a session whose task is woken together with others.
    pub(super) fn ask_to_close(&self, logout_grace: Duration) {
        lock(&self.state).close = Some(logout_grace);
    }

    /// Wakes the session's task.
    pub(super) fn notify(&self) {
        self.notify.notify_one();
    }

    /// Passes messages on to the queue, unless the session is over. They answer no request and change no state.
    pub(super) fn pass_messages(&self, messages: Vec<Event>, pass_on: impl FnOnce(Vec<Event>)) {
        let state = lock(&self.state);
        if state.phase != Phase::Closed {
            self.pace.queued(messages.len());
            pass_on(messages);
        }
    }

    /// Waits for a notification since the last wait.
    pub(super) async fn notified(&self) {
        self.notify.notified().await;
    }

    pub(super) fn take_work(&self) -> Work {
        let mut state = lock(&self.state);
        Work {
            commands: std::mem::take(&mut state.commands),
            close: state.close,
        }
    }

    /// True from the call of `logout` until the session is closed.
    pub(super) fn is_logging_out(&self) -> bool {
        lock(&self.state).phase == Phase::LoggingOut
    }

    /// Updates the session's state from an event before the host can see it, so that calls made in answer to it are accepted.
    /// Then passes the event on under the same lock: a request is unanswered, or its answer is in the queue.
    /// Events after CLOSED are dropped.
    pub(super) fn apply(&self, event: Event, pass_on: impl FnOnce(Event, Effect)) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Closed {
            return;
        }
        state.buddies.apply(&event);
        state.groups.apply(&event);
        match &event {
            Event::LoggedIn {
                message_limit,
                file_limit,
                ..
            } => {
                state.message_limit = *message_limit;
                state.file_limit = *file_limit;
                state.phase.finish_login(Phase::Online);
            }
            Event::LoginFailed { .. } | Event::Challenge { .. } => {
                state.phase.finish_login(Phase::Fresh);
            }
            Event::Closed { .. } => state.phase = Phase::Closed,
            Event::State(saved) => state.saved = Some(saved.text.clone()),
            _ => {}
        }
        let is_first = event.answers().is_none_or(|request| {
            state.sending.answered(request);
            state.transfers.answered(request);
            request == RequestId::NONE || state.unanswered.remove(&request)
        });
        // These tell something even if their request was answered before.
        let is_late = matches!(&event, Event::Progress { request, .. } if !state.unanswered.contains(request));
        let wanted = is_first && !is_late
            || matches!(
                event,
                Event::BuddyList { .. }
                    | Event::GroupList { .. }
                    | Event::Group { .. }
                    | Event::Closed { .. }
            );
        let unanswered = match &event {
            Event::Closed { .. } => state.unanswered.drain().collect(),
            _ => Vec::new(),
        };
        pass_on(event, Effect { wanted, unanswered });
    }

    pub(super) fn submit(
        &self,
        make: impl FnOnce(&mut HandleState, RequestId) -> Result<Command, CallError>,
    ) -> Result<RequestId, CallError> {
        let mut state = lock(&self.state);
        state.check_open()?;
        let requests = state.unanswered.len().saturating_sub(state.sending.len());
        if requests >= MAX_REQUESTS || state.commands.len() >= MAX_COMMANDS {
            return Err(CallError::QueueFull);
        }
        let request = RequestId(next_id());
        let command = make(&mut state, request)?;
        self.accept(state, request, command);
        Ok(request)
    }

    fn accept(&self, mut state: MutexGuard<'_, HandleState>, request: RequestId, command: Command) {
        state.unanswered.insert(request);
        state.commands.push_back(command);
        drop(state);
        self.notify();
    }

    fn push(
        &self,
        command: Command,
        check: impl FnOnce(&HandleState) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        check(&state)?;
        if state.commands.len() >= MAX_COMMANDS {
            return Err(CallError::QueueFull);
        }
        state.commands.push_back(command);
        drop(state);
        self.notify();
        Ok(())
    }
}

fn unix_now() -> i64 {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

impl HandleState {
    fn check_open(&self) -> Result<(), CallError> {
        if self.phase == Phase::Closed || self.close.is_some() {
            return Err(CallError::NoSession);
        }
        Ok(())
    }

    pub(super) fn check_online(&self) -> Result<(), CallError> {
        self.check_open()?;
        self.phase.check_online()
    }
}
