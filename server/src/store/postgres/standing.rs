//! The current state: the numbers of the channels, and where users are connected.

use tokio_postgres::Row;

use super::connection::Db;
use super::rows::{self, at, named};
use crate::store::StoreError;
use crate::types::{ChannelState, Here, Presence, Seq, SessionKey, Uid};

/// The presence of a user at one server, as it is stored.
pub const ACTIVE: i16 = 1;
pub const IDLE: i16 = 2;
pub const OFFLINE: i16 = 0;

fn here(row: &Row) -> Result<Here, StoreError> {
    let since: i64 = named(row, "since")?;
    let keys: Vec<&[u8]> = named(row, "sessions")?;
    Ok(Here {
        presence: match named::<i16>(row, "state")? {
            ACTIVE => Presence::Active,
            IDLE => Presence::Idle { since },
            _ => Presence::Offline,
        },
        active: named(row, "active")?,
        sessions: keys
            .into_iter()
            .filter_map(|key| key.try_into().ok().map(SessionKey))
            .collect(),
    })
}

/// Where all users are connected.
pub async fn everywhere(db: &Db) -> Result<Vec<(i64, Uid, Here)>, StoreError> {
    let sql = "SELECT node, uid, state, since, active, sessions FROM presence";
    let mut all = Vec::new();
    for row in db.rows(sql, &[]).await? {
        all.push((at(&row, 0)?, Uid(at(&row, 1)?), here(&row)?));
    }
    Ok(all)
}

/// Where a user is connected.
pub async fn places(db: &Db, uid: Uid) -> Result<Vec<(i64, Here)>, StoreError> {
    let sql = "SELECT node, state, since, active, sessions FROM presence WHERE uid = $1";
    let mut all = Vec::new();
    for row in db.rows(sql, &[&uid.0]).await? {
        all.push((at(&row, 0)?, here(&row)?));
    }
    Ok(all)
}

pub async fn channel_states(db: &Db) -> Result<Vec<ChannelState>, StoreError> {
    let sql = "SELECT uid, coalesce(next, seq), acked, visible FROM channels JOIN users USING (uid) LEFT JOIN numbers USING (uid) ORDER BY uid";
    rows::all(&db.rows(sql, &[]).await?, |row| {
        Ok(ChannelState {
            uid: Uid(at(row, 0)?),
            next: Seq(at(row, 1)?),
            acked: Seq(at(row, 2)?),
            visible: at(row, 3)?,
        })
    })
}
