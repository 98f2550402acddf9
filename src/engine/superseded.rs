//! Which waiting events are worth nothing once a newer one has come.

#![forbid(unsafe_code)]

use crate::types::Event;

/// True if `new` makes `old` obsolete.
pub(super) fn is_superseded(old: &Event, new: &Event) -> bool {
    match (old, new) {
        (Event::Presence(old), Event::Presence(new)) => old.uid == new.uid,
        (Event::Typing { from: old, .. }, Event::Typing { from: new, .. }) => old == new,
        (Event::Connection(_), Event::Connection(_))
        | (Event::State(_), Event::State(_))
        | (Event::Inbox(_), Event::Inbox(_)) => true,
        (Event::Presence(_) | Event::BuddyList { request: None, .. }, Event::BuddyList { .. }) => {
            true
        }
        _ => false,
    }
}
