//! Storing messages, many with each statement. With a statement for each message, PostgreSQL takes twice as long.

use std::collections::{HashMap, HashSet};

use futures_util::future::{try_join, try_join_all};

use super::connection::Params;
use super::files::attachments;
use super::messages::is_stored;
use super::rows::at;
use super::transaction::Tx;
use crate::item;
use crate::store::group_rules::notice_to_text;
use crate::store::message_rules::content_hash;
use crate::store::{Inserted, NewMessage, StoreError};
use crate::types::{Message, Uid};

/// A message that is being stored.
pub(super) struct Draft {
    pub message: Message,
    /// Tells messages with the same id apart. One without is always new.
    pub hash: Option<i64>,
    /// How many bytes the messages of the sender may take.
    pub quota: i64,
}

/// The numbers that messages got in the channels of users, as the columns of a table.
#[derive(Default)]
pub(super) struct Numbered {
    pub owners: Vec<i64>,
    pub seqs: Vec<i64>,
    pub messages: Vec<i64>,
}

/// How many messages of a sender their recipient has not read, and whether the sender had unread ones of the recipient.
type Unread = HashMap<i64, (i64, bool)>;

/// Divides messages into runs for one statement each, which sees only what was there before it: nobody sends twice in a run,
/// or sends and receives.
fn runs<'a>(messages: &[&'a Draft]) -> Vec<Vec<&'a Draft>> {
    let mut runs = Vec::new();
    let (mut run, mut senders, mut recipients) = (Vec::new(), HashSet::new(), HashSet::new());
    for draft in messages {
        let Message { from, to, .. } = draft.message;
        if senders.contains(&from) || senders.contains(&to) || recipients.contains(&from) {
            runs.push(std::mem::take(&mut run));
            senders.clear();
            recipients.clear();
        }
        senders.insert(from);
        recipients.insert(to);
        run.push(*draft);
    }
    runs.push(run);
    runs
}

impl Tx<'_> {
    /// Inserts messages in their order.
    pub async fn insert_messages(
        &mut self,
        new: &[&NewMessage],
    ) -> Result<Vec<Inserted>, StoreError> {
        self.begin().await?;
        self.must_last();
        let mut drafts = Vec::new();
        let mut lack_files = HashSet::new();
        for NewMessage { draft, to_name } in new {
            let found = attachments(self, draft.from.uid, &draft.files).await?;
            let id_and_time = self.id_and_time();
            if found.is_none() {
                lack_files.insert(id_and_time.0);
            }
            let found = found.unwrap_or_default();
            drafts.push(Draft {
                hash: Some(content_hash(&draft.text, &draft.files)),
                quota: draft.quota,
                message: draft.message(to_name.clone(), found, id_and_time),
            });
        }
        let complete = drafts.iter();
        let complete = complete.filter(|draft| !lack_files.contains(&draft.message.id));
        let stored = self.store_messages(&complete.collect::<Vec<_>>()).await?;
        let (mut results, mut between_two) = (Vec::new(), Vec::new());
        let mut numbered = Numbered::default();
        for draft in &drafts {
            let message = &draft.message;
            if !stored.contains(&message.id) {
                let has_files = !lack_files.contains(&message.id);
                results.push(self.why_not_stored(draft, has_files).await?);
                continue;
            }
            results.push(Inserted::New);
            if message.from == message.to {
                self.deliver(message, &[message.to]).await?;
            } else {
                let both = [message.to, message.from];
                self.publish_message(message, &both, &mut numbered).await?;
                between_two.push(draft);
            }
        }
        let mut changed = Vec::new();
        let runs = runs(&between_two);
        let counted = runs.iter().map(|run| self.count_unread(run));
        let (counted, _) = try_join(try_join_all(counted), self.note_numbers(&numbered)).await?;
        for (run, unread) in runs.iter().zip(counted) {
            for Draft { message, .. } in run {
                let (count, answered) = unread.get(&message.from.0).copied().unwrap_or_default();
                changed.extend(answered.then_some(message.from));
                changed.extend((count == 1).then_some(message.to));
            }
        }
        self.publish_unread(&changed).await?;
        Ok(results)
    }

    /// Stores a message; false if it is stored already or must not be.
    pub(super) async fn store_message(&self, draft: &Draft) -> Result<bool, StoreError> {
        Ok(!self.store_messages(&[draft]).await?.is_empty())
    }

    /// Stores messages, except for those that are stored already, those of which one of the two users does not exist, those whose
    /// recipient has blocked the sender, and those of senders whose messages take their quota already. Returns the ids of the stored ones.
    async fn store_messages(&self, drafts: &[&Draft]) -> Result<HashSet<i64>, StoreError> {
        let runs = runs(drafts);
        let stored = runs.iter().map(|run| self.store_run(run));
        let stored: HashSet<i64> = try_join_all(stored).await?.into_iter().flatten().collect();
        for Draft { message, .. } in drafts {
            if !message.attachments.is_empty() && stored.contains(&message.id) {
                self.attach(message.id, &message.attachments).await?;
            }
        }
        Ok(stored)
    }

    async fn store_run(&self, run: &[&Draft]) -> Result<Vec<i64>, StoreError> {
        // The unique index finds duplicates.
        let sql = "WITH new AS (
                SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::text[],
                        $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[])
                    AS new(id, time, sender, recipient, msg_id, client_time, text, text_hash, sender_name, recipient_name, notice, files, quota)
            ), stored AS (
                INSERT INTO messages(id, time, sender, recipient, msg_id, client_time, text, text_hash, sender_name, recipient_name, notice, files)
                SELECT id, time, sender, recipient, msg_id, client_time, text, text_hash, sender_name, recipient_name, notice, files FROM new
                WHERE EXISTS (SELECT 1 FROM channels WHERE uid = sender AND message_bytes < quota)
                    AND (recipient >= 1000000000 OR EXISTS (SELECT 1 FROM users WHERE uid = recipient))
                    AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = sender AND uid = recipient)
                ON CONFLICT(sender, msg_id, recipient, text_hash) DO NOTHING
                RETURNING id, sender, octet_length(text) + 256 AS bytes
            ), counted AS (
                UPDATE channels SET message_bytes = message_bytes + bytes FROM stored WHERE channels.uid = stored.sender
            )
            SELECT id FROM stored";
        if run.is_empty() {
            return Ok(Vec::new());
        }
        let notices = column(run, |message| message.notice.as_ref().map(notice_to_text));
        let files = column(run, |message| {
            let some = !message.attachments.is_empty();
            some.then(|| serde_json::to_string(&message.attachments).unwrap_or_default())
        });
        let hashes: Vec<_> = run.iter().map(|draft| draft.hash).collect();
        let quotas: Vec<_> = run.iter().map(|draft| draft.quota).collect();
        let params: Params<'_> = &[
            &column(run, |message| message.id),
            &column(run, |message| message.time),
            &column(run, |message| message.from.0),
            &column(run, |message| message.to.0),
            &column(run, |message| &*message.msg_id),
            &column(run, |message| message.client_time),
            &column(run, |message| &*message.text),
            &hashes,
            &column(run, |message| &*message.from_name),
            &column(run, |message| &*message.to_name),
            &notices,
            &files,
            &quotas,
        ];
        let stored = self.rows(sql, params).await?;
        stored.iter().map(|row| at(row, 0)).collect()
    }

    /// Why a message was not stored.
    async fn why_not_stored(&self, draft: &Draft, has_files: bool) -> Result<Inserted, StoreError> {
        let (message, hash) = (&draft.message, draft.hash.unwrap_or_default());
        let (from, to) = (message.from, message.to);
        Ok(if is_stored(self, from, to, &message.msg_id, hash).await? {
            Inserted::Duplicate
        } else if self.is_over_quota(from, draft.quota).await? {
            Inserted::QuotaUsedUp
        } else if !has_files {
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
        let mut numbered = Numbered::default();
        self.publish_message(message, to, &mut numbered).await?;
        self.note_numbers(&numbered).await
    }

    /// Publishes a stored message to these users.
    pub(super) async fn publish_message(
        &mut self,
        message: &Message,
        to: &[Uid],
        numbered: &mut Numbered,
    ) -> Result<(), StoreError> {
        let item = item::message(message);
        for uid in to {
            let published = self.publish_stored(*uid, item.clone(), message.id);
            if let Some(seq) = published.await? {
                numbered.owners.push(uid.0);
                numbered.seqs.push(seq.0);
                numbered.messages.push(message.id);
            }
        }
        Ok(())
    }

    /// Notes under which numbers messages were published.
    pub(super) async fn note_numbers(&self, numbered: &Numbered) -> Result<(), StoreError> {
        let Numbered {
            owners,
            seqs,
            messages,
        } = numbered;
        if owners.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO deliveries(owner, seq, message)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])";
        self.execute(sql, &[owners, seqs, messages]).await.map(drop)
    }

    /// Messages between two users count as unread for their recipients. For their senders the conversations are read, since they have
    /// answered.
    async fn count_unread(&self, run: &[&Draft]) -> Result<Unread, StoreError> {
        let sql = "WITH new AS (
                SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS new(sender, recipient, time)
            ), answered AS (
                DELETE FROM unread USING new WHERE owner = sender AND peer = recipient RETURNING owner
            ), counted AS (
                INSERT INTO unread(owner, peer, messages, time) SELECT recipient, sender, 1, time FROM new
                ON CONFLICT (owner, peer) DO UPDATE SET messages = unread.messages + 1, time = excluded.time
                RETURNING peer, messages
            )
            SELECT peer, messages, peer IN (SELECT owner FROM answered) FROM counted";
        if run.is_empty() {
            return Ok(Unread::new());
        }
        let params: Params<'_> = &[
            &column(run, |message| message.from.0),
            &column(run, |message| message.to.0),
            &column(run, |message| message.time),
        ];
        let counted = self.rows(sql, params).await?;
        let counted = counted.iter();
        counted
            .map(|row| Ok((at(row, 0)?, (at(row, 1)?, at(row, 2)?))))
            .collect()
    }
}

/// A column of a statement.
fn column<'a, T>(run: &[&'a Draft], value: impl Fn(&'a Message) -> T) -> Vec<T> {
    run.iter().map(|draft| value(&draft.message)).collect()
}
