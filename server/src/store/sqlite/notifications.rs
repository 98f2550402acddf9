//! Unread conversations and notifications.

use rusqlite::{Connection, params};

use super::rows::{USER, user};
use super::writer::Tx;
use crate::item;
use crate::store::limits::MAX_NOTIFICATIONS;
use crate::store::{Conversation, Kind, Notification, StoreError};
use crate::types::{Message, Uid};

pub fn unread(db: &Connection, uid: Uid) -> Result<Vec<Conversation>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER}, unread.messages, unread.time FROM unread JOIN users ON users.uid = peer
            WHERE owner = ?1 ORDER BY (SELECT max(id) FROM messages
                WHERE messages.time = unread.time AND sender = peer AND recipient = owner) DESC"
    ))?;
    let rows = select.query_map([uid.0], |row| {
        Ok(Conversation {
            peer: user(row)?,
            messages: row.get("messages")?,
            time: row.get("time")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn notifications(db: &Connection, uid: Uid) -> Result<Vec<Notification>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER}, id, kind, time, seen FROM notifications JOIN users ON users.uid = actor
            WHERE owner = ?1 ORDER BY id DESC"
    ))?;
    let rows = select.query_map([uid.0], |row| {
        let name: String = row.get("kind")?;
        // A kind that only a later version knows is left out.
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
            return Ok(None);
        };
        Ok(Some(Notification {
            id: row.get("id")?,
            kind,
            actor: user(row)?,
            time: row.get("time")?,
            seen: row.get("seen")?,
        }))
    })?;
    let known = rows.filter_map(Result::transpose);
    Ok(known.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    /// Counts a message as unread for its recipient. For its sender the conversation is read, since they have answered.
    pub fn count_unread(&mut self, message: &Message) -> Result<(), StoreError> {
        let (from, to) = (message.from, message.to);
        self.mark_read(from, to)?;
        let db = self.writing()?;
        let values = params![to.0, from.0, message.time];
        // Mostly there are others, so this is one statement, which returns nothing.
        let counted = db
            .prepare_cached("UPDATE unread SET messages = messages + 1, time = ?3 WHERE owner = ?1 AND peer = ?2")?
            .execute(values)?;
        if counted == 0 {
            db.prepare_cached(
                "INSERT INTO unread(owner, peer, messages, time) VALUES (?1, ?2, 1, ?3)",
            )?
            .execute(values)?;
            self.publish_unread(to)?;
        }
        Ok(())
    }

    pub fn mark_read(&mut self, owner: Uid, peer: Uid) -> Result<(), StoreError> {
        let read = self
            .writing()?
            .prepare_cached("DELETE FROM unread WHERE owner = ?1 AND peer = ?2")?
            .execute(params![owner.0, peer.0])?;
        if read > 0 {
            self.publish_unread(owner)?;
        }
        Ok(())
    }

    /// Tells a connected user how many conversations are unread.
    fn publish_unread(&mut self, owner: Uid) -> Result<(), StoreError> {
        if self.is_connected(owner) {
            let unread = "SELECT count(*) FROM unread WHERE owner = ?1";
            let unread = self.count(unread, [owner.0])?;
            self.publish(owner, item::inbox(unread))?;
        }
        Ok(())
    }

    /// Adds a notification, unless its owner has blocked the one who causes it.
    pub fn notify(
        &mut self,
        owner: Uid,
        kind: Kind,
        actor: Uid,
        time: i64,
    ) -> Result<(), StoreError> {
        if self.has_blocked(owner, actor)? {
            return Ok(());
        }
        let db = self.writing()?;
        db.execute(
            "INSERT INTO notifications(owner, kind, actor, time) VALUES (?1, ?2, ?3, ?4)",
            params![owner.0, kind.name(), actor.0, time],
        )?;
        db.execute(
            "DELETE FROM notifications WHERE id IN
                (SELECT id FROM notifications WHERE owner = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)",
            params![owner.0, MAX_NOTIFICATIONS],
        )?;
        Ok(())
    }

    /// Deletes the notification of something that is settled.
    pub fn delete_notification(
        &mut self,
        owner: Uid,
        kind: Kind,
        actor: Uid,
    ) -> Result<(), StoreError> {
        self.writing()?.execute(
            "DELETE FROM notifications WHERE owner = ?1 AND kind = ?2 AND actor = ?3",
            params![owner.0, kind.name(), actor.0],
        )?;
        Ok(())
    }

    pub fn mark_seen(&mut self, owner: Uid) -> Result<(), StoreError> {
        self.writing()?.execute(
            "UPDATE notifications SET seen = 1 WHERE owner = ?1 AND seen = 0",
            [owner.0],
        )?;
        Ok(())
    }
}
