//! The one timer of a session's task.
//!
//! The next deadline changes with each answer, nearly always to a later time. Resetting a timer each time costs more than a timer
//! that sometimes fires too early, which does no harm.

#![forbid(unsafe_code)]

use std::pin::Pin;
use tokio::time::{Instant, Sleep, sleep_until};

/// See the module.
#[derive(Debug)]
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    is_set: bool,
}

impl Alarm {
    pub(super) fn new() -> Self {
        Alarm {
            sleep: Box::pin(sleep_until(Instant::now())),
            is_set: false,
        }
    }

    /// Makes it fire at this time at the latest; with `None` it need not fire.
    pub(super) fn set(&mut self, due: Option<Instant>) {
        if let Some(due) = due
            && (!self.is_set || due < self.sleep.deadline())
        {
            self.sleep.as_mut().reset(due);
            self.is_set = true;
        }
    }

    /// Waits until it fires; never ends if it is not set. Dropping this future loses nothing.
    pub(super) async fn rings(&mut self) {
        if !self.is_set {
            std::future::pending::<()>().await;
        }
        self.sleep.as_mut().await;
        self.is_set = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn rings_at_the_earliest_time_that_was_set_and_once() {
        let now = Instant::now();
        let later = now + Duration::from_secs(3_600);
        let mut alarm = Alarm::new();
        assert!(timeout(Duration::ZERO, alarm.rings()).await.is_err());
        for due in [Some(later), Some(now), Some(later), None] {
            alarm.set(due);
        }
        let limit = Duration::from_secs(60);
        assert!(timeout(limit, alarm.rings()).await.is_ok());
        assert!(timeout(Duration::ZERO, alarm.rings()).await.is_err());
        alarm.set(Some(later));
        assert!(timeout(Duration::ZERO, alarm.rings()).await.is_err());
    }
}
