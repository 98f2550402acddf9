//! Numbers of items, and ids and times of messages, as the writer of every store assigns them.

use crate::clock::now_ms;
use crate::types::Seq;

/// How many numbers are reserved for a user at a time. A crash skips the rest of them, so that none is used twice.
pub const RESERVE: i64 = 1000;

/// The numbers of one channel.
#[derive(Clone, Copy)]
pub struct Numbers {
    /// The next one.
    pub next: Seq,
    /// The first one that is not reserved yet.
    pub reserved: Seq,
}

/// How far the time of a message may be ahead of the clock, so that it is later than that of the message before; in ms.
const CORRECTION: i64 = 1000;

/// Id and time of the message that was stored last.
pub struct LastMessage {
    id: i64,
    time: i64,
}

impl LastMessage {
    /// Goes on after what is stored. Warns if a message was stored while the clock was ahead, or the clock is behind now.
    pub fn new(id: i64, time: i64) -> Self {
        let ahead = time.saturating_sub(now_ms()) / 1000;
        if ahead > 0 {
            log::warn!(
                "the newest stored message is {ahead} seconds ahead of the clock: check that the clock is right"
            );
        }
        LastMessage { id, time }
    }

    /// Another server has stored a message.
    pub fn raise(&mut self, id: i64, time: i64) {
        if id > self.id {
            self.id = id;
            self.time = time;
        }
    }

    /// The id of a new message, greater than any before, and its time: later than that of the message before, as far as the clock
    /// allows.
    pub fn next(&mut self, now: i64) -> (i64, i64) {
        self.id = self.id.saturating_add(1);
        let ahead = self.time.saturating_sub(now);
        self.time = if (0..=CORRECTION).contains(&ahead) {
            now + CORRECTION.min(ahead + 1)
        } else {
            now
        };
        (self.id, self.time)
    }
}
