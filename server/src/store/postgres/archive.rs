//! The messages of one user with everybody. Those with one other user or in one group have an index; all of those with users are found
//! through the deliveries of the user's channel, whose numbers have the order of the messages.

use super::connection::Db;
use super::groups;
use super::messages::{conversation, first_from, last_until};
use super::rows::{self, at, message_columns};
use crate::store::message_rules::Part;
use crate::store::{ArchiveRange, HistoryRange, StoreError};
use crate::types::{Message, Uid};

/// Messages with users that were delivered under some numbers, in one order.
macro_rules! delivered {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM deliveries d JOIN messages m ON m.id = d.message
                WHERE d.owner = $1 AND d.seq >= $2 AND d.seq < $3 AND m.recipient < 1000000000 ORDER BY d.seq ",
            $order,
            " LIMIT $4"
        )
    };
}

pub async fn key(db: &Db) -> Result<[u8; 32], StoreError> {
    rows::secret(db, "archive").await
}

pub async fn archive(
    db: &Db,
    uid: Uid,
    range: ArchiveRange,
) -> Result<Option<Vec<Message>>, StoreError> {
    let own = "SELECT 1 FROM messages WHERE time = $1 AND (sender = $2 OR recipient = $2)";
    let group = range.with.filter(|with| with.is_group());
    for time in [range.after, range.before].into_iter().flatten() {
        if !db.exists(own, &[&time, &group.unwrap_or(uid).0]).await? {
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
        low = low.max(last_until(db, time).await?);
    }
    for time in before.into_iter().flatten() {
        high = high.min(first_from(db, time).await?);
    }
    // Only the order of ids matters here.
    let as_read = HistoryRange {
        since: (!range.from_end).then_some(0),
        before: None,
        limit: range.limit,
    };
    if let Some(gid) = group {
        let part = groups::between(db, uid, gid, (low, high), !range.from_end, range.limit);
        return Ok(Some(part.await?.oldest_first(as_read)));
    }
    let limit = i64::try_from(range.limit).unwrap_or(i64::MAX);
    let found = match range.with {
        Some(with) => {
            let sql = match range.from_end {
                true => conversation!("DESC"),
                false => conversation!("ASC"),
            };
            db.rows(sql, &[&uid.0, &with.0, &low, &high, &limit])
                .await?
        }
        None => {
            let first = first_seq(db, uid, low.saturating_add(1)).await?;
            let below = first_seq(db, uid, high).await?;
            let sql = match range.from_end {
                true => delivered!("DESC"),
                false => delivered!("ASC"),
            };
            db.rows(sql, &[&uid.0, &first, &below, &limit]).await?
        }
    };
    let mut part = Part::default();
    for row in &found {
        if part.add(rows::message(row)?) {
            break;
        }
    }
    Ok(Some(part.oldest_first(as_read)))
}

/// The number of the first delivery to a user of this message or a later one; beyond all numbers if there is none. Bisected, so that it
/// needs no index.
async fn first_seq(db: &Db, owner: Uid, message: i64) -> Result<i64, StoreError> {
    let from =
        "SELECT seq, message FROM deliveries WHERE owner = $1 AND seq >= $2 ORDER BY seq LIMIT 1";
    let end = "SELECT coalesce(max(seq) + 1, 0) FROM deliveries WHERE owner = $1";
    // The wanted delivery is in `low..=high`.
    let (mut low, mut high) = (0, db.number(end, &[&owner.0]).await?);
    while low < high {
        let middle = low + (high - low) / 2;
        match db.row(from, &[&owner.0, &middle]).await? {
            Some(row) if at::<i64>(&row, 1)? < message => {
                low = at::<i64>(&row, 0)?.saturating_add(1);
            }
            _ => high = middle,
        }
    }
    Ok(low)
}
