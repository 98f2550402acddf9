//! Which streams each user has: a resource belongs to the latest that asks for it, and their number is limited.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot};

use super::wire::Wire;
use super::xml::Element;
use crate::sync::lock;
use crate::types::Uid;

/// The most streams of one user.
const STREAMS: usize = 10;
/// What a session has not read yet.
const MAIL: usize = 4;

#[derive(Default)]
pub struct Registry {
    users: Mutex<HashMap<Uid, Vec<Entry>>>,
    last: AtomicU64,
}

struct Entry {
    id: u64,
    resource: String,
    mail: mpsc::Sender<Mail>,
    /// The name under which the session can be resumed.
    resumption: Option<String>,
    /// Whether it waits for its client to come back.
    is_waiting: bool,
}

/// What a session is told by another connection.
pub enum Mail {
    /// Another one has taken the resource.
    Replaced,
    /// The client has come back.
    Return(Box<Return>),
}

/// The connection with which a client comes back.
pub struct Return {
    pub wire: Wire,
    /// How many stanzas the client has.
    pub count: u32,
    /// What the client is told if it has logged in and come back in one step.
    pub success: Option<Element>,
    /// Dropped together with the connection.
    pub guard: oneshot::Sender<()>,
}

/// The right to a resource, until it is dropped.
pub struct Place {
    registry: Arc<Registry>,
    uid: Uid,
    id: u64,
    pub mail: mpsc::Receiver<Mail>,
}

impl Registry {
    /// Gives a user's stream its resource; `None` if there are too many streams.
    pub fn enter(self: &Arc<Self>, uid: Uid, resource: &str) -> Option<Place> {
        let mut users = lock(&self.users);
        let streams = users.entry(uid).or_default();
        if let Some(at) = streams.iter().position(|known| known.resource == resource) {
            streams.swap_remove(at).replace();
        }
        if streams.len() >= STREAMS
            && let Some(at) = streams.iter().position(|known| known.is_waiting)
        {
            streams.swap_remove(at).replace();
        }
        if streams.len() >= STREAMS {
            return None;
        }
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let (sender, mail) = mpsc::channel(MAIL);
        streams.push(Entry {
            id,
            resource: resource.to_owned(),
            mail: sender,
            resumption: None,
            is_waiting: false,
        });
        Some(Place {
            registry: self.clone(),
            uid,
            id,
            mail,
        })
    }

    /// Hands a connection to the session that it resumes; back if there is none.
    pub fn resume(&self, uid: Uid, name: &str, back: Box<Return>) -> Result<(), Box<Return>> {
        let users = lock(&self.users);
        let mut streams = users.get(&uid).into_iter().flatten();
        let found = streams.find(|known| known.resumption.as_deref() == Some(name));
        let Some(found) = found else {
            return Err(back);
        };
        match found.mail.try_send(Mail::Return(back)) {
            Ok(()) => Ok(()),
            Err(error) => match error.into_inner() {
                Mail::Return(back) => Err(back),
                Mail::Replaced => Ok(()),
            },
        }
    }
}

impl Entry {
    fn replace(self) {
        // The session may have ended in this moment.
        let _ = self.mail.try_send(Mail::Replaced);
    }
}

impl Place {
    /// The session can be resumed under this name.
    pub fn can_resume(&self, name: &str) {
        self.change(|entry| entry.resumption = Some(name.to_owned()));
    }

    /// Whether the session waits for its client to come back.
    pub fn is_waiting(&self, is_waiting: bool) {
        self.change(|entry| entry.is_waiting = is_waiting);
    }

    fn change(&self, change: impl FnOnce(&mut Entry)) {
        let mut users = lock(&self.registry.users);
        let mut streams = users.get_mut(&self.uid).into_iter().flatten();
        if let Some(entry) = streams.find(|known| known.id == self.id) {
            change(entry);
        }
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
        assert!(matches!(first.mail.try_recv(), Ok(Mail::Replaced)));
        drop(first);
        let names = (1..STREAMS).map(|n| n.to_string());
        let more: Vec<_> = names.map(|name| registry.enter(Uid(1), &name)).collect();
        assert!(more.iter().all(Option::is_some));
        assert!(registry.enter(Uid(1), "one more").is_none());
        assert!(registry.enter(Uid(2), "other").is_some());
        // One that waits for its client gives way.
        second.is_waiting(true);
        let last = registry.enter(Uid(1), "one more").unwrap();
        assert!(registry.enter(Uid(1), "still one more").is_none());
        drop((second, more, last));
        assert!(lock(&registry.users).is_empty());
    }
}
