//! Changing groups, and writing in them.

use super::blocks::has_blocked;
use super::files::attachments;
use super::groups::{member_uids, members, memberships, name_for};
use super::message_batches::Draft;
use super::messages::is_stored;
use super::rows::at;
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::item::{self, GroupNews};
use crate::store::group_rules::{
    Candidate, Step, added_text, admitted, created_text, creation_hash, new_members, news_of_added,
    news_of_removed, notice, step, uids_of,
};
use crate::store::limits::LEFT_FOR;
use crate::store::message_rules::content_hash;
use crate::store::{GroupChange, GroupChanged, Inserted, MessageDraft, StoreError};
use crate::types::{Message, NoticeKind, Uid, User};

impl Tx<'_> {
    pub async fn create_group(
        &mut self,
        owner: &User,
        name: &str,
        friends: &[Uid],
        create_id: &str,
    ) -> Result<GroupChanged, StoreError> {
        let hash = creation_hash(name, friends);
        let known = "SELECT gid FROM chat_groups WHERE creator = $1 AND create_id = $2 AND create_hash = $3";
        if let Some(row) = self.row(known, &[&owner.uid.0, &create_id, &hash]).await? {
            return Ok(GroupChanged::Done(Uid(at(&row, 0)?)));
        }
        let uids = new_members([owner.uid].iter().chain(friends), &[]);
        let candidates = self.candidates(owner.uid, None, &uids).await?;
        let uids = match admitted(0, &candidates) {
            Ok(uids) => uids,
            Err(refused) => return Ok(refused),
        };
        let insert = "INSERT INTO chat_groups(name, creator, create_id, create_hash) VALUES ($1, $2, $3, $4) RETURNING gid";
        let params: super::connection::Params<'_> = &[&name, &owner.uid.0, &create_id, &hash];
        let gid = Uid(self.number(insert, params).await?);
        let notice = self.notice(owner, gid, name, NoticeKind::Created, uids.clone());
        self.join(gid, &uids, notice.id).await?;
        let members = members(self, gid).await?;
        let news = news_of_added(&members, &uids);
        self.tell_members(gid, name, &uids, &news).await?;
        self.send_notice(notice, created_text(owner), &uids).await
    }

    pub async fn change_group(
        &mut self,
        own: &User,
        gid: Uid,
        change: &GroupChange,
    ) -> Result<GroupChanged, StoreError> {
        let Some(name) = name_for(self, own.uid, gid).await? else {
            return Ok(GroupChanged::Unknown);
        };
        let members = members(self, gid).await?;
        match step(own, gid, &name, &members, change) {
            Step::Nothing(answer) => Ok(answer),
            Step::Add(new) => self.add_members(own, gid, &name, &members, &new).await,
            Step::Remove(gone, kind, text) => {
                let notice = self.notice(own, gid, &name, kind, vec![gone]);
                let all = uids_of(&members);
                self.remove_member(notice, gone, text, &all).await
            }
            Step::Rename(new, text) => {
                let update = "UPDATE chat_groups SET name = $2 WHERE gid = $1";
                self.execute(update, &[&gid.0, &new]).await?;
                let uids = uids_of(&members);
                self.tell_members(gid, new, &uids, &GroupNews::default())
                    .await?;
                let notice = self.notice(own, gid, new, NoticeKind::Renamed, Vec::new());
                self.send_notice(notice, text, &uids).await
            }
            Step::Mute(muted) => {
                let update = "UPDATE group_members SET muted = $3
                    WHERE gid = $1 AND uid = $2 AND last_message IS NULL AND muted <> $3";
                if self.execute(update, &[&gid.0, &own.uid.0, &muted]).await? > 0 {
                    let news = GroupNews {
                        muted: Some(muted),
                        ..GroupNews::default()
                    };
                    self.tell_members(gid, &name, &[own.uid], &news).await?;
                }
                Ok(GroupChanged::Done(gid))
            }
        }
    }

    async fn add_members(
        &mut self,
        own: &User,
        gid: Uid,
        name: &str,
        before: &[User],
        new: &[Uid],
    ) -> Result<GroupChanged, StoreError> {
        let candidates = self.candidates(own.uid, Some(gid), new).await?;
        let new = match admitted(before.len(), &candidates) {
            Ok(new) if new.is_empty() => return Ok(GroupChanged::Done(gid)),
            Ok(new) => new,
            Err(refused) => return Ok(refused),
        };
        let notice = self.notice(own, gid, name, NoticeKind::Added, new.clone());
        self.join(gid, &new, notice.id).await?;
        let after = members(self, gid).await?;
        let all = uids_of(&after);
        let news = news_of_added(&after, &new);
        let text = added_text(own, &news);
        self.tell_members(gid, name, &uids_of(before), &news)
            .await?;
        let news = news_of_added(&after, &all);
        self.tell_members(gid, name, &new, &news).await?;
        self.send_notice(notice, text, &all).await
    }

    /// What decides whether `own` can add these to a group; without `gid` to one that does not exist yet.
    async fn candidates(
        &self,
        own: Uid,
        gid: Option<Uid>,
        uids: &[Uid],
    ) -> Result<Vec<Candidate>, StoreError> {
        let left = "SELECT count(*) FROM group_members WHERE gid = $1 AND uid = $2 AND abs($3 - left_time) < $4";
        let groups = "SELECT count(*) FROM group_members WHERE uid = $1 AND last_message IS NULL";
        let gid = gid.map(|gid| gid.0);
        let mut candidates = Vec::new();
        for &uid in uids {
            let params: super::connection::Params<'_> = &[&gid, &uid.0, &now_ms(), &LEFT_FOR];
            let has_left = self.number(left, params).await? > 0;
            candidates.push(Candidate {
                uid,
                is_friend: uid == own || self.are_friends(own, uid).await?,
                has_blocked: has_blocked(self, uid, own).await?,
                has_left,
                groups: usize::try_from(self.number(groups, &[&uid.0]).await?).unwrap_or_default(),
            });
        }
        Ok(candidates)
    }

    async fn join(&mut self, gid: Uid, uids: &[Uid], first_message: i64) -> Result<(), StoreError> {
        let insert = "INSERT INTO group_members(gid, uid, first_message, read_message) VALUES ($1, $2, $3::bigint, $3::bigint - 1)";
        for uid in uids {
            self.execute(insert, &[&gid.0, &uid.0, &first_message])
                .await?;
        }
        Ok(())
    }

    /// Ends a membership, of which `notice` tells. It is the last message that they get.
    async fn remove_member(
        &mut self,
        notice: Message,
        gone: Uid,
        text: String,
        all: &[Uid],
    ) -> Result<GroupChanged, StoreError> {
        let (gid, name) = (notice.to, notice.to_name.clone());
        let left_time = (gone == notice.from).then(now_ms);
        let update = "UPDATE group_members SET last_message = $3, left_time = $4
            WHERE gid = $1 AND uid = $2 AND last_message IS NULL";
        self.execute(update, &[&gid.0, &gone.0, &notice.id, &left_time])
            .await?;
        let rest: Vec<_> = all.iter().copied().filter(|uid| *uid != gone).collect();
        let news = news_of_removed(gone);
        self.tell_members(gid, &name, &rest, &news).await?;
        let done = self.send_notice(notice, text, all).await?;
        let news = GroupNews { gone: true, ..news };
        self.tell_members(gid, &name, &[gone], &news).await?;
        Ok(done)
    }

    /// Publishes what has changed to those of `uids` who are connected.
    async fn tell_members(
        &mut self,
        gid: Uid,
        name: &str,
        uids: &[Uid],
        news: &GroupNews<'_>,
    ) -> Result<(), StoreError> {
        let owner = member_uids(self, gid).await?.first().copied();
        let item = item::group(gid, name, owner, news);
        for uid in self.connected(uids.to_vec()) {
            self.publish(uid, item.clone()).await?;
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

    async fn send_notice(
        &mut self,
        notice: Message,
        text: String,
        to: &[Uid],
    ) -> Result<GroupChanged, StoreError> {
        let draft = Draft {
            message: Message { text, ..notice },
            hash: None,
            quota: i64::MAX,
        };
        self.store_message(&draft).await?;
        self.deliver_to_group(&draft.message, to).await?;
        Ok(GroupChanged::Done(draft.message.to))
    }

    pub async fn insert_group_message(
        &mut self,
        new: &MessageDraft,
    ) -> Result<Inserted, StoreError> {
        let (from, gid) = (new.from.uid, new.to);
        let hash = content_hash(&new.text, &new.files);
        let found = attachments(self, from, &new.files).await?;
        let name = name_for(self, from, gid).await?;
        let refused = match name {
            Some(_) if self.is_over_quota(from, new.quota).await? => Inserted::QuotaUsedUp,
            Some(_) if found.is_none() => Inserted::FileMissing,
            Some(_) => Inserted::New,
            None => Inserted::NotReachable,
        };
        let Some(name) = name.filter(|_| refused == Inserted::New) else {
            let stored = is_stored(self, from, gid, &new.msg_id, hash).await?;
            return Ok(if stored { Inserted::Duplicate } else { refused });
        };
        let attachments = found.unwrap_or_default();
        let draft = Draft {
            message: new.message(name, attachments, self.id_and_time()),
            hash: Some(hash),
            quota: new.quota,
        };
        if !self.store_message(&draft).await? {
            return Ok(Inserted::Duplicate);
        }
        let members = member_uids(self, gid).await?;
        self.deliver_to_group(&draft.message, &members).await?;
        Ok(Inserted::New)
    }

    async fn deliver_to_group(&mut self, message: &Message, to: &[Uid]) -> Result<(), StoreError> {
        // Who writes has read what was there.
        self.set_read(message.from, message.to, message.id).await?;
        self.deliver(message, to).await
    }

    async fn set_read(&mut self, uid: Uid, gid: Uid, message: i64) -> Result<u64, StoreError> {
        let update = "UPDATE group_members SET read_message = $3
            WHERE gid = $1 AND uid = $2 AND last_message IS NULL AND read_message < $3";
        self.execute(update, &[&gid.0, &uid.0, &message]).await
    }

    /// Marks everything in a group as read.
    pub async fn mark_group_read(&mut self, uid: Uid, gid: Uid) -> Result<(), StoreError> {
        let last = "SELECT id FROM messages WHERE recipient = $1 ORDER BY id DESC LIMIT 1";
        let last = self.number(last, &[&gid.0]).await?;
        let Some(name) = name_for(self, uid, gid).await? else {
            return Ok(());
        };
        if self.set_read(uid, gid, last).await? > 0 {
            let news = GroupNews {
                read: true,
                ..GroupNews::default()
            };
            self.tell_members(gid, &name, &[uid], &news).await?;
        }
        Ok(())
    }

    /// Takes a user who is being deleted out of all groups. The server whose clients are told is another process.
    pub async fn leave_groups(&mut self, uid: Uid) -> Result<(), StoreError> {
        for group in memberships(self, uid).await? {
            let mut rest = member_uids(self, group.gid).await?;
            rest.retain(|member| *member != uid);
            let news = news_of_removed(uid);
            let item = item::group(group.gid, &group.name, rest.first().copied(), &news);
            let insert = "INSERT INTO outbox(owner, item, time) VALUES ($1, $2, $3)";
            for member in rest {
                self.execute(insert, &[&member.0, &&*item, &now_ms()])
                    .await?;
            }
        }
        self.execute("DELETE FROM group_members WHERE uid = $1", &[&uid.0])
            .await?;
        // With the last one who may read them, the messages are gone as well.
        let delete = "DELETE FROM chat_groups
            WHERE NOT EXISTS (SELECT 1 FROM group_members WHERE group_members.gid = chat_groups.gid)";
        self.execute(delete, &[]).await?;
        Ok(())
    }
}
