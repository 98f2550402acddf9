//! Keeps one user from keeping all his friends busy: so many changes in a while, and no more. In memory only.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::types::Uid;

/// The most changes in one window.
const CHANGES: u32 = 60;
/// How long a window is.
const WINDOW: Duration = Duration::from_secs(600);
/// The most users remembered.
const ENTRIES: usize = 10_000;

/// Changes by user, in the window that began with the first of them.
#[derive(Default)]
pub struct Pace {
    windows: HashMap<Uid, (Instant, u32)>,
}

impl Pace {
    /// Counts a change; false if it is one too many.
    pub fn allow(&mut self, uid: Uid, now: Instant) -> bool {
        if self.windows.len() >= ENTRIES && !self.windows.contains_key(&uid) {
            self.windows
                .retain(|_, (start, _)| now.saturating_duration_since(*start) < WINDOW);
            if self.windows.len() >= ENTRIES {
                self.windows.clear();
            }
        }
        let (start, changes) = self.windows.entry(uid).or_insert((now, 0));
        if now.saturating_duration_since(*start) >= WINDOW {
            (*start, *changes) = (now, 0);
        }
        *changes = changes.saturating_add(1);
        *changes <= CHANGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_changes_pass_and_after_ten_minutes_again() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for n in 0..100 {
            assert_eq!(pace.allow(Uid(1), now), n < 60);
        }
        assert!(pace.allow(Uid(2), now));
        assert!(pace.allow(Uid(1), now + WINDOW));
        for n in 0..20_000 {
            pace.allow(Uid(n), now);
        }
        assert!(pace.windows.len() <= ENTRIES);
    }
}
