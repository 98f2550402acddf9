//! Channels: their numbering, and what they delivered.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::friendships;
use super::rows::{MESSAGE, NAMES, message};
use super::writer::Tx;
use crate::store::{Audience, StoreError};
use crate::types::{ChannelState, Message, Seq, Uid};

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
        "SELECT {MESSAGE}, d.seq FROM deliveries d JOIN messages m ON m.time = d.message {NAMES}
            WHERE d.owner = ?1 AND d.seq >= ?2 AND d.seq < ?3 ORDER BY d.seq LIMIT ?4"
    ))?;
    let rows = select.query_map(params![owner.0, from.0, below.0, limit as i64], |row| {
        Ok((Seq(row.get(8)?), message(row)?))
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
        "SELECT d.seq FROM deliveries d JOIN messages m ON m.time = d.message
            WHERE d.owner = ?1 AND d.seq >= ?2 AND d.seq < ?3 AND m.recipient = ?1 ORDER BY d.seq LIMIT 1",
    )?;
    let first = select.query_row(params![owner.0, from.0, below.0], |row| row.get(0).map(Seq));
    Ok(first.optional()?)
}

impl Tx<'_> {
    /// Publishes a stored message, and notes under which number.
    pub fn deliver(&mut self, owner: Uid, time: i64, item: Arc<str>) -> Result<(), StoreError> {
        let Some(seq) = self.publish(owner, item)? else {
            return Ok(());
        };
        self.writing()?
            .prepare_cached("INSERT INTO deliveries(owner, seq, message) VALUES (?1, ?2, ?3)")?
            .execute(params![owner.0, seq.0, time])?;
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

    pub fn push(&mut self, audience: &Audience, item: &Arc<str>) -> Result<(), StoreError> {
        let uids = match audience {
            Audience::Users(uids) => uids.clone(),
            Audience::FriendsOf(uid) => friendships::friend_uids(self.reading(), *uid)?,
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
