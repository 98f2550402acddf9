//! The fields of the events about groups, and their values.

use super::event_data::fbchat_event;
use super::event_kinds::EventKind;
use super::fields::Field;
use crate::types::Group;
use std::sync::Arc;

impl fbchat_event {
    /// All groups as items.
    pub(super) fn group_list(&mut self, groups: &[Arc<Group>]) {
        self.kind = EventKind::GroupList;
        self.items = groups.len();
        self.columns = &[
            Field::Group,
            Field::GroupName,
            Field::Owner,
            Field::MemberCount,
            Field::IsMuted,
            Field::Unread,
            Field::TimeMs,
        ];
        for group in groups {
            self.uid(group.gid);
            self.text(&group.name);
            self.uid(group.owner);
            self.int(i64::try_from(group.members.len()).unwrap_or(i64::MAX));
            self.int(i64::from(group.muted));
            self.int(i64::from(group.unread));
            self.int(group.time);
        }
    }

    /// One group with its members as items.
    pub(super) fn group(&mut self, group: &Group, gone: bool) {
        self.kind = EventKind::Group;
        self.head = &[
            Field::Group,
            Field::GroupName,
            Field::Owner,
            Field::IsMuted,
            Field::Unread,
            Field::TimeMs,
            Field::IsGone,
        ];
        self.uid(group.gid);
        self.text(&group.name);
        self.uid(group.owner);
        self.int(i64::from(group.muted));
        self.int(i64::from(group.unread));
        self.int(group.time);
        self.int(i64::from(gone));
        self.columns = &[
            Field::Uid,
            Field::Name,
            Field::PictureUrl,
            Field::PictureHash,
        ];
        let members = group.members.iter().filter(|_| !gone);
        self.items = members.clone().count();
        for member in members {
            self.uid(member.uid);
            self.text(&member.name);
            self.picture_address(member.picture_url.as_deref());
        }
    }
}
