//! The time of a user's activity, by the monotonic clock for limits and by the wall clock for others.

use std::time::{Duration, Instant};

use crate::clock::now_ms;

/// A user activity.
#[derive(Clone, Copy)]
pub struct Activity {
    pub at: Instant,
    pub ms: i64,
}

impl Activity {
    /// An activity at this moment, which is `at`.
    pub fn at(at: Instant) -> Self {
        Activity { at, ms: now_ms() }
    }

    /// An activity that another server has seen; `None` if the clock of this one does not go back that far.
    pub fn seen_elsewhere(ms: i64, now: Instant) -> Option<Self> {
        let ago = u64::try_from(now_ms().saturating_sub(ms)).unwrap_or_default();
        let at = now.checked_sub(Duration::from_millis(ago))?;
        Some(Activity { at, ms })
    }
}
