//! Keeps one from keeping everybody busy: so many things in a while, and no more. In memory only.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// The most who are remembered.
const ENTRIES: usize = 10_000;

/// How much each has done, in the window that began with the first of it.
pub struct Pace<K> {
    most: u32,
    window: Duration,
    windows: HashMap<K, (Instant, u32)>,
}

impl<K: Eq + Hash> Pace<K> {
    /// `most` in each `window`.
    pub fn new(most: u32, window: Duration) -> Self {
        Pace {
            most,
            window,
            windows: HashMap::new(),
        }
    }

    /// Counts one more; false if it is one too many.
    pub fn allow(&mut self, who: K, now: Instant) -> bool {
        if self.windows.len() >= ENTRIES && !self.windows.contains_key(&who) {
            self.windows
                .retain(|_, (start, _)| now.saturating_duration_since(*start) < self.window);
            if self.windows.len() >= ENTRIES {
                self.windows.clear();
            }
        }
        let (start, done) = self.windows.entry(who).or_insert((now, 0));
        if now.saturating_duration_since(*start) >= self.window {
            (*start, *done) = (now, 0);
        }
        *done = done.saturating_add(1);
        *done <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_and_after_a_while_again() {
        let window = Duration::from_secs(600);
        let (mut pace, now) = (Pace::new(60, window), Instant::now());
        for n in 0..100 {
            assert_eq!(pace.allow(1, now), n < 60);
        }
        assert!(pace.allow(2, now));
        assert!(pace.allow(1, now + window));
        for n in 0..20_000 {
            pace.allow(n, now);
        }
        assert!(pace.windows.len() <= ENTRIES);
    }
}
