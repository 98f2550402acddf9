//! How often one user may do something.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::rate_limit::RateLimit;
use crate::sync::lock;
use crate::types::Uid;

const WINDOW: Duration = Duration::from_secs(600);

/// A rate limit per user, shared by all clones.
#[derive(Clone)]
pub struct UserLimit(Arc<Mutex<RateLimit<Uid>>>);

impl UserLimit {
    /// Allows `most` in ten minutes.
    pub fn new(most: u32) -> Self {
        UserLimit(Arc::new(Mutex::new(RateLimit::new(most, WINDOW))))
    }

    /// Counts one more; false if it is one too many.
    pub fn allow(&self, uid: Uid) -> bool {
        lock(&self.0).allow(uid, Instant::now())
    }
}
