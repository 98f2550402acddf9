//! How long the database has been unreachable, and how long writes still wait for it.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::store::StoreError;

/// How long writes wait for an unreachable database.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for a server that stops.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(5);
/// The shortest and longest wait before connecting again.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(2);

pub struct Outage {
    since: Option<Instant>,
    /// How long writes wait.
    patience: Duration,
    retry: Duration,
    /// Whether the log has said what the operator has to do.
    is_advised: bool,
}

impl Default for Outage {
    fn default() -> Self {
        Outage {
            since: None,
            patience: PATIENCE,
            retry: FIRST_RETRY,
            is_advised: false,
        }
    }
}

impl Outage {
    /// The database cannot be used, and could not since then. Only the first error of an outage is logged, and the first one that does not
    /// end by itself.
    pub fn note(&mut self, error: &StoreError, since: Instant) {
        let is_new = self.since.is_none();
        let is_advice = matches!(error, StoreError::Unusable(_)) && !self.is_advised;
        if is_new {
            self.since = Some(since);
            self.retry = FIRST_RETRY;
        }
        if is_new || is_advice {
            log::error!("{error}");
        }
        self.is_advised |= is_advice;
    }

    /// The database has answered.
    pub fn end(&mut self) {
        self.is_advised = false;
        if let Some(since) = self.since.take() {
            let seconds = since.elapsed().as_secs();
            log::warn!("the database is back after {seconds} seconds");
        }
    }

    /// The server stops, so writes wait less.
    pub fn hurry(&mut self) {
        self.patience = PATIENCE_AT_THE_END;
    }

    /// Whether writes have waited as long as they may.
    pub fn is_too_long(&self) -> bool {
        self.since
            .is_some_and(|since| since.elapsed() >= self.patience)
    }

    /// Waits before the next attempt.
    pub async fn pause(&mut self) {
        sleep(self.retry).await;
        self.retry = (self.retry * 2).min(LAST_RETRY);
    }
}
