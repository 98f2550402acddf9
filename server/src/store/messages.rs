//! Messages: storing them once, and reading them again.

use std::sync::Arc;

use super::message_rules::content_hash;
use super::sqlite::{groups, messages};
use super::{Reply, Store, StoreError, postgres};
use crate::attachment::{Attachment, FileId};
use crate::types::{Message, Uid, User};

/// What somebody sends.
#[derive(Debug)]
pub struct MessageDraft {
    /// The sender.
    pub from: User,
    /// The recipient, or a group.
    pub to: Uid,
    /// The plain text.
    pub text: String,
    /// Files of the sender.
    pub files: Vec<FileId>,
    /// The sender's id for it.
    pub msg_id: String,
    /// The sender's clock, in ms.
    pub client_time: i64,
    /// It is stored only if all earlier messages of the sender take less than this many bytes.
    pub quota: i64,
}

impl MessageDraft {
    /// The message as it is stored under an id at a time.
    pub fn message(
        &self,
        to_name: String,
        attachments: Vec<Attachment>,
        (id, time): (i64, i64),
    ) -> Message {
        Message {
            from: self.from.uid,
            to: self.to,
            from_name: self.from.name.clone(),
            to_name,
            text: self.text.clone(),
            msg_id: self.msg_id.clone(),
            notice: None,
            attachments,
            client_time: self.client_time,
            time,
            id,
        }
    }
}

/// A message to a known user.
#[derive(Debug)]
pub struct NewMessage {
    pub draft: MessageDraft,
    /// The recipient's name.
    pub to_name: String,
}

/// What the store knows about a message that somebody wants to send.
#[derive(Debug)]
pub enum MessageCheck {
    /// It is stored already. Whatever has changed since, it stays stored.
    Duplicate,
    /// It is new, and the recipient is a friend or the sender themselves.
    Recipient(User),
    /// It is new, and its sender is in the group that it is for.
    Member,
    /// It is new, but the sender has blocked the recipient.
    Blocked,
    /// It is new, but the two are not friends, the recipient has blocked the sender, or the sender is not in the group.
    NotReachable,
}

/// The result of inserting a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was stored and published.
    New,
    /// It had been stored before; nothing was published.
    Duplicate,
    /// One of the two users does not exist any more, or the recipient has blocked the sender; nothing was stored.
    NotReachable,
    /// One of the files is not there any more, or not the sender's; nothing was stored.
    FileMissing,
    /// The messages of the sender take all that they may; nothing was stored.
    QuotaUsedUp,
    /// The sender has blocked the recipient; nothing was stored. Only [`Store::send_message`] finds this out.
    Blocked,
}

/// A part of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct HistoryRange {
    /// Only messages after the one with this time, starting with the oldest of them. Without it, the newest messages.
    pub since: Option<i64>,
    /// Only messages before the one with this time.
    pub before: Option<i64>,
    /// The most messages.
    pub limit: usize,
}

impl Store {
    /// Everything that has to be known before a message may be inserted.
    pub fn check_message(
        &self,
        from: Uid,
        to: Uid,
        msg_id: &str,
        text: &str,
        files: &[FileId],
    ) -> Reply<MessageCheck> {
        let (msg_id, hash) = (msg_id.to_owned(), content_hash(text, files));
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| {
                if to.is_group() {
                    groups::check_message(db, from, to, &msg_id, hash)
                } else {
                    messages::check_message(db, from, to, &msg_id, hash)
                }
            }),
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                if to.is_group() {
                    postgres::groups::check_message(&db, from, to, &msg_id, hash).await
                } else {
                    postgres::messages::check_message(&db, from, to, &msg_id, hash).await
                }
            }),
        }
    }

    /// Checks a message as [`Store::check_message`] does and queues it, in one step where the database can. The message has its place
    /// among the writes when this returns.
    pub async fn send_message(&self, draft: MessageDraft) -> Result<Reply<Inserted>, StoreError> {
        if draft.to.is_group() {
            // This checks that the sender is in the group.
            return Ok(self.insert_group_message(draft));
        }
        if let Store::Sqlite(sqlite) = self {
            return Ok(sqlite.write(move |tx| tx.send_message(draft)));
        }
        let (from, to) = (draft.from.uid, draft.to);
        let check = self.check_message(from, to, &draft.msg_id, &draft.text, &draft.files);
        let refused = match check.await? {
            MessageCheck::Recipient(to) => {
                let to_name = to.name;
                return Ok(self.insert_message(NewMessage { draft, to_name }));
            }
            MessageCheck::Duplicate => Inserted::Duplicate,
            MessageCheck::Blocked => Inserted::Blocked,
            MessageCheck::Member | MessageCheck::NotReachable => Inserted::NotReachable,
        };
        Ok(Box::pin(std::future::ready(Ok(refused))))
    }

    /// Sends messages of one sender as [`Store::send_message`] does, in their order: with SQLite in one transaction, with PostgreSQL one
    /// after the other. The results end with the first error, so no message is stored whose predecessor may be stored later.
    pub async fn send_messages(
        self: Arc<Self>,
        drafts: Vec<MessageDraft>,
    ) -> Vec<Result<Inserted, StoreError>> {
        let mut results = Vec::new();
        if let Store::Sqlite(sqlite) = &*self {
            let sent = sqlite.write(move |tx| {
                let drafts = drafts.into_iter();
                let sent = drafts.map(|draft| match draft.to.is_group() {
                    true => tx.insert_group_message(&draft),
                    false => tx.send_message(draft),
                });
                sent.collect::<Result<Vec<_>, _>>()
            });
            match sent.await {
                Ok(sent) => results.extend(sent.into_iter().map(Ok)),
                Err(error) => results.push(Err(error)),
            }
            return results;
        }
        for draft in drafts {
            let result = match self.send_message(draft).await {
                Ok(inserted) => inserted.await,
                Err(error) => Err(error),
            };
            let is_over = result.is_err();
            results.push(result);
            if is_over {
                break;
            }
        }
        results
    }

    /// Stores a message once and publishes it to both sides, followed by the unread count to those of them who are connected and
    /// whose count has changed. Does not check that the two are friends. What it takes on the disk counts for its sender until it is
    /// deleted.
    pub fn insert_message(&self, message: NewMessage) -> Reply<Inserted> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.insert_message(&message)),
            Store::Postgres(postgres) => postgres.insert_message(message),
        }
    }

    /// Messages between two users, oldest first. There are fewer than the range allows if they have more than `HISTORY_BYTES` of text;
    /// then there is one that begins after these bytes.
    pub fn history(&self, a: Uid, b: Uid, range: HistoryRange) -> Reply<Vec<Message>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| messages::history(db, a, b, range)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::messages::history(&db, a, b, range).await }),
        }
    }

    /// Messages that a user sent, or received from users or in groups, after the one with the id `after`, oldest first, `limit` at most. For reading everything in parts.
    pub fn messages_of(&self, uid: Uid, after: i64, limit: usize) -> Reply<Vec<Message>> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.long_read(move |db| messages::messages_of(db, uid, after, limit))
            }
            Store::Postgres(postgres) => postgres.long_read(move |db| async move {
                postgres::messages::messages_of(&db, uid, after, limit).await
            }),
        }
    }
}
