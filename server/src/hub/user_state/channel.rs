//! The channel of one user: which numbers were assigned and acknowledged, and the recent events.

use std::sync::Arc;
use std::time::Instant;

use crate::hub::ring::Ring;
use crate::types::Seq;

/// The state of a channel that the store needs to answer a poll.
#[derive(Clone, Copy, Debug)]
pub struct ChannelCursor {
    /// The next number to be assigned; nothing from here on is published.
    pub next: Seq,
    /// The client has fetched everything below.
    pub acked: Seq,
    /// The first number in memory, else `next`.
    pub ring_first: Seq,
    /// The first number in memory that is not below the requested one, else `next`.
    pub ring_from: Seq,
}

pub struct Channel {
    next: Seq,
    acked: Seq,
    acked_saved: Seq,
    ring: Ring,
}

impl Default for Channel {
    fn default() -> Self {
        Channel {
            next: Seq::FIRST,
            acked: Seq::FIRST,
            acked_saved: Seq::FIRST,
            ring: Ring::default(),
        }
    }
}

impl Channel {
    /// Takes the acknowledged number from the store. It never decreases.
    pub fn restore_acknowledged(&mut self, acked: Seq) {
        self.acked = self.acked.max(acked);
        self.acked_saved = self.acked_saved.max(acked);
    }

    /// Numbers below `next` are used, though their items are not here. Returns whether that is new.
    pub fn skip_to(&mut self, next: Seq) -> bool {
        let is_new = next > self.next;
        self.next = self.next.max(next);
        is_new
    }

    /// The next number of the channel.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// Adds an event.
    pub fn publish(&mut self, seq: Seq, item: Arc<str>, now: Instant) {
        // Otherwise the store has it.
        if seq >= self.next {
            self.next = seq.next();
            self.ring.push(seq, item, now);
        }
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

    /// Notes that everything below `seq` was fetched. A number that was not assigned yet counts as the next one.
    pub fn acknowledge(&mut self, seq: Seq) {
        self.acked = self.acked.max(seq.min(self.next));
    }

    /// The acknowledged number, if it has changed since the last call.
    pub fn take_acknowledged(&mut self) -> Option<Seq> {
        let changed = self.acked > self.acked_saved;
        self.acked_saved = self.acked;
        changed.then_some(self.acked)
    }

    /// The state of the channel, for an answer from `seq` on.
    pub fn cursor(&self, seq: Seq) -> ChannelCursor {
        ChannelCursor {
            next: self.next,
            acked: self.acked,
            ring_first: self.ring.first().unwrap_or(self.next),
            ring_from: self.ring.first_from(seq).unwrap_or(self.next),
        }
    }
}
