//! The store on PostgreSQL: one thread that writes, and one with the connections for reading.
//!
//! Any number of servers and commands can use a database. A server keeps its state in memory up to date with what the others write
//! for it (`news.rs`).

pub mod accounts;
pub mod archive;
pub mod blocks;
pub mod channels;
mod connection;
mod errors;
pub mod files;
pub mod friendships;
mod group_changes;
pub mod groups;
pub mod invitations;
mod listener;
pub mod lists;
mod locks;
pub mod maintenance;
mod membership;
mod message_batches;
pub mod messages;
mod news;
pub mod nodes;
pub mod notifications;
mod presence;
pub mod profiles;
mod readers;
mod rows;
mod schema;
mod server_lock;
pub mod sessions;
mod settings;
mod standing;
mod telling;
#[cfg(test)]
mod tests;
mod transaction;
pub mod transfer;
pub mod usernames;
mod writer;
mod writes;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use prometheus_client::metrics::histogram::Histogram;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};

use super::{Audience, Inserted, NewMessage, Reply, StoreError, Subscribers, Use};
use crate::metrics;
use crate::sync::lock;
use crate::types::{Here, Uid};
use connection::Db;
use nodes::Own;
use readers::Readers;
use settings::Settings;
use transaction::Tx;
use writer::{QueuedWrite, Writer};
use writes::{Announce, AnsweredWrite, Insert, Push};

pub use settings::Address;

/// Where the library logs the parameters of statements: messages and hashes of passwords. What matters of the rest, the store says itself.
pub const LOG_OF_LIBRARY: &str = "tokio_postgres";

/// The most writes that may wait.
const WRITES: usize = 8192;

/// The database and its threads.
pub struct Postgres {
    /// `None` once the store was closed.
    writes: Mutex<Option<mpsc::Sender<Box<dyn QueuedWrite>>>>,
    /// Answered when everything is written.
    written: Mutex<Option<oneshot::Receiver<()>>>,
    readers: Readers,
    commits: Histogram,
    changed_outside: Arc<AtomicBool>,
}

impl Postgres {
    /// Opens a database, in which the tables are created if it is empty.
    pub fn open(
        address: &Address,
        intended: Use,
        subscribers: Arc<dyn Subscribers>,
    ) -> Result<Self, StoreError> {
        let settings = Settings::new(address)?;
        let commits = metrics::seconds();
        let changed_outside = Arc::new(AtomicBool::new(false));
        let (writes, queued) = mpsc::channel(WRITES);
        let (all_written, written) = oneshot::channel();
        let begin = {
            let (settings, commits, changed) =
                (settings.clone(), commits.clone(), changed_outside.clone());
            async move || {
                let db = Db::connect(&settings).await?;
                schema::migrate(&db).await?;
                let own = match intended {
                    Use::Server(about) => Some(Own::new(about)?),
                    Use::Command => None,
                };
                let id = own.as_ref().map(|own| own.id);
                let writer =
                    Writer::new(settings.clone(), db, own, subscribers, commits, changed).await?;
                let wake = Arc::new(Notify::new());
                if let Some(id) = id {
                    tokio::spawn(listener::listen(settings, id, wake.clone()));
                }
                Ok((writer, wake))
            }
        };
        let (opened, answer) = std::sync::mpsc::sync_channel(1);
        on_thread("store writer", move |runtime| {
            runtime.block_on(async {
                match begin().await {
                    Ok((writer, wake)) => {
                        let _ = opened.send(Ok(()));
                        writer.run(queued, wake).await;
                    }
                    Err(error) => {
                        let _ = opened.send(Err(error));
                    }
                }
            });
            let _ = all_written.send(());
        })?;
        answer.recv().unwrap_or(Err(StoreError::Closed))?;
        Ok(Postgres {
            writes: Mutex::new(Some(writes)),
            written: Mutex::new(Some(written)),
            readers: Readers::start(&settings)?,
            commits,
            changed_outside,
        })
    }

    /// Whether there is a database with our tables. Unlike [`Postgres::open`] this creates nothing.
    pub fn exists(address: &Address) -> Result<bool, StoreError> {
        probe(address, async |db| schema::exists(&db).await)
    }

    /// Whether a server could use the database, and what to warn of. This creates nothing.
    pub fn warnings(address: &Address) -> Result<Vec<String>, StoreError> {
        probe(address, async |db| {
            schema::check(&db).await?;
            nodes::check_clock(&db).await?;
            Ok(nodes::warning_of_standbys(&db).await?.into_iter().collect())
        })
    }

    /// Queues a write. It is carried out again if the connection is lost before its transaction was committed.
    pub fn write<T, F>(&self, write: F) -> Reply<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.queue_write(write, true)
    }

    /// Queues a write of something that may be lost in a crash.
    pub fn write_passing<T, F>(&self, write: F) -> Reply<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.queue_write(write, false)
    }

    fn queue_write<T, F>(&self, write: F, must_last: bool) -> Reply<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = self.queue(Box::new(AnsweredWrite::new(write, must_last, reply)));
        answered(queued, answer)
    }

    /// Queues a message.
    pub fn insert_message(&self, message: NewMessage) -> Reply<Inserted> {
        let (reply, answer) = oneshot::channel();
        let queued = self.queue(Box::new(Insert::new(message, reply)));
        answered(queued, answer)
    }

    pub fn push(&self, audience: Audience, item: Arc<str>) {
        if let Err(error) = self.queue(Box::new(Push { audience, item })) {
            log::debug!("an item was dropped: {error}");
        }
    }

    /// Queues how a user is connected here; false if there is no room.
    pub fn announce(&self, uid: Uid, here: Option<Here>) -> bool {
        self.queue(Box::new(Announce { uid, here })).is_ok()
    }

    fn queue(&self, write: Box<dyn QueuedWrite>) -> Result<(), StoreError> {
        let writes = lock(&self.writes);
        let writes = writes.as_ref().ok_or(StoreError::Closed)?;
        writes.try_send(write).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Closed(_) => StoreError::Closed,
        })
    }

    /// Queues a read that takes no longer however much the database holds.
    pub fn read<T, F, R>(&self, read: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Db>) -> R + Send + 'static,
        R: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.readers.short(read)
    }

    /// Queues a read that may take long; it delays others of its kind only.
    pub fn long_read<T, F, R>(&self, read: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Db>) -> R + Send + 'static,
        R: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.readers.long(read)
    }

    pub fn changed_outside(&self) -> bool {
        self.changed_outside.swap(false, Ordering::Relaxed)
    }

    pub fn commit_times(&self) -> Histogram {
        self.commits.clone()
    }

    pub fn backup(&self) -> Reply<()> {
        let name = self.readers.name().to_owned();
        Box::pin(async move {
            Err(errors::sentence(format!(
                "PostgreSQL makes backups itself: pg_dump --format=custom --file={name}.dump {name}. To go back to one, stop the server and run: pg_restore --clean --if-exists --single-transaction --dbname={name} {name}.dump"
            )))
        })
    }

    pub fn close(&self) -> Reply<()> {
        // Without a sender the writer ends when its queue is empty.
        drop(lock(&self.writes).take());
        self.readers.close();
        let written = lock(&self.written).take();
        Box::pin(async move {
            match written {
                Some(written) => written.await.map_err(|_| StoreError::Failed {
                    why: "the thread that writes had panicked".to_owned(),
                    advice: "",
                }),
                None => Ok(()),
            }
        })
    }
}

/// Asks a database something before it is opened.
fn probe<T: Send + 'static>(
    address: &Address,
    ask: impl AsyncFnOnce(Db) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let settings = Settings::new(address)?;
    let (reply, answer) = std::sync::mpsc::sync_channel(1);
    on_thread("store probe", move |runtime| {
        let asked = runtime.block_on(async { ask(Db::connect(&settings).await?).await });
        let _ = reply.send(asked);
    })?;
    answer.recv().unwrap_or(Err(StoreError::Closed))
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

/// Starts a thread with a runtime of its own, so that a server that is busy does not delay the database.
fn on_thread(name: &str, work: impl FnOnce(Runtime) + Send + 'static) -> Result<(), StoreError> {
    let failed = |why| StoreError::Threads(Arc::new(why));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || work(runtime))
        .map(drop)
        .map_err(failed)
}
