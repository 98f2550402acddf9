//! Places for work that runs at the same time, so many for each user or address. Nobody can take those of others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sync::lock;

/// Places per key.
pub struct Places<K> {
    most: usize,
    /// Those of which one is taken or waited for, and some that are free again.
    known: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// A place that is taken. `None` only if the semaphore was closed, which never happens.
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash> Places<K> {
    /// `most` places for each key.
    pub fn new(most: usize) -> Self {
        Places {
            most,
            known: Mutex::default(),
        }
    }

    /// Waits for a place. Who asks first gets it first.
    pub async fn take(&self, key: K) -> Place {
        let permit = self.semaphore(key).acquire_owned().await;
        Place {
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
    async fn each_key_has_its_places_and_memory_is_bounded() {
        let places = Places::new(2);
        let held = (places.take(0).await, places.take(0).await);
        let third = tokio::time::timeout(Duration::ZERO, places.take(0));
        assert!(third.await.is_err());
        for key in 1..10_000 {
            drop(places.take(key).await);
        }
        assert!(lock(&places.known).len() < 100);
        drop(held.0);
        drop(places.take(0).await);
    }
}
