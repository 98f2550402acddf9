//! The state of one user: who is connected, what others see of them, and their channel. Each part owns its state; this puts them
//! together and computes the presence.

mod activity;
mod channel;
mod other_servers;
mod polls;
mod sessions;
mod subscribers;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::subscription::{Availability, Signal};
use crate::types::{ChannelState, Here, Presence, Seq, SessionKey, Wake, merged};
use activity::Activity;
use channel::Channel;
pub use channel::ChannelCursor;
use other_servers::OtherServers;
use polls::Polls;
use sessions::Sessions;
use subscribers::Subscribers;

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

pub struct UserState {
    channel: Channel,
    visible: bool,
    /// Always active: the echo account of the demo.
    pinned: bool,
    polls: Polls,
    subscribers: Subscribers,
    sessions: Sessions,
    last_active: Option<Activity>,
    /// What this server alone would show others.
    presence: Presence,
    others: OtherServers,
}

/// A user who is offline, with a channel that starts at the beginning.
impl Default for UserState {
    fn default() -> Self {
        UserState {
            channel: Channel::default(),
            visible: true,
            pinned: false,
            polls: Polls::default(),
            subscribers: Subscribers::default(),
            sessions: Sessions::default(),
            last_active: None,
            presence: Presence::Offline,
            others: OtherServers::default(),
        }
    }
}

impl UserState {
    /// The state of the channel and whether chat is on, from the store. Numbers never decrease.
    pub fn restore(&mut self, state: &ChannelState, now: Instant) {
        self.channel.restore_acknowledged(state.acked);
        self.visible = state.visible;
        self.skip_to(state.next, now);
    }

    /// Numbers below `next` are used, though their items are not here.
    pub fn skip_to(&mut self, next: Seq, now: Instant) {
        if self.channel.skip_to(next) {
            self.wake_all(Wake::Look, now);
        }
    }

    /// The next number of the channel.
    pub fn next(&self) -> Seq {
        self.channel.next()
    }

    /// Adds an event, and wakes every poll.
    pub fn publish(&mut self, seq: Seq, item: Arc<str>, now: Instant) {
        self.channel.publish(seq, item, now);
        self.wake_all(Wake::Look, now);
    }

    /// The recent events from `seq` on; empty if they are no longer in memory.
    pub fn recent(&self, seq: Seq, limit: usize) -> Vec<Arc<str>> {
        self.channel.recent(seq, limit)
    }

    /// Drops the recent events that match.
    pub fn drop_matching(&mut self, matches: impl Fn(&str) -> bool) {
        self.channel.drop_matching(matches);
    }

    /// Drops old events.
    pub fn expire(&mut self, now: Instant) {
        self.channel.expire(now);
    }

    /// Notes that everything below `seq` was fetched.
    pub fn acknowledge(&mut self, seq: Seq) {
        self.channel.acknowledge(seq);
    }

    /// The acknowledged number, if it has changed since the last call.
    pub fn take_acknowledged(&mut self) -> Option<Seq> {
        self.channel.take_acknowledged()
    }

    /// The state of the channel, for an answer from `seq` on.
    pub fn cursor(&self, seq: Seq) -> ChannelCursor {
        self.channel.cursor(seq)
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
        if self.sessions.has_ended(session) {
            return;
        }
        self.sessions.add(session, now);
        if active {
            self.last_active = Some(Activity::at(now));
        } else if self.presence == Presence::Offline {
            let elsewhere = self.others.last_active(now);
            self.last_active = Some(elsewhere.unwrap_or(Activity::at(now)));
        }
    }

    /// Whether others see the user as active, also because of this session.
    pub fn is_active(&self, session: SessionKey) -> bool {
        self.presence == Presence::Active && self.sessions.contains(session)
    }

    /// How the user is connected to another server.
    pub fn set_elsewhere(&mut self, node: i64, here: Option<Here>) {
        self.others.set(node, here);
    }

    /// Forgets what was known about other servers, and what they were told. `is_known` says whether they know of a connection here.
    pub fn forget_elsewhere(&mut self, is_known: bool) {
        self.others.forget(is_known || self.is_connected());
    }

    /// Other servers could not be told.
    pub fn must_tell(&mut self) {
        self.others.must_tell();
    }

    /// How the user is connected here.
    pub fn here(&self) -> Option<Here> {
        self.is_connected().then(|| Here {
            presence: self.presence,
            active: self.last_active.map_or(0, |last| last.ms),
            sessions: self.sessions(),
        })
    }

    /// A client made a request that does not show that it is ready to chat, or that the user may be shown as online.
    pub fn touch(&mut self, session: SessionKey, active: bool, now: Instant) {
        self.sessions.refresh(session, now);
        if active && self.presence != Presence::Offline {
            self.last_active = Some(Activity::at(now));
        }
    }

    /// Holds a poll.
    pub fn wait(&mut self, id: u64, session: SessionKey, wake: oneshot::Sender<Wake>) {
        if self.sessions.has_ended(session) {
            let _ = wake.send(Wake::Ended);
            return;
        }
        self.polls.hold(id, session, wake);
    }

    /// A poll ended, answered or dropped.
    pub fn stop_waiting(&mut self, id: u64, session: SessionKey, now: Instant) {
        self.polls.remove(id);
        self.sessions.refresh(session, now);
    }

    /// Wakes every held poll and every subscription.
    pub fn wake_all(&mut self, wake: Wake, now: Instant) {
        for session in self.polls.sessions() {
            self.sessions.refresh(session, now);
        }
        self.polls.wake_all(wake);
        self.subscribers.wake_all();
    }

    /// Adds a subscription, which shows nothing yet.
    pub fn subscribe(&mut self, id: u64, session: SessionKey, signal: Arc<Signal>) {
        if self.sessions.has_ended(session) {
            signal.end();
            return;
        }
        self.subscribers.add(id, session, signal);
    }

    /// Changes what the client of a subscription shows.
    pub fn show(&mut self, id: u64, availability: Availability, now: Instant) {
        let Some(session) = self.subscribers.show(id, availability, now) else {
            return;
        };
        match availability {
            Availability::Available => self.mark_online(session, true, now),
            Availability::Away => self.mark_online(session, false, now),
            // A client that has reconnected may have another subscription with the same session.
            Availability::Hidden if self.subscribers.is_shown(session) => {}
            Availability::Hidden => self.sessions.remove(session),
        }
    }

    /// Ends a subscription. Its client may have lost its connection and reconnect, so the user stays online for a while.
    pub fn unsubscribe(&mut self, id: u64, now: Instant) {
        if let Some(session) = self.subscribers.remove(id) {
            self.sessions.refresh(session, now);
        }
    }

    /// Since when the user is away from all their clients.
    fn away(&self) -> Option<Activity> {
        let mut all = self.sessions.keys().chain(self.polls.sessions());
        let first = self.subscribers.away(all.next()?)?;
        all.try_fold(first, |last, session| {
            let away = self.subscribers.away(session)?;
            Some(if away.at > last.at { away } else { last })
        })
    }

    /// The number of held polls.
    pub fn polls(&self) -> usize {
        self.polls.len()
    }

    /// The sessions that have a client connected, at any server.
    pub fn all_sessions(&self) -> Vec<SessionKey> {
        let here = self.sessions().into_iter();
        here.chain(self.others.sessions()).collect()
    }

    /// The sessions that have a client connected here.
    pub fn sessions(&self) -> Vec<SessionKey> {
        let mut sessions: Vec<_> = self
            .sessions
            .keys()
            .chain(self.polls.sessions())
            .chain(self.subscribers.sessions())
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

    /// Ends a session with its polls and subscriptions.
    pub fn end_session(&mut self, session: SessionKey, now: Instant) {
        self.sessions.end(session, now);
        self.polls.end_session(session);
        self.subscribers.end_session(session);
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
        self.is_connected() || self.others.is_connected()
    }

    /// What others see.
    pub fn presence(&self) -> Presence {
        merged(self.others.presences().chain([self.presence]))
    }

    /// What others see because of this server.
    pub fn presence_here(&self) -> Presence {
        self.presence
    }

    /// Computes the presence.
    pub fn update_presence(&mut self, limits: Limits, now: Instant) -> Changed {
        let (polls, subscribers) = (&self.polls, &self.subscribers);
        self.sessions.expire(limits.offline_after, now, |session| {
            polls.sessions().any(|held| held == session) || subscribers.is_shown(session)
        });
        let presence = self.compute_presence(limits.idle_after, now);
        let is_new = std::mem::replace(&mut self.presence, presence) != presence;
        let is_news = limits.is_shared && self.others.take_news(self.here());
        match (is_new, is_news) {
            (true, _) => Changed::Presence,
            (false, true) => Changed::Connection,
            (false, false) => Changed::Nothing,
        }
    }

    fn compute_presence(&self, idle_after: Duration, now: Instant) -> Presence {
        if self.pinned {
            return Presence::Active;
        }
        if !self.visible || (self.sessions.is_empty() && self.polls.is_empty()) {
            return Presence::Offline;
        }
        match self.last_active {
            _ if let Some(away) = self.away() => Presence::Idle { since: away.ms },
            Some(last) if now.saturating_duration_since(last.at) >= idle_after => {
                Presence::Idle { since: last.ms }
            }
            _ => Presence::Active,
        }
    }
}
