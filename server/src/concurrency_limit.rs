//! Limits how much work of one user or address runs at the same time, so that one of them cannot hold up the others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sync::lock;

/// A limit for each key.
pub struct ConcurrencyLimit<K> {
    most: usize,
    /// The keys with work that runs or waits, and some without.
    known: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// Permission to work, until it is dropped. `None` only if the semaphore was closed, which never happens.
pub struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash> ConcurrencyLimit<K> {
    /// `most` permits for each key.
    pub fn new(most: usize) -> Self {
        ConcurrencyLimit {
            most,
            known: Mutex::default(),
        }
    }

    /// Waits for a permit, in the order of the calls.
    pub async fn acquire(&self, key: K) -> Permit {
        let permit = self.semaphore(key).acquire_owned().await;
        Permit {
            _permit: permit.ok(),
        }
    }

    fn semaphore(&self, key: K) -> Arc<Semaphore> {
        let mut known = lock(&self.known);
        if let Some(semaphore) = known.get(&key).and_then(Weak::upgrade) {
            return semaphore;
        }
        if known.len() == known.capacity() {
            known.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(self.most));
        known.insert(key, Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn each_key_has_its_permits_and_memory_is_bounded() {
        let limit = ConcurrencyLimit::new(2);
        let held = (limit.acquire(0).await, limit.acquire(0).await);
        let third = tokio::time::timeout(Duration::ZERO, limit.acquire(0));
        assert!(third.await.is_err());
        for key in 1..10_000 {
            drop(limit.acquire(key).await);
        }
        assert!(lock(&limit.known).len() < 100);
        drop(held.0);
        drop(limit.acquire(0).await);
    }
}
