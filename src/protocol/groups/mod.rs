//! The user's groups: when their list is asked for, and what hosts are told of changes.
//!
//! Lists and items of the channel overtake each other. Items say who belongs to a group and who does not, so those that come while
//! a list is under way are applied to it once more.

pub mod limits;
pub mod list;
pub mod news;

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::groups::limits::{MOST_GROUPS, MOST_MEMBERS, MOST_PLACES};
use crate::protocol::groups::list::GroupsPayload;
use crate::protocol::groups::news::GroupNews;
use crate::protocol::wire::exchange::ExchangeId;
use crate::protocol::wire::request::Request;
use crate::types::{
    Event, Feature, Group, Member, Message, Millis, Origin, RequestId, Uid, UnixMillis,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Items that are kept for a list which is under way.
const MOST_KEPT: usize = 1_000;
/// Pause before the list is asked for because of an item that does not fit to it, in milliseconds.
const DOUBT: Millis = 1_000;
/// Pause after a list that could not be read, in milliseconds.
const RETRY: Millis = 60_000;

#[derive(Debug)]
struct Known {
    /// Shared with events.
    group: Arc<Group>,
    /// The session has no messages from before, or has had them: what a gap has swallowed is not older.
    since: UnixMillis,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Groups {
    known: BTreeMap<Uid, Known>,
    /// A list has come.
    is_loaded: bool,
    /// The exchange that brought it.
    taken: Option<ExchangeId>,
    /// What came while a list was under way.
    kept: VecDeque<GroupNews>,
    refresh_at: Option<Millis>,
}

impl Groups {
    /// Forgets the groups, after a login that came to nothing.
    pub fn forget(&mut self) {
        *self = Groups::default();
    }

    /// The request for the list, where the server has groups. `is_asking` is true while another one is under way.
    pub fn request(&mut self, web: &WebSession, is_asking: bool) -> Option<Request> {
        if !is_asking {
            self.kept.clear();
        }
        let offered = web.features().has(Feature::Groups);
        offered.then(|| web.get_extension("groups.php"))
    }

    /// All groups, for the host.
    pub fn event(&self, request: Option<RequestId>) -> Event {
        let groups = self.known.values().map(|known| known.group.clone());
        let groups = groups.collect();
        Event::GroupList { request, groups }
    }

    /// When the list is to be asked for.
    pub fn timeout(&self) -> Option<Millis> {
        self.refresh_at
    }

    /// True once if it is time to ask for the list.
    pub fn refresh_is_due(&mut self, now: Millis) -> bool {
        self.refresh_at.take_if(|at| *at <= now).is_some()
    }

    fn refresh_soon(&mut self, now: Millis, wait: Millis) {
        let at = now.saturating_add(wait);
        self.refresh_at = Some(self.refresh_at.map_or(at, |planned| planned.min(at)));
    }

    /// The list could not be read. The old one stays.
    pub fn list_failed(&mut self, now: Millis) {
        self.refresh_soon(now, RETRY);
    }

    /// Takes over a list: the events for the host, except the list itself, and whether that is news. A list that was asked for
    /// before the one that is known is ignored.
    pub fn take_list(
        &mut self,
        now: Millis,
        web: &WebSession,
        id: ExchangeId,
        payload: GroupsPayload,
    ) -> (Vec<Event>, bool) {
        let Some(mut groups) = payload.groups(web) else {
            self.list_failed(now);
            return (Vec::new(), false);
        };
        if self.taken.is_some_and(|taken| id < taken) {
            return (Vec::new(), false);
        }
        self.taken = Some(id);
        self.refresh_at = None;
        let own = web.uid().unwrap_or(Uid(0));
        for news in &self.kept {
            apply_to_list(&mut groups, news, own);
        }
        let mut gone = Vec::new();
        self.known.retain(|gid, known| {
            let stays = groups.contains_key(gid);
            if !stays {
                gone.push(gone_event(known.group.clone()));
            }
            stays
        });
        let mut is_news = !gone.is_empty() || !self.is_loaded;
        for (gid, mut group) in groups {
            match self.known.get_mut(&gid) {
                Some(known) => {
                    let is_same = Group {
                        time: known.group.time,
                        ..group.clone()
                    } == *known.group;
                    group.time = group.time.max(known.group.time);
                    is_news |= !is_same;
                    known.group = Arc::new(group);
                }
                None => {
                    is_news = true;
                    // Of a group that came later, the session has had nothing.
                    let behind = group.time.saturating_add(1);
                    let since = if self.is_loaded { 0 } else { behind };
                    let group = Arc::new(group);
                    self.known.insert(gid, Known { group, since });
                }
            }
        }
        self.is_loaded = true;
        (gone, is_news)
    }

    /// The groups in which messages may have been sent that the session has not had, and since when, if the list has just come.
    pub fn with_messages(&self) -> Vec<(Uid, UnixMillis)> {
        let known = self.known.iter();
        let later = known.filter(|(_, known)| known.group.time >= known.since);
        later.map(|(gid, known)| (*gid, known.since)).collect()
    }

    /// Takes over what came on the channel: the event for the host, if it is news. `is_asking` is true while a list is under way.
    pub fn take_news(
        &mut self,
        now: Millis,
        own: Uid,
        news: GroupNews,
        is_asking: bool,
    ) -> Option<Event> {
        let event = if self.is_loaded {
            self.apply(now, own, &news)
        } else {
            None
        };
        if is_asking {
            self.keep(news);
        }
        event
    }

    fn apply(&mut self, now: Millis, own: Uid, news: &GroupNews) -> Option<Event> {
        if is_gone(news, own) {
            let known = self.known.remove(&news.gid)?;
            return Some(gone_event(known.group));
        }
        let places = self.known.values().map(|known| known.group.members.len());
        let room = MOST_PLACES.saturating_sub(places.sum());
        let Some(known) = self.known.get_mut(&news.gid) else {
            let is_new = news.added.iter().any(|(uid, _)| *uid == own);
            if !is_new || self.known.len() >= MOST_GROUPS {
                self.refresh_soon(now, DOUBT);
                return None;
            }
            let mut group = Group {
                gid: news.gid,
                ..Group::default()
            };
            change(&mut group, news, room);
            return Some(self.add(group, None));
        };
        let before = known.group.clone();
        change(Arc::make_mut(&mut known.group), news, room);
        (known.group != before).then(|| changed_event(known.group.clone(), None))
    }

    /// Keeps what a list under way may not have yet. Without one, it is forgotten when the next one is asked for.
    fn keep(&mut self, news: GroupNews) {
        if self.kept.len() >= MOST_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(news);
    }

    fn add(&mut self, group: Group, request: Option<RequestId>) -> Event {
        let (gid, group) = (group.gid, Arc::new(group));
        let event = changed_event(group.clone(), request);
        self.known.insert(gid, Known { group, since: 0 });
        event
    }

    /// The host has created a group: the answer. What the channel has told of it is better than what the host asked for.
    pub fn created(&mut self, now: Millis, request: RequestId, group: Group) -> Event {
        if let Some(known) = self.known.get(&group.gid) {
            return changed_event(known.group.clone(), Some(request));
        }
        self.refresh_soon(now, DOUBT);
        let members = group.members.iter();
        self.keep(GroupNews {
            gid: group.gid,
            name: group.name.clone(),
            owner: Some(group.owner),
            added: members
                .map(|member| (member.uid, member.name.clone()))
                .collect(),
            ..GroupNews::default()
        });
        if !self.is_loaded || self.known.len() >= MOST_GROUPS {
            return changed_event(Arc::new(group), Some(request));
        }
        self.add(group, Some(request))
    }

    /// A message is handed to the host.
    pub fn saw(&mut self, message: &Message) {
        if let Some(known) = self.known.get_mut(&message.to).filter(|_| message.in_group) {
            known.since = known.since.max(message.time);
            let group = Arc::make_mut(&mut known.group);
            group.time = group.time.max(message.time);
            if message.origin == Origin::Incoming {
                group.unread = group.unread.saturating_add(1);
            }
        }
    }

    /// The user has read the messages of a group.
    pub fn read(&mut self, gid: Uid) {
        if let Some(known) = self
            .known
            .get_mut(&gid)
            .filter(|known| known.group.unread > 0)
        {
            Arc::make_mut(&mut known.group).unread = 0;
        }
    }
}

fn changed_event(group: Arc<Group>, request: Option<RequestId>) -> Event {
    Event::Group {
        request,
        group,
        gone: false,
    }
}

fn gone_event(group: Arc<Group>) -> Event {
    Event::Group {
        request: None,
        group,
        gone: true,
    }
}

fn is_gone(news: &GroupNews, own: Uid) -> bool {
    news.gone || news.removed.contains(&own)
}

/// Applies an item to a list that may be older.
fn apply_to_list(groups: &mut BTreeMap<Uid, Group>, news: &GroupNews, own: Uid) {
    if is_gone(news, own) {
        groups.remove(&news.gid);
    } else if let Some(group) = groups.get_mut(&news.gid) {
        change(group, news, MOST_MEMBERS);
    } else if news.added.iter().any(|(uid, _)| *uid == own) && groups.len() < MOST_GROUPS {
        let mut group = Group {
            gid: news.gid,
            ..Group::default()
        };
        change(&mut group, news, MOST_MEMBERS);
        groups.insert(news.gid, group);
    }
}

/// Changes a group as an item says, with room for so many more members.
fn change(group: &mut Group, news: &GroupNews, room: usize) {
    if !news.name.is_empty() {
        group.name.clone_from(&news.name);
    }
    group.owner = news.owner.unwrap_or(group.owner);
    group.muted = news.muted.unwrap_or(group.muted);
    group.unread = news.unread.unwrap_or(group.unread);
    if !news.removed.is_empty() {
        let removed: BTreeSet<&Uid> = news.removed.iter().collect();
        group
            .members
            .retain(|member| !removed.contains(&member.uid));
    }
    if news.added.is_empty() {
        return;
    }
    let mut places: BTreeMap<Uid, usize> = BTreeMap::new();
    let members = group.members.iter().enumerate();
    places.extend(members.map(|(place, member)| (member.uid, place)));
    let most = MOST_MEMBERS.min(group.members.len().saturating_add(room));
    for (uid, name) in &news.added {
        let place = places.get(uid);
        match place.and_then(|&place| group.members.get_mut(place)) {
            Some(member) if !name.is_empty() && member.name != *name => {
                Arc::make_mut(member).name.clone_from(name);
            }
            Some(_) => {}
            None if places.len() < most => {
                places.insert(*uid, places.len());
                group.members.push(Arc::new(Member {
                    uid: *uid,
                    name: name.clone(),
                    picture_url: None,
                }));
            }
            None => {}
        }
    }
}
