//! The groups of a session as last reported, for host threads that read them without waiting.

#![forbid(unsafe_code)]

use crate::types::{Event, Group, Uid};
use std::collections::HashMap;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct GroupCache {
    /// `None` before the first list.
    groups: Option<HashMap<Uid, Arc<Group>>>,
}

impl GroupCache {
    /// Updates the cache from an event.
    pub(super) fn apply(&mut self, event: &Event) {
        match (event, &mut self.groups) {
            (Event::GroupList { groups, .. }, known) => {
                let groups = groups.iter().map(|group| (group.gid, group.clone()));
                *known = Some(groups.collect());
            }
            (Event::Group { group, gone, .. }, Some(known)) => {
                known.remove(&group.gid);
                if !gone {
                    known.insert(group.gid, group.clone());
                }
            }
            _ => {}
        }
    }

    /// The group with this number, if the user is in one. `None` before the first list.
    pub(super) fn get(&self, gid: Uid) -> Option<Option<Arc<Group>>> {
        Some(self.groups.as_ref()?.get(&gid).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_as_the_last_event_said() {
        let group = |gid, name: &str| {
            Arc::new(Group {
                gid: Uid(gid),
                name: name.into(),
                ..Group::default()
            })
        };
        let told = |group, gone| Event::Group {
            request: None,
            group,
            gone,
        };
        let mut cache = GroupCache::default();
        cache.apply(&told(group(1, "a"), false));
        assert_eq!(cache.get(Uid(1)), None);
        cache.apply(&Event::GroupList {
            request: None,
            groups: [group(1, "a"), group(2, "b")].into(),
        });
        cache.apply(&told(group(2, "c"), false));
        cache.apply(&told(group(1, "a"), true));
        assert_eq!(cache.get(Uid(1)), Some(None));
        assert_eq!(cache.get(Uid(2)), Some(Some(group(2, "c"))));
        cache.apply(&Event::GroupList {
            request: None,
            groups: [].into(),
        });
        assert_eq!(cache.get(Uid(2)), Some(None));
    }
}
