//! The store on SQLite: one thread that writes, two that answer short reads, and one for long reads.

pub mod accounts;
pub mod archive;
pub mod attachments;
pub mod blocks;
pub mod channels;
mod errors;
mod files;
pub mod friendships;
mod group_changes;
pub mod group_history;
mod group_messages;
pub mod groups;
mod identity;
pub mod invitations;
pub mod lists;
pub mod maintenance;
pub mod messages;
pub mod notifications;
pub mod profiles;
pub mod restore;
mod rows;
mod schema;
mod session_cache;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod transfer;
mod usernames;
pub mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use prometheus_client::metrics::histogram::Histogram;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Audience, Reply, StoreError, Subscribers, Term};
use crate::metrics;
use crate::sync::lock;
use crate::types::{SessionKey, Uid, User};
pub use files::lock_directory;
use session_cache::{Others, SessionCache};
use writer::{QueuedWrite, Tx, Writer};

/// The most writes that may wait.
const WRITES: usize = 8192;
/// The most short reads that may wait, and the threads that answer them.
const READS: usize = 4096;
const READERS: usize = 2;
/// The most long reads that may wait. One thread answers them.
const LONG_READS: usize = 64;
/// How long to wait for another process that writes to the same file, such as `fbchatd user …`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection. Only a database in memory has one connection for several threads.
type Db = Arc<Mutex<Connection>>;

type QueuedRead = Box<dyn FnOnce(&Connection) + Send>;

/// The database and its threads.
pub struct Sqlite {
    /// `None` once the store was closed.
    queues: Mutex<Option<Queues>>,
    threads: Mutex<Threads>,
    commits: Histogram,
    changed_outside: Arc<AtomicBool>,
    sessions: Arc<SessionCache>,
}

/// The threads, whose end is awaited without another thread: the system may refuse to start one.
struct Threads {
    handles: Vec<JoinHandle<()>>,
    /// A sender for each thread, dropped when it ends.
    alive: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

impl Threads {
    fn new() -> Self {
        let (alive, ended) = mpsc::channel(1);
        Threads {
            handles: Vec::new(),
            alive,
            ended,
        }
    }

    fn spawn(
        &mut self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let alive = self.alive.clone();
        let handle = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _alive = alive;
                work();
            })
            .map_err(|why| StoreError::Threads(Arc::new(why)))?;
        self.handles.push(handle);
        Ok(())
    }

    fn spawn_reader(
        &mut self,
        name: &str,
        db: Db,
        reads: Receiver<QueuedRead>,
    ) -> Result<(), StoreError> {
        self.spawn(name, move || {
            for read in reads {
                read(&lock(&db));
            }
        })
    }

    /// Waits until all have ended, which they do when their queues are closed; false if one of them has panicked.
    async fn join(self) -> bool {
        let Threads {
            handles,
            alive,
            mut ended,
        } = self;
        drop(alive);
        while ended.recv().await.is_some() {}
        handles.into_iter().all(|handle| handle.join().is_ok())
    }
}

struct Queues {
    writes: Sender<Box<dyn QueuedWrite>>,
    reads: Sender<QueuedRead>,
    long_reads: Sender<QueuedRead>,
}

impl Sqlite {
    pub fn in_memory(subscribers: Arc<dyn Subscribers>) -> Result<Self, StoreError> {
        let mut db = Connection::open_in_memory()?;
        schema::migrate(&mut db, Path::new("memory"))?;
        // There is no disk to wait for, so all threads share the one connection.
        let db = Arc::new(Mutex::new(db));
        Self::start(db.clone(), || Ok(db.clone()), subscribers, Others::None)
    }

    /// The file of the database in a data directory.
    pub fn file(dir: &Path) -> PathBuf {
        dir.join("fbchatd.db")
    }

    pub fn open(dir: &Path, subscribers: Arc<dyn Subscribers>) -> Result<Self, StoreError> {
        let (file, db) = Self::database(dir)?;
        let connect = || Ok(Arc::new(Mutex::new(connect(&file)?)));
        let others = Others::of(&file);
        Self::start(Arc::new(Mutex::new(db)), connect, subscribers, others)
    }

    /// The file of the database in a data directory, which is created if necessary, and a connection to it.
    fn database(dir: &Path) -> Result<(PathBuf, Connection), StoreError> {
        let file = Self::file(dir);
        // SQLite gives its other files the mode of this one, so it has to exist before SQLite opens it.
        files::private_file(dir, &file)?;
        files::make_all_private(dir)?;
        let stored = identity::check(dir)?;
        // The directory itself may be reached through links; nobody but the operator chooses it.
        let file = Self::file(
            &dir.canonicalize()
                .map_err(|why| files::unusable(dir, why))?,
        );
        let mut db = connect(&file)?;
        schema::migrate(&mut db, dir)?;
        identity::record(&db, dir, stored)?;
        Ok((file, db))
    }

    fn start(
        db: Db,
        connect: impl Fn() -> Result<Db, StoreError>,
        subscribers: Arc<dyn Subscribers>,
        others: Others,
    ) -> Result<Self, StoreError> {
        let (writes, queued_writes) = bounded(WRITES);
        let (reads, queued_reads) = bounded(READS);
        let (long_reads, queued_long_reads) = bounded(LONG_READS);
        let commits = metrics::seconds();
        let changed_outside = Arc::new(AtomicBool::new(false));
        let sessions = Arc::new(SessionCache::new(others));
        let writer = Writer::new(
            db,
            subscribers,
            commits.clone(),
            changed_outside.clone(),
            sessions.clone(),
        )?;
        let mut threads = Threads::new();
        threads.spawn("store writer", move || writer.run(&queued_writes))?;
        for _ in 0..READERS {
            threads.spawn_reader("store reader", connect()?, queued_reads.clone())?;
        }
        threads.spawn_reader("store search", connect()?, queued_long_reads)?;
        Ok(Sqlite {
            queues: Mutex::new(Some(Queues {
                writes,
                reads,
                long_reads,
            })),
            threads: Mutex::new(threads),
            commits,
            changed_outside,
            sessions,
        })
    }

    /// Queues a write; it runs within a transaction on the writer's thread.
    pub fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (reply, answer) = oneshot::channel();
        let write: Box<dyn QueuedWrite> = Box::new(AnsweredWrite {
            write: Some(write),
            result: None,
            reply,
        });
        let queued = self.queue(|queues| &queues.writes, write);
        answered(queued, answer)
    }

    pub fn push(&self, audience: Audience, item: Arc<str>) {
        let push: Box<dyn QueuedWrite> = Box::new(Push { audience, item });
        if let Err(error) = self.queue(|queues| &queues.writes, push) {
            log::debug!("an item was dropped: {error}");
        }
    }

    /// The user of a session, and for how long it lasts.
    pub fn session(&self, key: SessionKey) -> Reply<Option<(User, Term)>> {
        let began = match self.sessions.find(key) {
            Ok(found) => return Box::pin(std::future::ready(Ok(Some(found)))),
            Err(began) => began,
        };
        let known = self.sessions.clone();
        self.read(move |db| {
            let found = sessions::session(db, key)?;
            if let Some(found) = &found {
                known.remember(key, found, began);
            }
            Ok(found)
        })
    }

    /// A user who has a session that was looked up, if they are in memory.
    pub fn known_user(&self, uid: Uid) -> Option<User> {
        self.sessions.user(uid)
    }

    pub fn known_user_named(&self, username: &str) -> Option<User> {
        self.sessions.user_named(username)
    }

    /// Queues a read that takes no longer however much the database holds.
    pub fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        self.queue_read(|queues| &queues.reads, read)
    }

    /// Queues a read that may take long; it delays others of its kind only.
    pub fn long_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        self.queue_read(|queues| &queues.long_reads, read)
    }

    fn queue_read<T: Send + 'static>(
        &self,
        to: impl FnOnce(&Queues) -> &Sender<QueuedRead>,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (reply, answer) = oneshot::channel::<Result<T, StoreError>>();
        let read: QueuedRead = Box::new(move |db| {
            // The caller may have given up by now, before or after the work.
            if !reply.is_closed() {
                let _ = reply.send(read(db));
            }
        });
        let queued = self.queue(to, read);
        answered(queued, answer)
    }

    fn queue<T>(&self, to: impl FnOnce(&Queues) -> &Sender<T>, job: T) -> Result<(), StoreError> {
        let queues = lock(&self.queues);
        let queues = queues.as_ref().ok_or(StoreError::Closed)?;
        to(queues).try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }

    pub fn changed_outside(&self) -> bool {
        self.changed_outside.swap(false, Ordering::Relaxed)
    }

    pub fn commit_times(&self) -> Histogram {
        self.commits.clone()
    }

    pub fn close(&self) -> Reply<()> {
        // Without senders the threads end when their queues are empty.
        drop(lock(&self.queues).take());
        let threads = std::mem::replace(&mut *lock(&self.threads), Threads::new());
        Box::pin(async move {
            if threads.join().await {
                return Ok(());
            }
            Err(StoreError::Failed {
                why: "one of its threads had panicked".to_owned(),
                advice: "",
            })
        })
    }
}

fn connect(file: &Path) -> Result<Connection, StoreError> {
    let db = files::connect(file)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // Deleted content is overwritten, see `Writer::erase`.
    db.pragma_update(None, "secure_delete", "ON")?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

fn answered<T: Send + 'static>(
    queued: Result<(), StoreError>,
    answer: oneshot::Receiver<Result<T, StoreError>>,
) -> Reply<T> {
    Box::pin(async move {
        queued?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    })
}

struct AnsweredWrite<T, F> {
    write: Option<F>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send> QueuedWrite
    for AnsweredWrite<T, F>
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if let Some(write) = self.write.take() {
            self.result = Some(write(tx)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let AnsweredWrite { result, reply, .. } = *self;
        // The caller may be gone; the write stays done.
        let _ = reply.send(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
    }
}

struct Push {
    audience: Audience,
    item: Arc<str>,
}

impl QueuedWrite for Push {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.push(&self.audience, &self.item)
    }

    fn finish(self: Box<Self>, _: Result<(), StoreError>) {}
}
