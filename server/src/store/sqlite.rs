//! The store on SQLite: opening it, its look-ups, and the queue to its writer.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use rusqlite::{Connection, OptionalExtension, Row, params};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use tokio::sync::oneshot;

use super::ops::KNOWN;
use super::writer::{Job, Tx, Writer};
use super::{Accepted, NewMessage, Reply, Sink, Store, StoreError, Window, schema};
use crate::types::{Account, Mark, Message, Seq, Status, Uid, User};
use crate::{lock, metrics};

/// The most writes that may wait.
const QUEUE: usize = 8192;
/// How long to wait for `fbchatd user …`, which writes to the same file from another process.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) const USER: &str = "users.uid, users.email, users.name, users.visible, users.picture,
    users.status, users.status_time, users.created";
pub(super) const MESSAGE: &str =
    "m.sender, m.recipient, s.name, r.name, m.text, m.msg_id, m.client_time, m.time";
pub(super) const NAMES: &str =
    "JOIN users s ON s.uid = m.sender JOIN users r ON r.uid = m.recipient";

/// The one implementation of [`Store`].
pub struct Sqlite {
    pub(super) reader: Arc<Mutex<Connection>>,
    jobs: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(super) commits: Histogram,
    pub(super) writer: Arc<Mutex<Connection>>,
    /// What [`super::Upkeep::changed_outside`] saw last.
    pub(super) version: Mutex<Option<i64>>,
}

impl Sqlite {
    /// A store that is gone with the process.
    pub fn in_memory(sink: Sink) -> Result<Self, StoreError> {
        let mut db = Connection::open_in_memory()?;
        schema::migrate(&mut db, Path::new("memory"))?;
        let db = Arc::new(Mutex::new(db));
        // There is no disk to wait for, so readers and writer share the one connection.
        Self::start(db.clone(), db, sink)
    }

    /// Where the store of a data directory is.
    pub fn file(dir: &Path) -> PathBuf {
        dir.join("fbchatd.db")
    }

    /// The store in a data directory, which is made if need be.
    pub fn open(dir: &Path, sink: Sink) -> Result<Self, StoreError> {
        let file = Self::file(dir);
        // SQLite gives its side files the mode of this one, so make it ours before SQLite does.
        private_file(dir, &file)?;
        let connect = || -> Result<Connection, StoreError> {
            let db = Connection::open(&file)?;
            db.busy_timeout(PATIENCE)?;
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "FULL")?;
            db.set_prepared_statement_cache_capacity(64);
            Ok(db)
        };
        let mut writer = connect()?;
        schema::migrate(&mut writer, dir)?;
        Self::start(
            Arc::new(Mutex::new(writer)),
            Arc::new(Mutex::new(connect()?)),
            sink,
        )
    }

    fn start(
        writer: Arc<Mutex<Connection>>,
        reader: Arc<Mutex<Connection>>,
        sink: Sink,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = sync_channel(QUEUE);
        let commits = metrics::seconds();
        let working = Writer::new(writer.clone(), sink, commits.clone())?;
        let thread = std::thread::spawn(move || working.run(&queue));
        Ok(Sqlite {
            reader,
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
            commits,
            writer,
            version: Mutex::default(),
        })
    }

    pub(super) fn submit<T: Send + 'static>(
        &self,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (reply, answer) = oneshot::channel();
        let queued = self.queue(Box::new(Call {
            op: Some(op),
            result: None,
            reply,
        }));
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or(Err(StoreError::Closed))
        })
    }

    fn queue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        match lock(&self.jobs).as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Closed),
        }
    }
}

struct Call<T, F> {
    op: Option<F>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send> Job for Call<T, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if let Some(op) = self.op.take() {
            self.result = Some(op(tx)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Call { result, reply, .. } = *self;
        // The one who asked may be gone; what was done stays done.
        let _ = reply.send(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
    }
}

struct Push {
    owners: Vec<Uid>,
    item: Arc<str>,
}

impl Job for Push {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for owner in &self.owners {
            tx.publish(*owner, self.item.clone())?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _: Result<(), StoreError>) {}
}

impl Store for Sqlite {
    fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        let login = login.trim().to_lowercase();
        let condition = if login.contains('@') {
            "email"
        } else {
            "substr(email, 1, instr(email, '@') - 1)"
        };
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER}, password FROM users WHERE {condition} = ?1 LIMIT 2"
        ))?;
        let mut found = select
            .query_map([login], |row| {
                Ok(Account {
                    user: user(row)?,
                    password: row.get("password")?,
                })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    fn users(&self) -> Result<Vec<User>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!("SELECT {USER} FROM users ORDER BY email"))?;
        Ok(select.query_map([], user)?.collect::<Result<_, _>>()?)
    }

    fn friends(&self, uid: Uid) -> Result<Vec<User>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER} FROM friends JOIN users ON users.uid = friends.friend WHERE friends.uid = ?1"
        ))?;
        Ok(select.query_map([uid.0], user)?.collect::<Result<_, _>>()?)
    }

    fn friend(&self, uid: Uid, other: Uid) -> Result<Option<User>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER} FROM users WHERE uid = ?2
                AND (?1 = ?2 OR EXISTS (SELECT 1 FROM friends WHERE friends.uid = ?1 AND friend = ?2))"
        ))?;
        Ok(select.query_row(params![uid.0, other.0], user).optional()?)
    }

    fn marks(&self) -> Result<Vec<Mark>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare("SELECT uid, seq, acked, visible FROM users")?;
        let marks = select.query_map([], |row| {
            Ok(Mark {
                uid: Uid(row.get(0)?),
                next: Seq(row.get(1)?),
                acked: Seq(row.get(2)?),
                visible: row.get(3)?,
            })
        })?;
        Ok(marks.collect::<Result<_, _>>()?)
    }

    fn deliveries(
        &self,
        owner: Uid,
        from: Seq,
        below: Seq,
        limit: usize,
    ) -> Result<Vec<(Seq, Message)>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {MESSAGE}, d.seq FROM deliveries d JOIN messages m ON m.time = d.message {NAMES}
                WHERE d.owner = ?1 AND d.seq >= ?2 AND d.seq < ?3 ORDER BY d.seq LIMIT ?4"
        ))?;
        let rows = select.query_map(params![owner.0, from.0, below.0, limit as i64], |row| {
            Ok((Seq(row.get(8)?), message(row)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn first_to(&self, uid: Uid, from: Seq, below: Seq) -> Result<Option<Seq>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(
            "SELECT d.seq FROM deliveries d JOIN messages m ON m.time = d.message
                WHERE d.owner = ?1 AND d.seq >= ?2 AND d.seq < ?3 AND m.recipient = ?1 ORDER BY d.seq LIMIT 1",
        )?;
        let first = select.query_row(params![uid.0, from.0, below.0], |row| row.get(0).map(Seq));
        Ok(first.optional()?)
    }

    fn stored(&self, from: Uid, to: Uid, msg_id: &str, text: &str) -> Result<bool, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(KNOWN)?;
        Ok(select.exists(params![from.0, msg_id, to.0, text])?)
    }

    fn history(&self, a: Uid, b: Uid, window: Window) -> Result<Vec<Message>, StoreError> {
        let order = if window.since.is_some() {
            "ASC"
        } else {
            "DESC"
        };
        let part = format!("time > ?3 AND time < ?4 ORDER BY time {order} LIMIT ?5");
        let db = lock(&self.reader);
        // One look into the index per direction; a single OR would make SQLite walk the whole table.
        let mut select = db.prepare_cached(&format!(
            "SELECT {MESSAGE} FROM messages m {NAMES} WHERE m.time IN (
                SELECT * FROM (SELECT time FROM messages WHERE sender = ?1 AND recipient = ?2 AND {part})
                UNION
                SELECT * FROM (SELECT time FROM messages WHERE sender = ?2 AND recipient = ?1 AND {part})
                ORDER BY 1 {order} LIMIT ?5
            ) ORDER BY m.time"
        ))?;
        let (since, before) = (
            window.since.unwrap_or(i64::MIN),
            window.before.unwrap_or(i64::MAX),
        );
        let rows = select.query_map(
            params![a.0, b.0, since, before, window.limit as i64],
            message,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn add_user(&self, email: String, name: String, password: String) -> Reply<Option<Uid>> {
        self.submit(move |tx| tx.add_user(&email, &name, &password))
    }

    fn befriend(&self, a: Uid, b: Uid) -> Reply<()> {
        self.submit(move |tx| tx.befriend(a, b))
    }

    fn set_visible(&self, uid: Uid, visible: bool) -> Reply<()> {
        self.submit(move |tx| tx.set_visible(uid, visible))
    }

    fn accept(&self, message: NewMessage) -> Reply<Accepted> {
        self.submit(move |tx| tx.accept(&message))
    }

    fn acknowledge(&self, marks: Vec<(Uid, Seq)>) -> Reply<()> {
        self.submit(move |tx| tx.acknowledge(&marks))
    }

    fn push(&self, owners: Vec<Uid>, item: Arc<str>) {
        if let Err(error) = self.queue(Box::new(Push { owners, item })) {
            log::debug!("an event was dropped: {error}");
        }
    }

    fn close(&self) {
        drop(lock(&self.jobs).take());
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            log::error!("the writer had failed");
        }
    }
}

/// Holds the data directory for one server; another one is refused. Ends with the process, however that ends.
pub fn lock_directory(dir: &Path) -> Result<File, StoreError> {
    let file = private_file(dir, &dir.join("lock"))?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(
        |error| match error {
            Errno::WOULDBLOCK => StoreError::Locked(dir.to_owned()),
            other => StoreError::Directory {
                dir: dir.to_owned(),
                why: Arc::new(other.into()),
            },
        },
    )?;
    Ok(file)
}

/// Opens a file that only its owner may read, and makes it and its directory if need be.
fn private_file(dir: &Path, file: &Path) -> Result<File, StoreError> {
    let unusable = |why| StoreError::Directory {
        dir: dir.to_owned(),
        why: Arc::new(why),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(unusable)?;
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)
        .map_err(unusable)
}

pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        uid: Uid(row.get(0)?),
        email: row.get(1)?,
        name: row.get(2)?,
        visible: row.get(3)?,
        picture: row.get(4)?,
        status: match row.get(5)? {
            Some(text) => Some(Status {
                text,
                time: row.get(6)?,
            }),
            None => None,
        },
        since: row.get(7).map(|since| (since > 0).then_some(since))?,
    })
}

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        from: Uid(row.get(0)?),
        to: Uid(row.get(1)?),
        from_name: row.get(2)?,
        to_name: row.get(3)?,
        text: row.get(4)?,
        msg_id: row.get(5)?,
        client_time: row.get(6)?,
        time: row.get(7)?,
    })
}
