//! Messages to groups: writing one, and what a member has read.

use rusqlite::params;

use super::attachments::attachments;
use super::group_history::TO_GROUP;
use super::groups::{member_uids, name_for};
use super::messages::is_stored;
use super::writer::Tx;
use crate::item::{self, GroupNews};
use crate::store::message_rules::content_hash;
use crate::store::{Inserted, MessageDraft, StoreError};
use crate::types::{Message, Uid};

impl Tx<'_> {
    pub fn insert_group_message(&mut self, new: &MessageDraft) -> Result<Inserted, StoreError> {
        let db = self.writing()?;
        let (from, gid) = (new.from.uid, new.to);
        let hash = content_hash(&new.text, &new.files);
        let Some(name) = name_for(db, from, gid)? else {
            let stored = is_stored(db, from, gid, &new.msg_id, hash)?;
            return Ok(if stored {
                Inserted::Duplicate
            } else {
                Inserted::NotReachable
            });
        };
        let message = (&*new.msg_id, hash);
        let bytes = self.message_bytes(from)?;
        if let Some(refused) = self.over_quota(from, gid, message, (bytes, new.quota))? {
            return Ok(refused);
        }
        let Some(attachments) = attachments(db, from, &new.files)? else {
            return self.without_files(from, gid, message);
        };
        let message = new.message(name, attachments, self.id_and_time());
        if !self.store_message(&message, Some(hash))? {
            return Ok(Inserted::Duplicate);
        }
        let members = member_uids(db, gid)?;
        self.deliver_to_group(&message, &members)?;
        Ok(Inserted::New)
    }

    pub fn deliver_to_group(&mut self, message: &Message, to: &[Uid]) -> Result<(), StoreError> {
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
}
