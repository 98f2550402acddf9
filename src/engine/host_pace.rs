//! Whether the host keeps up with one session: what both threads know without a lock.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[derive(Debug, Default)]
pub(super) struct HostPace {
    /// Messages that the host has not taken. Those of a session that the host has closed are never taken.
    untaken: AtomicUsize,
    paused: AtomicBool,
}

impl HostPace {
    /// How many messages the host has not taken.
    pub(super) fn untaken(&self) -> usize {
        self.untaken.load(Ordering::Acquire)
    }

    /// Counts messages that are about to be queued.
    pub(super) fn queued(&self, messages: usize) {
        self.untaken.fetch_add(messages, Ordering::AcqRel);
    }

    /// The host took a message. True for the last one: the session's task may fetch more, and is to be woken.
    pub(super) fn taken(&self) -> bool {
        self.untaken.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// True while the session must not start its next long-poll.
    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Set only by the event queue, under its lock. Returns the previous value.
    pub(super) fn set_paused(&self, paused: bool) -> bool {
        self.paused.swap(paused, Ordering::AcqRel)
    }
}
