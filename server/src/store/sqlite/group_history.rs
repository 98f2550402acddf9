//! The messages to groups, as far as a user may read them: those from each time that they were a member.

use rusqlite::{Connection, params};

use super::messages::{bounds, read_part};
use super::rows::MESSAGE;
use crate::store::message_rules::Part;
use crate::store::{HistoryRange, StoreError};
use crate::types::{Message, Uid};

/// The condition with which SQLite uses the index of messages to groups.
pub const TO_GROUP: &str = "recipient = ?1 AND recipient >= 1000000000";

pub fn history(
    db: &Connection,
    uid: Uid,
    gid: Uid,
    range: HistoryRange,
) -> Result<Option<Vec<Message>>, StoreError> {
    let known = db
        .prepare_cached("SELECT 1 FROM group_members WHERE gid = ?1 AND uid = ?2")?
        .exists(params![gid.0, uid.0])?;
    if !known {
        return Ok(None);
    }
    let (after, before) = bounds(db, range)?;
    let part = between(
        db,
        uid,
        gid,
        (after, before),
        range.since.is_some(),
        range.limit,
    )?;
    Ok(Some(part.oldest_first(range)))
}

/// The first or the last messages whose ids are between two others.
pub fn between(
    db: &Connection,
    uid: Uid,
    gid: Uid,
    (after, before): (i64, i64),
    first: bool,
    limit: usize,
) -> Result<Part, StoreError> {
    let order = if first { "ASC" } else { "DESC" };
    let mut times = db.prepare_cached(&format!(
        "SELECT max(first_message, ?3), min(coalesce(last_message, ?4), ?4) FROM group_members
            WHERE gid = ?1 AND uid = ?2 AND first_message <= ?4 AND coalesce(last_message, ?4) >= ?3
            ORDER BY id {order}"
    ))?;
    let mut select = db.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages m WHERE {TO_GROUP} AND m.id >= ?2 AND m.id <= ?3
            ORDER BY m.id {order} LIMIT ?4"
    ))?;
    let (from, to) = (after.saturating_add(1), before.saturating_sub(1));
    let mut times = times.query(params![gid.0, uid.0, from, to])?;
    let mut part = Part::default();
    while let Some(row) = times.next()? {
        let (from, to): (i64, i64) = (row.get(0)?, row.get(1)?);
        let limit = limit.saturating_sub(part.len());
        let rows = select.query(params![gid.0, from, to, limit as i64])?;
        if limit == 0 || read_part(&mut part, rows)? {
            break;
        }
    }
    Ok(part)
}
