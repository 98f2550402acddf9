//! The transaction of a batch of writes.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::connection::Db;
use super::locks;
use crate::store::numbering::{LastMessage, Numbers, RESERVE};
use crate::store::{StoreError, Subscribers};
use crate::types::{Published, Seq, Uid};

/// The transaction that runs; opened by the first job that needs it.
pub struct Tx<'a> {
    db: Arc<Db>,
    subscribers: &'a dyn Subscribers,
    numbers: &'a mut HashMap<Uid, Numbers>,
    last_message: &'a mut LastMessage,
    /// Whether a server has to be told that something has changed.
    by_command: bool,
    begun: bool,
    /// The id of the transaction.
    pub transaction: Option<i64>,
    /// The numbering as it was, to return to if the commit fails.
    before: Vec<(Uid, Option<Numbers>)>,
    pub published: Vec<Published>,
}

/// What can be asked without writing.
impl Deref for Tx<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl<'a> Tx<'a> {
    pub fn new(
        db: Arc<Db>,
        subscribers: &'a dyn Subscribers,
        numbers: &'a mut HashMap<Uid, Numbers>,
        last_message: &'a mut LastMessage,
        by_command: bool,
    ) -> Self {
        Tx {
            db,
            subscribers,
            numbers,
            last_message,
            by_command,
            begun: false,
            transaction: None,
            before: Vec::new(),
            published: Vec::new(),
        }
    }

    /// Opens the transaction and waits for everybody else who writes. Statements after it see what they have committed.
    pub async fn begin(&mut self) -> Result<(), StoreError> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let id = self.db.begin(locks::WRITE).await?;
        self.transaction = Some(id);
        Ok(())
    }

    /// Those of `uids` who have a client connected.
    pub fn connected(&self, uids: Vec<Uid>) -> Vec<Uid> {
        self.subscribers.connected(uids)
    }

    /// Whether a user has a client connected.
    pub fn is_connected(&self, uid: Uid) -> bool {
        !self.connected(vec![uid]).is_empty()
    }

    /// The id and the time of a new message.
    pub fn id_and_time(&mut self) -> (i64, i64) {
        self.last_message.next()
    }

    /// Assigns the next number of the owner's channel to an item, which is published with the commit. `None` if the owner does not
    /// exist any more.
    pub async fn publish(&mut self, owner: Uid, item: Arc<str>) -> Result<Option<Seq>, StoreError> {
        let known = self.numbers.get(&owner).copied();
        let mut numbers = match known {
            Some(numbers) => numbers,
            None => {
                let sql = "SELECT seq FROM channels WHERE uid = $1";
                let Some(row) = self.row(sql, &[&owner.0]).await? else {
                    return Ok(None);
                };
                let mark = Seq(row.try_get(0)?);
                Numbers {
                    next: mark,
                    reserved: mark,
                }
            }
        };
        if numbers.next >= numbers.reserved {
            self.begin().await?;
            numbers.reserved = Seq(numbers.next.0.saturating_add(RESERVE));
            let sql = "UPDATE channels SET seq = $2 WHERE uid = $1";
            let reserved = self.execute(sql, &[&owner.0, &numbers.reserved.0]).await?;
            if reserved == 0 {
                return Ok(None);
            }
        }
        let seq = numbers.next;
        numbers.next = seq.next();
        self.before.push((owner, known));
        self.numbers.insert(owner, numbers);
        self.published.push(Published { owner, seq, item });
        Ok(Some(seq))
    }

    /// Saves where each channel stands.
    pub async fn save_numbers(&mut self) -> Result<(), StoreError> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        let (uids, next): (Vec<_>, Vec<_>) = self
            .numbers
            .iter()
            .map(|(uid, numbers)| (uid.0, numbers.next.0))
            .unzip();
        let sql = "UPDATE channels SET seq = saved.next FROM unnest($1::bigint[], $2::bigint[]) AS saved(uid, next)
            WHERE channels.uid = saved.uid";
        self.execute(sql, &[&uids, &next]).await?;
        Ok(())
    }

    /// Does what belongs to every transaction.
    pub async fn before_commit(&mut self) -> Result<(), StoreError> {
        if self.begun && self.by_command {
            self.execute("UPDATE fbchatd SET changes = changes + 1", &[])
                .await?;
        }
        Ok(())
    }

    pub async fn commit(&mut self) -> Result<(), StoreError> {
        if self.begun {
            self.batch("COMMIT").await?;
        }
        Ok(())
    }

    /// Ends the transaction; false if the connection cannot be used any more.
    pub async fn roll_back(&mut self) -> bool {
        !self.begun || self.batch("ROLLBACK").await.is_ok()
    }

    /// Returns to the numbering before the transaction.
    pub fn restore_numbers(&mut self) {
        for (uid, numbers) in self.before.drain(..).rev() {
            match numbers {
                Some(numbers) => self.numbers.insert(uid, numbers),
                None => self.numbers.remove(&uid),
            };
        }
    }
}
