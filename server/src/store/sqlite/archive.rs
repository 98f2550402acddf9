//! The messages of one user with everybody. Those with one other user or in one group have an index; all of those with users are found
//! through the deliveries of the user's channel, whose numbers have the order of the messages.

use rusqlite::{Connection, OptionalExtension, params};

use super::group_history;
use super::messages::{first_from, last_until, read_part};
use super::rows::MESSAGE;
use crate::store::message_rules::Part;
use crate::store::{ArchiveRange, HistoryRange, StoreError};
use crate::types::{Message, Uid};

pub fn key(db: &Connection) -> Result<[u8; 32], StoreError> {
    Ok(db.query_row(
        "SELECT secret FROM secrets WHERE name = 'archive'",
        [],
        |row| row.get(0),
    )?)
}

pub fn archive(
    db: &Connection,
    uid: Uid,
    range: ArchiveRange,
) -> Result<Option<Vec<Message>>, StoreError> {
    let group = range.with.filter(|with| with.is_group());
    for time in [range.after, range.before].into_iter().flatten() {
        let mut own = db.prepare_cached(
            "SELECT 1 FROM messages WHERE time = ?1 AND (sender = ?2 OR recipient = ?2)",
        )?;
        if !own.exists(params![time, group.unwrap_or(uid).0])? {
            return Ok(None);
        }
    }
    // Exclusive bounds of ids.
    let after = [
        range.after,
        range.start.map(|start| start.saturating_sub(1)),
    ];
    let before = [range.before, range.end.map(|end| end.saturating_add(1))];
    let (mut low, mut high) = (i64::MIN, i64::MAX);
    for time in after.into_iter().flatten() {
        low = low.max(last_until(db, time)?);
    }
    for time in before.into_iter().flatten() {
        high = high.min(first_from(db, time)?);
    }
    let order = if range.from_end { "DESC" } else { "ASC" };
    let limit = i64::try_from(range.limit).unwrap_or(i64::MAX);
    let mut part = Part::default();
    match range.with {
        Some(gid) if group.is_some() => {
            let (first, limit) = (!range.from_end, range.limit);
            part = group_history::between(db, uid, gid, (low, high), first, limit)?;
        }
        Some(with) => {
            let half = format!("id > ?3 AND id < ?4 ORDER BY id {order} LIMIT ?5");
            let mut select = db.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM messages m WHERE m.id IN (
                    SELECT * FROM (SELECT id FROM messages WHERE sender = ?1 AND recipient = ?2 AND {half})
                    UNION
                    SELECT * FROM (SELECT id FROM messages WHERE sender = ?2 AND recipient = ?1 AND {half})
                    ORDER BY 1 {order} LIMIT ?5
                ) ORDER BY m.id {order}"
            ))?;
            read_part(
                &mut part,
                select.query(params![uid.0, with.0, low, high, limit])?,
            )?;
        }
        None => {
            let first = first_seq(db, uid, low.saturating_add(1))?;
            let below = first_seq(db, uid, high)?;
            let mut select = db.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM deliveries d JOIN messages m ON m.id = d.message
                    WHERE d.owner = ?1 AND d.seq >= ?2 AND d.seq < ?3 AND m.recipient < {group} ORDER BY d.seq {order} LIMIT ?4",
                group = Uid::FIRST_GROUP
            ))?;
            read_part(
                &mut part,
                select.query(params![uid.0, first, below, limit])?,
            )?;
        }
    }
    // Only the order of ids matters here.
    let as_read = HistoryRange {
        since: (!range.from_end).then_some(0),
        before: None,
        limit: range.limit,
    };
    Ok(Some(part.oldest_first(as_read)))
}

/// The number of the first delivery to a user of this message or a later one; beyond all numbers if there is none. Bisected, so that it
/// needs no index.
fn first_seq(db: &Connection, owner: Uid, message: i64) -> Result<i64, StoreError> {
    let mut from = db.prepare_cached(
        "SELECT seq, message FROM deliveries WHERE owner = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1",
    )?;
    let mut last = db.prepare_cached("SELECT max(seq) FROM deliveries WHERE owner = ?1")?;
    let last: Option<i64> = last.query_row([owner.0], |row| row.get(0))?;
    // The wanted delivery is in `low..=high`.
    let (mut low, mut high) = (0, last.map_or(0, |last| last.saturating_add(1)));
    while low < high {
        let middle = low + (high - low) / 2;
        let found = from.query_row(params![owner.0, middle], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        match found.optional()? {
            Some((seq, found)) if found < message => low = seq.saturating_add(1),
            _ => high = middle,
        }
    }
    Ok(low)
}
