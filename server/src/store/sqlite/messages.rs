//! Messages and conversations.

use blake2::{Blake2s256, Digest};
use rusqlite::{Connection, params};

use super::rows::{MESSAGE, NAMES, message};
use super::writer::Tx;
use super::{accounts, friendships};
use crate::item;
use crate::store::{HistoryRange, Inserted, MessageCheck, NewMessage, StoreError};
use crate::types::{Message, Uid};

pub fn check_message(
    db: &Connection,
    from: Uid,
    to: Uid,
    msg_id: &str,
    text: &str,
) -> Result<MessageCheck, StoreError> {
    // Answered by the index alone.
    let duplicate = db
        .prepare_cached(
            "SELECT 1 FROM messages WHERE sender = ?1 AND msg_id = ?2 AND recipient = ?3 AND text_hash = ?4",
        )?
        .exists(params![from.0, msg_id, to.0, text_hash(text)])?;
    if duplicate {
        return Ok(MessageCheck::Duplicate);
    }
    Ok(match friendships::friend(db, from, to)? {
        Some(recipient) => MessageCheck::Recipient(recipient),
        None => MessageCheck::NotFriends,
    })
}

/// The part of a text in the index that tells duplicates. An index of the texts themselves would double the size of the database.
pub fn text_hash(text: &str) -> i64 {
    let hash = Blake2s256::digest(text);
    hash.first_chunk()
        .map_or(0, |start| i64::from_le_bytes(*start))
}

pub fn history(
    db: &Connection,
    a: Uid,
    b: Uid,
    range: HistoryRange,
) -> Result<Vec<Message>, StoreError> {
    let order = if range.since.is_some() { "ASC" } else { "DESC" };
    let part = format!("time > ?3 AND time < ?4 ORDER BY time {order} LIMIT ?5");
    // One look into the index per direction; a single OR would make SQLite scan the whole table.
    let mut select = db.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages m {NAMES} WHERE m.time IN (
            SELECT * FROM (SELECT time FROM messages WHERE sender = ?1 AND recipient = ?2 AND {part})
            UNION
            SELECT * FROM (SELECT time FROM messages WHERE sender = ?2 AND recipient = ?1 AND {part})
            ORDER BY 1 {order} LIMIT ?5
        ) ORDER BY m.time"
    ))?;
    let (since, before) = (
        range.since.unwrap_or(i64::MIN),
        range.before.unwrap_or(i64::MAX),
    );
    let rows = select.query_map(
        params![a.0, b.0, since, before, range.limit as i64],
        message,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn messages_of(
    db: &Connection,
    uid: Uid,
    since: i64,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages m {NAMES} WHERE m.time > ?2 AND (m.sender = ?1 OR m.recipient = ?1)
            ORDER BY m.time LIMIT ?3"
    ))?;
    let rows = select.query_map(params![uid.0, since, limit as i64], message)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    pub fn insert_message(&mut self, new: &NewMessage) -> Result<Inserted, StoreError> {
        let message = Message {
            from: new.from.uid,
            to: new.to.uid,
            from_name: new.from.name.clone(),
            to_name: new.to.name.clone(),
            text: new.text.clone(),
            msg_id: new.msg_id.clone(),
            client_time: new.client_time,
            time: self.time(),
        };
        // The unique index finds duplicates. Either account may have been deleted while the request was on its way.
        let inserted = self
            .writing()?
            .prepare_cached(
                "INSERT INTO messages(time, sender, recipient, msg_id, client_time, text, text_hash)
                    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
                    WHERE EXISTS (SELECT 1 FROM users WHERE uid = ?2) AND EXISTS (SELECT 1 FROM users WHERE uid = ?3)
                    ON CONFLICT(sender, msg_id, recipient, text_hash) DO NOTHING",
            )?
            .execute(params![
                message.time,
                message.from.0,
                message.to.0,
                message.msg_id,
                message.client_time,
                message.text,
                text_hash(&message.text)
            ])?;
        if inserted == 0 {
            let db = self.reading();
            let known = accounts::exists(db, message.from)? && accounts::exists(db, message.to)?;
            return Ok(if known {
                Inserted::Duplicate
            } else {
                Inserted::UnknownUser
            });
        }
        let item = item::message(&message);
        self.deliver(message.to, message.time, item.clone())?;
        if message.from != message.to {
            self.deliver(message.from, message.time, item)?;
            self.count_unread(&message)?;
        }
        Ok(Inserted::New)
    }
}
