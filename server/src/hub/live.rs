//! What is known about one user while the server runs: his recent events, his held polls, his presence.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::ring::Ring;
use super::{Presence, Wake};
use crate::store::now_ms;
use crate::types::{Seq, SessionKey};

/// The most held polls per user; one more lets the oldest go.
const POLLS: usize = 10;

/// How long an ended session is remembered; longer than any request lasts that saw it alive.
const ENDED: Duration = Duration::from_secs(60);

/// When somebody counts as idle or gone.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Without a held poll or a request for this long: offline.
    pub offline_after: Duration,
    /// Without a sign of the person for this long: idle.
    pub idle_after: Duration,
}

pub(super) struct Waiting {
    pub id: u64,
    pub session: SessionKey,
    pub wake: oneshot::Sender<Wake>,
}

/// The last sign of a person: by the clock that limits are held to, and by the one that others are told.
#[derive(Clone, Copy)]
struct Sign {
    at: Instant,
    ms: i64,
}

impl Sign {
    fn at(at: Instant) -> Self {
        Sign { at, ms: now_ms() }
    }
}

pub(super) struct Live {
    pub next: Seq,
    pub acked: Seq,
    pub acked_saved: Seq,
    pub ring: Ring,
    pub visible: bool,
    /// Always active: the echo account of the demo.
    pub pinned: bool,
    pub waiting: VecDeque<Waiting>,
    sessions: Vec<(SessionKey, Instant)>,
    /// Sessions that a request on its way may still take for alive.
    ended: Vec<(SessionKey, Instant)>,
    last_active: Option<Sign>,
    pub presence: Presence,
}

impl Default for Live {
    fn default() -> Self {
        Live {
            next: Seq::FIRST,
            acked: Seq::FIRST,
            acked_saved: Seq::FIRST,
            ring: Ring::default(),
            visible: true,
            pinned: false,
            waiting: VecDeque::new(),
            sessions: Vec::new(),
            ended: Vec::new(),
            last_active: None,
            presence: Presence::Offline,
        }
    }
}

impl Live {
    /// A session made itself heard.
    pub fn seen(&mut self, session: SessionKey, active: bool, now: Instant) {
        if self.has_ended(session) {
            return;
        }
        match self
            .sessions
            .iter_mut()
            .find(|(known, _)| *known == session)
        {
            Some((_, at)) => *at = now,
            None => self.sessions.push((session, now)),
        }
        if active || self.presence == Presence::Offline {
            self.last_active = Some(Sign::at(now));
        }
    }

    /// A session asked for something that says neither that its client is ready to chat nor that it may be shown.
    pub fn glimpsed(&mut self, session: SessionKey, active: bool, now: Instant) {
        self.touch(session, now);
        if active && self.presence != Presence::Offline {
            self.last_active = Some(Sign::at(now));
        }
    }

    /// A poll begins to wait.
    pub fn wait(&mut self, waiting: Waiting) {
        if self.has_ended(waiting.session) {
            let _ = waiting.wake.send(Wake::Ended);
            return;
        }
        if self.waiting.len() >= POLLS
            && let Some(oldest) = self.waiting.pop_front()
        {
            let _ = oldest.wake.send(Wake::Continue);
        }
        self.waiting.push_back(waiting);
    }

    /// Lets every poll go.
    pub fn wake(&mut self, wake: Wake, now: Instant) {
        for waiting in std::mem::take(&mut self.waiting) {
            self.touch(waiting.session, now);
            let _ = waiting.wake.send(wake);
        }
    }

    fn touch(&mut self, session: SessionKey, now: Instant) {
        if let Some((_, at)) = self
            .sessions
            .iter_mut()
            .find(|(known, _)| *known == session)
        {
            *at = now;
        }
    }

    /// A poll ended, answered or dropped.
    pub fn unwait(&mut self, id: u64, session: SessionKey, now: Instant) {
        self.waiting.retain(|waiting| waiting.id != id);
        self.touch(session, now);
    }

    fn has_ended(&self, session: SessionKey) -> bool {
        self.ended.iter().any(|(ended, _)| *ended == session)
    }

    /// The sessions whose clients are there.
    pub fn sessions(&self) -> Vec<SessionKey> {
        let mut sessions: Vec<_> = self
            .sessions
            .iter()
            .map(|(session, _)| *session)
            .chain(self.waiting.iter().map(|waiting| waiting.session))
            .collect();
        sessions.sort();
        sessions.dedup();
        sessions
    }

    /// Every session but one is over.
    pub fn end_others(&mut self, keep: SessionKey, now: Instant) {
        for session in self.sessions() {
            if session != keep {
                self.end_session(session, now);
            }
        }
    }

    /// A session is over.
    pub fn end_session(&mut self, session: SessionKey, now: Instant) {
        self.ended.push((session, now));
        self.sessions.retain(|(known, _)| *known != session);
        for at in (0..self.waiting.len()).rev() {
            if self
                .waiting
                .get(at)
                .is_some_and(|waiting| waiting.session == session)
                && let Some(waiting) = self.waiting.remove(at)
            {
                let _ = waiting.wake.send(Wake::Ended);
            }
        }
    }

    /// Whether a client of his is there, whatever others may see.
    pub fn connected(&self) -> bool {
        self.pinned || !self.sessions.is_empty() || !self.waiting.is_empty()
    }

    /// Works the presence out anew; true if it changed.
    pub fn settle(&mut self, limits: Limits, now: Instant) -> bool {
        let age = |at: Instant| now.saturating_duration_since(at);
        self.ended.retain(|(_, at)| age(*at) < ENDED);
        let waiting = &self.waiting;
        self.sessions.retain(|(session, at)| {
            age(*at) < limits.offline_after
                || waiting.iter().any(|waiting| waiting.session == *session)
        });
        let presence = if self.pinned {
            Presence::Active
        } else if !self.visible || (self.sessions.is_empty() && self.waiting.is_empty()) {
            Presence::Offline
        } else {
            match self.last_active {
                Some(sign) if age(sign.at) >= limits.idle_after => {
                    Presence::Idle { since: sign.ms }
                }
                _ => Presence::Active,
            }
        };
        std::mem::replace(&mut self.presence, presence) != presence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        offline_after: Duration::from_secs(90),
        idle_after: Duration::from_secs(300),
    };
    const ONE: SessionKey = SessionKey([1; 32]);
    const TWO: SessionKey = SessionKey([2; 32]);

    fn presence(live: &mut Live, now: Instant) -> Presence {
        live.settle(LIMITS, now);
        live.presence
    }

    fn hold(live: &mut Live, id: u64, session: SessionKey) -> oneshot::Receiver<Wake> {
        let (wake, woken) = oneshot::channel();
        live.wait(Waiting { id, session, wake });
        woken
    }

    #[test]
    fn a_held_poll_keeps_one_online_and_silence_makes_one_idle() {
        let (mut live, start) = (Live::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(presence(&mut live, start), Presence::Offline);
        live.seen(ONE, false, start);
        assert_eq!(presence(&mut live, start), Presence::Active);
        let _poll = hold(&mut live, 1, ONE);
        assert_eq!(presence(&mut live, at(299)), Presence::Active);
        let idle = presence(&mut live, at(300));
        assert!(idle.idle_since().is_some());
        live.unwait(1, ONE, at(310));
        assert_eq!(presence(&mut live, at(399)), idle);
        live.seen(ONE, true, at(399));
        assert_eq!(presence(&mut live, at(399)), Presence::Active);
        assert_eq!(presence(&mut live, at(399 + 90)), Presence::Offline);
    }

    #[test]
    fn a_page_makes_active_but_not_online() {
        let (mut live, start) = (Live::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        live.glimpsed(ONE, true, start);
        assert_eq!(presence(&mut live, start), Presence::Offline);
        assert!(!live.connected());
        live.seen(TWO, false, start);
        let _poll = hold(&mut live, 1, TWO);
        let idle = presence(&mut live, at(300));
        assert!(idle.idle_since().is_some());
        live.glimpsed(ONE, false, at(310));
        assert_eq!(presence(&mut live, at(310)), idle);
        live.glimpsed(ONE, true, at(320));
        assert_eq!(presence(&mut live, at(320)), Presence::Active);
    }

    #[test]
    fn the_last_session_to_end_takes_the_user_offline() {
        let (mut live, now) = (Live::default(), Instant::now());
        live.seen(ONE, true, now);
        live.seen(TWO, true, now);
        let mut poll = hold(&mut live, 1, ONE);
        live.end_session(ONE, now);
        assert_eq!(poll.try_recv().unwrap(), Wake::Ended);
        assert_eq!(presence(&mut live, now), Presence::Active);
        live.end_session(TWO, now);
        assert_eq!(presence(&mut live, now), Presence::Offline);
    }

    #[test]
    fn a_request_that_was_on_its_way_does_not_bring_an_ended_session_back() {
        let (mut live, start) = (Live::default(), Instant::now());
        live.seen(ONE, true, start);
        live.end_session(ONE, start);
        live.seen(ONE, true, start);
        let mut poll = hold(&mut live, 1, ONE);
        assert_eq!(poll.try_recv().unwrap(), Wake::Ended);
        assert_eq!(presence(&mut live, start), Presence::Offline);
        assert!(!live.connected());
        live.seen(TWO, true, start);
        assert_eq!(presence(&mut live, start + ENDED), Presence::Active);
        assert!(live.ended.is_empty());
    }

    #[test]
    fn the_eleventh_poll_lets_the_oldest_go() {
        let mut live = Live::default();
        let mut polls: Vec<_> = (0..11).map(|id| hold(&mut live, id, ONE)).collect();
        assert_eq!(polls[0].try_recv().unwrap(), Wake::Continue);
        assert!(polls[1].try_recv().is_err());
        assert_eq!(live.waiting.len(), POLLS);
    }
}
