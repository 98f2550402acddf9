//! What every store does the same way about groups.

use super::limits::{MAX_GROUPS, MAX_MEMBERS};
use super::message_rules::text_hash;
use super::{GroupChange, GroupChanged};
use crate::item::GroupNews;
use crate::types::{Message, Notice, NoticeKind, Uid, User};

/// A user who is to be added to a group.
pub struct Candidate {
    pub uid: Uid,
    /// Whether they are a friend of the one who adds them. The creator of a group counts as their own friend.
    pub is_friend: bool,
    pub has_blocked: bool,
    /// Whether they left this group less than `LEFT_FOR` ago.
    pub has_left: bool,
    /// The number of groups that they are in.
    pub groups: usize,
}

/// The candidates who can be added to a group with this many members, or why nobody can be added. Candidates who have blocked the one
/// who adds them stay out, and no error says so.
pub fn admitted(members: usize, candidates: &[Candidate]) -> Result<Vec<Uid>, GroupChanged> {
    if candidates.iter().any(|one| !one.is_friend) {
        return Err(GroupChanged::NotFriends);
    }
    if candidates.iter().any(|one| one.has_left) {
        return Err(GroupChanged::HasLeft);
    }
    if members.saturating_add(candidates.len()) > MAX_MEMBERS {
        return Err(GroupChanged::TooManyMembers);
    }
    if candidates.iter().any(|one| one.groups >= MAX_GROUPS) {
        return Err(GroupChanged::TooManyGroups);
    }
    let rest = candidates.iter().filter(|one| !one.has_blocked);
    Ok(rest.map(|one| one.uid).collect())
}

/// What a store has to do for a change.
pub enum Step<'a> {
    /// Nothing; this is the answer.
    Nothing(GroupChanged),
    /// Adds those who are no members yet.
    Add(Vec<Uid>),
    /// Ends a membership, with this notice.
    Remove(Uid, NoticeKind, String),
    Rename(&'a str, String),
    Mute(bool),
}

/// The step that follows from a change by `own`, who is a member.
pub fn step<'a>(
    own: &User,
    gid: Uid,
    name: &str,
    members: &[User],
    change: &'a GroupChange,
) -> Step<'a> {
    match change {
        GroupChange::Add(uids) => Step::Add(new_members(uids.iter(), members)),
        GroupChange::Remove(uid) if *uid != own.uid => {
            if members.first().is_none_or(|owner| owner.uid != own.uid) {
                return Step::Nothing(GroupChanged::NotOwner);
            }
            let Some(gone) = members.iter().find(|member| member.uid == *uid) else {
                return Step::Nothing(GroupChanged::Done(gid));
            };
            let text = format!("{} removed {}.", own.name, gone.name);
            Step::Remove(*uid, NoticeKind::Removed, text)
        }
        GroupChange::Remove(_) | GroupChange::Leave => {
            let text = format!("{} left the group.", own.name);
            Step::Remove(own.uid, NoticeKind::Left, text)
        }
        GroupChange::Rename(new) if *new == name => Step::Nothing(GroupChanged::Done(gid)),
        GroupChange::Rename(new) => {
            let text = format!("{} named the group \"{new}\".", own.name);
            Step::Rename(new, text)
        }
        GroupChange::Mute(muted) => Step::Mute(*muted),
    }
}

/// The text of the notice of a new group.
pub fn created_text(owner: &User) -> String {
    format!("{} created the group.", owner.name)
}

/// The text of the notice that members were added.
pub fn added_text(own: &User, added: &GroupNews<'_>) -> String {
    let names: Vec<_> = added.added.iter().map(|(_, name)| *name).collect();
    format!("{} added {}.", own.name, list_of_names(&names))
}

/// What members learn about those of them who are new.
pub fn news_of_added<'a>(members: &'a [User], new: &[Uid]) -> GroupNews<'a> {
    GroupNews {
        added: names_of(members, new),
        ..GroupNews::default()
    }
}

/// What members learn about somebody who is no member any more.
pub fn news_of_removed(gone: Uid) -> GroupNews<'static> {
    GroupNews {
        removed: vec![gone],
        ..GroupNews::default()
    }
}

pub fn uids_of(members: &[User]) -> Vec<Uid> {
    members.iter().map(|member| member.uid).collect()
}

/// What tells groups apart that a user creates with one id.
pub fn creation_hash(name: &str, friends: &[Uid]) -> i64 {
    let asked = friends.iter().map(Uid::to_string).collect::<Vec<_>>();
    text_hash(&format!("{name}\n{}", asked.join(" ")))
}

/// Names in a sentence.
fn list_of_names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Those of `uids` who are no members yet, each once.
pub fn new_members<'a>(uids: impl Iterator<Item = &'a Uid>, members: &[User]) -> Vec<Uid> {
    let mut new: Vec<Uid> = Vec::new();
    for uid in uids {
        if !new.contains(uid) && members.iter().all(|member| member.uid != *uid) {
            new.push(*uid);
        }
    }
    new
}

/// Those of the members who are in `uids`, with their names.
fn names_of<'a>(members: &'a [User], uids: &[Uid]) -> Vec<(Uid, &'a str)> {
    let chosen = members.iter().filter(|member| uids.contains(&member.uid));
    chosen
        .map(|member| (member.uid, member.name.as_str()))
        .collect()
}

/// A notice as it is stored: the kind, and the numbers of the users.
pub fn notice_to_text(notice: &Notice) -> String {
    let mut text = notice.kind.name().to_owned();
    for uid in &notice.uids {
        text.push(' ');
        text.push_str(&uid.to_string());
    }
    text
}

/// A kind that only a later version knows makes an ordinary message: its text says everything.
pub fn notice_from_text(text: &str) -> Option<Notice> {
    let mut words = text.split(' ');
    let kind = words.next()?;
    Some(Notice {
        kind: NoticeKind::ALL
            .into_iter()
            .find(|known| known.name() == kind)?,
        uids: words.filter_map(|uid| uid.parse().ok()).collect(),
    })
}

/// A notice with an id, but still without its text.
pub fn notice(
    from: &User,
    gid: Uid,
    name: &str,
    kind: NoticeKind,
    uids: Vec<Uid>,
    (id, time): (i64, i64),
) -> Message {
    Message {
        from: from.uid,
        to: gid,
        from_name: from.name.clone(),
        to_name: name.to_owned(),
        text: String::new(),
        // Clients number upwards, or draw numbers of 32 bits.
        msg_id: (1_i64 << 32).saturating_add(id).to_string(),
        notice: Some(Notice { kind, uids }),
        attachments: Vec::new(),
        client_time: time,
        time,
        id,
    }
}
