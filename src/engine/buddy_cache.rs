//! The buddies of a session as last reported, for host threads that read them without waiting.

#![forbid(unsafe_code)]

use crate::types::{Buddy, Event, Uid};
use std::collections::HashMap;
use std::sync::Arc;

/// More changes than this are merged at once, which bounds their memory.
const MAX_CHANGES: usize = 1000;

/// The last buddy list and later changes, which are merged when the list is read or when there are many of them.
#[derive(Debug, Default)]
pub(super) struct BuddyCache {
    list: Option<Arc<[Arc<Buddy>]>>,
    changed: HashMap<Uid, Arc<Buddy>>,
}

impl BuddyCache {
    /// Updates the cache from an event.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::BuddyList { buddies, .. } => {
                self.list = Some(buddies.clone());
                self.changed.clear();
            }
            Event::Presence(buddy) => {
                self.changed.insert(buddy.uid, buddy.clone());
                if self.changed.len() > MAX_CHANGES {
                    self.snapshot();
                }
            }
            _ => {}
        }
    }

    /// All buddies by uid, or `None` before the first list.
    pub(super) fn snapshot(&mut self) -> Option<Arc<[Arc<Buddy>]>> {
        let list = self.list.clone()?;
        if self.changed.is_empty() {
            return Some(list);
        }
        let mut changed = std::mem::take(&mut self.changed);
        let mut merged: Vec<Arc<Buddy>> = list
            .iter()
            .map(|old| changed.remove(&old.uid).unwrap_or_else(|| old.clone()))
            .collect();
        // They are not on the list yet; the next list will contain them.
        merged.extend(changed.into_values());
        merged.sort_by_key(|buddy| buddy.uid);
        let merged: Arc<[Arc<Buddy>]> = merged.into();
        self.list = Some(merged.clone());
        Some(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Presence;

    fn buddy(uid: u64, presence: Presence) -> Arc<Buddy> {
        Arc::new(Buddy {
            uid: Uid(uid),
            name: format!("Buddy {uid}"),
            first_name: String::new(),
            presence,
            idle_since: 0,
            status_text: None,
            status_time: 0,
            picture_url: None,
        })
    }

    #[test]
    fn snapshot_is_the_last_list_with_later_changes() {
        let mut cache = BuddyCache::default();
        assert_eq!(cache.snapshot(), None);
        cache.apply(&Event::BuddyList {
            request: None,
            buddies: [buddy(1, Presence::Offline), buddy(2, Presence::Idle)].into(),
        });
        cache.apply(&Event::Presence(buddy(1, Presence::Idle)));
        cache.apply(&Event::Presence(buddy(1, Presence::Active)));
        let seen: Vec<_> = cache
            .snapshot()
            .unwrap()
            .iter()
            .map(|buddy| (buddy.uid.0, buddy.presence))
            .collect();
        assert_eq!(seen, [(1, Presence::Active), (2, Presence::Idle)]);
        cache.apply(&Event::BuddyList {
            request: None,
            buddies: [buddy(2, Presence::Idle)].into(),
        });
        assert_eq!(cache.snapshot().unwrap().len(), 1);
    }
}
