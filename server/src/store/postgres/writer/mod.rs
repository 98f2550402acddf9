//! The task that writes and numbers the items of all channels.
//!
//! Everything that is queued at one moment goes into one transaction. It holds a lock that makes all writers of this database wait for each
//! other, so rules that check before they write need no further locks. Items are published after the commit, and then the senders are
//! answered. In between, the task reads what other servers have written.
//!
//! If the connection is lost, the same writes are carried out again with the next one. If the answer to a commit was lost, the id of the
//! transaction tells whether it took place, so nothing is done twice. After a crash or a failover, when ids are used again, the row that
//! each transaction leaves tells it.

mod attempt;
mod outage;
mod upkeep;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::Notify;
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout};

use super::connection::Db;
use super::news::{Follower, Memory};
use super::nodes::{self, Own};
use super::settings::Settings;
use super::transaction::Tx;
use super::{schema, server_lock};
use crate::store::numbering::{LastMessage, Numbers};
use crate::store::{Inserted, NewMessage, StoreError, Subscribers};
use crate::types::{Published, Uid};
use attempt::{ATTEMPT, Failed};
use outage::Outage;
use upkeep::{UPKEEP, Upkeep};

/// The most jobs in one transaction, after the first. Other servers wait for its end.
const BATCH: usize = 200;

/// A write that is being carried out.
pub type RunningWrite<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + 'a>>;

/// A write that waits for its turn. It may be carried out several times, until one transaction is committed.
pub trait QueuedWrite: Send {
    /// Performs the write within the transaction.
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> RunningWrite<'a>;
    /// The message that it inserts, if it does nothing else. The messages of several jobs are inserted together.
    fn message(&self) -> Option<&NewMessage> {
        None
    }
    /// Takes the result of inserting its message.
    fn inserted(&mut self, _: Inserted) {}
    /// Tells the caller, if there is one, how the transaction ended.
    fn finish(self: Box<Self>, _: Result<(), StoreError>) {}
}

/// The state of the task.
pub struct Writer {
    settings: Settings,
    db: Option<Arc<Db>>,
    /// The server; `None` for commands.
    own: Option<Own>,
    follower: Follower,
    subscribers: Arc<dyn Subscribers>,
    numbers: HashMap<Uid, Numbers>,
    last_message: LastMessage,
    commits: Histogram,
    /// Set when a command has written.
    changed_outside: Arc<AtomicBool>,
    /// The counter of writes by commands, as last read.
    changes: i64,
    outage: Outage,
    is_clock_wrong: bool,
    last_upkeep: Instant,
    upkeeps: u64,
}

impl Writer {
    pub async fn new(
        settings: Settings,
        db: Db,
        own: Option<Own>,
        subscribers: Arc<dyn Subscribers>,
        commits: Histogram,
        changed_outside: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let last_message = LastMessage::new(
            db.number("SELECT coalesce(max(id), 0) FROM messages", &[])
                .await?,
            db.number("SELECT coalesce(max(time), 0) FROM messages", &[])
                .await?,
        );
        let changes = db.number("SELECT changes FROM fbchatd", &[]).await?;
        let mut writer = Writer {
            settings,
            last_message,
            changes,
            db: None,
            own,
            follower: Follower::default(),
            subscribers,
            numbers: HashMap::new(),
            commits,
            changed_outside,
            outage: Outage::default(),
            is_clock_wrong: false,
            last_upkeep: Instant::now(),
            upkeeps: 0,
        };
        let db = Arc::new(db);
        if writer.own.is_some() {
            nodes::check_clock(&db).await?;
            if let Some(warning) = nodes::warning_of_standbys(&db).await? {
                log::warn!("{warning}");
            }
            let alone = server_lock::share(&db).await?;
            writer.enter(db.clone(), alone).await?;
            if alone {
                server_lock::release_alone(&db).await?;
            }
        }
        writer.db = Some(db);
        Ok(writer)
    }

    /// Registers this server among those that use the database.
    async fn enter(&mut self, db: Arc<Db>, alone: bool) -> Result<(), StoreError> {
        let mut tx = self.transaction(db);
        tx.begin_anew(alone).await?;
        tx.before_commit().await?;
        tx.commit().await
    }

    fn transaction(&mut self, db: Arc<Db>) -> Tx<'_> {
        let memory = Memory {
            subscribers: &*self.subscribers,
            numbers: &mut self.numbers,
            last_message: &mut self.last_message,
        };
        Tx::new(db, memory, &mut self.follower, self.own.as_ref())
    }

    /// Runs until the senders are gone. `wake` signals that other servers have news.
    pub async fn run(mut self, mut jobs: Receiver<Box<dyn QueuedWrite>>, wake: Arc<Notify>) {
        loop {
            let job = tokio::select! {
                job = jobs.recv() => Some(job),
                () = wake.notified() => {
                    self.look().await;
                    None
                }
                () = sleep(UPKEEP) => None,
            };
            match job {
                Some(Some(first)) => {
                    let mut batch = vec![first];
                    while batch.len() <= BATCH
                        && let Ok(next) = jobs.try_recv()
                    {
                        batch.push(next);
                    }
                    if jobs.is_closed() {
                        self.outage.hurry();
                    }
                    self.carry_out(batch).await;
                }
                Some(None) => break,
                None => {}
            }
            if self.last_upkeep.elapsed() >= UPKEEP {
                self.last_upkeep = Instant::now();
                self.keep_up().await;
            }
        }
        self.outage.hurry();
        if self.own.is_some() {
            self.carry_out(vec![Box::new(Upkeep::Leave)]).await;
        }
    }

    async fn carry_out(&mut self, mut jobs: Vec<Box<dyn QueuedWrite>>) {
        let mut outcome = self.commit(&mut jobs).await;
        if jobs.len() > 1 && matches!(outcome, Err(Failed::Refused(_))) {
            // One of them makes the transaction fail for the others.
            for mut job in jobs {
                let outcome = self.commit(std::slice::from_mut(&mut job)).await;
                self.finish(vec![job], outcome);
            }
            return;
        }
        if let Ok(published) = &mut outcome {
            let published = std::mem::take(published);
            self.subscribers.deliver(published);
        }
        self.finish(jobs, outcome);
    }

    fn finish(&mut self, jobs: Vec<Box<dyn QueuedWrite>>, outcome: Result<Vec<Published>, Failed>) {
        let outcome = match outcome {
            Ok(published) => {
                if !published.is_empty() {
                    self.subscribers.deliver(published);
                }
                Ok(())
            }
            Err(Failed::Lost(error) | Failed::Unknown(_, error)) => Err(error),
            Err(Failed::Refused(error)) => {
                log::error!("{} writes were refused: {error}", jobs.len());
                Err(error)
            }
        };
        for job in jobs {
            job.finish(outcome.clone());
        }
    }

    /// The connection; a new one if the last one is gone.
    async fn connected(&mut self) -> Result<Arc<Db>, StoreError> {
        if let Some(db) = self.db.as_ref().filter(|db| !db.is_closed()) {
            return Ok(db.clone());
        }
        self.db = None;
        let db = Arc::new(Db::connect(&self.settings).await?);
        if self.own.is_some() {
            schema::check_again(&db).await?;
            server_lock::share_again(&db).await?;
            let entered = timeout(ATTEMPT, self.enter(db.clone(), false)).await;
            entered.map_err(|_| too_long())??;
        }
        self.db = Some(db.clone());
        Ok(db)
    }
}

fn too_long() -> StoreError {
    StoreError::Away("it takes too long".to_owned())
}
