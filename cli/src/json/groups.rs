//! Groups as JSON, and what happens to them.

use super::{Person, Record};
use fbchat::types::{self, GroupChange, NoticeKind, Uid};
use serde::Serialize;

#[derive(Serialize)]
pub struct Group<'a> {
    group: u64,
    name: &'a str,
    owner: Option<u64>,
    members: Vec<Person<'a>>,
    muted: bool,
    unread: u32,
}

pub fn group(group: &types::Group) -> Group<'_> {
    let members = group.members.iter().map(|member| Person {
        uid: member.uid.0,
        name: &member.name,
    });
    Group {
        group: group.gid.0,
        name: &group.name,
        owner: Some(group.owner.0).filter(|&uid| uid != 0),
        members: members.collect(),
        muted: group.muted,
        unread: group.unread,
    }
}

pub fn group_changed(gid: Uid, change: &GroupChange) -> Record<'_> {
    let (word, uid, name) = match change {
        GroupChange::Add(uid) => ("add", Some(uid.0), None),
        GroupChange::Remove(uid) => ("remove", Some(uid.0), None),
        GroupChange::Leave => ("leave", None, None),
        GroupChange::Mute(true) => ("mute", None, None),
        GroupChange::Mute(false) => ("unmute", None, None),
        GroupChange::Rename(name) => ("rename", None, Some(name.as_str())),
    };
    Record::GroupChanged {
        group: gid.0,
        change: word,
        uid,
        name,
    }
}

/// What happened to a group, in a word.
pub fn notice(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Created => "created",
        NoticeKind::Added => "added",
        NoticeKind::Removed => "removed",
        NoticeKind::Left => "left",
        NoticeKind::Renamed => "renamed",
        NoticeKind::Other => "other",
    }
}
