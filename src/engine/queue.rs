//! Events on their way from the worker to the host: one lane per session, served in turn, with a descriptor to watch.
//!
//! Everything happens under one lock, so that the descriptor never misses a change. Nothing is dropped: a session above
//! its share keeps only the newest of what repeats itself, and is told to stop fetching.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::log::{Level, LogSettings, Ring};
use super::seat::{Seat, SessionId};
use super::sync::{Condvar, Mutex, lock};
use super::wake::Beacon;
use crate::types::Event;
use std::collections::{HashMap, VecDeque};
use std::os::fd::RawFd;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// A waiting thread looks around at least this often; it is woken for everything that matters.
const HOUR: Duration = Duration::from_secs(3600);

/// An event with its origin.
#[derive(Debug)]
pub struct SessionEvent {
    /// Whose event it is.
    pub session: SessionId,
    /// What the host gave when it opened the session.
    pub user_data: usize,
    /// What happened.
    pub event: Event,
}

/// What a poll found.
#[derive(Debug)]
pub enum Polled {
    /// The next event.
    Event(SessionEvent),
    /// Somebody called `wake`.
    Woken,
    /// Nothing within the given time.
    Nothing,
}

/// One session's waiting events.
#[derive(Debug)]
pub(super) struct Lane {
    seat: Arc<Seat>,
    pub(super) events: VecDeque<Event>,
    paused: bool,
    /// CLOSED was taken out of turn; the lane goes with the last event before it.
    pub(super) over: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) lanes: HashMap<SessionId, Lane>,
    /// Lanes with events, each once, in the order in which they are served.
    pub(super) turns: VecDeque<SessionId>,
    /// Events in all lanes.
    waiting: usize,
    /// Too many; until the low-water mark is reached, every lane counts as above its share.
    crowded: bool,
    lines: Ring,
    woken: bool,
    closed: bool,
    pollers: usize,
    beacon: Beacon,
}

/// The event queue of one client.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    limit: usize,
    fd: RawFd,
}

impl Queue {
    pub(super) fn new(limit: usize) -> std::io::Result<Self> {
        let beacon = Beacon::new()?;
        let fd = beacon.fd();
        Ok(Queue {
            state: Mutex::new(State {
                lanes: HashMap::new(),
                turns: VecDeque::new(),
                waiting: 0,
                crowded: false,
                lines: Ring::default(),
                woken: false,
                closed: false,
                pollers: 0,
                beacon,
            }),
            changed: Condvar::new(),
            limit,
            fd,
        })
    }

    /// Readable while something waits.
    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Gives a session its lane.
    pub(super) fn admit(&self, seat: Arc<Seat>) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        let lane = Lane {
            seat: seat.clone(),
            events: VecDeque::new(),
            paused: false,
            over: false,
        };
        state.lanes.insert(seat.id, lane);
        Ok(())
    }

    /// The session of this id, unless it is over and gone.
    pub(super) fn seat(&self, id: SessionId) -> Result<Arc<Seat>, CallError> {
        let state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        let lane = state.lanes.get(&id).ok_or(CallError::NoSession)?;
        Ok(lane.seat.clone())
    }

    /// Queues an event; one of a session that was removed is dropped, as promised.
    pub(super) fn push(&self, id: SessionId, event: Event) {
        let share = self.share();
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        let Some(lane) = state.lanes.get_mut(&id) else {
            return;
        };
        if lane.events.is_empty() {
            state.turns.push_back(id);
        }
        if state.crowded || lane.events.len() >= share || matches!(event, Event::State(_)) {
            let before = lane.events.len();
            lane.events.retain(|old| !is_superseded(old, &event));
            state.waiting = state
                .waiting
                .saturating_sub(before.saturating_sub(lane.events.len()));
        }
        lane.events.push_back(event);
        state.waiting = state.waiting.saturating_add(1);
        state.crowded |= state.waiting >= self.limit;
        let overload = state.crowded || lane.events.len() >= share;
        if overload && !std::mem::replace(&mut lane.paused, true) {
            // In front, since the host is to hear of it while there is still time.
            let waiting = lane.events.len();
            lane.events.push_front(Event::Overload { waiting });
            state.waiting = state.waiting.saturating_add(1);
        }
        self.announce(state);
    }

    /// Whether a session is to hold its next long-poll back.
    pub(super) fn is_paused(&self, id: SessionId) -> bool {
        let state = lock(&self.state);
        state.lanes.get(&id).is_some_and(|lane| lane.paused)
    }

    /// Takes a session out: none of its events will be seen, waiting or to come.
    pub(super) fn remove(&self, id: SessionId) -> Result<Arc<Seat>, CallError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        let lane = state.lanes.remove(&id).ok_or(CallError::NoSession)?;
        if !lane.events.is_empty() {
            state.turns.retain(|turn| *turn != id);
            state.waiting = state.waiting.saturating_sub(lane.events.len());
            self.relieve(&mut state);
        }
        // Somebody may wait for an answer that will not come now.
        self.announce(&mut state);
        Ok(lane.seat)
    }

    /// Queues a log line.
    pub(super) fn log(&self, level: Level, line: String) {
        let mut state = lock(&self.state);
        state.lines.push(level, line);
        self.announce(&mut state);
    }

    /// Ends the present or the next poll.
    pub(super) fn wake(&self) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(CallError::Closed);
        }
        state.woken = true;
        self.announce(&mut state);
        Ok(())
    }

    /// Ends all polls for good, takes no more events, and gives back the sessions that are left.
    pub(super) fn close(&self) -> Vec<Arc<Seat>> {
        let mut state = lock(&self.state);
        state.closed = true;
        state.turns.clear();
        state.waiting = 0;
        let seats = state.lanes.drain().map(|(_, lane)| lane.seat).collect();
        self.announce(&mut state);
        seats
    }

    /// The sessions of this moment.
    pub(super) fn seats(&self) -> Vec<Arc<Seat>> {
        let state = lock(&self.state);
        state.lanes.values().map(|lane| lane.seat.clone()).collect()
    }

    /// Waits for the next event; `None` waits for ever.
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

    /// Waits until `find` finds something. Log lines go to the host first, without the lock held.
    pub(super) fn wait<T>(
        &self,
        timeout: Option<Duration>,
        log: Option<&LogSettings>,
        mut find: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<Option<T>, CallError> {
        let mut deadline = None;
        let mut state = lock(&self.state);
        loop {
            if !state.lines.is_empty() {
                let lines = state.lines.take();
                state.show();
                drop(state);
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
                state.show();
                return Ok(Some(found));
            }
            let left = match timeout {
                None => HOUR,
                Some(Duration::ZERO) => return Ok(None),
                Some(timeout) => {
                    let now = Instant::now();
                    match deadline.get_or_insert_with(|| now.checked_add(timeout)) {
                        // Beyond the clock's range is as good as for ever.
                        None => HOUR,
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

    fn pop(&self, state: &mut State) -> Option<SessionEvent> {
        let id = state.turns.pop_front()?;
        let lane = state.lanes.get_mut(&id)?;
        let event = lane.events.pop_front()?;
        if !lane.events.is_empty() {
            state.turns.push_back(id);
        }
        if matches!(event, Event::Message(_)) {
            lane.seat.message_taken();
        }
        Some(self.taken(state, id, event))
    }

    /// What follows when the host takes an event.
    pub(super) fn taken(
        &self,
        state: &mut State,
        session: SessionId,
        event: Event,
    ) -> SessionEvent {
        state.waiting = state.waiting.saturating_sub(1);
        let mut user_data = 0;
        if let Some(lane) = state.lanes.get_mut(&session) {
            user_data = lane.seat.user_data();
            let over = lane.over || matches!(event, Event::Closed { .. });
            if over && lane.events.is_empty() {
                state.lanes.remove(&session);
            } else if lane.paused && !state.crowded {
                self.resume(lane);
            }
        }
        self.relieve(state);
        SessionEvent {
            session,
            user_data,
            event,
        }
    }

    /// Lets the sessions go on once a crowded queue has reached its low-water mark.
    fn relieve(&self, state: &mut State) {
        if state.crowded && state.waiting <= self.limit / 2 {
            state.crowded = false;
            state.lanes.values_mut().for_each(|lane| self.resume(lane));
        }
    }

    /// Lets a paused session go on if its own lane allows. Well below its share, so that it does not flap.
    fn resume(&self, lane: &mut Lane) {
        if lane.paused && lane.events.len() <= self.share() / 2 {
            lane.paused = false;
            lane.seat.ring();
        }
    }

    /// How many events one session may have waiting before it is slowed down.
    fn share(&self) -> usize {
        (self.limit / 4).max(16)
    }

    /// Tells whoever waits.
    fn announce(&self, state: &mut State) {
        state.show();
        if state.pollers > 0 {
            self.changed.notify_all();
        }
    }
}

impl State {
    /// Brings the descriptor in line with what waits.
    fn show(&mut self) {
        let lit = self.waiting > 0 || self.woken || self.closed || !self.lines.is_empty();
        self.beacon.set(lit);
    }
}

/// Whether `new` says all that `old` said.
fn is_superseded(old: &Event, new: &Event) -> bool {
    match (old, new) {
        (Event::Presence(old), Event::Presence(new)) => old.uid == new.uid,
        (Event::Typing { from: old, .. }, Event::Typing { from: new, .. }) => old == new,
        (Event::Connection(_), Event::Connection(_))
        | (Event::State(_), Event::State(_))
        | (Event::Inbox(_), Event::Inbox(_)) => true,
        (Event::Presence(_) | Event::BuddyList { request: None, .. }, Event::BuddyList { .. }) => {
            true
        }
        _ => false,
    }
}
