//! The transaction of a batch of writes.

use std::ops::Deref;
use std::sync::Arc;

use super::connection::Db;
use super::news::{self, Follower, Line, Memory, Turn};
use super::nodes::Own;
use crate::clock::now_ms;
use crate::store::numbering::{Numbers, RESERVE};
use crate::store::{News, StoreError};
use crate::types::{Published, Seq, Uid};

/// The transaction that runs; opened by the first job that needs it.
pub struct Tx<'a> {
    db: Arc<Db>,
    memory: Memory<'a>,
    follower: &'a mut Follower,
    /// The server; `None` for commands, after which the servers have to be told that something has changed.
    own: Option<&'a Own>,
    begun: bool,
    /// Whether it has to survive a crash. A transaction of volatile items does not wait for the disk.
    is_durable: bool,
    /// The id of the transaction.
    pub transaction: Option<i64>,
    pub(super) turn: Option<Turn>,
    /// What other servers have to know about it.
    pub(super) lines: Vec<Line>,
    /// What this server has to know about it, like the others.
    after_commit: Vec<News>,
    /// The position of the news after it.
    pub position: Option<i64>,
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
        memory: Memory<'a>,
        follower: &'a mut Follower,
        own: Option<&'a Own>,
    ) -> Self {
        Tx {
            db,
            memory,
            follower,
            own,
            begun: false,
            is_durable: false,
            transaction: None,
            turn: None,
            lines: Vec::new(),
            after_commit: Vec::new(),
            position: None,
            before: Vec::new(),
            published: Vec::new(),
        }
    }

    /// Opens the transaction and waits for all other writers. From here on, everything that they have committed is known.
    pub async fn begin(&mut self) -> Result<(), StoreError> {
        if self.begun {
            return Ok(());
        }
        let turn = self.open().await?;
        let Some(own) = self.own else {
            return Ok(());
        };
        let (db, memory) = (self.db.clone(), &mut self.memory);
        if !self.follower.catch_up(&db, turn, own.id, memory).await? {
            self.follower.start_anew(&db, turn, own.id, memory).await?;
            self.enter(own).await?;
        }
        Ok(())
    }

    /// Opens the transaction with which a server registers itself. `alone` says that existing entries are left from servers that have ended.
    pub async fn begin_anew(&mut self, alone: bool) -> Result<(), StoreError> {
        let turn = self.open().await?;
        let Some(own) = self.own else {
            return Ok(());
        };
        if alone {
            self.forget_all_nodes().await?;
        }
        let (db, memory) = (self.db.clone(), &mut self.memory);
        self.follower.start_anew(&db, turn, own.id, memory).await?;
        self.enter(own).await
    }

    async fn open(&mut self) -> Result<Turn, StoreError> {
        self.begun = true;
        let turn = news::begin(&self.db, self.own.map(|own| own.id)).await?;
        self.transaction = Some(turn.transaction);
        self.turn = Some(turn);
        Ok(turn)
    }

    /// The epoch in which the transaction runs; it ends with a crash of the database. Not known of commands.
    pub fn epoch(&self) -> Option<i64> {
        self.follower.epoch()
    }

    /// The server, if there is one.
    pub fn own(&self) -> Option<&'a Own> {
        self.own
    }

    /// The clock of the database when the transaction began, in ms.
    pub fn now(&self) -> i64 {
        self.turn.map_or_else(now_ms, |turn| turn.now)
    }

    /// The transaction has to survive a crash.
    pub fn must_last(&mut self) {
        self.is_durable = true;
    }

    /// Those of `uids` who have a client connected, at any server.
    pub fn connected(&self, uids: Vec<Uid>) -> Vec<Uid> {
        self.memory.subscribers.connected(uids)
    }

    /// Whether a user has a client connected.
    pub fn is_connected(&self, uid: Uid) -> bool {
        !self.connected(vec![uid]).is_empty()
    }

    /// The id and the time of a new message.
    pub fn id_and_time(&mut self) -> (i64, i64) {
        let now = self.now();
        self.memory.last_message.next(now)
    }

    /// Assigns the next number of the owner's channel to an item, which is published with the commit. `None` if the owner does not
    /// exist any more.
    pub async fn publish(&mut self, owner: Uid, item: Arc<str>) -> Result<Option<Seq>, StoreError> {
        self.publish_item(owner, item, None).await
    }

    /// The same for the item of a stored message.
    pub async fn publish_stored(
        &mut self,
        owner: Uid,
        item: Arc<str>,
        message: i64,
    ) -> Result<Option<Seq>, StoreError> {
        self.publish_item(owner, item, Some(message)).await
    }

    async fn publish_item(
        &mut self,
        owner: Uid,
        item: Arc<str>,
        message: Option<i64>,
    ) -> Result<Option<Seq>, StoreError> {
        self.begin().await?;
        let known = self.memory.numbers.get(&owner).copied();
        let mut numbers = match known {
            Some(numbers) => numbers,
            None => {
                let sql = "SELECT coalesce(next, seq), seq FROM channels LEFT JOIN numbers USING (uid) WHERE uid = $1";
                let Some(row) = self.row(sql, &[&owner.0]).await? else {
                    return Ok(None);
                };
                Numbers {
                    next: Seq(row.try_get(0)?),
                    reserved: Seq(row.try_get(1)?),
                }
            }
        };
        if numbers.next >= numbers.reserved {
            self.is_durable = true;
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
        self.memory.numbers.insert(owner, numbers);
        self.lines.push(Line {
            published: Some((owner, seq, numbers.reserved)),
            message,
            text: message.is_none().then(|| item.to_string()),
        });
        self.published.push(Published { owner, seq, item });
        Ok(Some(seq))
    }

    /// Does what every transaction needs.
    pub async fn before_commit(&mut self) -> Result<(), StoreError> {
        if !self.begun {
            return Ok(());
        }
        match self.own {
            Some(own) => self.write_news(own).await,
            None => {
                self.execute("UPDATE fbchatd SET changes = changes + 1", &[])
                    .await?;
                self.record().await
            }
        }
    }

    /// Records the transaction, so that it can be asked after a crash whether it took place, or says that it may be lost in one.
    pub(super) async fn record(&self) -> Result<(), StoreError> {
        if !self.is_durable {
            return self.batch("SET LOCAL synchronous_commit = off").await;
        }
        let (Some(own), Some(transaction)) = (self.own, self.transaction) else {
            return Ok(());
        };
        let sql = "INSERT INTO batches(node, transaction, time) VALUES ($1, $2, $3)
            ON CONFLICT (node) DO UPDATE SET transaction = excluded.transaction, time = excluded.time";
        let now = self.now();
        self.execute(sql, &[&own.id, &transaction, &now])
            .await
            .map(drop)
    }

    /// What this server itself has to know once the transaction is committed.
    pub fn follow_after_commit(&mut self, news: News) {
        self.after_commit.push(news);
    }

    /// Carries out what follows from the commit.
    pub fn committed(&mut self) -> Vec<Published> {
        if !self.after_commit.is_empty() {
            let news = std::mem::take(&mut self.after_commit);
            self.memory.subscribers.follow(news);
        }
        if let Some(position) = self.position {
            self.follower.wrote(position);
        }
        std::mem::take(&mut self.published)
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
                Some(numbers) => self.memory.numbers.insert(uid, numbers),
                None => self.memory.numbers.remove(&uid),
            };
        }
    }
}
