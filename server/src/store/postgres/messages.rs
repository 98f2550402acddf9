//! Messages and conversations.

use super::blocks::has_blocked;
use super::connection::Db;
use super::friendships;
use super::rows::{self, at, message_columns};
use crate::clock::now_ms;
use crate::store::message_rules::Part;
use crate::store::{HistoryRange, MessageCheck, StoreError};
use crate::types::{Message, Uid};

/// Half of the ids of a conversation in one order; `$3` and `$4` are the ids around the range.
macro_rules! conversation {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM messages m WHERE m.id IN (
                SELECT id FROM (
                    (SELECT id FROM messages WHERE sender = $1 AND recipient = $2 AND id > $3 AND id < $4 ORDER BY id ",
            $order,
            " LIMIT $5) UNION
                    (SELECT id FROM messages WHERE sender = $2 AND recipient = $1 AND id > $3 AND id < $4 ORDER BY id ",
            $order,
            " LIMIT $5)
                ) AS ids ORDER BY id ",
            $order,
            " LIMIT $5
            ) ORDER BY m.id ",
            $order
        )
    };
}

pub(super) use conversation;

pub async fn check_message(
    db: &Db,
    from: Uid,
    to: Uid,
    msg_id: &str,
    hash: i64,
) -> Result<MessageCheck, StoreError> {
    if is_stored(db, from, to, msg_id, hash).await? {
        return Ok(MessageCheck::Duplicate);
    }
    if has_blocked(db, from, to).await? {
        return Ok(MessageCheck::Blocked);
    }
    Ok(match friendships::reachable(db, from, to).await? {
        Some(recipient) => MessageCheck::Recipient(recipient),
        None => MessageCheck::NotReachable,
    })
}

/// Whether a message is stored already.
pub async fn is_stored(
    db: &Db,
    from: Uid,
    to: Uid,
    msg_id: &str,
    hash: i64,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM messages WHERE sender = $1 AND msg_id = $2 AND recipient = $3 AND text_hash = $4";
    db.exists(sql, &[&from.0, &msg_id, &to.0, &hash]).await
}

pub async fn history(
    db: &Db,
    a: Uid,
    b: Uid,
    range: HistoryRange,
) -> Result<Vec<Message>, StoreError> {
    let sql = match range.since {
        Some(_) => conversation!("ASC"),
        None => conversation!("DESC"),
    };
    let (after, before) = bounds(db, range).await?;
    let found = db
        .rows(sql, &[&a.0, &b.0, &after, &before, &(range.limit as i64)])
        .await?;
    let mut part = Part::default();
    for row in &found {
        if part.add(rows::message(row)?) {
            break;
        }
    }
    Ok(part.oldest_first(range))
}

/// The ids between which the messages of a range are.
pub async fn bounds(db: &Db, range: HistoryRange) -> Result<(i64, i64), StoreError> {
    let after = match range.since {
        Some(time) => last_until(db, time).await?,
        None => i64::MIN,
    };
    let before = match range.before {
        Some(time) => first_from(db, time).await?,
        None => i64::MAX,
    };
    Ok((after, before))
}

/// The message that a client names by its time as the last one that it knows, else the one with the latest time before. Several
/// can have one time after the clock was set back: the first of them loses nothing.
pub async fn last_until(db: &Db, time: i64) -> Result<i64, StoreError> {
    let sql = "SELECT id FROM messages WHERE time <= $1 ORDER BY time DESC, id LIMIT 1";
    match db.row(sql, &[&time]).await? {
        Some(row) => at(&row, 0),
        None => Ok(i64::MIN),
    }
}

/// The message that a client names by its time as the first one that it knows, else the end of those with earlier times.
pub async fn first_from(db: &Db, time: i64) -> Result<i64, StoreError> {
    let sql = "SELECT id FROM messages WHERE time = $1 ORDER BY id DESC LIMIT 1";
    match db.row(sql, &[&time]).await? {
        Some(row) => at(&row, 0),
        // Messages that were stored while the clock was ahead do not matter.
        None if time > now_ms() => Ok(i64::MAX),
        None => Ok(last_until(db, time).await?.saturating_add(1)),
    }
}

pub async fn messages_of(
    db: &Db,
    uid: Uid,
    after: i64,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM messages m WHERE m.id > $2 AND (m.sender = $1 OR m.recipient = $1
                OR (m.recipient >= 1000000000 AND EXISTS (SELECT 1 FROM group_members g WHERE g.gid = m.recipient AND g.uid = $1
                    AND m.id >= g.first_message AND m.id <= coalesce(g.last_message, m.id))))
            ORDER BY m.id LIMIT $3"
    );
    let found = db.rows(sql, &[&uid.0, &after, &(limit as i64)]).await?;
    rows::all(&found, rows::message)
}
