//! How long to wait before another attempt: not at all, then 3 s, doubling to 60 s. Jitter keeps ten thousand sessions from
//! coming back in the same second.

use crate::types::Millis;

/// The wait before the second retry, in milliseconds.
const FIRST: Millis = 3_000;
/// No wait is longer, in milliseconds.
const LONGEST: Millis = 60_000;

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts one more failure and says how long to wait, in milliseconds.
    pub fn next(&mut self, rng: &mut fastrand::Rng) -> Millis {
        let doublings = self.failures.saturating_sub(1).min(16);
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            return 0;
        }
        let wait = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let jitter = rng.u64(75..=100);
        wait.saturating_mul(jitter) / 100
    }

    /// How many failures there were in a row.
    pub fn failures(self) -> u32 {
        self.failures
    }

    /// Things work again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_three_seconds_to_a_minute() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..40).map(|_| backoff.next(&mut rng)).collect();
        assert_eq!(waits[0], 0);
        for (wait, nominal) in waits[1..].iter().zip([3, 6, 12, 24, 48, 60, 60, 60]) {
            assert!(
                (nominal * 750..=nominal * 1000).contains(wait),
                "{wait} for {nominal} s"
            );
        }
        assert!(waits[39] <= LONGEST);
        backoff.reset();
        assert_eq!(backoff.next(&mut rng), 0);
    }
}
