//! What is known of a session's buddies, kept where a host thread can read it at once.

#![forbid(unsafe_code)]

use crate::types::{Buddy, Event, Uid};
use std::collections::HashMap;
use std::sync::Arc;

/// The last buddy list and what has changed since; merged only when somebody looks, or when the changes pile up.
#[derive(Debug, Default)]
pub(super) struct Roster {
    list: Option<Arc<[Arc<Buddy>]>>,
    changed: HashMap<Uid, Arc<Buddy>>,
}

impl Roster {
    /// Learns from an event.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::BuddyList { buddies, .. } => {
                self.list = Some(buddies.clone());
                self.changed.clear();
            }
            Event::Presence(buddy) => {
                self.changed.insert(buddy.uid, buddy.clone());
                if self.changed.len() > 1000 {
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
        // Somebody who is not on the list yet: the next list will tell.
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
        let mut roster = Roster::default();
        assert_eq!(roster.snapshot(), None);
        roster.note(&Event::BuddyList {
            request: None,
            buddies: [buddy(1, Presence::Offline), buddy(2, Presence::Idle)].into(),
        });
        roster.note(&Event::Presence(buddy(1, Presence::Idle)));
        roster.note(&Event::Presence(buddy(1, Presence::Active)));
        let seen: Vec<_> = roster
            .snapshot()
            .unwrap()
            .iter()
            .map(|buddy| (buddy.uid.0, buddy.presence))
            .collect();
        assert_eq!(seen, [(1, Presence::Active), (2, Presence::Idle)]);
        roster.note(&Event::BuddyList {
            request: None,
            buddies: [buddy(2, Presence::Idle)].into(),
        });
        assert_eq!(roster.snapshot().unwrap().len(), 1);
    }
}
