//! Which streams each user has: a resource belongs to the latest that asks for it, and their number is limited.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use crate::sync::lock;
use crate::types::Uid;

/// The most streams of one user.
const STREAMS: usize = 10;

#[derive(Default)]
pub struct Registry {
    users: Mutex<HashMap<Uid, Vec<Entry>>>,
    last: AtomicU64,
}

struct Entry {
    id: u64,
    resource: String,
    /// Tells the stream that another one has taken its resource.
    replaced: oneshot::Sender<()>,
}

/// The right to a resource, until it is dropped.
pub struct Place {
    registry: Arc<Registry>,
    uid: Uid,
    id: u64,
    /// Completes once another stream has taken the resource.
    pub replaced: oneshot::Receiver<()>,
}

impl Registry {
    /// Gives a user's stream its resource; `None` if there are too many streams.
    pub fn enter(self: &Arc<Self>, uid: Uid, resource: &str) -> Option<Place> {
        let mut users = lock(&self.users);
        let streams = users.entry(uid).or_default();
        if let Some(at) = streams.iter().position(|known| known.resource == resource) {
            // The stream may have ended in this moment.
            let _ = streams.swap_remove(at).replaced.send(());
        }
        if streams.len() >= STREAMS {
            return None;
        }
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let (sender, replaced) = oneshot::channel();
        streams.push(Entry {
            id,
            resource: resource.to_owned(),
            replaced: sender,
        });
        Some(Place {
            registry: self.clone(),
            uid,
            id,
            replaced,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut users = lock(&self.registry.users);
        if let Some(streams) = users.get_mut(&self.uid) {
            streams.retain(|known| known.id != self.id);
            if streams.is_empty() {
                users.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_one_stream_and_a_user_a_few() {
        let registry = Arc::new(Registry::default());
        let mut first = registry.enter(Uid(1), "home").unwrap();
        let second = registry.enter(Uid(1), "home").unwrap();
        assert!(first.replaced.try_recv().is_ok());
        drop(first);
        let names = (1..STREAMS).map(|n| n.to_string());
        let more: Vec<_> = names.map(|name| registry.enter(Uid(1), &name)).collect();
        assert!(more.iter().all(Option::is_some));
        assert!(registry.enter(Uid(1), "one more").is_none());
        assert!(registry.enter(Uid(2), "other").is_some());
        drop((second, more));
        assert!(lock(&registry.users).is_empty());
    }
}
