//! Changing groups: who is in them, and what they are called. Members get a notice of each change as a message.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::groups::{member_uids, members, memberships, name_for};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::item::{self, GroupNews};
use crate::store::group_rules::{
    Candidate, Step, added_text, admitted, created_text, creation_hash, new_members, news_of_added,
    news_of_removed, notice, step, uids_of,
};
use crate::store::limits::LEFT_FOR;
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
        let uids = match admitted(0, &self.candidates(owner.uid, None, &uids)?) {
            Ok(uids) => uids,
            Err(refused) => return Ok(refused),
        };
        let gid: i64 = db.query_row(
            "INSERT INTO chat_groups(name, creator, create_id, create_hash) VALUES (?1, ?2, ?3, ?4) RETURNING gid",
            params![name, owner.uid.0, create_id, hash],
            |row| row.get(0),
        )?;
        let gid = Uid(gid);
        let notice = self.notice(owner, gid, name, NoticeKind::Created, uids.clone());
        self.join(gid, &uids, notice.id)?;
        let news = members(db, gid)?;
        self.tell_members(gid, name, &uids, &news_of_added(&news, &uids))?;
        self.send_notice(notice, created_text(owner), &uids)
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
        let members = members(db, gid)?;
        match step(own, gid, &name, &members, change) {
            Step::Nothing(answer) => Ok(answer),
            Step::Add(new) => self.add_members(own, gid, &name, &members, &new),
            Step::Remove(gone, kind, text) => {
                let notice = self.notice(own, gid, &name, kind, vec![gone]);
                self.remove_member(notice, gone, text, &uids_of(&members))
            }
            Step::Rename(new, text) => {
                db.execute(
                    "UPDATE chat_groups SET name = ?2 WHERE gid = ?1",
                    params![gid.0, new],
                )?;
                let uids = uids_of(&members);
                self.tell_members(gid, new, &uids, &GroupNews::default())?;
                let notice = self.notice(own, gid, new, NoticeKind::Renamed, Vec::new());
                self.send_notice(notice, text, &uids)
            }
            Step::Mute(muted) => {
                let changed = db.execute(
                    "UPDATE group_members SET muted = ?3
                        WHERE gid = ?1 AND uid = ?2 AND last_message IS NULL AND muted <> ?3",
                    params![gid.0, own.uid.0, muted],
                )?;
                if changed > 0 {
                    let news = GroupNews {
                        muted: Some(muted),
                        ..GroupNews::default()
                    };
                    self.tell_members(gid, &name, &[own.uid], &news)?;
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
        before: &[User],
        new: &[Uid],
    ) -> Result<GroupChanged, StoreError> {
        let candidates = self.candidates(own.uid, Some(gid), new)?;
        let new = match admitted(before.len(), &candidates) {
            Ok(new) if new.is_empty() => return Ok(GroupChanged::Done(gid)),
            Ok(new) => new,
            Err(refused) => return Ok(refused),
        };
        let notice = self.notice(own, gid, name, NoticeKind::Added, new.clone());
        self.join(gid, &new, notice.id)?;
        let after = members(self.reading(), gid)?;
        let all = uids_of(&after);
        let news = news_of_added(&after, &new);
        let text = added_text(own, &news);
        self.tell_members(gid, name, &uids_of(before), &news)?;
        self.tell_members(gid, name, &new, &news_of_added(&after, &all))?;
        self.send_notice(notice, text, &all)
    }

    /// What decides whether `own` can add these to a group; without `gid` to one that does not exist yet.
    fn candidates(
        &self,
        own: Uid,
        gid: Option<Uid>,
        uids: &[Uid],
    ) -> Result<Vec<Candidate>, StoreError> {
        let left = "SELECT count(*) FROM group_members WHERE gid = ?1 AND uid = ?2 AND abs(?3 - left_time) < ?4";
        let groups = "SELECT count(*) FROM group_members WHERE uid = ?1 AND last_message IS NULL";
        let gid = gid.map(|gid| gid.0);
        let mut candidates = Vec::new();
        for &uid in uids {
            candidates.push(Candidate {
                uid,
                is_friend: uid == own || self.are_friends(own, uid)?,
                has_blocked: self.has_blocked(uid, own)?,
                has_left: self.count(left, params![gid, uid.0, now_ms(), LEFT_FOR])? > 0,
                groups: usize::try_from(self.count(groups, [uid.0])?).unwrap_or_default(),
            });
        }
        Ok(candidates)
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

    /// Ends a membership, of which `notice` tells. It is the last message that they get.
    fn remove_member(
        &mut self,
        notice: Message,
        gone: Uid,
        text: String,
        all: &[Uid],
    ) -> Result<GroupChanged, StoreError> {
        let (gid, name) = (notice.to, notice.to_name.clone());
        let left = gone == notice.from;
        self.writing()?.execute(
            "UPDATE group_members SET last_message = ?3, left_time = ?4
                WHERE gid = ?1 AND uid = ?2 AND last_message IS NULL",
            params![gid.0, gone.0, notice.id, left.then(now_ms)],
        )?;
        let rest: Vec<_> = all.iter().copied().filter(|uid| *uid != gone).collect();
        let news = news_of_removed(gone);
        self.tell_members(gid, &name, &rest, &news)?;
        let done = self.send_notice(notice, text, all)?;
        let news = GroupNews { gone: true, ..news };
        self.tell_members(gid, &name, &[gone], &news)?;
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
            let news = news_of_removed(uid);
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
