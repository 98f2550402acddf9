//! Messages and conversations.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Rows, params};

use super::attachments::attachments;
use super::blocks::has_blocked;
use super::friendships::{self, REACHABLE};
use super::rows::{MESSAGE, message};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::item;
use crate::store::group_rules::notice_to_text;
use crate::store::message_rules::{Part, content_hash};
use crate::store::{HistoryRange, Inserted, MessageCheck, MessageDraft, NewMessage, StoreError};
use crate::types::{Message, Uid};

pub fn check_message(
    db: &Connection,
    from: Uid,
    to: Uid,
    msg_id: &str,
    hash: i64,
) -> Result<MessageCheck, StoreError> {
    if is_stored(db, from, to, msg_id, hash)? {
        return Ok(MessageCheck::Duplicate);
    }
    if has_blocked(db, from, to)? {
        return Ok(MessageCheck::Blocked);
    }
    Ok(match friendships::reachable(db, from, to)? {
        Some(recipient) => MessageCheck::Recipient(recipient),
        None => MessageCheck::NotReachable,
    })
}

/// The name of a recipient, and what the messages of the sender take; `None` if the sender may not write to them.
fn recipient(db: &Connection, from: Uid, to: Uid) -> Result<Option<(String, i64)>, StoreError> {
    static SELECT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT users.name, sender.message_bytes FROM users JOIN users AS sender ON sender.uid = ?1 WHERE {REACHABLE}"
        )
    });
    let mut select = db.prepare_cached(&SELECT)?;
    let found = select.query_row(params![from.0, to.0], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

/// Whether a message is stored already.
pub fn is_stored(
    db: &Connection,
    from: Uid,
    to: Uid,
    msg_id: &str,
    hash: i64,
) -> Result<bool, StoreError> {
    // Answered by the index alone.
    let mut select = db.prepare_cached(
        "SELECT 1 FROM messages WHERE sender = ?1 AND msg_id = ?2 AND recipient = ?3 AND text_hash = ?4",
    )?;
    Ok(select.exists(params![from.0, msg_id, to.0, hash])?)
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
    let (after, before) = bounds(db, range)?;
    let mut part = Part::default();
    let rows = select.query(params![a.0, b.0, after, before, range.limit as i64])?;
    read_part(&mut part, rows)?;
    Ok(part.oldest_first(range))
}

/// The ids between which the messages of a range are.
pub fn bounds(db: &Connection, range: HistoryRange) -> Result<(i64, i64), StoreError> {
    let after = match range.since {
        Some(time) => last_until(db, time)?,
        None => i64::MIN,
    };
    let before = match range.before {
        Some(time) => first_from(db, time)?,
        None => i64::MAX,
    };
    Ok((after, before))
}

/// Adds messages to a part; true if there is enough text.
pub fn read_part(part: &mut Part, mut rows: Rows<'_>) -> Result<bool, StoreError> {
    while let Some(row) = rows.next()? {
        if part.add(message(row)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The message that a client names by its time as the last one that it knows, else the one with the latest time before. Several
/// can have one time after the clock was set back: the first of them loses nothing.
pub fn last_until(db: &Connection, time: i64) -> Result<i64, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT id FROM messages WHERE time <= ?1 ORDER BY time DESC, id LIMIT 1",
    )?;
    let id = select.query_row([time], |row| row.get(0)).optional()?;
    Ok(id.unwrap_or(i64::MIN))
}

/// The message that a client names by its time as the first one that it knows, else the end of those with earlier times.
pub fn first_from(db: &Connection, time: i64) -> Result<i64, StoreError> {
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
        "SELECT {MESSAGE} FROM messages m WHERE m.id > ?2 AND (m.sender = ?1 OR m.recipient = ?1
                OR (m.recipient >= {group} AND EXISTS (SELECT 1 FROM group_members g WHERE g.gid = m.recipient AND g.uid = ?1
                    AND m.id >= g.first_message AND m.id <= coalesce(g.last_message, m.id))))
            ORDER BY m.id LIMIT ?3",
        group = Uid::FIRST_GROUP
    ))?;
    let rows = select.query_map(params![uid.0, after, limit as i64], message)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    pub fn send_message(&mut self, draft: MessageDraft) -> Result<Inserted, StoreError> {
        let (from, to) = (draft.from.uid, draft.to);
        if let Some((to_name, bytes)) = recipient(self.reading(), from, to)? {
            // This finds out by itself whether it is stored already.
            return self.add_message(&NewMessage { draft, to_name }, bytes);
        }
        let hash = content_hash(&draft.text, &draft.files);
        let check = check_message(self.reading(), from, to, &draft.msg_id, hash)?;
        Ok(match check {
            MessageCheck::Duplicate => Inserted::Duplicate,
            MessageCheck::Blocked => Inserted::Blocked,
            _ => Inserted::NotReachable,
        })
    }

    pub fn insert_message(&mut self, new: &NewMessage) -> Result<Inserted, StoreError> {
        let draft = &new.draft;
        let (from, to) = (draft.from.uid, draft.to);
        if self.may_be_stored(from, to)? {
            let bytes = self.message_bytes(from)?;
            return self.add_message(new, bytes);
        }
        let hash = content_hash(&draft.text, &draft.files);
        let stored = is_stored(self.reading(), from, to, &draft.msg_id, hash)?;
        Ok(if stored {
            Inserted::Duplicate
        } else {
            Inserted::NotReachable
        })
    }

    /// Stores a message whose sender may write to its recipient, and has messages that take `bytes`.
    fn add_message(&mut self, new: &NewMessage, bytes: i64) -> Result<Inserted, StoreError> {
        let draft = &new.draft;
        let (from, to) = (draft.from.uid, draft.to);
        let hash = content_hash(&draft.text, &draft.files);
        let id = (&*draft.msg_id, hash);
        if let Some(refused) = self.over_quota(from, to, id, (bytes, draft.quota))? {
            return Ok(refused);
        }
        let Some(attachments) = attachments(self.reading(), from, &draft.files)? else {
            return self.without_files(from, to, id);
        };
        let message = draft.message(new.to_name.clone(), attachments, self.id_and_time());
        if !self.add_row(&message, Some(hash))? {
            return Ok(Inserted::Duplicate);
        }
        let item = item::message(&message);
        if message.from == message.to {
            self.deliver(message.to, message.id, item)?;
        } else {
            self.deliver_to_both(&message, &item)?;
            self.count_unread(&message)?;
        }
        Ok(Inserted::New)
    }

    /// Stores a message; false if it is stored already, one of the two users does not exist, or the recipient has blocked the sender. One
    /// without a hash is always new.
    pub fn store_message(
        &mut self,
        message: &Message,
        hash: Option<i64>,
    ) -> Result<bool, StoreError> {
        Ok(self.may_be_stored(message.from, message.to)? && self.add_row(message, hash)?)
    }

    /// False if one of the two users does not exist, or the recipient has blocked the sender: either may have happened while the request
    /// was on its way.
    fn may_be_stored(&self, from: Uid, to: Uid) -> Result<bool, StoreError> {
        let mut select = self.reading().prepare_cached(
            "SELECT 1 FROM users WHERE uid = ?1
                AND (?2 >= 1000000000 OR EXISTS (SELECT 1 FROM users WHERE uid = ?2))
                AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = ?1 AND blocks.uid = ?2)",
        )?;
        Ok(select.exists(params![from.0, to.0])?)
    }

    /// Adds a message to the table; false if it is there already, which the unique index finds out.
    fn add_row(&mut self, message: &Message, hash: Option<i64>) -> Result<bool, StoreError> {
        let files = (!message.attachments.is_empty())
            .then(|| serde_json::to_string(&message.attachments).unwrap_or_default());
        let inserted = self
            .writing()?
            .prepare_cached(
                "INSERT INTO messages(id, time, sender, recipient, msg_id, client_time, text, text_hash, sender_name, recipient_name, notice, files)
                    VALUES (?8, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, ?10, ?11, ?12)
                    ON CONFLICT(sender, msg_id, recipient, text_hash) DO NOTHING",
            )?
            .execute(params![
                message.time,
                message.from.0,
                message.to.0,
                message.msg_id,
                message.client_time,
                message.text,
                hash,
                message.id,
                message.from_name,
                message.to_name,
                message.notice.as_ref().map(notice_to_text),
                files
            ])?;
        if inserted > 0 {
            self.attach(message.id, &message.attachments)?;
        }
        Ok(inserted > 0)
    }

    /// What to say about a message whose files are not there.
    pub fn without_files(
        &self,
        from: Uid,
        to: Uid,
        (msg_id, hash): (&str, i64),
    ) -> Result<Inserted, StoreError> {
        Ok(match is_stored(self.reading(), from, to, msg_id, hash)? {
            true => Inserted::Duplicate,
            false => Inserted::FileMissing,
        })
    }

    /// What the messages of a user take; triggers keep count.
    pub fn message_bytes(&self, uid: Uid) -> Result<i64, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached("SELECT message_bytes FROM users WHERE uid = ?1")?;
        let bytes = select.query_row([uid.0], |row| row.get(0)).optional()?;
        Ok(bytes.unwrap_or_default())
    }

    /// Why a message must not be stored, if the messages of its sender take `bytes` and may take `quota`.
    pub fn over_quota(
        &self,
        from: Uid,
        to: Uid,
        (msg_id, hash): (&str, i64),
        (bytes, quota): (i64, i64),
    ) -> Result<Option<Inserted>, StoreError> {
        if bytes < quota {
            return Ok(None);
        }
        Ok(Some(
            match is_stored(self.reading(), from, to, msg_id, hash)? {
                true => Inserted::Duplicate,
                false => Inserted::QuotaUsedUp,
            },
        ))
    }
}
