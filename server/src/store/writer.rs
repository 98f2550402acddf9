//! The one thread that writes, and numbers all channels.
//!
//! Whatever is queued when it looks goes into one transaction, so one fsync serves many senders. Durable and passing
//! events take their numbers here in one order; only after the commit are they published, and then the senders hear.

use std::collections::HashMap;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::histogram::Histogram;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Sink, StoreError};
use crate::lock;
use crate::types::{Published, Seq, Uid};

/// How many numbers a user is given ahead: kill -9 skips the rest, so none is used twice.
const RESERVE: i64 = 1000;
/// The most jobs in one transaction.
const BATCH: usize = 1024;

/// One queued write.
pub(super) trait Job: Send {
    /// Does it, within the transaction.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    /// Tells the caller how the transaction ended.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

#[derive(Clone, Copy)]
struct Numbers {
    next: Seq,
    reserved: Seq,
}

/// The writing side of the store.
pub(super) struct Writer {
    db: Arc<Mutex<Connection>>,
    sink: Sink,
    numbers: HashMap<Uid, Numbers>,
    last_time: i64,
    commits: Histogram,
}

impl Writer {
    pub(super) fn new(
        db: Arc<Mutex<Connection>>,
        sink: Sink,
        commits: Histogram,
    ) -> Result<Self, StoreError> {
        let last_time =
            lock(&db).query_row("SELECT coalesce(max(time), 0) FROM messages", [], |row| {
                row.get(0)
            })?;
        Ok(Writer {
            db,
            sink,
            numbers: HashMap::new(),
            last_time,
            commits,
        })
    }

    /// Works until the senders are gone, then leaves a clean database.
    pub(super) fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let batch = std::iter::once(first)
                .chain(jobs.try_iter().take(BATCH))
                .collect();
            self.commit(batch);
        }
        if let Err(error) = self.leave_exact_marks() {
            log::warn!(
                "the numbering could not be saved; up to {RESERVE} numbers per user will be skipped: {error}"
            );
        }
    }

    fn commit(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let start = Instant::now();
        let outcome = {
            let db = lock(&self.db);
            let mut tx = Tx {
                db: &db,
                numbers: &mut self.numbers,
                last_time: &mut self.last_time,
                begun: false,
                before: Vec::new(),
                published: Vec::new(),
            };
            match jobs
                .iter_mut()
                .try_for_each(|job| job.run(&mut tx))
                .and_then(|()| tx.commit())
            {
                Ok(()) => Ok(tx.published),
                Err(error) => {
                    tx.roll_back();
                    Err(error)
                }
            }
        };
        self.commits.observe(start.elapsed().as_secs_f64());
        let outcome = match outcome {
            Ok(published) => {
                (self.sink)(published);
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

    fn leave_exact_marks(&mut self) -> Result<(), StoreError> {
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

/// The running transaction; opened by the first job that needs it.
pub(super) struct Tx<'a> {
    db: &'a Connection,
    numbers: &'a mut HashMap<Uid, Numbers>,
    last_time: &'a mut i64,
    begun: bool,
    /// The numbering as it was, to go back to if the commit fails.
    before: Vec<(Uid, Option<Numbers>)>,
    published: Vec<Published>,
}

impl<'a> Tx<'a> {
    /// The connection for looking something up.
    pub(super) fn reading(&self) -> &'a Connection {
        self.db
    }

    /// The connection for writing.
    pub(super) fn writing(&mut self) -> Result<&'a Connection, StoreError> {
        if !self.begun {
            self.db.execute_batch("BEGIN IMMEDIATE")?;
            self.begun = true;
        }
        Ok(self.db)
    }

    /// The present time, later than any given before.
    pub(super) fn time(&mut self) -> i64 {
        *self.last_time = now_ms().max(self.last_time.saturating_add(1));
        *self.last_time
    }

    /// Gives an event its number in its owner's channel and publishes it with the commit; `None` if he is no more.
    pub(super) fn publish(
        &mut self,
        owner: Uid,
        item: Arc<str>,
    ) -> Result<Option<Seq>, StoreError> {
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
        // SQLite rolls back by itself on some errors, and then has no transaction any more.
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

/// The clock in ms since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
