//! The connections for reading. Each is opened again when it is lost; a read that finds none waits a moment for it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, TryAcquireError, watch};
use tokio::time::{sleep, timeout};

use super::connection::Db;
use super::on_thread;
use super::settings::Settings;
use crate::store::{Reply, StoreError};

/// The most short reads that may wait, how long each may take, and the connections for them.
const SHORT: usize = 4096;
const SHORT_LIMIT: Duration = Duration::from_secs(10);
const SHORT_CONNECTIONS: usize = 3;
/// The most long reads that may wait, and how long each may take.
const LONG: usize = 64;
const LONG_LIMIT: Duration = Duration::from_secs(120);
/// How long a read waits for a connection.
const WAIT: Duration = Duration::from_secs(2);
/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_millis(200);

/// A connection, while there is one.
type Slot = watch::Receiver<Option<Arc<Db>>>;

/// Reads of one kind.
struct Queue {
    slots: Vec<Slot>,
    last: AtomicUsize,
    places: Arc<Semaphore>,
    limit: Duration,
}

pub struct Readers {
    short: Queue,
    long: Queue,
    name: String,
    /// Ends the connections when it is dropped or set.
    stop: watch::Sender<bool>,
}

impl Readers {
    pub fn start(settings: &Settings) -> Result<Self, StoreError> {
        let (stop, stopped) = watch::channel(false);
        let (mut senders, mut slots) = (Vec::new(), Vec::new());
        for _ in 0..=SHORT_CONNECTIONS {
            let (sender, slot) = watch::channel(None);
            senders.push(sender);
            slots.push(slot);
        }
        let name = settings.name.clone();
        let settings = settings.clone();
        on_thread("store reader", move |runtime| {
            runtime.block_on(async move {
                for sender in senders {
                    tokio::spawn(keep(settings.clone(), sender));
                }
                let mut stopped = stopped;
                let _ = stopped.wait_for(|stop| *stop).await;
            });
        })?;
        let long = slots.split_off(SHORT_CONNECTIONS);
        Ok(Readers {
            short: Queue::new(slots, SHORT, SHORT_LIMIT),
            long: Queue::new(long, LONG, LONG_LIMIT),
            name,
            stop,
        })
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn short<T, F, R>(&self, read: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Db>) -> R + Send + 'static,
        R: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.short.read(read)
    }

    pub fn long<T, F, R>(&self, read: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Db>) -> R + Send + 'static,
        R: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.long.read(read)
    }

    pub fn close(&self) {
        self.short.places.close();
        self.long.places.close();
        self.stop.send_replace(true);
    }
}

/// Keeps a connection.
async fn keep(settings: Settings, slot: watch::Sender<Option<Arc<Db>>>) {
    loop {
        match Db::connect(&settings).await {
            Ok(db) => {
                let db = Arc::new(db);
                slot.send_replace(Some(db.clone()));
                db.ended().await;
                slot.send_replace(None);
            }
            // The writer logs this.
            Err(error) => log::debug!("cannot read: {error}"),
        }
        sleep(RETRY).await;
    }
}

impl Queue {
    fn new(slots: Vec<Slot>, most: usize, limit: Duration) -> Self {
        Queue {
            slots,
            last: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(most)),
            limit,
        }
    }

    fn read<T, F, R>(&self, read: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Db>) -> R + Send + 'static,
        R: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let place = self.places.clone().try_acquire_owned();
        let at = self.last.fetch_add(1, Ordering::Relaxed);
        // In turn, but not one that is being opened while there are others.
        let count = self.slots.len();
        let mut slots = self
            .slots
            .iter()
            .cycle()
            .skip(at % count.max(1))
            .take(count);
        let ready = slots.clone().find(|slot| slot.borrow().is_some());
        let (slot, limit) = (ready.or_else(|| slots.next()).cloned(), self.limit);
        Box::pin(async move {
            let _place = place.map_err(|error| match error {
                TryAcquireError::NoPermits => StoreError::Busy,
                TryAcquireError::Closed => StoreError::Closed,
            })?;
            let db = connection(slot).await?;
            match timeout(limit, read(db.clone())).await {
                Ok(result) => result,
                Err(_) => {
                    // Everything behind it waits as well.
                    db.abandon();
                    Err(StoreError::Away("it takes too long".to_owned()))
                }
            }
        })
    }
}

async fn connection(slot: Option<Slot>) -> Result<Arc<Db>, StoreError> {
    let mut slot = slot.ok_or(StoreError::Closed)?;
    let found = timeout(WAIT, slot.wait_for(Option::is_some)).await;
    let found = found.map_err(|_| StoreError::Away("there is no connection".to_owned()))?;
    let found = found.map_err(|_| StoreError::Closed)?;
    found.clone().ok_or(StoreError::Closed)
}
