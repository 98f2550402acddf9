//! The buddy list and who is online (docs/protocol.md, Buddy list and presence).
//!
//! The rule behind all of this: absent is not offline. Replies may be empty or partial, or leave somebody out once. Clients
//! that took them literally showed everyone going offline for a moment.

use crate::protocol::buddies::unread_counts::Counts;
use crate::protocol::wire::exchange::ExchangeId;
use crate::protocol::wire::json::{Flag, Int, List, Map, Object, Text, time};
use crate::types::{Buddy, Presence, Uid, UnixMillis};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More people than this in one list are dropped; Facebook itself stopped at 5,000 friends.
const MOST: usize = 20_000;

/// How many complete replies in a row must leave somebody out before they count as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strikes(u8);

impl Strikes {
    pub const ONE: Strikes = Strikes(1);
    pub const TWO: Strikes = Strikes(2);
    pub const NEVER: Strikes = Strikes(u8::MAX);
}

/// Payload of update.php and buddy_list.php.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UpdatePayload {
    buddy_list: Object<Listing>,
    notifications: Object<Counts>,
    time: Int,
}

impl UpdatePayload {
    /// How much is unread, if the reply tells it.
    pub fn unread(&self) -> Option<Counts> {
        self.notifications.0
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Listing {
    list_changed: Flag,
    now_available_list: Map<Object<Available>>,
    #[serde(rename = "wasAvailableIDs")]
    was_available_ids: List<Int>,
    user_infos: Map<Object<UserInfo>>,
    forced_render: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Available {
    i: Flag,
    idle_since: Int,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UserInfo {
    name: Text,
    first_name: Text,
    thumb_src: Text,
    status: Text,
    status_time: Int,
}

#[derive(Debug)]
struct Entry {
    /// Shared with the lists that hosts were given.
    buddy: Arc<Buddy>,
    /// Complete replies in a row without them among the available.
    unavailable: u8,
    /// Complete replies in a row without them among the friends.
    missing: u8,
    /// The last request that had been sent when their presence was pushed.
    pushed: ExchangeId,
}

impl Entry {
    /// Takes over a presence; gives the buddy if that is news.
    fn set(&mut self, presence: Presence, since: UnixMillis) -> Option<Arc<Buddy>> {
        self.unavailable = 0;
        let idle_since = if presence == Presence::Idle { since } else { 0 };
        if (self.buddy.presence, self.buddy.idle_since) == (presence, idle_since) {
            return None;
        }
        let buddy = Arc::make_mut(&mut self.buddy);
        (buddy.presence, buddy.idle_since) = (presence, idle_since);
        Some(self.buddy.clone())
    }
}

/// What a reply has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Somebody came, went or was renamed: the whole list is news.
    pub list: bool,
    /// Who else changed.
    pub buddies: Vec<Arc<Buddy>>,
    /// Who is not a friend any more.
    pub gone: Vec<Arc<Buddy>>,
    /// Somebody was left out, but not often enough to count: ask again soon.
    pub doubtful: bool,
    /// The server's clock, if the reply told it.
    pub server_time: Option<UnixMillis>,
}

/// All friends of the user.
#[derive(Debug, Default)]
pub struct Buddies {
    entries: BTreeMap<Uid, Entry>,
    own_name: Option<String>,
}

fn keyed<T>(map: Map<Object<T>>) -> Option<Vec<(Uid, T)>>
where
    T: Default,
{
    let entries = map.0?.into_iter().take(MOST);
    let keyed = entries.filter_map(|(key, value)| {
        let uid = key.parse().ok().filter(|&uid: &u64| uid > 0)?;
        Some((Uid(uid), value.0.unwrap_or_default()))
    });
    Some(keyed.collect())
}

impl Buddies {
    /// The user's own name, if a reply has told it.
    pub fn own_name(&self) -> Option<&str> {
        self.own_name.as_deref()
    }

    /// All friends, by uid.
    pub fn snapshot(&self) -> Arc<[Arc<Buddy>]> {
        self.entries
            .values()
            .map(|entry| entry.buddy.clone())
            .collect()
    }

    /// Takes over the reply to a request. `own` is left out of the list. The strikes are for friends who are left out, and for
    /// those who are left out of the available.
    pub fn apply(
        &mut self,
        (list, payload): (ExchangeId, UpdatePayload),
        own: Uid,
        (Strikes(missing), Strikes(unavailable)): (Strikes, Strikes),
    ) -> Change {
        let mut change = Change {
            server_time: payload.time.0.filter(|&time| time > 0),
            ..Change::default()
        };
        let Some(listing) = payload.buddy_list.0 else {
            return change;
        };
        let complete =
            listing.forced_render.0 == Some(true) && listing.list_changed.0 != Some(false);
        let infos = keyed(listing.user_infos).unwrap_or_default();
        self.take_infos(infos, own, complete, missing, &mut change);
        let available = keyed(listing.now_available_list);
        let gone = listing.was_available_ids.0.unwrap_or_default();
        let gone = gone.into_iter().filter_map(Int::id).map(Uid).collect();
        let available = available.map(|available| available.into_iter().collect());
        self.take_available(list, available, &gone, complete, unavailable, &mut change);
        change
    }

    fn take_infos(
        &mut self,
        infos: Vec<(Uid, UserInfo)>,
        own: Uid,
        complete: bool,
        strikes: u8,
        change: &mut Change,
    ) {
        let told_anything = !infos.is_empty();
        let room = MOST.saturating_sub(self.entries.len());
        let mut added = 0;
        for entry in self.entries.values_mut() {
            entry.missing = entry.missing.saturating_add(1);
        }
        for (uid, info) in infos {
            let name = info.name.or_empty();
            if uid == own {
                self.own_name = Some(name).filter(|name| !name.is_empty());
                continue;
            }
            let mut buddy = Buddy {
                uid,
                name,
                first_name: info.first_name.or_empty(),
                presence: Presence::Offline,
                idle_since: 0,
                status_text: info.status.0.filter(|text| !text.is_empty()),
                status_time: info.status_time.0.unwrap_or(0).max(0).saturating_mul(1000),
                picture_url: info.thumb_src.0.filter(|url| !url.is_empty()),
            };
            match self.entries.get_mut(&uid) {
                Some(entry) => {
                    entry.missing = 0;
                    buddy.presence = entry.buddy.presence;
                    buddy.idle_since = entry.buddy.idle_since;
                    if *entry.buddy != buddy {
                        change.list = true;
                        entry.buddy = Arc::new(buddy);
                    }
                }
                None if added < room => {
                    added = added.saturating_add(1);
                    change.list = true;
                    self.entries.insert(
                        uid,
                        Entry {
                            buddy: Arc::new(buddy),
                            unavailable: 0,
                            missing: 0,
                            pushed: ExchangeId(0),
                        },
                    );
                }
                None => {}
            }
        }
        if !complete || !told_anything {
            // A partial reply says nothing about those it leaves out.
            for entry in self.entries.values_mut() {
                entry.missing = entry.missing.saturating_sub(1);
            }
            return;
        }
        self.entries.retain(|_, entry| {
            let stays = entry.missing < strikes;
            if !stays {
                change.gone.push(entry.buddy.clone());
            }
            stays
        });
        change.list |= !change.gone.is_empty();
        change.doubtful |= self.entries.values().any(|entry| entry.missing > 0);
    }

    fn take_available(
        &mut self,
        list: ExchangeId,
        available: Option<BTreeMap<Uid, Available>>,
        gone: &BTreeSet<Uid>,
        complete: bool,
        strikes: u8,
        change: &mut Change,
    ) {
        let is_list = available.is_some();
        let available = available.unwrap_or_default();
        // The list may be older than what was pushed after it had been asked for.
        let entries = self.entries.iter_mut();
        for (uid, entry) in entries.filter(|(_, entry)| entry.pushed < list) {
            let (presence, since) = match available.get(uid) {
                Some(Available {
                    i: Flag(Some(true)),
                    idle_since,
                }) => (Presence::Idle, time(*idle_since)),
                Some(_) => (Presence::Active, 0),
                None if gone.contains(uid) => (Presence::Offline, 0),
                None if complete && is_list && entry.buddy.presence != Presence::Offline => {
                    entry.unavailable = entry.unavailable.saturating_add(1);
                    if entry.unavailable < strikes {
                        change.doubtful = true;
                        continue;
                    }
                    (Presence::Offline, 0)
                }
                None => continue,
            };
            change.buddies.extend(entry.set(presence, since));
        }
    }

    /// Takes over a presence that was pushed when `sent` was the last request. `Err` if this person is unknown, so that the list
    /// is out of date.
    pub fn set(
        &mut self,
        uid: Uid,
        (presence, idle_since): (Presence, UnixMillis),
        sent: ExchangeId,
    ) -> Result<Option<Arc<Buddy>>, ()> {
        let entry = self.entries.get_mut(&uid).ok_or(())?;
        entry.pushed = sent;
        Ok(entry.set(presence, idle_since))
    }

    /// Takes over another change that was pushed. `Err` as above.
    pub fn change(
        &mut self,
        uid: Uid,
        change: impl FnOnce(&mut Buddy),
    ) -> Result<Option<Arc<Buddy>>, ()> {
        let entry = self.entries.get_mut(&uid).ok_or(())?;
        let mut buddy = Buddy::clone(&entry.buddy);
        change(&mut buddy);
        if *entry.buddy == buddy {
            return Ok(None);
        }
        entry.buddy = Arc::new(buddy);
        Ok(Some(entry.buddy.clone()))
    }

    /// A friendship has ended; false if there was none.
    pub fn remove(&mut self, uid: Uid) -> bool {
        self.entries.remove(&uid).is_some()
    }

    /// Somebody's name, if a reply has told it.
    pub fn name(&self, uid: Uid) -> Option<&str> {
        Some(&self.entries.get(&uid)?.buddy.name)
    }

    /// The address of somebody's picture, if a reply has told it.
    pub fn picture_url(&self, uid: Uid) -> Option<&str> {
        self.entries.get(&uid)?.buddy.picture_url.as_deref()
    }

    /// Somebody sent something just now, so they are online (docs/protocol.md, Items).
    pub fn saw(&mut self, uid: Uid) -> Option<Arc<Buddy>> {
        let offline = |entry: &&mut Entry| entry.buddy.presence == Presence::Offline;
        let entry = self.entries.get_mut(&uid).filter(offline)?;
        entry.set(Presence::Active, 0)
    }
}

#[cfg(test)]
mod tests;
