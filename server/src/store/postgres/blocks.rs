//! Whom users have blocked.

use std::sync::Arc;

use super::accounts;
use super::connection::Db;
use super::rows::{self, uid, user_columns};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::item;
use crate::store::limits::{MAX_BLOCKED, POKED_FOR};
use crate::store::{BlockChanged, StoreError};
use crate::types::{Uid, User};

pub async fn blocked(db: &Db, uid: Uid) -> Result<Vec<User>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM blocks JOIN users ON users.uid = blocks.blocked
            WHERE blocks.uid = $1 ORDER BY blocks.id DESC"
    );
    rows::all(&db.rows(sql, &[&uid.0]).await?, rows::user)
}

pub async fn blocked_by(db: &Db, own: Uid) -> Result<Vec<Uid>, StoreError> {
    let sql = "SELECT uid FROM blocks WHERE blocked = $1";
    rows::all(&db.rows(sql, &[&own.0]).await?, uid)
}

/// Whether `own` has blocked `other`.
pub async fn has_blocked(db: &Db, own: Uid, other: Uid) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM blocks WHERE blocked = $2 AND uid = $1";
    db.exists(sql, &[&own.0, &other.0]).await
}

impl Tx<'_> {
    pub async fn set_blocked(
        &mut self,
        own: Uid,
        other: Uid,
        blocked: bool,
        presence: &Arc<str>,
    ) -> Result<BlockChanged, StoreError> {
        let user = accounts::user(self, other).await?;
        let Some(user) = user.filter(|_| own != other) else {
            return Ok(BlockChanged::Unknown);
        };
        if has_blocked(self, own, other).await? == blocked {
            return Ok(BlockChanged::Done);
        }
        if blocked {
            let all = "SELECT count(*) FROM blocks WHERE uid = $1";
            if self.number(all, &[&own.0]).await? >= MAX_BLOCKED {
                return Ok(BlockChanged::TooMany);
            }
            let insert =
                "INSERT INTO blocks(uid, blocked) SELECT uid, $2 FROM users WHERE uid = $1";
            self.execute(insert, &[&own.0, &other.0]).await?;
            self.decline(own, other, now_ms()).await?;
        } else {
            let delete = "DELETE FROM blocks WHERE uid = $1 AND blocked = $2";
            self.execute(delete, &[&own.0, &other.0]).await?;
        }
        if self.are_friends(own, other).await? && self.is_connected(other) {
            self.publish(other, presence.clone()).await?;
        }
        if self.is_connected(own) {
            self.publish(own, item::block(other, &user.name, blocked))
                .await?;
        }
        Ok(BlockChanged::Done)
    }

    /// Drops a poke of somebody who is blocked; false if one was dropped less than a day ago. Without that, they would learn from
    /// repeating it that it did not arrive.
    pub async fn drop_poke(&mut self, from: Uid, to: Uid, now: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE blocks SET poked = $3 WHERE uid = $2 AND blocked = $1 AND abs($3 - poked) >= $4";
        let dropped = self
            .execute(sql, &[&from.0, &to.0, &now, &POKED_FOR])
            .await?;
        Ok(dropped > 0)
    }
}
