//! Events on their way from the worker to the host: one queue per session, served in turn, with a descriptor to watch.
//!
//! Everything happens under one lock, and the descriptor follows after each change. Nothing is lost: a session with too
//! many waiting events keeps only the newest of those that replace each other, and is told to stop fetching.
//!
//! A channel could not replace it: sessions take turns, newer events replace older ones, answers are taken out of turn,
//! a closed session's events disappear at once, and the descriptor follows at once. That no wake-up
//! is lost is proven with loom (`tests/queue_model.rs`).

#![forbid(unsafe_code)]

use super::error::CallError;
use super::id_hash::IdHash;
use super::log::{Level, LogBuffer, LogSettings};
use super::polled::{Polled, SessionEvent};
use super::session_handle::{SessionHandle, SessionId};
use super::superseded::is_superseded;
use super::sync::{Condvar, Mutex, MutexGuard, lock};
use super::wake::WakeFd;
use crate::types::Event;
use std::collections::{HashMap, VecDeque};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A waiting thread checks the queue at least this often, although it is notified of every change.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The waiting events of one session.
#[derive(Debug)]
pub(super) struct SessionQueue {
    handle: Arc<SessionHandle>,
    pub(super) events: VecDeque<Event>,
    /// CLOSED was taken out of turn; this queue is removed after the last event before it.
    pub(super) closed: bool,
}

#[derive(Debug, Default)]
pub(super) struct QueueState {
    pub(super) sessions: HashMap<SessionId, SessionQueue, IdHash>,
    /// Sessions with waiting events, each once, in the order in which they are served.
    pub(super) ready: VecDeque<SessionId>,
    /// Waiting events of all sessions.
    waiting: usize,
    /// Set at the limit and until the low-water mark is reached; meanwhile every session counts as above its share.
    over_limit: bool,
    log_lines: LogBuffer,
    woken: bool,
    closed: bool,
    pollers: usize,
    /// Sessions whose tasks the worker has to wake.
    to_wake: Vec<Arc<SessionHandle>>,
    /// The worker has to be told of the first of these.
    worker_is_due: bool,
}

/// The event queue of one client.
#[derive(Debug)]
pub(super) struct EventQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
    /// Wakes [`EventQueue::wake_sessions`].
    worker: Notify,
    /// A poll would return at once; changed under the lock of the state.
    readable: AtomicBool,
    wake_fd: Mutex<WakeFd>,
    limit: usize,
    fd: RawFd,
}

impl EventQueue {
    pub(super) fn new(limit: usize) -> std::io::Result<Self> {
        let wake_fd = WakeFd::new()?;
        let fd = wake_fd.fd();
        Ok(EventQueue {
            state: Mutex::new(QueueState::default()),
            changed: Condvar::new(),
            worker: Notify::new(),
            readable: AtomicBool::new(false),
            wake_fd: Mutex::new(wake_fd),
            limit,
            fd,
        })
    }

    /// Readable while events, log lines or a wake-up are waiting.
    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Adds a session, without events.
    pub(super) fn add_session(&self, handle: Arc<SessionHandle>) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        let id = handle.id;
        let session = SessionQueue {
            handle,
            events: VecDeque::new(),
            closed: false,
        };
        state.sessions.insert(id, session);
        Ok(())
    }

    /// The session with this id, unless it was removed.
    pub(super) fn session(&self, id: SessionId) -> Result<Arc<SessionHandle>, CallError> {
        let state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        let session = state.sessions.get(&id).ok_or(CallError::NoSession)?;
        Ok(session.handle.clone())
    }

    /// Queues an event; the events of a removed session are dropped.
    pub(super) fn push(&self, id: SessionId, event: Event) {
        self.push_all([(id, [event])]);
    }

    /// Queues events of several sessions at once, so that the host is woken once.
    pub(super) fn push_all<T: IntoIterator<Item = Event>>(
        &self,
        batches: impl IntoIterator<Item = (SessionId, T)>,
    ) {
        let mut state = lock(&self.state);
        for (id, events) in batches {
            self.add(&mut state, id, events);
        }
        self.finish(state);
    }

    fn add(&self, state: &mut QueueState, id: SessionId, events: impl IntoIterator<Item = Event>) {
        let share = self.share();
        let Some(session) = state.sessions.get_mut(&id) else {
            return;
        };
        if session.events.is_empty() {
            state.ready.push_back(id);
        }
        for event in events {
            let replaces = matches!(event, Event::State(_) | Event::Progress { .. });
            if state.over_limit || session.events.len() >= share || replaces {
                let before = session.events.len();
                session.events.retain(|old| !is_superseded(old, &event));
                state.waiting = state
                    .waiting
                    .saturating_sub(before.saturating_sub(session.events.len()));
            }
            session.events.push_back(event);
            state.waiting = state.waiting.saturating_add(1);
            state.over_limit |= state.waiting >= self.limit;
            let overload = state.over_limit || session.events.len() >= share;
            if overload && !session.handle.pace.set_paused(true) {
                // In front, so that the host is told while it can still react.
                let waiting = session.events.len();
                session.events.push_front(Event::Overload { waiting });
                state.waiting = state.waiting.saturating_add(1);
            }
        }
    }

    /// Removes a session: the host sees none of its events any more.
    pub(super) fn remove(&self, id: SessionId) -> Result<Arc<SessionHandle>, CallError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        let session = state.sessions.remove(&id).ok_or(CallError::NoSession)?;
        if !session.events.is_empty() {
            state.ready.retain(|ready| *ready != id);
            state.waiting = state.waiting.saturating_sub(session.events.len());
            self.leave_limit(&mut state);
        }
        session.handle.pace.set_paused(false);
        // A thread may be waiting for an answer that will not come now.
        self.finish(state);
        Ok(session.handle)
    }

    /// Queues a log line.
    pub(super) fn log(&self, level: Level, line: String) {
        let mut state = lock(&self.state);
        state.log_lines.push(level, line);
        self.finish(state);
    }

    /// Ends the current or the next poll.
    pub(super) fn wake(&self) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        state.woken = true;
        self.finish(state);
        Ok(())
    }

    /// Ends all polls, current and future, accepts no more events, and returns the remaining sessions.
    pub(super) fn close(&self) -> Vec<Arc<SessionHandle>> {
        let mut state = lock(&self.state);
        state.closed = true;
        state.ready.clear();
        state.waiting = 0;
        let sessions = state
            .sessions
            .drain()
            .map(|(_, session)| session.handle)
            .collect();
        self.finish(state);
        sessions
    }

    /// The sessions that are open now.
    pub(super) fn sessions(&self) -> Vec<Arc<SessionHandle>> {
        let state = lock(&self.state);
        let sessions = state.sessions.values();
        sessions.map(|session| session.handle.clone()).collect()
    }

    /// Wakes the tasks of sessions together.
    pub(super) fn wake_tasks(&self, sessions: Vec<Arc<SessionHandle>>) {
        lock(&self.state).to_wake.extend(sessions);
        self.worker.notify_one();
    }

    /// Wakes the tasks of sessions whose messages the host has all taken, and of others that may continue; part of the worker.
    pub(super) async fn wake_sessions(&self) -> ! {
        loop {
            self.worker.notified().await;
            let sessions = std::mem::take(&mut lock(&self.state).to_wake);
            sessions.iter().for_each(|session| session.notify());
        }
    }

    /// Waits for the next event; without a timeout it waits indefinitely.
    pub(super) fn poll(
        &self,
        timeout: Option<Duration>,
        log: Option<&LogSettings>,
    ) -> Result<Polled, CallError> {
        let found = self.wait(timeout, log, |state| {
            if std::mem::take(&mut state.woken) {
                return Some(Polled::Woken);
            }
            self.pop(state).map(Polled::Event)
        })?;
        Ok(found.unwrap_or(Polled::Nothing))
    }

    /// Waits until `find` returns something. Log lines are passed to the host first, without the lock held.
    pub(super) fn wait<T>(
        &self,
        timeout: Option<Duration>,
        log: Option<&LogSettings>,
        mut find: impl FnMut(&mut QueueState) -> Option<T>,
    ) -> Result<Option<T>, CallError> {
        let mut deadline = None;
        let mut state = lock(&self.state);
        loop {
            if !state.log_lines.is_empty() {
                let lines = state.log_lines.take();
                self.release(state);
                if let Some(log) = log {
                    lines
                        .iter()
                        .for_each(|(level, line)| (log.sink)(*level, line));
                }
                state = lock(&self.state);
            }
            if state.closed {
                return Err(CallError::Closed);
            }
            if let Some(found) = find(&mut state) {
                let worker_is_due = std::mem::take(&mut state.worker_is_due);
                self.release(state);
                if worker_is_due {
                    self.worker.notify_one();
                }
                return Ok(Some(found));
            }
            let left = match timeout {
                None => MAX_WAIT,
                Some(Duration::ZERO) => return Ok(None),
                Some(timeout) => {
                    let now = Instant::now();
                    match deadline.get_or_insert_with(|| now.checked_add(timeout)) {
                        // A time beyond the clock's range is as long as no timeout.
                        None => MAX_WAIT,
                        Some(end) if *end <= now => return Ok(None),
                        Some(end) => end.saturating_duration_since(now),
                    }
                }
            };
            state.pollers = state.pollers.saturating_add(1);
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => PoisonError::into_inner(poisoned).0,
            };
            state.pollers = state.pollers.saturating_sub(1);
        }
    }

    fn pop(&self, state: &mut QueueState) -> Option<SessionEvent> {
        let id = state.ready.pop_front()?;
        let session = state.sessions.get_mut(&id)?;
        let event = session.events.pop_front()?;
        if !session.events.is_empty() {
            state.ready.push_back(id);
        }
        if matches!(event, Event::Message(_)) && session.handle.pace.taken() {
            // Reported together, because waking the worker costs a system call.
            state.worker_is_due |= state.to_wake.is_empty();
            state.to_wake.push(session.handle.clone());
        }
        Some(self.after_take(state, id, event))
    }

    /// Updates the counts after the host has taken an event, and resumes sessions that may fetch again.
    pub(super) fn after_take(
        &self,
        state: &mut QueueState,
        id: SessionId,
        event: Event,
    ) -> SessionEvent {
        state.waiting = state.waiting.saturating_sub(1);
        let mut user_data = 0;
        if let Some(session) = state.sessions.get_mut(&id) {
            user_data = session.handle.user_data();
            let closed = session.closed || matches!(event, Event::Closed { .. });
            if closed && session.events.is_empty() {
                state.sessions.remove(&id);
            } else if !state.over_limit {
                self.resume(session);
            }
        }
        self.leave_limit(state);
        SessionEvent {
            session: id,
            user_data,
            event,
        }
    }

    /// Resumes the sessions once a queue that was over its limit has reached its low-water mark.
    fn leave_limit(&self, state: &mut QueueState) {
        if state.over_limit && state.waiting <= self.limit / 2 {
            state.over_limit = false;
            let sessions = state.sessions.values_mut();
            sessions.for_each(|session| self.resume(session));
        }
    }

    /// Resumes a paused session with few enough events of its own: half its share, so that it does not flap.
    fn resume(&self, session: &mut SessionQueue) {
        if session.handle.pace.is_paused() && session.events.len() <= self.share() / 2 {
            session.handle.pace.set_paused(false);
            session.handle.notify();
        }
    }

    /// How many events of one session may wait before it is paused.
    fn share(&self) -> usize {
        (self.limit / 4).max(16)
    }

    /// Ends a change: updates the descriptor and wakes threads that wait in a poll.
    fn finish(&self, state: MutexGuard<'_, QueueState>) {
        let is_awaited = state.pollers > 0;
        self.release(state);
        if is_awaited {
            self.changed.notify_all();
        }
    }

    /// Releases the lock, then makes the descriptor readable exactly while a poll would return at once.
    ///
    /// The system call is made without the lock, so that the other side need not wait for it. Whoever changes the state last
    /// also checks last what the descriptor must show.
    fn release(&self, state: MutexGuard<'_, QueueState>) {
        let readable = state.is_readable();
        let before = self.readable.swap(readable, Ordering::SeqCst);
        drop(state);
        if before != readable {
            let mut wake_fd = lock(&self.wake_fd);
            wake_fd.set_readable(self.readable.load(Ordering::SeqCst));
        }
    }
}

impl QueueState {
    fn is_readable(&self) -> bool {
        self.waiting > 0 || self.woken || self.closed || !self.log_lines.is_empty()
    }
}
