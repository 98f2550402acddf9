//! What every store does the same way about groups.

use super::message_rules::text_hash;
use crate::types::{Message, Notice, NoticeKind, Uid, User};

/// What tells groups apart that a user creates with one id.
pub fn creation_hash(name: &str, friends: &[Uid]) -> i64 {
    let asked = friends.iter().map(Uid::to_string).collect::<Vec<_>>();
    text_hash(&format!("{name}\n{}", asked.join(" ")))
}

/// Names in a sentence.
pub fn list_of_names(names: &[&str]) -> String {
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
pub fn names_of<'a>(members: &'a [User], uids: &[Uid]) -> Vec<(Uid, &'a str)> {
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
