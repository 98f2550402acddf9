//! The held polls of one user.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::types::{SessionKey, Wake};

/// The most held polls per user; one more releases the oldest.
pub const POLLS: usize = 10;

struct HeldPoll {
    id: u64,
    session: SessionKey,
    wake: oneshot::Sender<Wake>,
}

#[derive(Default)]
pub struct Polls {
    held: VecDeque<HeldPoll>,
}

impl Polls {
    /// Holds a poll.
    pub fn hold(&mut self, id: u64, session: SessionKey, wake: oneshot::Sender<Wake>) {
        if self.held.len() >= POLLS
            && let Some(oldest) = self.held.pop_front()
        {
            let _ = oldest.wake.send(Wake::Continue);
        }
        // Most users have one.
        self.held.reserve_exact(1);
        self.held.push_back(HeldPoll { id, session, wake });
    }

    /// Forgets a poll, which has ended.
    pub fn remove(&mut self, id: u64) {
        self.held.retain(|poll| poll.id != id);
    }

    /// Wakes every poll.
    pub fn wake_all(&mut self, wake: Wake) {
        for poll in std::mem::take(&mut self.held) {
            let _ = poll.wake.send(wake);
        }
    }

    /// Ends the polls of a session.
    pub fn end_session(&mut self, session: SessionKey) {
        let (ended, kept) = std::mem::take(&mut self.held)
            .into_iter()
            .partition::<VecDeque<_>, _>(|poll| poll.session == session);
        self.held = kept;
        for poll in ended {
            let _ = poll.wake.send(Wake::Ended);
        }
    }

    /// The sessions of the polls, one for each.
    pub fn sessions(&self) -> impl Iterator<Item = SessionKey> {
        self.held.iter().map(|poll| poll.session)
    }

    /// The number of held polls.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}
