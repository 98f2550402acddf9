//! Which waiting events become obsolete when a newer one arrives.

#![forbid(unsafe_code)]

use crate::types::Event;

/// True if `new` makes `old` obsolete.
pub(super) fn is_superseded(old: &Event, new: &Event) -> bool {
    match (old, new) {
        (Event::Presence(old), Event::Presence(new)) => old.uid == new.uid,
        (
            Event::Typing {
                from: old,
                group: in_old,
                ..
            },
            Event::Typing {
                from: new,
                group: in_new,
                ..
            },
        ) => (old, in_old) == (new, in_new),
        (
            Event::Group {
                request: None,
                group: old,
                ..
            },
            Event::Group { group: new, .. },
        ) => old.gid == new.gid,
        (Event::Connection(_), Event::Connection(_))
        | (Event::State(_), Event::State(_))
        | (Event::Inbox(_), Event::Inbox(_)) => true,
        (Event::Presence(_) | Event::BuddyList { request: None, .. }, Event::BuddyList { .. })
        | (
            Event::Group { request: None, .. } | Event::GroupList { request: None, .. },
            Event::GroupList { .. },
        ) => true,
        (Event::Progress { request: old, .. }, Event::Progress { request: new, .. }) => old == new,
        _ => false,
    }
}
