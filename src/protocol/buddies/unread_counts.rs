//! How much is unread, where the server tells it only together with the buddy list, as servers of 2008 do.

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::json::{Int, count};
use crate::types::{Event, Feature, Notifications, RequestId};
use serde::Deserialize;

/// The member `notifications` of update.php.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Counts {
    count_new: Int,
    inbox_count: Int,
}

/// See the module.
#[derive(Debug, Default)]
pub struct UnreadCounts {
    /// New notifications, and conversations with unread messages.
    known: (u32, u32),
    told: (u32, u32),
}

impl UnreadCounts {
    /// The parameter that asks for them, unless the server has a better way.
    pub fn field(web: &WebSession) -> Option<(&'static str, &'static str)> {
        let is_needed = !web.features().has(Feature::Notifications);
        is_needed.then_some(("notifications", "1"))
    }

    pub fn take(&mut self, counts: Counts) {
        self.known = (count(counts.count_new), count(counts.inbox_count));
    }

    /// What the host is told, if that has changed.
    pub fn news(&mut self) -> Option<Event> {
        if std::mem::replace(&mut self.told, self.known) == self.known {
            return None;
        }
        let (unseen, inbox) = self.known;
        Some(Event::Notifications {
            request: RequestId::NONE,
            notifications: Notifications {
                list: Vec::new(),
                unseen,
                inbox,
            },
        })
    }
}
