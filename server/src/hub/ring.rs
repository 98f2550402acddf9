//! The events of the last minutes of one channel, kept in memory so that a poll rarely needs the store.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::types::Seq;

/// The most events kept per user.
const COUNT: usize = 500;
/// The most bytes kept per user; long messages are read from the store again.
const BYTES: usize = 1 << 20;
/// How long an event is kept. This is short because clients that start at 0 are shown everything in here (docs/protocol.md, The
/// channel).
const AGE: Duration = Duration::from_secs(300);

/// After this many bytes an answer with items ends, on the channel and in history, even if the client asked for more.
pub const ANSWER_BYTES: usize = 256 << 10;

struct Entry {
    seq: Seq,
    at: Instant,
    item: Arc<str>,
}

/// A bounded queue of recent events, in the order of their numbers.
#[derive(Default)]
pub struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Ring {
    /// Adds the newest event.
    pub fn push(&mut self, seq: Seq, item: Arc<str>, now: Instant) {
        self.bytes += item.len();
        self.entries.push_back(Entry { seq, at: now, item });
        while self.entries.len() > COUNT || self.bytes > BYTES {
            self.drop_first();
        }
    }

    /// Drops what is too old.
    pub fn expire(&mut self, now: Instant) {
        while self
            .entries
            .front()
            .is_some_and(|entry| now.saturating_duration_since(entry.at) > AGE)
        {
            self.drop_first();
        }
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }

    /// Drops the events that match.
    pub fn drop_matching(&mut self, matches: impl Fn(&str) -> bool) {
        self.entries.retain(|entry| !matches(&entry.item));
        self.bytes = self.entries.iter().map(|entry| entry.item.len()).sum();
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.item.len();
        }
    }

    /// The first number kept.
    pub fn first(&self) -> Option<Seq> {
        self.entries.front().map(|entry| entry.seq)
    }

    /// The first number kept that is `seq` or later.
    pub fn first_from(&self, seq: Seq) -> Option<Seq> {
        let at = self.entries.partition_point(|entry| entry.seq < seq);
        self.entries.get(at).map(|entry| entry.seq)
    }

    /// The events from `seq` up to the first gap, as many as fit one answer; empty if `seq` itself is missing.
    pub fn run(&self, seq: Seq, limit: usize) -> Vec<Arc<str>> {
        let at = self.entries.partition_point(|entry| entry.seq < seq);
        let entries = self
            .entries
            .iter()
            .skip(at)
            .map(|entry| (entry.seq, entry.item.clone()));
        take_run(seq, limit, entries)
    }
}

/// The items from `seq` up to the first gap, as many as fit one answer.
pub fn take_run(
    seq: Seq,
    limit: usize,
    entries: impl Iterator<Item = (Seq, Arc<str>)>,
) -> Vec<Arc<str>> {
    let mut items = Vec::new();
    let (mut wanted, mut bytes) = (seq, 0);
    for (seq, item) in entries {
        if seq != wanted || items.len() >= limit || bytes > ANSWER_BYTES {
            break;
        }
        wanted = wanted.next();
        bytes += item.len();
        items.push(item);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(seqs: &[i64], now: Instant) -> Ring {
        let mut ring = Ring::default();
        for seq in seqs {
            ring.push(Seq(*seq), format!("{seq}").into(), now);
        }
        ring
    }

    fn texts(items: Vec<Arc<str>>) -> String {
        items.join(",")
    }

    #[test]
    fn a_run_starts_at_the_requested_number_and_ends_at_a_gap() {
        let ring = ring(&[3, 4, 5, 8, 9], Instant::now());
        assert_eq!(texts(ring.run(Seq(3), 100)), "3,4,5");
        assert_eq!(texts(ring.run(Seq(4), 1)), "4");
        assert_eq!(texts(ring.run(Seq(2), 100)), "");
        assert_eq!(texts(ring.run(Seq(6), 100)), "");
        assert_eq!(ring.first_from(Seq(6)), Some(Seq(8)));
        assert_eq!(ring.first_from(Seq(10)), None);
    }

    #[test]
    fn count_bytes_and_age_limit_the_ring() {
        let now = Instant::now();
        let mut ring = ring(&(0..600).collect::<Vec<_>>(), now);
        assert_eq!(ring.first(), Some(Seq(100)));
        for seq in 600..640 {
            ring.push(Seq(seq), "x".repeat(100_000).into(), now);
        }
        assert!(
            ring.bytes <= BYTES && ring.entries.len() == 10,
            "{} {}",
            ring.bytes,
            ring.entries.len()
        );
        ring.expire(now + AGE);
        assert_eq!(ring.entries.len(), 10);
        ring.expire(now + AGE + Duration::from_millis(1));
        assert!(ring.first().is_none() && ring.bytes == 0);
    }

    #[test]
    fn an_answer_ends_once_it_is_large() {
        let item: Arc<str> = "x".repeat(100_000).into();
        let entries = (0..10).map(|seq| (Seq(seq), item.clone()));
        assert_eq!(take_run(Seq(0), 100, entries).len(), 3);
    }
}
