//! Group conversations.
//!
//! Each time that somebody is in a group is one row of `group_members`, which names the first and the last message of that time.
//! So what a member may read needs no rows per message, and a message costs no more writes than its deliveries.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::attachments::attachments;
use super::group_history::TO_GROUP;
use super::messages::is_stored;
use super::rows::{USER, user};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::item::{self, GroupNews};
use crate::store::group_rules::{creation_hash, list_of_names, names_of, new_members, notice};
use crate::store::limits::{LEFT_FOR, MAX_GROUPS, MAX_MEMBERS, MAX_UNREAD};
use crate::store::message_rules::content_hash;
use crate::store::{
    Group, GroupChange, GroupChanged, GroupName, Inserted, MessageCheck, NewGroupMessage,
    StoreError,
};
use crate::types::{Message, NoticeKind, Uid, User};

/// The groups of a user, and the first message of each that they may read.
fn memberships(db: &Connection, uid: Uid) -> Result<Vec<Group>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT gid, name, muted, read_message, first_message FROM group_members JOIN chat_groups USING (gid)
            WHERE uid = ?1 AND last_message IS NULL ORDER BY id",
    )?;
    let mut count = db.prepare_cached(&format!(
        "SELECT count(*) FROM (SELECT 1 FROM messages WHERE {TO_GROUP} AND id > ?2 LIMIT {MAX_UNREAD})"
    ))?;
    let mut last = db.prepare_cached(&format!(
        "SELECT time FROM messages WHERE {TO_GROUP} AND id >= ?2 ORDER BY id DESC LIMIT 1"
    ))?;
    let mut rows = select.query([uid.0])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        let gid = Uid(row.get(0)?);
        let (read, first): (i64, i64) = (row.get(3)?, row.get(4)?);
        let time = last.query_row(params![gid.0, first], |row| row.get(0));
        groups.push(Group {
            gid,
            name: row.get(1)?,
            muted: row.get(2)?,
            unread: count.query_row(params![gid.0, read], |row| row.get(0))?,
            time: time.optional()?.unwrap_or(0),
        });
    }
    Ok(groups)
}

pub fn groups(db: &Connection, uid: Uid) -> Result<Vec<(Group, Vec<User>)>, StoreError> {
    let groups = memberships(db, uid)?.into_iter();
    groups
        .map(|group| {
            let members = members(db, group.gid)?;
            Ok((group, members))
        })
        .collect()
}

pub fn names(db: &Connection, uid: Uid) -> Result<Vec<GroupName>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT gid, name, create_id FROM group_members JOIN chat_groups USING (gid)
            WHERE uid = ?1 AND last_message IS NULL ORDER BY id",
    )?;
    let names = select.query_map([uid.0], |row| {
        Ok(GroupName {
            gid: Uid(row.get(0)?),
            name: row.get(1)?,
            create_id: row.get(2)?,
        })
    })?;
    Ok(names.collect::<Result<_, _>>()?)
}

pub fn unread_groups(db: &Connection, uid: Uid) -> Result<Vec<Group>, StoreError> {
    let mut groups = memberships(db, uid)?;
    groups.retain(|group| group.unread > 0);
    groups.sort_by_key(|group| std::cmp::Reverse(group.time));
    Ok(groups)
}

fn members(db: &Connection, gid: Uid) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER} FROM group_members JOIN users USING (uid)
            WHERE gid = ?1 AND last_message IS NULL ORDER BY id"
    ))?;
    Ok(select.query_map([gid.0], user)?.collect::<Result<_, _>>()?)
}

fn member_uids(db: &Connection, gid: Uid) -> Result<Vec<Uid>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT uid FROM group_members WHERE gid = ?1 AND last_message IS NULL ORDER BY id",
    )?;
    let uids = select.query_map([gid.0], |row| row.get(0).map(Uid))?;
    Ok(uids.collect::<Result<_, _>>()?)
}

pub fn members_for(db: &Connection, uid: Uid, gid: Uid) -> Result<Option<Vec<User>>, StoreError> {
    let members = members(db, gid)?;
    let is_member = members.iter().any(|member| member.uid == uid);
    Ok(is_member.then_some(members))
}

/// The name of a group, if `uid` is in it.
fn name_for(db: &Connection, uid: Uid, gid: Uid) -> Result<Option<String>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT name FROM group_members JOIN chat_groups USING (gid)
            WHERE gid = ?1 AND uid = ?2 AND last_message IS NULL",
    )?;
    let name = select.query_row(params![gid.0, uid.0], |row| row.get(0));
    Ok(name.optional()?)
}

pub fn check_message(
    db: &Connection,
    from: Uid,
    gid: Uid,
    msg_id: &str,
    hash: i64,
) -> Result<MessageCheck, StoreError> {
    if is_stored(db, from, gid, msg_id, hash)? {
        return Ok(MessageCheck::Duplicate);
    }
    Ok(match name_for(db, from, gid)? {
        Some(_) => MessageCheck::Member,
        None => MessageCheck::NotReachable,
    })
}

impl Tx<'_> {
    pub fn create_group(
        &mut self,
        owner: &User,
        name: &str,
        friends: &[Uid],
        create_id: &str,
    ) -> Result<GroupChanged, StoreError> {
        let db = self.writing()?;
        let hash = creation_hash(name, friends);
        let known = db
            .prepare_cached(
                "SELECT gid FROM chat_groups WHERE creator = ?1 AND create_id = ?2 AND create_hash = ?3",
            )?
            .query_row(params![owner.uid.0, create_id, hash], |row| row.get(0).map(Uid))
            .optional()?;
        if let Some(gid) = known {
            return Ok(GroupChanged::Done(gid));
        }
        let uids = new_members([owner.uid].iter().chain(friends), &[]);
        if let Some(refused) = self.refuse_members(owner.uid, None, &[], &uids)? {
            return Ok(refused);
        }
        let uids = self.without_blockers(owner.uid, uids)?;
        let gid: i64 = db.query_row(
            "INSERT INTO chat_groups(name, creator, create_id, create_hash) VALUES (?1, ?2, ?3, ?4) RETURNING gid",
            params![name, owner.uid.0, create_id, hash],
            |row| row.get(0),
        )?;
        let gid = Uid(gid);
        let notice = self.notice(owner, gid, name, NoticeKind::Created, uids.clone());
        self.join(gid, &uids, notice.id)?;
        let members = members(db, gid)?;
        self.tell_members(
            gid,
            name,
            &uids,
            &GroupNews {
                added: names_of(&members, &uids),
                ..GroupNews::default()
            },
        )?;
        let text = format!("{} created the group.", owner.name);
        self.send_notice(notice, text, &uids)
    }

    pub fn change_group(
        &mut self,
        own: &User,
        gid: Uid,
        change: &GroupChange,
    ) -> Result<GroupChanged, StoreError> {
        let db = self.writing()?;
        let Some(name) = name_for(db, own.uid, gid)? else {
            return Ok(GroupChanged::Unknown);
        };
        match change {
            GroupChange::Add(uids) => self.add_members(own, gid, &name, uids),
            GroupChange::Remove(uid) if *uid != own.uid => {
                let members = members(db, gid)?;
                if members.first().is_none_or(|owner| owner.uid != own.uid) {
                    return Ok(GroupChanged::NotOwner);
                }
                let Some(gone) = members.iter().find(|member| member.uid == *uid) else {
                    return Ok(GroupChanged::Done(gid));
                };
                let text = format!("{} removed {}.", own.name, gone.name);
                self.remove_member(own, gid, &name, *uid, text)
            }
            GroupChange::Remove(_) | GroupChange::Leave => {
                let text = format!("{} left the group.", own.name);
                self.remove_member(own, gid, &name, own.uid, text)
            }
            GroupChange::Rename(new) if *new == name => Ok(GroupChanged::Done(gid)),
            GroupChange::Rename(new) => {
                db.execute(
                    "UPDATE chat_groups SET name = ?2 WHERE gid = ?1",
                    params![gid.0, new],
                )?;
                let uids = member_uids(db, gid)?;
                self.tell_members(gid, new, &uids, &GroupNews::default())?;
                let notice = self.notice(own, gid, new, NoticeKind::Renamed, Vec::new());
                let text = format!("{} named the group \"{new}\".", own.name);
                self.send_notice(notice, text, &uids)
            }
            GroupChange::Mute(muted) => {
                let changed = db.execute(
                    "UPDATE group_members SET muted = ?3
                        WHERE gid = ?1 AND uid = ?2 AND last_message IS NULL AND muted <> ?3",
                    params![gid.0, own.uid.0, muted],
                )?;
                if changed > 0 {
                    self.tell_members(
                        gid,
                        &name,
                        &[own.uid],
                        &GroupNews {
                            muted: Some(*muted),
                            ..GroupNews::default()
                        },
                    )?;
                }
                Ok(GroupChanged::Done(gid))
            }
        }
    }

    fn add_members(
        &mut self,
        own: &User,
        gid: Uid,
        name: &str,
        uids: &[Uid],
    ) -> Result<GroupChanged, StoreError> {
        let db = self.reading();
        let before = members(db, gid)?;
        let new = new_members(uids.iter(), &before);
        if let Some(refused) = self.refuse_members(own.uid, Some(gid), &before, &new)? {
            return Ok(refused);
        }
        let new = self.without_blockers(own.uid, new)?;
        if new.is_empty() {
            return Ok(GroupChanged::Done(gid));
        }
        let notice = self.notice(own, gid, name, NoticeKind::Added, new.clone());
        self.join(gid, &new, notice.id)?;
        let after = members(db, gid)?;
        let added = names_of(&after, &new);
        let names: Vec<_> = added.iter().map(|(_, name)| *name).collect();
        let text = format!("{} added {}.", own.name, list_of_names(&names));
        let before: Vec<_> = before.iter().map(|member| member.uid).collect();
        self.tell_members(
            gid,
            name,
            &before,
            &GroupNews {
                added,
                ..GroupNews::default()
            },
        )?;
        let all: Vec<_> = after.iter().map(|member| member.uid).collect();
        self.tell_members(
            gid,
            name,
            &new,
            &GroupNews {
                added: names_of(&after, &all),
                ..GroupNews::default()
            },
        )?;
        self.send_notice(notice, text, &all)
    }

    /// Why `own` cannot add these to a group with these members; without `gid` to one that does not exist yet.
    fn refuse_members(
        &self,
        own: Uid,
        gid: Option<Uid>,
        members: &[User],
        new: &[Uid],
    ) -> Result<Option<GroupChanged>, StoreError> {
        for uid in new {
            if *uid != own && !self.are_friends(own, *uid)? {
                return Ok(Some(GroupChanged::NotFriends));
            }
        }
        for uid in new {
            let left = "SELECT count(*) FROM group_members WHERE gid = ?1 AND uid = ?2 AND abs(?3 - left_time) < ?4";
            if self.count(
                left,
                params![gid.map(|gid| gid.0), uid.0, now_ms(), LEFT_FOR],
            )? > 0
            {
                return Ok(Some(GroupChanged::HasLeft));
            }
        }
        if members.len() + new.len() > MAX_MEMBERS {
            return Ok(Some(GroupChanged::TooManyMembers));
        }
        for uid in new {
            let groups =
                "SELECT count(*) FROM group_members WHERE uid = ?1 AND last_message IS NULL";
            if self.count(groups, [uid.0])? >= MAX_GROUPS as i64 {
                return Ok(Some(GroupChanged::TooManyGroups));
            }
        }
        Ok(None)
    }

    /// Those of the new members who have not blocked `own`. The others stay out, and no error says so.
    fn without_blockers(&self, own: Uid, uids: Vec<Uid>) -> Result<Vec<Uid>, StoreError> {
        let mut new = Vec::new();
        for uid in uids {
            if !self.has_blocked(uid, own)? {
                new.push(uid);
            }
        }
        Ok(new)
    }

    fn join(&mut self, gid: Uid, uids: &[Uid], first_message: i64) -> Result<(), StoreError> {
        let mut insert = self.writing()?.prepare_cached(
            "INSERT INTO group_members(gid, uid, first_message, read_message) VALUES (?1, ?2, ?3, ?3 - 1)",
        )?;
        for uid in uids {
            insert.execute(params![gid.0, uid.0, first_message])?;
        }
        Ok(())
    }

    fn remove_member(
        &mut self,
        own: &User,
        gid: Uid,
        name: &str,
        gone: Uid,
        text: String,
    ) -> Result<GroupChanged, StoreError> {
        let db = self.writing()?;
        // The notice is the last message that they get.
        let all = member_uids(db, gid)?;
        let left = gone == own.uid;
        let kind = if left {
            NoticeKind::Left
        } else {
            NoticeKind::Removed
        };
        let notice = self.notice(own, gid, name, kind, vec![gone]);
        db.execute(
            "UPDATE group_members SET last_message = ?3, left_time = ?4
                WHERE gid = ?1 AND uid = ?2 AND last_message IS NULL",
            params![gid.0, gone.0, notice.id, left.then(now_ms)],
        )?;
        let rest: Vec<_> = all.iter().copied().filter(|uid| *uid != gone).collect();
        self.tell_members(
            gid,
            name,
            &rest,
            &GroupNews {
                removed: vec![gone],
                ..GroupNews::default()
            },
        )?;
        let done = self.send_notice(notice, text, &all)?;
        self.tell_members(
            gid,
            name,
            &[gone],
            &GroupNews {
                removed: vec![gone],
                gone: true,
                ..GroupNews::default()
            },
        )?;
        Ok(done)
    }

    /// Publishes what has changed to those of `uids` who are connected.
    fn tell_members(
        &mut self,
        gid: Uid,
        name: &str,
        uids: &[Uid],
        news: &GroupNews<'_>,
    ) -> Result<(), StoreError> {
        let owner = member_uids(self.reading(), gid)?.first().copied();
        let item = item::group(gid, name, owner, news);
        for uid in self.connected(uids.to_vec()) {
            self.publish(uid, item.clone())?;
        }
        Ok(())
    }

    /// A notice with an id, but still without its text.
    fn notice(
        &mut self,
        from: &User,
        gid: Uid,
        name: &str,
        kind: NoticeKind,
        uids: Vec<Uid>,
    ) -> Message {
        notice(from, gid, name, kind, uids, self.id_and_time())
    }

    fn send_notice(
        &mut self,
        notice: Message,
        text: String,
        to: &[Uid],
    ) -> Result<GroupChanged, StoreError> {
        let message = Message { text, ..notice };
        // Without a hash it is never taken for a message that was sent before.
        self.store_message(&message, None)?;
        self.deliver_to_group(&message, to)?;
        Ok(GroupChanged::Done(message.to))
    }

    pub fn insert_group_message(&mut self, new: &NewGroupMessage) -> Result<Inserted, StoreError> {
        let db = self.writing()?;
        let hash = content_hash(&new.text, &new.files);
        let Some(name) = name_for(db, new.from.uid, new.gid)? else {
            let stored = is_stored(db, new.from.uid, new.gid, &new.msg_id, hash)?;
            return Ok(if stored {
                Inserted::Duplicate
            } else {
                Inserted::NotReachable
            });
        };
        let (from, message) = (new.from.uid, (&*new.msg_id, hash));
        if let Some(refused) = self.over_quota(from, new.gid, message, new.quota)? {
            return Ok(refused);
        }
        let Some(attachments) = attachments(db, from, &new.files)? else {
            return self.without_files(from, new.gid, message);
        };
        let (id, time) = self.id_and_time();
        let message = Message {
            from,
            to: new.gid,
            from_name: new.from.name.clone(),
            to_name: name,
            text: new.text.clone(),
            msg_id: new.msg_id.clone(),
            notice: None,
            attachments,
            client_time: new.client_time,
            time,
            id,
        };
        if !self.store_message(&message, Some(hash))? {
            return Ok(Inserted::Duplicate);
        }
        let members = member_uids(db, new.gid)?;
        self.deliver_to_group(&message, &members)?;
        Ok(Inserted::New)
    }

    fn deliver_to_group(&mut self, message: &Message, to: &[Uid]) -> Result<(), StoreError> {
        // Who writes has read what was there.
        self.set_read(message.from, message.to, message.id)?;
        let item = item::message(message);
        for uid in to {
            self.deliver(*uid, message.id, item.clone())?;
        }
        Ok(())
    }

    fn set_read(&mut self, uid: Uid, gid: Uid, message: i64) -> Result<usize, StoreError> {
        let mut update = self.writing()?.prepare_cached(
            "UPDATE group_members SET read_message = ?3
                WHERE gid = ?1 AND uid = ?2 AND last_message IS NULL AND read_message < ?3",
        )?;
        Ok(update.execute(params![gid.0, uid.0, message])?)
    }

    /// Marks everything in a group as read.
    pub fn mark_group_read(&mut self, uid: Uid, gid: Uid) -> Result<(), StoreError> {
        let db = self.reading();
        let last: Option<i64> = db
            .prepare_cached(&format!("SELECT max(id) FROM messages WHERE {TO_GROUP}"))?
            .query_row([gid.0], |row| row.get(0))?;
        let (Some(name), Some(last)) = (name_for(db, uid, gid)?, last) else {
            return Ok(());
        };
        if self.set_read(uid, gid, last)? > 0 {
            self.tell_members(
                gid,
                &name,
                &[uid],
                &GroupNews {
                    read: true,
                    ..GroupNews::default()
                },
            )?;
        }
        Ok(())
    }

    /// Takes a user who is being deleted out of all groups. The server whose clients are told is another process.
    pub fn leave_groups(&mut self, uid: Uid) -> Result<(), StoreError> {
        let db = self.erasing()?;
        for group in memberships(db, uid)? {
            let mut rest = member_uids(db, group.gid)?;
            rest.retain(|member| *member != uid);
            let news = GroupNews {
                removed: vec![uid],
                ..GroupNews::default()
            };
            let item: Arc<str> = item::group(group.gid, &group.name, rest.first().copied(), &news);
            for member in rest {
                db.execute(
                    "INSERT INTO outbox(owner, item, time) VALUES (?1, ?2, ?3)",
                    params![member.0, &*item, now_ms()],
                )?;
            }
        }
        db.execute("DELETE FROM group_members WHERE uid = ?1", [uid.0])?;
        // With the last one who may read them, the messages are gone as well.
        db.execute(
            "DELETE FROM chat_groups WHERE gid NOT IN (SELECT gid FROM group_members)",
            [],
        )?;
        Ok(())
    }
}
