//! Changing groups: who is in them, and what they are called. Members get a notice of each change as a message.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::groups::{member_uids, members, memberships, name_for};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::item::{self, GroupNews};
use crate::store::group_rules::{creation_hash, list_of_names, names_of, new_members, notice};
use crate::store::limits::{LEFT_FOR, MAX_GROUPS, MAX_MEMBERS};
use crate::store::{GroupChange, GroupChanged, StoreError};
use crate::types::{Message, NoticeKind, Uid, User};

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
    pub fn tell_members(
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
