//! The thread that writes and numbers the items of all channels.
//!
//! Whatever is queued when it looks goes into one transaction, so that one fsync serves many senders. Durable and volatile items get
//! their numbers here, in one order. They are published after the commit, and then the senders are answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use prometheus_client::metrics::histogram::Histogram;
use rusqlite::{Connection, OptionalExtension, params};

use super::session_cache::SessionCache;
use super::{BUSY_TIMEOUT, Db};
use crate::clock::now_ms;
use crate::store::numbering::{LastMessage, Numbers, RESERVE};
use crate::store::{StoreError, Subscribers};
use crate::sync::lock;
use crate::types::{Published, Seq, Uid};

/// The most jobs in one transaction, after the first.
const BATCH: usize = 1024;
/// How often to look for what other processes did, and to erase what was deleted.
const UPKEEP: Duration = Duration::from_millis(500);

/// A write that waits for its turn.
pub trait QueuedWrite: Send {
    /// Performs the write within the transaction.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    /// Tells the caller how the transaction ended.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// The state of the thread.
pub struct Writer {
    db: Db,
    subscribers: Arc<dyn Subscribers>,
    numbers: HashMap<Uid, Numbers>,
    last_message: LastMessage,
    commits: Histogram,
    /// Set when another process has written.
    changed_outside: Arc<AtomicBool>,
    sessions: Arc<SessionCache>,
    /// SQLite's counter of writes by others, as seen last.
    data_version: i64,
    /// Whether that has changed since the last upkeep.
    others_wrote: bool,
    /// Whether the write-ahead log may hold content that was deleted.
    erase: bool,
    last_upkeep: Instant,
}

impl Writer {
    pub fn new(
        db: Db,
        subscribers: Arc<dyn Subscribers>,
        commits: Histogram,
        changed_outside: Arc<AtomicBool>,
        sessions: Arc<SessionCache>,
    ) -> Result<Self, StoreError> {
        sessions.watch(&lock(&db))?;
        let number = |sql: &str| lock(&db).query_row(sql, [], |row| row.get::<_, i64>(0));
        let last_message = LastMessage::new(
            number("SELECT coalesce(max(id), 0) FROM messages")?,
            number("SELECT coalesce(max(time), 0) FROM messages")?,
        );
        Ok(Writer {
            last_message,
            data_version: number("PRAGMA data_version")?,
            db,
            subscribers,
            numbers: HashMap::new(),
            commits,
            changed_outside,
            sessions,
            others_wrote: false,
            // A process that was killed may have left something.
            erase: true,
            last_upkeep: Instant::now(),
        })
    }

    /// Works until the senders are gone, then leaves a clean database.
    pub fn run(mut self, jobs: &Receiver<Box<dyn QueuedWrite>>) {
        self.trust_memory();
        loop {
            match jobs.recv_timeout(UPKEEP) {
                Ok(first) => {
                    let rest = jobs.try_iter().take(BATCH);
                    self.commit(std::iter::once(first).chain(rest).collect());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.last_upkeep.elapsed() >= UPKEEP {
                self.last_upkeep = Instant::now();
                self.look_outside();
                self.erase(Duration::ZERO);
                self.trust_memory();
            }
        }
        if let Err(error) = self.save_exact_numbers() {
            log::warn!(
                "the numbering could not be saved; up to {RESERVE} numbers per user will be skipped: {error}"
            );
        }
        self.erase(BUSY_TIMEOUT);
    }

    fn commit(&mut self, mut jobs: Vec<Box<dyn QueuedWrite>>) {
        let start = Instant::now();
        let outcome = {
            let db = lock(&self.db);
            let mut tx = Tx {
                db: &db,
                subscribers: &*self.subscribers,
                numbers: &mut self.numbers,
                last_message: &mut self.last_message,
                begun: false,
                erases: false,
                before: Vec::new(),
                published: Vec::new(),
            };
            match jobs
                .iter_mut()
                .try_for_each(|job| job.run(&mut tx))
                .and_then(|()| tx.commit())
            {
                Ok(()) => {
                    self.erase |= tx.erases;
                    self.sessions.committed();
                    Ok(tx.published)
                }
                Err(error) => {
                    tx.roll_back();
                    self.sessions.rolled_back();
                    Err(error)
                }
            }
        };
        self.commits.observe(start.elapsed().as_secs_f64());
        self.trust_memory();
        let outcome = match outcome {
            Ok(published) => {
                self.subscribers.deliver(published);
                Ok(())
            }
            Err(error) => {
                log::error!("{} writes were refused: {error}", jobs.len());
                Err(error)
            }
        };
        for job in jobs {
            job.finish(outcome.clone());
        }
    }

    /// Finds out whether another process has written, and allows sessions to be read from memory. Only this connection can do so: it does not
    /// count its own writes, and no other connection of this process writes.
    fn trust_memory(&mut self) {
        // Before the query, so that a write in between makes the cache useless rather than wrong.
        let header = self.sessions.header();
        let version = lock(&self.db)
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut version| version.query_row([], |row| row.get(0)));
        match version {
            Ok(version) if version == self.data_version => {}
            Ok(version) => {
                self.data_version = version;
                self.others_wrote = true;
                self.sessions.clear();
            }
            Err(error) => {
                log::error!("cannot look for changes by other processes: {error}");
                return;
            }
        }
        self.sessions.trust(header);
    }

    /// Does what is due after another process has written.
    fn look_outside(&mut self) {
        self.trust_memory();
        if std::mem::take(&mut self.others_wrote) {
            self.changed_outside.store(true, Ordering::Relaxed);
            // The other process could not empty the log while this one was reading.
            self.erase = true;
            self.commit(vec![Box::new(PublishLeft)]);
        }
    }

    /// Empties the write-ahead log after deletions. SQLite overwrites deleted content in the pages of the database, but the log still
    /// holds earlier versions of those pages. Waits this long for those who read an older state; if they take longer, it is tried
    /// again with the next upkeep.
    fn erase(&mut self, wait: Duration) {
        if !self.erase {
            return;
        }
        let db = lock(&self.db);
        let emptied = db
            .busy_timeout(wait)
            .and_then(|()| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)));
        match emptied {
            Ok(busy) => self.erase = busy,
            Err(error) => log::debug!("cannot empty the write-ahead log: {error}"),
        }
        if let Err(error) = db.busy_timeout(BUSY_TIMEOUT) {
            log::error!("cannot set a timeout: {error}");
        }
    }

    fn save_exact_numbers(&mut self) -> Result<(), StoreError> {
        let mut db = lock(&self.db);
        let tx = db.transaction()?;
        for (uid, numbers) in &self.numbers {
            tx.execute(
                "UPDATE users SET seq = ?2 WHERE uid = ?1",
                params![uid.0, numbers.next.0],
            )?;
        }
        Ok(tx.commit()?)
    }
}

/// Publishes what another process has left for connected users.
struct PublishLeft;

impl QueuedWrite for PublishLeft {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.publish_left()
    }

    fn finish(self: Box<Self>, _: Result<(), StoreError>) {}
}

/// The transaction that runs; opened by the first job that writes.
pub struct Tx<'a> {
    db: &'a Connection,
    subscribers: &'a dyn Subscribers,
    numbers: &'a mut HashMap<Uid, Numbers>,
    last_message: &'a mut LastMessage,
    begun: bool,
    erases: bool,
    /// The numbering as it was, to return to if the commit fails.
    before: Vec<(Uid, Option<Numbers>)>,
    published: Vec<Published>,
}

impl<'a> Tx<'a> {
    /// The connection for looking something up.
    pub fn reading(&self) -> &'a Connection {
        self.db
    }

    /// The connection for writing.
    pub fn writing(&mut self) -> Result<&'a Connection, StoreError> {
        if !self.begun {
            self.db.execute_batch("BEGIN IMMEDIATE")?;
            self.begun = true;
        }
        Ok(self.db)
    }

    /// The connection for a write that deletes or replaces something which must not stay behind in the files.
    pub fn erasing(&mut self) -> Result<&'a Connection, StoreError> {
        self.erases = true;
        self.writing()
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
        self.last_message.next(now_ms())
    }

    /// Assigns the next number of the owner's channel to an item, which is published with the commit. `None` if the owner does not
    /// exist any more.
    pub fn publish(&mut self, owner: Uid, item: Arc<str>) -> Result<Option<Seq>, StoreError> {
        let known = self.numbers.get(&owner).copied();
        let mut numbers = match known {
            Some(numbers) => numbers,
            None => {
                let mark = self
                    .db
                    .prepare_cached("SELECT seq FROM users WHERE uid = ?1")?
                    .query_row([owner.0], |row| row.get(0).map(Seq))
                    .optional()?;
                let Some(mark) = mark else {
                    return Ok(None);
                };
                Numbers {
                    next: mark,
                    reserved: mark,
                }
            }
        };
        if numbers.next >= numbers.reserved {
            numbers.reserved = Seq(numbers.next.0.saturating_add(RESERVE));
            self.writing()?
                .prepare_cached("UPDATE users SET seq = ?2 WHERE uid = ?1")?
                .execute(params![owner.0, numbers.reserved.0])?;
        }
        let seq = numbers.next;
        numbers.next = seq.next();
        self.before.push((owner, known));
        self.numbers.insert(owner, numbers);
        self.published.push(Published { owner, seq, item });
        Ok(Some(seq))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.begun {
            self.db.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    fn roll_back(&mut self) {
        // After some errors SQLite has rolled back by itself.
        if self.begun
            && !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            log::error!("cannot roll back: {error}");
        }
        for (uid, numbers) in self.before.drain(..).rev() {
            match numbers {
                Some(numbers) => self.numbers.insert(uid, numbers),
                None => self.numbers.remove(&uid),
            };
        }
    }
}
