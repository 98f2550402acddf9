//! Messages and conversations.

use futures_util::future::try_join_all;

use super::blocks::has_blocked;
use super::connection::{Db, Params};
use super::files::attachments;
use super::friendships;
use super::rows::{self, at, message_columns};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::item;
use crate::store::group_rules::notice_to_text;
use crate::store::message_rules::{Part, content_hash};
use crate::store::{HistoryRange, Inserted, MessageCheck, NewMessage, StoreError};
use crate::types::{Message, Uid};

/// The users to whom a message was published, and its numbers in their channels.
type Numbered = (Vec<i64>, Vec<i64>);

/// A message that is being stored.
struct Draft {
    message: Message,
    hash: i64,
    quota: i64,
    /// Whether all of its files are there.
    has_files: bool,
}

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

impl Tx<'_> {
    /// Inserts messages in their order. The statements are sent together: waiting for the answer to each would take most of the time.
    pub async fn insert_messages(
        &mut self,
        new: &[&NewMessage],
    ) -> Result<Vec<Inserted>, StoreError> {
        self.begin().await?;
        self.must_last();
        let mut drafts = Vec::new();
        for NewMessage { draft, to_name } in new {
            let found = attachments(self, draft.from.uid, &draft.files).await?;
            let has_files = found.is_some();
            let attachments = found.unwrap_or_default();
            drafts.push(Draft {
                hash: content_hash(&draft.text, &draft.files),
                quota: draft.quota,
                has_files,
                message: draft.message(to_name.clone(), attachments, self.id_and_time()),
            });
        }
        let stored = drafts.iter().map(|draft| self.store_draft(draft));
        let stored = try_join_all(stored).await?;
        let (mut results, mut deliveries) = (Vec::new(), Vec::new());
        for (draft, stored) in drafts.iter().zip(stored) {
            if !stored {
                results.push(self.why_not_stored(draft).await?);
                continue;
            }
            let message = &draft.message;
            results.push(Inserted::New);
            if message.from == message.to {
                self.deliver(message, &[message.to]).await?;
            } else {
                let both = [message.to, message.from];
                deliveries.push((message, self.publish_message(message, &both).await?));
            }
        }
        let counts = deliveries
            .iter()
            .map(|(message, numbers)| self.deliver_to_both(message, numbers));
        let counts = try_join_all(counts).await?;
        for ((message, _), (unread, answered)) in deliveries.iter().zip(counts) {
            if answered {
                self.publish_unread(message.from).await?;
            }
            if unread == 1 {
                self.publish_unread(message.to).await?;
            }
        }
        Ok(results)
    }

    /// Stores a message; false if it is stored already, one of the two users does not exist, the recipient has blocked the sender, or
    /// the messages of the sender take `quota` bytes already. One without a hash is always new.
    pub async fn store_message(
        &self,
        message: &Message,
        hash: Option<i64>,
        quota: i64,
    ) -> Result<bool, StoreError> {
        // The unique index finds duplicates.
        let sql = "WITH stored AS (
                INSERT INTO messages(id, time, sender, recipient, msg_id, client_time, text, text_hash, sender_name, recipient_name, notice, files)
                SELECT $8::bigint, $1::bigint, $2::bigint, $3::bigint, $4::text, $5::bigint, $6::text, $7::bigint, $9::text, $10::text, $11::text, $13::text
                WHERE EXISTS (SELECT 1 FROM channels WHERE uid = $2 AND message_bytes < $12)
                    AND ($3 >= 1000000000 OR EXISTS (SELECT 1 FROM users WHERE uid = $3))
                    AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = $2 AND uid = $3)
                ON CONFLICT(sender, msg_id, recipient, text_hash) DO NOTHING
                RETURNING sender, octet_length(text) + 256 AS bytes
            )
            UPDATE channels SET message_bytes = message_bytes + stored.bytes FROM stored WHERE channels.uid = stored.sender";
        let notice = message.notice.as_ref().map(notice_to_text);
        let files = (!message.attachments.is_empty())
            .then(|| serde_json::to_string(&message.attachments).unwrap_or_default());
        let stored = self
            .execute(
                sql,
                &[
                    &message.time,
                    &message.from.0,
                    &message.to.0,
                    &message.msg_id,
                    &message.client_time,
                    &message.text,
                    &hash,
                    &message.id,
                    &message.from_name,
                    &message.to_name,
                    &notice,
                    &quota,
                    &files,
                ],
            )
            .await?;
        if stored > 0 && !message.attachments.is_empty() {
            self.attach(message.id, &message.attachments).await?;
        }
        Ok(stored > 0)
    }

    async fn store_draft(&self, draft: &Draft) -> Result<bool, StoreError> {
        if !draft.has_files {
            return Ok(false);
        }
        self.store_message(&draft.message, Some(draft.hash), draft.quota)
            .await
    }

    /// Why a message was not stored.
    async fn why_not_stored(&self, draft: &Draft) -> Result<Inserted, StoreError> {
        let Message {
            from, to, msg_id, ..
        } = &draft.message;
        Ok(if is_stored(self, *from, *to, msg_id, draft.hash).await? {
            Inserted::Duplicate
        } else if self.is_over_quota(*from, draft.quota).await? {
            Inserted::QuotaUsedUp
        } else if !draft.has_files {
            Inserted::FileMissing
        } else {
            Inserted::NotReachable
        })
    }

    /// Whether the messages of a user take `quota` bytes or more.
    pub async fn is_over_quota(&self, uid: Uid, quota: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM channels WHERE uid = $1 AND message_bytes >= $2";
        self.exists(sql, &[&uid.0, &quota]).await
    }

    /// Publishes a stored message to these users, and notes under which numbers.
    pub async fn deliver(&mut self, message: &Message, to: &[Uid]) -> Result<(), StoreError> {
        let (owners, seqs) = self.publish_message(message, to).await?;
        let sql = "INSERT INTO deliveries(owner, seq, message)
            SELECT owner, seq, $3 FROM unnest($1::bigint[], $2::bigint[]) AS numbers(owner, seq)";
        self.execute(sql, &[&owners, &seqs, &message.id]).await?;
        Ok(())
    }

    async fn publish_message(
        &mut self,
        message: &Message,
        to: &[Uid],
    ) -> Result<Numbered, StoreError> {
        let item = item::message(message);
        let mut numbers = (Vec::new(), Vec::new());
        for uid in to {
            let published = self.publish_stored(*uid, item.clone(), message.id);
            if let Some(seq) = published.await? {
                numbers.0.push(uid.0);
                numbers.1.push(seq.0);
            }
        }
        Ok(numbers)
    }

    /// Notes the numbers of a message between two users. It counts as unread for its recipient. For its sender the conversation is read,
    /// since they have answered. Returns how many are unread now, and whether the sender had any.
    async fn deliver_to_both(
        &self,
        message: &Message,
        (owners, seqs): &Numbered,
    ) -> Result<(i64, bool), StoreError> {
        let (from, to) = (message.from, message.to);
        let sql = "WITH delivered AS (
                INSERT INTO deliveries(owner, seq, message)
                SELECT owner, seq, $3 FROM unnest($1::bigint[], $2::bigint[]) AS numbers(owner, seq)
            ), answered AS (
                DELETE FROM unread WHERE owner = $4 AND peer = $5 RETURNING 1
            )
            INSERT INTO unread(owner, peer, messages, time) VALUES ($5, $4, 1, $6)
            ON CONFLICT (owner, peer) DO UPDATE SET messages = unread.messages + 1, time = $6
            RETURNING messages, EXISTS (SELECT 1 FROM answered)";
        let params: Params<'_> = &[owners, seqs, &message.id, &from.0, &to.0, &message.time];
        match self.row(sql, params).await? {
            Some(row) => Ok((at(&row, 0)?, at(&row, 1)?)),
            None => Ok((0, false)),
        }
    }
}
