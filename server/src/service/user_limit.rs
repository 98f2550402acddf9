//! How often one user may do something.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::rate_limit::RateLimit;
use crate::sync::lock;
use crate::types::Uid;

const WINDOW: Duration = Duration::from_secs(600);

/// A user did something too often. The seconds until they may do it again.
#[derive(Debug, thiserror::Error)]
#[error("You do this very often. Try again in {0} seconds.")]
pub struct TooOften(pub u64);

/// A rate limit per user, shared by all clones.
#[derive(Clone)]
pub struct UserLimit(Arc<Mutex<RateLimit<Uid>>>);

impl UserLimit {
    /// Allows `most` in ten minutes.
    pub fn new(most: u32) -> Self {
        Self::within(most, WINDOW)
    }

    /// Allows `most` at once, and as many again in each `window` afterwards.
    pub fn within(most: u32, window: Duration) -> Self {
        UserLimit(Arc::new(Mutex::new(RateLimit::new(most, window))))
    }

    /// Counts one more, unless it is one too many.
    pub fn take(&self, uid: Uid) -> Result<(), TooOften> {
        let taken = lock(&self.0).take(uid, Instant::now());
        taken.map_err(|wait| TooOften(wait.as_secs() + 1))
    }

    /// Takes back one count, because the action was not carried out.
    pub fn give_back(&self, uid: Uid) {
        lock(&self.0).give_back(&uid);
    }
}
