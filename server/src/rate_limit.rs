//! Fixed-window rate limiter, in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// The most keys that are remembered.
const ENTRIES: usize = 10_000;

/// Counts per key, in the window that began with the first of them.
pub struct RateLimit<K> {
    most: u32,
    window: Duration,
    windows: HashMap<K, (Instant, u32)>,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// Allows `most` in each `window`.
    pub fn new(most: u32, window: Duration) -> Self {
        RateLimit {
            most,
            window,
            windows: HashMap::new(),
        }
    }

    /// Counts one more; false if it is one too many.
    pub fn allow(&mut self, key: K, now: Instant) -> bool {
        if self.windows.len() >= ENTRIES && !self.windows.contains_key(&key) {
            self.windows
                .retain(|_, (start, _)| now.saturating_duration_since(*start) < self.window);
            if self.windows.len() >= ENTRIES {
                self.windows.clear();
            }
        }
        let (start, count) = self.windows.entry(key).or_insert((now, 0));
        if now.saturating_duration_since(*start) >= self.window {
            (*start, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_allows_its_number_and_the_next_one_starts_again() {
        let window = Duration::from_secs(600);
        let (mut limit, now) = (RateLimit::new(60, window), Instant::now());
        for n in 0..100 {
            assert_eq!(limit.allow(1, now), n < 60);
        }
        assert!(limit.allow(2, now));
        assert!(limit.allow(1, now + window));
        for n in 0..20_000 {
            limit.allow(n, now);
        }
        assert!(limit.windows.len() <= ENTRIES);
    }
}
