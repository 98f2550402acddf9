//! The task that writes and numbers the items of all channels.
//!
//! Whatever is queued when it looks goes into one transaction. It holds a lock that makes all who write on this database wait for each
//! other, so a rule that looks before it writes holds without more. Items are published after the commit, and then the senders are
//! answered. In between, the task reads what other servers have written.
//!
//! If the connection is lost, the same writes are carried out again with the next one. Whether a commit took place whose answer was
//! lost is asked by the id of the transaction, so nothing is done twice.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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

/// The most jobs in one transaction, after the first. Other servers wait for its end.
const BATCH: usize = 200;
/// How often to look for what commands and other servers did, in case that nothing woke the task, and to show that this server lives.
const UPKEEP: Duration = Duration::from_millis(500);
/// How long looking may take.
const LOOK: Duration = Duration::from_secs(10);
/// How often old news are deleted, counted in looks.
const TRIM_EVERY: u64 = 120;
/// How long writes wait for a database that is away.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for a server that stops.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(5);
/// How long one attempt to carry out a batch may take.
const ATTEMPT: Duration = Duration::from_secs(30);
/// The shortest and longest wait before connecting again.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(2);

/// A write that waits for its turn. It may be carried out several times, until one transaction is committed.
pub trait QueuedWrite: Send {
    /// Performs the write within the transaction.
    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + 'a>>;
    /// The message that it inserts, if that is all. Those of several jobs are inserted together.
    fn message(&self) -> Option<&NewMessage> {
        None
    }
    /// Takes the result of inserting its message.
    fn inserted(&mut self, _: Inserted) {}
    /// Tells the caller how the transaction ended.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

type Jobs = [Box<dyn QueuedWrite>];

/// A commit whose answer was lost, and what is published if it took place.
struct Unknown {
    transaction: i64,
    published: Vec<Published>,
}

/// How an attempt to carry out a batch failed.
enum Failed {
    /// It left nothing behind and can be repeated.
    Lost(StoreError),
    /// It may have been committed.
    Unknown(Unknown, StoreError),
    /// It left nothing behind, and the database would refuse it again.
    Refused(StoreError),
}

/// The state of the task.
pub struct Writer {
    settings: Settings,
    db: Option<Arc<Db>>,
    /// The server; commands have none.
    own: Option<Own>,
    follower: Follower,
    subscribers: Arc<dyn Subscribers>,
    numbers: HashMap<Uid, Numbers>,
    last_message: LastMessage,
    commits: Histogram,
    /// Set when a command has written.
    changed_outside: Arc<AtomicBool>,
    /// How often commands have written, as seen last.
    changes: i64,
    away_since: Option<Instant>,
    /// How long writes wait for a database that is away.
    patience: Duration,
    retry: Duration,
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
            away_since: None,
            patience: PATIENCE,
            retry: FIRST_RETRY,
            last_upkeep: Instant::now(),
            upkeeps: 0,
        };
        let db = Arc::new(db);
        if writer.own.is_some() {
            nodes::check_clock(&db).await?;
            nodes::warn_of_standbys(&db).await?;
            let alone = server_lock::share(&db).await?;
            writer.enter(db.clone(), alone).await?;
            if alone {
                server_lock::release_alone(&db).await?;
            }
        }
        writer.db = Some(db);
        Ok(writer)
    }

    /// Enters this server among those that use the database.
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

    /// Works until the senders are gone. `wake` says that other servers have news.
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
                        self.patience = PATIENCE_AT_THE_END;
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
        self.patience = PATIENCE_AT_THE_END;
        if self.own.is_some() {
            self.carry_out(vec![Box::new(Upkeep::Leave)]).await;
        }
    }

    async fn carry_out(&mut self, mut jobs: Vec<Box<dyn QueuedWrite>>) {
        let mut outcome = self.commit(&mut jobs).await;
        if jobs.len() > 1 && matches!(outcome, Err(Failed::Refused(_))) {
            // One of them spoils it for the others.
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

    /// Carries out jobs in one transaction, again and again while the database is away, but not for
    /// longer than its patience.
    async fn commit(&mut self, jobs: &mut Jobs) -> Result<Vec<Published>, Failed> {
        let mut unknown: Option<Unknown> = None;
        loop {
            let attempt = match self.connected().await {
                Ok(db) => match unknown.take() {
                    Some(asked) => match self.took_place(&db, &asked).await {
                        Ok(true) => return Ok(asked.published),
                        Ok(false) => self.attempt(db, jobs).await,
                        Err(error) => Err(Failed::Unknown(asked, error)),
                    },
                    None => self.attempt(db, jobs).await,
                },
                Err(error) => Err(match unknown.take() {
                    Some(asked) => Failed::Unknown(asked, error),
                    None => Failed::Lost(error),
                }),
            };
            let failed = match attempt {
                Ok(published) => {
                    self.is_back();
                    return Ok(published);
                }
                Err(Failed::Refused(error)) => return Err(Failed::Refused(error)),
                Err(failed) => failed,
            };
            let (Failed::Lost(error) | Failed::Unknown(_, error) | Failed::Refused(error)) =
                &failed;
            self.is_away(error);
            if self
                .away_since
                .is_some_and(|since| since.elapsed() >= self.patience)
            {
                if let Failed::Unknown(asked, _) = &failed {
                    self.skip(&asked.published);
                }
                return Err(failed);
            }
            if let Failed::Unknown(asked, _) = failed {
                unknown = Some(asked);
            }
            sleep(self.retry).await;
            self.retry = (self.retry * 2).min(LAST_RETRY);
        }
    }

    /// One attempt to carry out jobs.
    async fn attempt(&mut self, db: Arc<Db>, jobs: &mut Jobs) -> Result<Vec<Published>, Failed> {
        let start = Instant::now();
        let mut tx = self.transaction(db);
        let work = async {
            for group in jobs.chunk_by_mut(|a, b| a.message().is_some() && b.message().is_some()) {
                let messages: Vec<_> = group.iter().filter_map(|job| job.message()).collect();
                if messages.len() < 2 {
                    for job in group {
                        job.run(&mut tx).await?;
                    }
                    continue;
                }
                let inserted = tx.insert_messages(&messages).await?;
                for (job, inserted) in group.iter_mut().zip(inserted) {
                    job.inserted(inserted);
                }
            }
            tx.before_commit().await
        };
        let done = timeout(ATTEMPT, work).await;
        let done = done.unwrap_or_else(|_| Err(too_long()));
        let failed = match done {
            Ok(()) => match timeout(ATTEMPT, tx.commit()).await {
                Ok(Ok(())) => {
                    let published = tx.committed();
                    drop(tx);
                    self.commits.observe(start.elapsed().as_secs_f64());
                    return Ok(published);
                }
                Ok(Err(error @ StoreError::Failed { .. })) => Failed::Refused(error),
                lost => {
                    let error = match lost {
                        Ok(Err(error)) => error,
                        _ => too_long(),
                    };
                    match tx.transaction {
                        Some(transaction) => {
                            let published = std::mem::take(&mut tx.published);
                            Failed::Unknown(
                                Unknown {
                                    transaction,
                                    published,
                                },
                                error,
                            )
                        }
                        None => Failed::Lost(error),
                    }
                }
            },
            Err(error @ StoreError::Away(_)) => Failed::Lost(error),
            Err(error) => Failed::Refused(error),
        };
        let keep_connection = matches!(failed, Failed::Refused(_)) && tx.roll_back().await;
        if !matches!(failed, Failed::Unknown(..)) {
            tx.restore_numbers();
        }
        if !keep_connection {
            self.db = None;
        }
        Err(failed)
    }

    /// Whether a transaction was committed.
    async fn took_place(&mut self, db: &Db, asked: &Unknown) -> Result<bool, StoreError> {
        // An id that the database does not know yet, or not any more, is one of a state that it went back behind.
        let sql = "SELECT CASE WHEN $1 < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                THEN coalesce(pg_xact_status($1::text::xid8), 'aborted') ELSE 'aborted' END";
        let status = timeout(ATTEMPT, db.row(sql, &[&asked.transaction])).await;
        let status = status.map_err(|_| too_long())??;
        let status: String = match status {
            Some(row) => row.try_get(0)?,
            None => return Ok(false),
        };
        match status.as_str() {
            "committed" => Ok(true),
            // The other end has not noticed yet that this one is gone.
            "in progress" => Err(StoreError::Away("a transaction has not ended".to_owned())),
            _ => {
                self.restore(&asked.published);
                Ok(false)
            }
        }
    }

    /// Gives numbers back that were not used after all.
    fn restore(&mut self, published: &[Published]) {
        for item in published {
            // The mark was not saved either; it is read again.
            self.numbers.remove(&item.owner);
        }
    }

    /// Skips numbers that may have been used, and reserves new ones before the next.
    fn skip(&mut self, published: &[Published]) {
        for item in published {
            if let Some(numbers) = self.numbers.get_mut(&item.owner) {
                numbers.reserved = numbers.next;
            }
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
            if !schema::is_current(&db).await? {
                return Err(StoreError::Away(
                    "its tables were changed for another version of fbchatd meanwhile".to_owned(),
                ));
            }
            server_lock::share_again(&db).await?;
            let entered = timeout(ATTEMPT, self.enter(db.clone(), false)).await;
            entered.map_err(|_| too_long())??;
        }
        self.db = Some(db.clone());
        Ok(db)
    }

    fn is_away(&mut self, error: &StoreError) {
        if self.away_since.is_none() {
            self.away_since = Some(Instant::now());
            self.retry = FIRST_RETRY;
            log::error!("{error}");
        }
    }

    fn is_back(&mut self) {
        if let Some(since) = self.away_since.take() {
            let seconds = since.elapsed().as_secs();
            log::warn!("the database is back after {seconds} seconds");
        }
    }

    /// Reads what other servers have written, if there is a connection.
    async fn look(&mut self) {
        let Some(db) = self.db.clone().filter(|db| !db.is_closed()) else {
            return;
        };
        let found = match timeout(LOOK, self.follow(&db)).await {
            Ok(found) => found,
            Err(_) => {
                self.db = None;
                Err(too_long())
            }
        };
        match found {
            Ok(true) => {}
            Ok(false) => self.carry_out(vec![Box::new(Upkeep::Begin)]).await,
            Err(error) => self.is_away(&error),
        }
    }

    /// Reads the news; false if that needs a transaction.
    async fn follow(&mut self, db: &Db) -> Result<bool, StoreError> {
        let Some(own) = &self.own else {
            return Ok(true);
        };
        let Some(turn) = self.follower.look(db, own.id).await? else {
            return Ok(true);
        };
        let mut memory = Memory {
            subscribers: &*self.subscribers,
            numbers: &mut self.numbers,
            last_message: &mut self.last_message,
        };
        self.follower.catch_up(db, turn, own.id, &mut memory).await
    }

    /// Does what is due from time to time.
    async fn keep_up(&mut self) {
        let Some(own) = self.own.clone() else {
            return;
        };
        let looked = match self.connected().await {
            Ok(db) => {
                let looked = timeout(LOOK, async {
                    nodes::beat(&db, &own).await?;
                    let changes = db.number("SELECT changes FROM fbchatd", &[]).await?;
                    Ok((changes, nodes::has_dead(&db).await?))
                });
                looked.await.unwrap_or_else(|_| {
                    db.abandon();
                    Err(too_long())
                })
            }
            Err(error) => Err(error),
        };
        let (changes, has_dead) = match looked {
            Ok(looked) => looked,
            Err(error) => return self.is_away(&error),
        };
        self.is_back();
        if changes != self.changes {
            self.changes = changes;
            self.changed_outside.store(true, Ordering::Relaxed);
            self.carry_out(vec![Box::new(Upkeep::PublishLeft)]).await;
        }
        if has_dead {
            self.carry_out(vec![Box::new(Upkeep::BuryDead)]).await;
        }
        self.upkeeps = self.upkeeps.wrapping_add(1);
        if self.upkeeps.is_multiple_of(TRIM_EVERY) {
            self.carry_out(vec![Box::new(Upkeep::TrimNews)]).await;
        }
        self.look().await;
    }
}

fn too_long() -> StoreError {
    StoreError::Away("it takes too long".to_owned())
}

/// What a server does of itself.
enum Upkeep {
    /// Reads where everything stands, with the transaction that this needs.
    Begin,
    /// Publishes what commands have left for connected users.
    PublishLeft,
    BuryDead,
    TrimNews,
    /// The server stops.
    Leave,
}

impl QueuedWrite for Upkeep {
    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + 'a>> {
        Box::pin(async move {
            tx.begin().await?;
            match self {
                Upkeep::Begin => Ok(()),
                Upkeep::PublishLeft => tx.publish_left().await,
                Upkeep::BuryDead => tx.bury_dead().await,
                Upkeep::TrimNews => tx.trim_news().await,
                Upkeep::Leave => tx.leave().await,
            }
        })
    }

    fn finish(self: Box<Self>, _: Result<(), StoreError>) {}
}
