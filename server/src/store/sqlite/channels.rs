//! Channels: their numbering, and what they delivered.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::friendships;
use super::rows::{MESSAGE, message};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::store::{Audience, StoreError};
use crate::types::{ChannelState, Message, Seq, Uid};

/// How long an item waits for the server, in ms. Clients that connect later ask for the current state themselves.
const LEFT_FOR: i64 = 60_000;

pub fn channel_states(db: &Connection) -> Result<Vec<ChannelState>, StoreError> {
    let mut select = db.prepare("SELECT uid, seq, acked, visible FROM users")?;
    let states = select.query_map([], |row| {
        Ok(ChannelState {
            uid: Uid(row.get(0)?),
            next: Seq(row.get(1)?),
            acked: Seq(row.get(2)?),
            visible: row.get(3)?,
        })
    })?;
    Ok(states.collect::<Result<_, _>>()?)
}

pub fn deliveries(
    db: &Connection,
    owner: Uid,
    from: Seq,
    below: Seq,
    limit: usize,
) -> Result<Vec<(Seq, Message)>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {MESSAGE}, d.seq FROM deliveries d JOIN messages m ON m.id = d.message
            WHERE d.owner = ?1 AND d.seq >= ?2 AND d.seq < ?3 ORDER BY d.seq LIMIT ?4"
    ))?;
    let rows = select.query_map(params![owner.0, from.0, below.0, limit as i64], |row| {
        Ok((Seq(row.get("seq")?), message(row)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn first_received(
    db: &Connection,
    owner: Uid,
    from: Seq,
    below: Seq,
) -> Result<Option<Seq>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT d.seq FROM deliveries d JOIN messages m ON m.id = d.message
            WHERE d.owner = ?1 AND d.seq >= ?2 AND d.seq < ?3 AND (m.recipient = ?1 OR m.sender <> ?1) ORDER BY d.seq LIMIT 1",
    )?;
    let first = select.query_row(params![owner.0, from.0, below.0], |row| row.get(0).map(Seq));
    Ok(first.optional()?)
}

impl Tx<'_> {
    /// Publishes a stored message to those who wrote and received it.
    pub fn deliver_to_both(
        &mut self,
        message: &Message,
        item: &Arc<str>,
    ) -> Result<(), StoreError> {
        let to = self.publish(message.to, item.clone())?;
        let from = self.publish(message.from, item.clone())?;
        match (to, from) {
            // One statement costs less than two.
            (Some(to), Some(from)) => {
                self.writing()?
                    .prepare_cached("INSERT INTO deliveries(owner, seq, message) VALUES (?1, ?2, ?3), (?4, ?5, ?3)")?
                    .execute(params![message.to.0, to.0, message.id, message.from.0, from.0])?;
                Ok(())
            }
            (Some(to), None) => self.note_delivery(message.to, to, message.id),
            (None, Some(from)) => self.note_delivery(message.from, from, message.id),
            (None, None) => Ok(()),
        }
    }

    /// Publishes a stored message, and notes under which number.
    pub fn deliver(&mut self, owner: Uid, message: i64, item: Arc<str>) -> Result<(), StoreError> {
        match self.publish(owner, item)? {
            Some(seq) => self.note_delivery(owner, seq, message),
            None => Ok(()),
        }
    }

    fn note_delivery(&mut self, owner: Uid, seq: Seq, message: i64) -> Result<(), StoreError> {
        self.writing()?
            .prepare_cached("INSERT INTO deliveries(owner, seq, message) VALUES (?1, ?2, ?3)")?
            .execute(params![owner.0, seq.0, message])?;
        Ok(())
    }

    pub fn acknowledge(&mut self, acked: &[(Uid, Seq)]) -> Result<(), StoreError> {
        let mut update = self
            .writing()?
            .prepare_cached("UPDATE users SET acked = max(acked, ?2) WHERE uid = ?1")?;
        for (uid, acked) in acked {
            update.execute(params![uid.0, acked.0])?;
        }
        Ok(())
    }

    /// Publishes what other processes have left for connected users.
    pub fn publish_left(&mut self) -> Result<(), StoreError> {
        let now = now_ms();
        let mut left = self.reading().prepare_cached(
            "SELECT id, owner, item, abs(?1 - time) < ?2 FROM outbox ORDER BY id",
        )?;
        let left = left.query_map([now, LEFT_FOR], |row| {
            let item: String = row.get(2)?;
            Ok((row.get(0)?, Uid(row.get(1)?), item, row.get(3)?))
        })?;
        let left = left.collect::<Result<Vec<(i64, Uid, String, bool)>, _>>()?;
        for (id, owner, item, is_new) in left {
            let is_connected = is_new && self.is_connected(owner);
            if is_connected {
                self.publish(owner, item.into())?;
            }
            // A process without clients leaves new ones to the server.
            if is_connected || !is_new {
                self.erasing()?
                    .execute("DELETE FROM outbox WHERE id = ?1", [id])?;
            }
        }
        Ok(())
    }

    pub fn push(&mut self, audience: &Audience, item: &Arc<str>) -> Result<(), StoreError> {
        let uids = match audience {
            Audience::Users(uids) => uids.clone(),
            Audience::From { from, to } if self.has_blocked(*to, *from)? => return Ok(()),
            Audience::From { to, .. } => vec![*to],
            Audience::Watching(uid) => friendships::watching(self.reading(), *uid)?,
            Audience::UserAndFriends(uid) => {
                let mut uids = friendships::friend_uids(self.reading(), *uid)?;
                uids.push(*uid);
                uids
            }
        };
        for uid in self.connected(uids) {
            self.publish(uid, item.clone())?;
        }
        Ok(())
    }
}
