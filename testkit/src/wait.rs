//! Waiting for conditions.

use std::time::{Duration, Instant};

/// Far longer than anything takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Repeats an attempt until it has a result.
#[track_caller]
pub fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
