//! Whom users have blocked.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::rows::{USER, user};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::item;
use crate::store::limits::{MAX_BLOCKED, POKED_FOR};
use crate::store::{BlockChanged, StoreError};
use crate::types::{Uid, User};

pub fn blocked(db: &Connection, uid: Uid) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER} FROM blocks JOIN users ON users.uid = blocks.blocked
            WHERE blocks.uid = ?1 ORDER BY blocks.id DESC"
    ))?;
    Ok(select.query_map([uid.0], user)?.collect::<Result<_, _>>()?)
}

pub fn blocked_by(db: &Connection, uid: Uid) -> Result<Vec<Uid>, StoreError> {
    let mut select = db.prepare_cached("SELECT uid FROM blocks WHERE blocked = ?1")?;
    let uids = select.query_map([uid.0], |row| row.get(0).map(Uid))?;
    Ok(uids.collect::<Result<_, _>>()?)
}

/// Whether `own` has blocked `other`.
pub fn has_blocked(db: &Connection, own: Uid, other: Uid) -> Result<bool, StoreError> {
    let mut select = db.prepare_cached("SELECT 1 FROM blocks WHERE blocked = ?2 AND uid = ?1")?;
    Ok(select.exists(params![own.0, other.0])?)
}

impl Tx<'_> {
    pub fn set_blocked(
        &mut self,
        own: Uid,
        other: Uid,
        blocked: bool,
        presence: &Arc<str>,
    ) -> Result<BlockChanged, StoreError> {
        let Some(user) = super::accounts::user(self.reading(), other)?.filter(|_| own != other)
        else {
            return Ok(BlockChanged::Unknown);
        };
        if self.has_blocked(own, other)? == blocked {
            return Ok(BlockChanged::Done);
        }
        if blocked {
            let all = "SELECT count(*) FROM blocks WHERE uid = ?1";
            if self.count(all, [own.0])? >= MAX_BLOCKED {
                return Ok(BlockChanged::TooMany);
            }
            self.writing()?.execute(
                "INSERT INTO blocks(uid, blocked) SELECT uid, ?2 FROM users WHERE uid = ?1",
                params![own.0, other.0],
            )?;
            self.decline(own, other, now_ms())?;
        } else {
            self.erasing()?.execute(
                "DELETE FROM blocks WHERE uid = ?1 AND blocked = ?2",
                params![own.0, other.0],
            )?;
        }
        if self.are_friends(own, other)? && self.is_connected(other) {
            self.publish(other, presence.clone())?;
        }
        if self.is_connected(own) {
            self.publish(own, item::block(other, &user.name, blocked))?;
        }
        Ok(BlockChanged::Done)
    }

    /// Whether `own` has blocked `other`.
    pub fn has_blocked(&self, own: Uid, other: Uid) -> Result<bool, StoreError> {
        has_blocked(self.reading(), own, other)
    }

    /// Drops a poke of somebody who is blocked; false if one was dropped less than a day ago. Without that, they would learn from
    /// repeating it that it did not arrive.
    pub fn drop_poke(&mut self, from: Uid, to: Uid, now: i64) -> Result<bool, StoreError> {
        let dropped = self
            .writing()?
            .prepare_cached(
                "UPDATE blocks SET poked = ?3 WHERE uid = ?2 AND blocked = ?1 AND abs(?3 - poked) >= ?4",
            )?
            .execute(params![from.0, to.0, now, POKED_FOR])?;
        Ok(dropped > 0)
    }
}
