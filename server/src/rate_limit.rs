//! Token-bucket rate limiter, in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// The most keys that are remembered.
const ENTRIES: usize = 10_000;

/// A bucket per key, which is full in the beginning and fills up evenly.
pub struct RateLimit<K> {
    /// How long an empty bucket takes to be full, and to get one token.
    window: Duration,
    every: Duration,
    /// When each bucket is full again; without an entry it is full.
    full_at: HashMap<K, Instant>,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// Allows `most` at once, and as many again in each `window` afterwards.
    pub fn new(most: u32, window: Duration) -> Self {
        RateLimit {
            window,
            every: window / most.max(1),
            full_at: HashMap::new(),
        }
    }

    /// Takes a token, or tells when there is one.
    pub fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if self.full_at.len() >= ENTRIES && !self.full_at.contains_key(&key) {
            self.full_at.retain(|_, full_at| *full_at > now);
            if self.full_at.len() >= ENTRIES {
                self.full_at.clear();
            }
        }
        let full_at = self.full_at.entry(key).or_insert(now);
        let next = (*full_at).max(now) + self.every;
        let over = (next - now).saturating_sub(self.window);
        if over > Duration::ZERO {
            return Err(over);
        }
        *full_at = next;
        Ok(())
    }

    /// Returns a token that was not needed.
    pub fn give_back(&mut self, key: &K) {
        if let Some(full_at) = self.full_at.get_mut(key)
            && let Some(earlier) = full_at.checked_sub(self.every)
        {
            *full_at = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_as_much_as_the_bucket_gets() {
        let window = Duration::from_secs(600);
        let (mut limit, now) = (RateLimit::new(60, window), Instant::now());
        for n in 0..100 {
            let taken = limit.take(1, now);
            assert_eq!(taken, if n < 60 { Ok(()) } else { Err(window / 60) });
        }
        assert!(limit.take(2, now).is_ok());
        // Refused and returned requests use no tokens.
        limit.give_back(&1);
        assert!(limit.take(1, now).is_ok() && limit.take(1, now).is_err());
        let later = now + Duration::from_secs(25);
        assert!(limit.take(1, later).is_ok() && limit.take(1, later).is_ok());
        assert_eq!(limit.take(1, later), Err(Duration::from_secs(5)));
        let full = later + window;
        assert_eq!((0..100).filter(|_| limit.take(1, full).is_ok()).count(), 60);
    }

    #[test]
    fn memory_is_bounded_and_full_buckets_are_forgotten_first() {
        let window = Duration::from_secs(600);
        let (mut limit, now) = (RateLimit::new(60, window), Instant::now());
        for n in 0..5_000 {
            assert!(limit.take(n, now).is_ok());
        }
        let later = now + window;
        while limit.take(0, later).is_ok() {}
        for n in 5_000..10_001 {
            assert!(limit.take(n, later).is_ok());
        }
        assert!(limit.take(0, later).is_err());
        for n in 0..20_000 {
            let _ = limit.take(n, later);
        }
        assert!(limit.full_at.len() <= ENTRIES);
    }
}
