//! Replies of groups.php: all groups of the user with their members (docs/protocol.md, Groups).

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::groups::{MOST_GROUPS, MOST_MEMBERS};
use crate::protocol::wire::json::{Flag, Int, List, Object, Text, count, objects, time};
use crate::types::{Group, Member, Uid, name_line};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Payload of groups.php.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GroupsPayload {
    groups: List<Object<GroupEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GroupEntry {
    gid: Int,
    name: Text,
    owner: Int,
    members: List<Object<MemberEntry>>,
    muted: Flag,
    unread: Int,
    time: Int,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MemberEntry {
    uid: Int,
    name: Text,
    thumb_src: Text,
}

impl GroupsPayload {
    /// The groups by number; `None` if the reply does not say which there are.
    pub fn groups(self, web: &WebSession) -> Option<BTreeMap<Uid, Group>> {
        let mut places = super::MOST_PLACES;
        self.groups.0.as_ref()?;
        let groups = objects(self.groups, MOST_GROUPS).filter_map(|entry| {
            let group = entry.group(web, places)?;
            places = places.saturating_sub(group.members.len());
            Some((group.gid, group))
        });
        Some(groups.collect())
    }
}

impl GroupEntry {
    fn group(self, web: &WebSession, places: usize) -> Option<Group> {
        let mut seen = BTreeSet::new();
        let members = objects(self.members, MOST_MEMBERS.min(places))
            .filter_map(|member| member.member(web))
            .filter(|member| seen.insert(member.uid));
        Some(Group {
            gid: Uid(self.gid.id()?),
            name: name_line(&self.name.or_empty()),
            owner: Uid(self.owner.id().unwrap_or(0)),
            members: members.collect(),
            muted: self.muted.0 == Some(true),
            unread: count(self.unread),
            time: time(self.time),
        })
    }
}

impl MemberEntry {
    fn member(self, web: &WebSession) -> Option<Arc<Member>> {
        let reference = self.thumb_src.0;
        Some(Arc::new(Member {
            uid: Uid(self.uid.id()?),
            name: name_line(&self.name.or_empty()),
            picture_url: reference.and_then(|reference| web.picture_url(&reference)),
        }))
    }
}
