//! Messages and conversations.

use blake2::{Blake2s256, Digest};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{MESSAGE, message};
use super::writer::Tx;
use super::{accounts, friendships};
use crate::clock::now_ms;
use crate::item;
use crate::store::limits::HISTORY_BYTES;
use crate::store::{HistoryRange, Inserted, MessageCheck, NewMessage, StoreError};
use crate::types::{Message, Uid};

pub fn check_message(
    db: &Connection,
    from: Uid,
    to: Uid,
    msg_id: &str,
    text: &str,
) -> Result<MessageCheck, StoreError> {
    if is_stored(db, from, to, msg_id, text)? {
        return Ok(MessageCheck::Duplicate);
    }
    Ok(match friendships::friend(db, from, to)? {
        Some(recipient) => MessageCheck::Recipient(recipient),
        None => MessageCheck::NotFriends,
    })
}

fn is_stored(
    db: &Connection,
    from: Uid,
    to: Uid,
    msg_id: &str,
    text: &str,
) -> Result<bool, StoreError> {
    // Answered by the index alone.
    let mut select = db.prepare_cached(
        "SELECT 1 FROM messages WHERE sender = ?1 AND msg_id = ?2 AND recipient = ?3 AND text_hash = ?4",
    )?;
    Ok(select.exists(params![from.0, msg_id, to.0, text_hash(text)])?)
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
    let part = format!("id > ?3 AND id < ?4 ORDER BY id {order} LIMIT ?5");
    // One look into the index per direction; a single OR would make SQLite scan the whole table.
    let mut select = db.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages m WHERE m.id IN (
            SELECT * FROM (SELECT id FROM messages WHERE sender = ?1 AND recipient = ?2 AND {part})
            UNION
            SELECT * FROM (SELECT id FROM messages WHERE sender = ?2 AND recipient = ?1 AND {part})
            ORDER BY 1 {order} LIMIT ?5
        ) ORDER BY m.id {order}"
    ))?;
    let since = match range.since {
        Some(time) => last_until(db, time)?,
        None => i64::MIN,
    };
    let before = match range.before {
        Some(time) => first_from(db, time)?,
        None => i64::MAX,
    };
    let mut rows = select.query(params![a.0, b.0, since, before, range.limit as i64])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let message = message(row)?;
        let is_full = bytes > HISTORY_BYTES;
        bytes += message.text.len();
        found.push(message);
        if is_full {
            break;
        }
    }
    if range.since.is_none() {
        found.reverse();
    }
    Ok(found)
}

/// The message that a client names by its time as the last one that it knows, else the one with the latest time before. Several
/// can have one time after the clock was set back: the first of them loses nothing.
fn last_until(db: &Connection, time: i64) -> Result<i64, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT id FROM messages WHERE time <= ?1 ORDER BY time DESC, id LIMIT 1",
    )?;
    let id = select.query_row([time], |row| row.get(0)).optional()?;
    Ok(id.unwrap_or(i64::MIN))
}

/// The message that a client names by its time as the first one that it knows, else the end of those with earlier times.
fn first_from(db: &Connection, time: i64) -> Result<i64, StoreError> {
    let mut select = db.prepare_cached("SELECT max(id) FROM messages WHERE time = ?1")?;
    let exact: Option<i64> = select.query_row([time], |row| row.get(0))?;
    match exact {
        Some(id) => Ok(id),
        // Messages that were stored while the clock was ahead do not matter.
        None if time > now_ms() => Ok(i64::MAX),
        None => Ok(last_until(db, time)?.saturating_add(1)),
    }
}

pub fn messages_of(
    db: &Connection,
    uid: Uid,
    after: i64,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages m WHERE m.id > ?2 AND (m.sender = ?1 OR m.recipient = ?1)
            ORDER BY m.id LIMIT ?3"
    ))?;
    let rows = select.query_map(params![uid.0, after, limit as i64], message)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    pub fn insert_message(&mut self, new: &NewMessage) -> Result<Inserted, StoreError> {
        let (from, to) = (new.from.uid, new.to.uid);
        if self.message_bytes(from)? >= new.quota {
            let db = self.reading();
            return Ok(match is_stored(db, from, to, &new.msg_id, &new.text)? {
                true => Inserted::Duplicate,
                false => Inserted::QuotaUsedUp,
            });
        }
        let (id, time) = self.id_and_time();
        let message = Message {
            from: new.from.uid,
            to: new.to.uid,
            from_name: new.from.name.clone(),
            to_name: new.to.name.clone(),
            text: new.text.clone(),
            msg_id: new.msg_id.clone(),
            client_time: new.client_time,
            time,
            id,
        };
        // The unique index finds duplicates. Either account may have been deleted while the request was on its way.
        let inserted = self
            .writing()?
            .prepare_cached(
                "INSERT INTO messages(id, time, sender, recipient, msg_id, client_time, text, text_hash, sender_name, recipient_name)
                    SELECT ?8, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, ?10
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
                text_hash(&message.text),
                message.id,
                message.from_name,
                message.to_name
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
        self.deliver(message.to, message.id, item.clone())?;
        if message.from != message.to {
            self.deliver(message.from, message.id, item)?;
            self.count_unread(&message)?;
        }
        Ok(Inserted::New)
    }

    /// What the messages of a user take; triggers keep count.
    fn message_bytes(&self, uid: Uid) -> Result<i64, StoreError> {
        let db = self.reading();
        let mut select = db.prepare_cached("SELECT message_bytes FROM users WHERE uid = ?1")?;
        let bytes = select.query_row([uid.0], |row| row.get(0)).optional()?;
        Ok(bytes.unwrap_or(0))
    }
}
