//! The state of one user: recent events, held polls, presence.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::ring::Ring;
use super::subscription::{Availability, Signal};
use crate::clock::now_ms;
use crate::types::{ChannelState, Here, Presence, Seq, SessionKey, Wake, merged};

/// The most held polls per user; one more releases the oldest.
const POLLS: usize = 10;

/// How long an ended session is remembered; longer than any request lasts that found it valid.
const ENDED: Duration = Duration::from_secs(60);

/// When a user counts as idle or offline.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Offline after this long without a held poll or a request.
    pub offline_after: Duration,
    /// Idle after this long without user activity.
    pub idle_after: Duration,
    /// Whether other servers have to know how users are connected here.
    pub is_shared: bool,
}

/// How far the last activity moves before other servers have to know, in ms. They need it for users who go from one to the other.
const ACTIVE_STEP: i64 = 60_000;

/// What has changed about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Changed {
    Nothing,
    /// How they are connected, which other servers have to know.
    Connection,
    /// What others see of them, as far as it depends on this server.
    Presence,
}

/// Where a channel stands: what the store needs to know to answer a poll.
#[derive(Clone, Copy, Debug)]
pub struct ChannelCursor {
    /// The next number to be given; nothing from here on is published.
    pub next: Seq,
    /// The client has fetched everything below.
    pub acked: Seq,
    /// The first number in memory, else `next`.
    pub ring_first: Seq,
    /// The first number in memory that is not below the requested one, else `next`.
    pub ring_from: Seq,
}

struct HeldPoll {
    id: u64,
    session: SessionKey,
    wake: oneshot::Sender<Wake>,
}

struct Subscriber {
    id: u64,
    session: SessionKey,
    availability: Availability,
    /// When the user left, while they are away.
    away: Option<Activity>,
    signal: Arc<Signal>,
}

/// The last user activity: by the clock that limits are measured with, and by the one that others are told.
#[derive(Clone, Copy)]
struct Activity {
    at: Instant,
    ms: i64,
}

impl Activity {
    fn at(at: Instant) -> Self {
        Activity { at, ms: now_ms() }
    }
}

pub struct UserState {
    next: Seq,
    acked: Seq,
    acked_saved: Seq,
    ring: Ring,
    visible: bool,
    /// Always active: the echo account of the demo.
    pinned: bool,
    polls: VecDeque<HeldPoll>,
    subscribers: Vec<Subscriber>,
    sessions: Vec<(SessionKey, Instant)>,
    /// Sessions that a request in progress may still take for valid.
    ended: Vec<(SessionKey, Instant)>,
    last_active: Option<Activity>,
    /// What this server alone would show others.
    presence: Presence,
    /// How the user is connected to other servers, by their numbers.
    elsewhere: Vec<(i64, Here)>,
    /// How the user is connected here, as other servers were told, and whether that may be wrong.
    told: Option<Box<Here>>,
    must_tell: bool,
}

impl Default for UserState {
    fn default() -> Self {
        UserState::new(Seq::FIRST, Seq::FIRST, true)
    }
}

impl UserState {
    /// A user who is offline, with a channel that continues at `next`.
    pub fn new(next: Seq, acked: Seq, visible: bool) -> Self {
        UserState {
            next,
            acked,
            acked_saved: acked,
            ring: Ring::default(),
            visible,
            pinned: false,
            polls: VecDeque::new(),
            subscribers: Vec::new(),
            sessions: Vec::new(),
            ended: Vec::new(),
            last_active: None,
            presence: Presence::Offline,
            elsewhere: Vec::new(),
            told: None,
            must_tell: false,
        }
    }

    /// Where the channel stands and whether chat is on, as the store has it. Nothing goes back.
    pub fn restore(&mut self, state: &ChannelState, now: Instant) {
        self.acked = self.acked.max(state.acked);
        self.acked_saved = self.acked_saved.max(state.acked);
        self.visible = state.visible;
        self.skip_to(state.next, now);
    }

    /// Numbers below `next` are used, though nothing of them is here.
    pub fn skip_to(&mut self, next: Seq, now: Instant) {
        if next > self.next {
            self.next = next;
            self.wake_all(Wake::Look, now);
        }
    }

    /// The next number of the channel.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// Adds an event, and wakes every poll.
    pub fn publish(&mut self, seq: Seq, item: Arc<str>, now: Instant) {
        // Otherwise the store has it, and says so.
        if seq >= self.next {
            self.next = seq.next();
            self.ring.push(seq, item, now);
        }
        self.wake_all(Wake::Look, now);
    }

    /// The recent events from `seq` on; empty if they are no longer in memory.
    pub fn recent(&self, seq: Seq, limit: usize) -> Vec<Arc<str>> {
        self.ring.run(seq, limit)
    }

    /// Drops the recent events that match.
    pub fn drop_matching(&mut self, matches: impl Fn(&str) -> bool) {
        self.ring.drop_matching(matches);
    }

    /// Drops old events.
    pub fn expire(&mut self, now: Instant) {
        self.ring.expire(now);
    }

    /// Notes that everything below `seq` was fetched. A number that was not given out yet counts as the next one.
    pub fn acknowledge(&mut self, seq: Seq) {
        self.acked = self.acked.max(seq.min(self.next));
    }

    /// The acknowledged number, if it has changed since the last call.
    pub fn take_acknowledged(&mut self) -> Option<Seq> {
        let changed = self.acked > self.acked_saved;
        self.acked_saved = self.acked;
        changed.then_some(self.acked)
    }

    /// Where the channel stands, for an answer from `seq` on.
    pub fn cursor(&self, seq: Seq) -> ChannelCursor {
        ChannelCursor {
            next: self.next,
            acked: self.acked,
            ring_first: self.ring.first().unwrap_or(self.next),
            ring_from: self.ring.first_from(seq).unwrap_or(self.next),
        }
    }

    /// Makes the user permanently active.
    pub fn pin(&mut self) {
        self.pinned = true;
    }

    /// Switches chat on or off.
    pub fn set_visible(&mut self, visible: bool) {
        self.visible = visible;
    }

    /// A client is ready to chat.
    pub fn mark_online(&mut self, session: SessionKey, active: bool, now: Instant) {
        if self.has_ended(session) {
            return;
        }
        let known = self.sessions.iter_mut().find(|(key, _)| *key == session);
        match known {
            Some((_, at)) => *at = now,
            None => self.sessions.push((session, now)),
        }
        if active {
            self.last_active = Some(Activity::at(now));
        } else if self.presence == Presence::Offline {
            let elsewhere = self.active_elsewhere(now);
            self.last_active = Some(elsewhere.unwrap_or(Activity::at(now)));
        }
    }

    /// Whether others see the user as active, also because of this session.
    pub fn is_active(&self, session: SessionKey) -> bool {
        self.presence == Presence::Active && self.sessions.iter().any(|(key, _)| *key == session)
    }

    /// The last activity of a user who comes from another server.
    fn active_elsewhere(&self, now: Instant) -> Option<Activity> {
        let shown = self.elsewhere.iter().map(|(_, here)| here);
        let shown = shown.filter(|here| here.presence != Presence::Offline);
        let ms = shown.map(|here| here.active).max()?;
        let ago = u64::try_from(now_ms().saturating_sub(ms)).unwrap_or_default();
        let at = now.checked_sub(Duration::from_millis(ago))?;
        Some(Activity { at, ms })
    }

    /// How the user is connected to another server.
    pub fn set_elsewhere(&mut self, node: i64, here: Option<Here>) {
        self.elsewhere.retain(|(known, _)| *known != node);
        self.elsewhere.extend(here.map(|here| (node, here)));
        if self.elsewhere.is_empty() {
            self.elsewhere = Vec::new();
        }
    }

    /// Forgets what was known of other servers, and what they were told.
    pub fn forget_elsewhere(&mut self, is_known: bool) {
        self.elsewhere = Vec::new();
        self.must_tell = is_known || self.is_connected();
    }

    /// Other servers could not be told.
    pub fn must_tell(&mut self) {
        self.must_tell = true;
    }

    /// How the user is connected here.
    pub fn here(&self) -> Option<Here> {
        self.is_connected().then(|| Here {
            presence: self.presence,
            active: self.last_active.map_or(0, |last| last.ms),
            sessions: self.sessions(),
        })
    }

    /// Whether other servers have to be told something, which this takes for done.
    fn take_news(&mut self) -> bool {
        let here = self.here();
        let is_told = match (&here, self.told.as_deref()) {
            (None, None) => true,
            (Some(here), Some(told)) => {
                here.presence == told.presence
                    && here.sessions == told.sessions
                    && here.active.abs_diff(told.active) < ACTIVE_STEP.unsigned_abs()
            }
            _ => false,
        };
        if is_told && !self.must_tell {
            return false;
        }
        self.must_tell = false;
        self.told = here.map(Box::new);
        true
    }

    /// A client made a request that does not show that it is ready to chat, or that the user may be shown as online.
    pub fn touch(&mut self, session: SessionKey, active: bool, now: Instant) {
        self.refresh(session, now);
        if active && self.presence != Presence::Offline {
            self.last_active = Some(Activity::at(now));
        }
    }

    fn refresh(&mut self, session: SessionKey, now: Instant) {
        let known = self.sessions.iter_mut().find(|(key, _)| *key == session);
        if let Some((_, at)) = known {
            *at = now;
        }
    }

    /// Holds a poll.
    pub fn wait(&mut self, id: u64, session: SessionKey, wake: oneshot::Sender<Wake>) {
        if self.has_ended(session) {
            let _ = wake.send(Wake::Ended);
            return;
        }
        if self.polls.len() >= POLLS
            && let Some(oldest) = self.polls.pop_front()
        {
            let _ = oldest.wake.send(Wake::Continue);
        }
        self.polls.push_back(HeldPoll { id, session, wake });
    }

    /// A poll ended, answered or dropped.
    pub fn stop_waiting(&mut self, id: u64, session: SessionKey, now: Instant) {
        self.polls.retain(|poll| poll.id != id);
        self.refresh(session, now);
    }

    /// Wakes every held poll.
    pub fn wake_all(&mut self, wake: Wake, now: Instant) {
        for poll in std::mem::take(&mut self.polls) {
            self.refresh(poll.session, now);
            let _ = poll.wake.send(wake);
        }
        for subscriber in &self.subscribers {
            subscriber.signal.wake();
        }
    }

    /// Adds a subscription, which shows nothing yet.
    pub fn subscribe(&mut self, id: u64, session: SessionKey, signal: Arc<Signal>) {
        if self.has_ended(session) {
            signal.end();
            return;
        }
        self.subscribers.push(Subscriber {
            id,
            session,
            availability: Availability::Hidden,
            away: None,
            signal,
        });
    }

    /// Changes what the client of a subscription shows.
    pub fn show(&mut self, id: u64, availability: Availability, now: Instant) {
        let Some(subscriber) = self.subscribers.iter_mut().find(|known| known.id == id) else {
            return;
        };
        subscriber.availability = availability;
        subscriber.away = match availability {
            Availability::Away => subscriber.away.or(Some(Activity::at(now))),
            Availability::Available | Availability::Hidden => None,
        };
        let session = subscriber.session;
        match availability {
            Availability::Available => self.mark_online(session, true, now),
            Availability::Away => self.mark_online(session, false, now),
            Availability::Hidden => {
                // A client that has come back may have another subscription with the same session.
                let is_shown = |known: &Subscriber| {
                    known.session == session && known.availability != Availability::Hidden
                };
                if !self.subscribers.iter().any(is_shown) {
                    self.sessions.retain(|(known, _)| *known != session);
                }
            }
        }
    }

    /// Ends a subscription. Its client may have lost its connection and come back, so the user stays online for a while.
    pub fn unsubscribe(&mut self, id: u64, now: Instant) {
        if let Some(at) = self.subscribers.iter().position(|known| known.id == id) {
            let ended = self.subscribers.swap_remove(at);
            self.refresh(ended.session, now);
        }
    }

    /// Since when the user is away from all their clients.
    fn away(&self) -> Option<Activity> {
        let of = |session| {
            let mut all = self.subscribers.iter();
            all.find(|known| known.session == session)?.away
        };
        let sessions = self.sessions.iter().map(|(session, _)| *session);
        let mut all = sessions.chain(self.polls.iter().map(|poll| poll.session));
        let first = of(all.next()?)?;
        all.try_fold(first, |last, session| {
            let away = of(session)?;
            Some(if away.at > last.at { away } else { last })
        })
    }

    /// The number of held polls.
    pub fn polls(&self) -> usize {
        self.polls.len()
    }

    fn has_ended(&self, session: SessionKey) -> bool {
        self.ended.iter().any(|(ended, _)| *ended == session)
    }

    /// The sessions that have a client connected, at any server.
    pub fn all_sessions(&self) -> Vec<SessionKey> {
        let elsewhere = self.elsewhere.iter().flat_map(|(_, here)| &here.sessions);
        self.sessions()
            .into_iter()
            .chain(elsewhere.copied())
            .collect()
    }

    /// The sessions that have a client connected here.
    pub fn sessions(&self) -> Vec<SessionKey> {
        let mut sessions: Vec<_> = self
            .sessions
            .iter()
            .map(|(session, _)| *session)
            .chain(self.polls.iter().map(|poll| poll.session))
            .chain(self.subscribers.iter().map(|known| known.session))
            .collect();
        sessions.sort();
        sessions.dedup();
        sessions
    }

    /// Ends every session but one.
    pub fn end_others(&mut self, keep: SessionKey, now: Instant) {
        for session in self.sessions() {
            if session != keep {
                self.end_session(session, now);
            }
        }
    }

    /// Ends a session and its polls.
    pub fn end_session(&mut self, session: SessionKey, now: Instant) {
        self.ended.push((session, now));
        self.sessions.retain(|(known, _)| *known != session);
        let (ended, kept) = std::mem::take(&mut self.polls)
            .into_iter()
            .partition::<VecDeque<_>, _>(|poll| poll.session == session);
        self.polls = kept;
        for poll in ended {
            let _ = poll.wake.send(Wake::Ended);
        }
        for subscriber in &self.subscribers {
            if subscriber.session == session {
                subscriber.signal.end();
            }
        }
    }

    /// Whether a client is connected, whatever others may see.
    pub fn is_connected(&self) -> bool {
        self.pinned
            || !self.sessions.is_empty()
            || !self.polls.is_empty()
            || !self.subscribers.is_empty()
    }

    /// Whether a client is connected to any server.
    pub fn is_connected_anywhere(&self) -> bool {
        self.is_connected() || !self.elsewhere.is_empty()
    }

    /// What others see.
    pub fn presence(&self) -> Presence {
        let elsewhere = self.elsewhere.iter().map(|(_, here)| here.presence);
        merged(elsewhere.chain([self.presence]))
    }

    /// What others see because of this server.
    pub fn presence_here(&self) -> Presence {
        self.presence
    }

    /// Computes the presence.
    pub fn update_presence(&mut self, limits: Limits, now: Instant) -> Changed {
        let age = |at: Instant| now.saturating_duration_since(at);
        self.ended.retain(|(_, at)| age(*at) < ENDED);
        let (polls, subscribers) = (&self.polls, &self.subscribers);
        let is_shown = |known: &Subscriber| known.availability != Availability::Hidden;
        self.sessions.retain(|(session, at)| {
            let mut shown = subscribers.iter().filter(|known| is_shown(known));
            age(*at) < limits.offline_after
                || polls.iter().any(|poll| poll.session == *session)
                || shown.any(|known| known.session == *session)
        });
        let presence = if self.pinned {
            Presence::Active
        } else if !self.visible || (self.sessions.is_empty() && self.polls.is_empty()) {
            Presence::Offline
        } else {
            match self.last_active {
                _ if let Some(away) = self.away() => Presence::Idle { since: away.ms },
                Some(last) if age(last.at) >= limits.idle_after => {
                    Presence::Idle { since: last.ms }
                }
                _ => Presence::Active,
            }
        };
        let is_new = std::mem::replace(&mut self.presence, presence) != presence;
        let is_news = limits.is_shared && self.take_news();
        match (is_new, is_news) {
            (true, _) => Changed::Presence,
            (false, true) => Changed::Connection,
            (false, false) => Changed::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        offline_after: Duration::from_secs(90),
        idle_after: Duration::from_secs(300),
        is_shared: false,
    };
    const ONE: SessionKey = SessionKey([1; 32]);
    const TWO: SessionKey = SessionKey([2; 32]);

    fn presence(user: &mut UserState, now: Instant) -> Presence {
        let _ = user.update_presence(LIMITS, now);
        user.presence()
    }

    fn hold(user: &mut UserState, id: u64, session: SessionKey) -> oneshot::Receiver<Wake> {
        let (wake, woken) = oneshot::channel();
        user.wait(id, session, wake);
        woken
    }

    #[test]
    fn a_held_poll_keeps_a_user_online_and_silence_makes_them_idle() {
        let (mut user, start) = (UserState::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(presence(&mut user, start), Presence::Offline);
        user.mark_online(ONE, false, start);
        assert_eq!(presence(&mut user, start), Presence::Active);
        let _poll = hold(&mut user, 1, ONE);
        assert_eq!(presence(&mut user, at(299)), Presence::Active);
        let idle = presence(&mut user, at(300));
        assert!(idle.idle_since().is_some());
        user.stop_waiting(1, ONE, at(310));
        assert_eq!(presence(&mut user, at(399)), idle);
        user.mark_online(ONE, true, at(399));
        assert_eq!(presence(&mut user, at(399)), Presence::Active);
        assert_eq!(presence(&mut user, at(399 + 90)), Presence::Offline);
    }

    #[test]
    fn loading_a_page_makes_a_user_active_but_not_online() {
        let (mut user, start) = (UserState::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        user.touch(ONE, true, start);
        assert_eq!(presence(&mut user, start), Presence::Offline);
        assert!(!user.is_connected());
        user.mark_online(TWO, false, start);
        let _poll = hold(&mut user, 1, TWO);
        let idle = presence(&mut user, at(300));
        assert!(idle.idle_since().is_some());
        user.touch(ONE, false, at(310));
        assert_eq!(presence(&mut user, at(310)), idle);
        user.touch(ONE, true, at(320));
        assert_eq!(presence(&mut user, at(320)), Presence::Active);
    }

    #[test]
    fn a_subscription_shows_what_its_client_says_for_as_long_as_it_lasts() {
        let (mut user, start) = (UserState::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        let signal = Arc::new(Signal::default());
        user.subscribe(1, ONE, signal.clone());
        assert_eq!(presence(&mut user, start), Presence::Offline);
        assert!(user.is_connected());
        user.show(1, Availability::Available, start);
        assert_eq!(presence(&mut user, at(200)), Presence::Active);
        user.show(1, Availability::Away, at(200));
        let idle = presence(&mut user, at(200));
        assert!(idle.idle_since().is_some());
        // A client elsewhere at which the user is.
        user.mark_online(TWO, true, at(201));
        assert_eq!(presence(&mut user, at(201)), Presence::Active);
        user.end_session(TWO, at(202));
        assert_eq!(presence(&mut user, at(202)), idle);
        user.show(1, Availability::Hidden, at(203));
        assert_eq!(presence(&mut user, at(203)), Presence::Offline);
        user.show(1, Availability::Available, at(204));
        user.unsubscribe(1, at(204));
        assert_eq!(presence(&mut user, at(204 + 89)), Presence::Active);
        assert_eq!(presence(&mut user, at(204 + 90)), Presence::Offline);
        assert!(!user.is_connected());
    }

    #[test]
    fn the_last_session_to_end_takes_the_user_offline() {
        let (mut user, now) = (UserState::default(), Instant::now());
        user.mark_online(ONE, true, now);
        user.mark_online(TWO, true, now);
        let mut poll = hold(&mut user, 1, ONE);
        user.end_session(ONE, now);
        assert_eq!(poll.try_recv().unwrap(), Wake::Ended);
        assert_eq!(presence(&mut user, now), Presence::Active);
        user.end_session(TWO, now);
        assert_eq!(presence(&mut user, now), Presence::Offline);
    }

    #[test]
    fn a_request_in_progress_does_not_revive_an_ended_session() {
        let (mut user, start) = (UserState::default(), Instant::now());
        user.mark_online(ONE, true, start);
        user.end_session(ONE, start);
        user.mark_online(ONE, true, start);
        let mut poll = hold(&mut user, 1, ONE);
        assert_eq!(poll.try_recv().unwrap(), Wake::Ended);
        assert_eq!(presence(&mut user, start), Presence::Offline);
        assert!(!user.is_connected());
        user.mark_online(TWO, true, start);
        assert_eq!(presence(&mut user, start + ENDED), Presence::Active);
        assert!(user.ended.is_empty());
    }

    #[test]
    fn other_servers_count_and_are_told_what_changes_here() {
        let limits = Limits {
            is_shared: true,
            ..LIMITS
        };
        let (mut user, start) = (UserState::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        let elsewhere = |presence, active| Here {
            presence,
            active,
            sessions: vec![TWO],
        };
        assert_eq!(user.update_presence(limits, start), Changed::Nothing);
        // Idle at the other server, and still idle after coming from there.
        let since = now_ms() - 1_000_000;
        let idle = Presence::Idle { since };
        user.set_elsewhere(7, Some(elsewhere(idle, since)));
        assert!(user.is_connected_anywhere() && !user.is_connected());
        assert_eq!(user.presence(), idle);
        user.mark_online(TWO, false, at(2000));
        assert_eq!(user.update_presence(limits, at(2000)), Changed::Presence);
        assert!(user.presence().idle_since().is_some());
        assert_eq!(user.update_presence(limits, at(2001)), Changed::Nothing);
        assert_eq!(user.all_sessions(), [TWO, TWO]);
        // Whoever is active anywhere is active.
        user.set_elsewhere(7, Some(elsewhere(Presence::Active, now_ms())));
        assert_eq!(user.presence(), Presence::Active);
        user.set_elsewhere(7, None);
        assert!(user.presence().idle_since().is_some());
        // Another session changes nothing for friends, but servers have to know.
        user.mark_online(ONE, false, at(2001));
        assert_eq!(user.update_presence(limits, at(2001)), Changed::Connection);
        // What could not be told is told again, and everything after other servers were forgotten.
        user.must_tell();
        assert_eq!(user.update_presence(limits, at(2001)), Changed::Connection);
        user.forget_elsewhere(false);
        assert_eq!(user.update_presence(limits, at(2001)), Changed::Connection);
        assert_eq!(user.update_presence(limits, at(2001)), Changed::Nothing);
    }

    #[test]
    fn numbers_that_other_servers_used_wake_polls_and_nothing_goes_back() {
        let (mut user, now) = (UserState::default(), Instant::now());
        let mut poll = hold(&mut user, 1, ONE);
        user.skip_to(Seq(5), now);
        assert_eq!(poll.try_recv().unwrap(), Wake::Look);
        user.publish(Seq(3), "3".into(), now);
        user.skip_to(Seq(2), now);
        assert_eq!(user.next(), Seq(5));
        user.publish(Seq(5), "5".into(), now);
        assert_eq!(user.recent(Seq(5), 9).len(), 1);
        assert!(user.recent(Seq(3), 9).is_empty());
    }

    #[test]
    fn the_eleventh_poll_releases_the_oldest() {
        let mut user = UserState::default();
        let mut polls: Vec<_> = (0..11).map(|id| hold(&mut user, id, ONE)).collect();
        assert_eq!(polls[0].try_recv().unwrap(), Wake::Continue);
        assert!(polls[1].try_recv().is_err());
        assert_eq!(user.polls(), POLLS);
    }
}
