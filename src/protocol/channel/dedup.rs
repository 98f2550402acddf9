//! Which messages the session has had already.

use crate::types::{Message, UnixMillis};
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Messages remembered per session.
const MOST_SEEN: usize = 2_048;

/// Remembers messages by sender, id and text, and also by sender, time and text, since histories of 2008 have no ids.
///
/// The text is part of the key because an id is only 31 random bits: two different messages may share it, while a replay has
/// the same text.
#[derive(Debug, Default)]
pub struct Dedup {
    keys: HashSet<u64, BuildHasherDefault<KeyHasher>>,
    order: VecDeque<(u64, u64, UnixMillis)>,
    /// A message that is not newer than this may have been seen and forgotten.
    horizon: UnixMillis,
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Dedup {
    /// Remembers a message; false if it was known already.
    pub fn note(&mut self, message: &Message) -> bool {
        let (by_id, by_time) = keys(message);
        let known = match by_id {
            Some(key) => self.keys.contains(&key),
            None => self.keys.contains(&by_time),
        };
        if known {
            return false;
        }
        let by_id = by_id.unwrap_or(by_time);
        self.keys.extend([by_id, by_time]);
        self.order.push_back((by_id, by_time, message.time));
        if self.order.len() > MOST_SEEN
            && let Some((by_id, by_time, time)) = self.order.pop_front()
        {
            self.keys.remove(&by_id);
            self.keys.remove(&by_time);
            self.horizon = self.horizon.max(time);
        }
        true
    }

    /// True if a message from a history is new to this session: sent since `since` and not seen.
    pub fn is_news(&self, message: &Message, since: UnixMillis) -> bool {
        let (by_id, by_time) = keys(message);
        let known =
            by_id.is_some_and(|key| self.keys.contains(&key)) || self.keys.contains(&by_time);
        message.time >= since && message.time > self.horizon && !known
    }
}

fn keys(message: &Message) -> (Option<u64>, u64) {
    let mut common = DefaultHasher::new();
    (message.from, message.to, &message.text).hash(&mut common);
    let hash = |kind: &str, id: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = common.clone();
        kind.hash(&mut hasher);
        id(&mut hasher);
        hasher.finish()
    };
    let by_id = (!message.message_id.is_empty())
        .then(|| hash("id", &|hasher| message.message_id.hash(hasher)));
    (by_id, hash("time", &|hasher| message.time.hash(hasher)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Origin, Uid};

    fn message(id: &str, time: UnixMillis, text: &str) -> Message {
        Message {
            from: Uid(1),
            to: Uid(2),
            in_group: false,
            notice: None,
            files: Vec::new(),
            from_name: String::new(),
            to_name: String::new(),
            text: text.into(),
            time,
            message_id: id.into(),
            origin: Origin::Incoming,
            replayed: false,
        }
    }

    #[test]
    fn replayed_message_is_dropped() {
        let mut seen = Dedup::default();
        assert!(seen.note(&message("5", 100, "ok")));
        assert!(!seen.note(&message("5", 100, "ok")));
        assert!(
            !seen.note(&message("5", 200, "ok")),
            "a retry that the server took twice"
        );
        assert!(
            seen.note(&message("6", 100, "ok")),
            "the same text twice in a row is two messages"
        );
        assert!(
            seen.note(&message("5", 300, "other")),
            "ids are only 31 bits"
        );
    }

    #[test]
    fn history_without_ids_is_matched_by_time() {
        let mut seen = Dedup::default();
        seen.note(&message("5", 100, "ok"));
        assert!(!seen.is_news(&message("", 100, "ok"), 0));
        assert!(seen.is_news(&message("", 101, "ok"), 0));
        assert!(!seen.is_news(&message("", 101, "ok"), 102));
    }

    #[test]
    fn memory_is_bounded_and_forgets_safely() {
        let mut seen = Dedup::default();
        for n in 0..10_000 {
            assert!(seen.note(&message(&n.to_string(), n, "x")));
        }
        assert!(seen.order.len() <= MOST_SEEN && seen.keys.len() <= 2 * MOST_SEEN);
        assert!(
            !seen.is_news(&message("3", 3, "x"), 0),
            "forgotten, but too old to be news"
        );
    }
}
