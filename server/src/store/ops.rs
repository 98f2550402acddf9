//! The single writes, run on the writer's thread within its transaction.

use rusqlite::{OptionalExtension, params};

use super::writer::{Tx, now_ms};
use super::{Accepted, NewMessage, StoreError};
use crate::item;
use crate::types::{Message, Seq, Uid};

/// What makes two posts one message. msg_id alone is only 31 random bits: the same id with another text is another. By itself SQLite
/// would take the other index, and walk through all that the two have ever written to each other.
pub(super) const KNOWN: &str = "SELECT 1 FROM messages INDEXED BY messages_id
    WHERE sender = ?1 AND msg_id = ?2 AND recipient = ?3 AND text = ?4";

impl Tx<'_> {
    pub(super) fn add_user(
        &mut self,
        email: &str,
        name: &str,
        password: &str,
    ) -> Result<Option<Uid>, StoreError> {
        let added = self
            .writing()?
            .prepare_cached("INSERT INTO users(email, name, password, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING RETURNING uid")?
            .query_row(params![email, name, password, now_ms()], |row| row.get(0).map(Uid))
            .optional()?;
        Ok(added)
    }

    pub(super) fn befriend(&mut self, a: Uid, b: Uid) -> Result<(), StoreError> {
        let db = self.writing()?;
        db.execute(
            "INSERT OR IGNORE INTO friends(uid, friend) VALUES (?1, ?2), (?2, ?1)",
            params![a.0, b.0],
        )?;
        // However they became friends, nothing is left to be answered.
        db.execute(
            "UPDATE friend_requests SET answer = 1
                WHERE (sender = ?1 AND recipient = ?2) OR (sender = ?2 AND recipient = ?1)",
            params![a.0, b.0],
        )?;
        Ok(())
    }

    pub(super) fn set_visible(&mut self, uid: Uid, visible: bool) -> Result<(), StoreError> {
        self.writing()?.execute(
            "UPDATE users SET visible = ?2 WHERE uid = ?1",
            params![uid.0, visible],
        )?;
        Ok(())
    }

    pub(super) fn accept(&mut self, new: &NewMessage) -> Result<Accepted, StoreError> {
        let known = self.reading().prepare_cached(KNOWN)?.exists(params![
            new.from.uid.0,
            new.msg_id,
            new.to.uid.0,
            new.text
        ])?;
        if known {
            return Ok(Accepted::Again);
        }
        if !self.exists(new.from.uid)? || !self.exists(new.to.uid)? {
            return Ok(Accepted::Nobody);
        }
        let message = Message {
            from: new.from.uid,
            to: new.to.uid,
            from_name: new.from.name.clone(),
            to_name: new.to.name.clone(),
            text: new.text.clone(),
            msg_id: new.msg_id.clone(),
            client_time: new.client_time,
            time: self.time(),
        };
        self.writing()?
            .prepare_cached(
                "INSERT INTO messages(time, sender, recipient, msg_id, client_time, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                message.time,
                message.from.0,
                message.to.0,
                message.msg_id,
                message.client_time,
                message.text
            ])?;
        let item = item::message(&message);
        self.deliver(message.to, message.time, item.clone())?;
        if message.from != message.to {
            self.deliver(message.from, message.time, item)?;
            self.unread(&message, &new.there)?;
        }
        Ok(Accepted::New)
    }

    /// Accounts can be deleted while a request is on its way.
    fn exists(&self, uid: Uid) -> Result<bool, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached("SELECT 1 FROM users WHERE uid = ?1")?;
        Ok(select.exists([uid.0])?)
    }

    fn deliver(
        &mut self,
        owner: Uid,
        time: i64,
        item: std::sync::Arc<str>,
    ) -> Result<(), StoreError> {
        let Some(seq) = self.publish(owner, item)? else {
            return Ok(());
        };
        self.writing()?
            .prepare_cached("INSERT INTO deliveries(owner, seq, message) VALUES (?1, ?2, ?3)")?
            .execute(params![owner.0, seq.0, time])?;
        Ok(())
    }

    pub(super) fn acknowledge(&mut self, marks: &[(Uid, Seq)]) -> Result<(), StoreError> {
        let mut update = self
            .writing()?
            .prepare_cached("UPDATE users SET acked = max(acked, ?2) WHERE uid = ?1")?;
        for (uid, acked) in marks {
            update.execute(params![uid.0, acked.0])?;
        }
        Ok(())
    }
}
