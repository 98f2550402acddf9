//! Durable state: accounts, friendships, sessions, messages, and how far each channel has been numbered.
//!
//! [`Store`] is all that the rest of the server sees. Its methods are grouped in one file per topic and pass their arguments on to
//! the database; the SQL is in `sqlite/` and `postgres/`. `Store` is an enum rather than a trait so that each operation is written twice, as a part
//! of the interface and as SQL. A trait would need a third copy in between, in a single `impl` block for all topics. When another
//! database is added as a variant, the compiler points at every operation that it lacks.
//!
//! # What every implementation promises
//!
//! `tests/` checks these promises through the interface alone; a new implementation has to pass all of it.
//!
//! *Calls.* No call blocks the thread that makes it. A call takes its place in a bounded queue when it is made, not when its
//! [`Reply`] is awaited, and fails with [`StoreError::Busy`] if the queue is full. A write is carried out even if the reply is
//! dropped; a read may then be skipped. Searches, listings, statistics and backups use a queue of their own, so they do not delay
//! the short reads that every request needs.
//!
//! *Durability.* A write that was answered with `Ok` survives a crash of the server and of the machine. A write that was answered
//! with an error left nothing behind and used up no sequence number. If the process ends before the answer, the write may or may
//! not have happened.
//!
//! *Order and visibility.* Writes of one process take effect in the order in which they were called. After a write was answered,
//! every read that is called later sees it. Several servers on one database take turns: every write sees all writes
//! that were committed before it, on any server, and servers learn of the writes of others in order, usually within milliseconds.
//!
//! *Numbering.* Each user has one sequence of numbers, [`Seq`](crate::types::Seq), for all items of their channel, durable or not.
//! Numbers start at [`Seq::FIRST`](crate::types::Seq::FIRST), increase by one, and are never used twice, not even after a crash. They
//! may skip some values after a crash. A reader who sees number N + 1 can also read N: items are handed to
//! [`Subscribers`] in the order of their numbers, and only after everything durable about them has been committed.
//!
//! *Order and time of messages.* Their ids increase in the order in which they were stored. Their times follow the clock, also when
//! it is set back: a message is never later than the clock by more than a second. Within that second times increase, so that clients
//! can name a message by its time.
//!
//! *Items do not change.* A message read under its number is the one that was published, with the names that both users had.
//!
//! *Idempotency.* A message is identified by its sender, the sender's message id, its recipient, its text and its files. However often and from
//! however many connections it is inserted, it is stored and published once; see [`Inserted`].
//!
//! *Volatile items.* [`Store::push`] numbers and publishes an item among the others but does not store it. Only users who have a client
//! connected at that moment get it, which is decided when the number is assigned. It is lost in a crash, and if the store is too busy.
//!
//! *Erasure.* With SQLite, what was deleted or replaced does not stay behind in the database files for longer than about a second,
//! unless somebody is reading an older state for that long. PostgreSQL overwrites it when it vacuums the table, and keeps its log as
//! long as it is set up to.

mod accounts;
mod archive;
mod blocks;
mod channels;
mod files;
mod friendships;
mod group_rules;
mod groups;
mod invitations;
mod limits;
mod lists;
mod maintenance;
mod message_rules;
mod messages;
mod nodes;
mod notifications;
mod numbering;
mod postgres;
mod profiles;
mod sessions;
mod sqlite;
#[cfg(test)]
mod tests;
mod transfer;
mod usernames;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use crate::types::{Published, Uid};
use postgres::Postgres;
use sqlite::Sqlite;

pub use archive::ArchiveRange;
pub use blocks::BlockChanged;
pub use channels::Audience;
pub use files::{FileAdded, FileUse, NewFile, StoredFile};
pub use friendships::{Answered, Asked, FriendRequest, Poked, Relation};
pub use groups::{Group, GroupChange, GroupChanged, GroupName};
pub use invitations::{Invitation, Registered};
pub use limits::{MAX_GROUPS, MAX_MEMBERS};
pub use lists::{List, ListChange, ListChanged};
pub use maintenance::Stats;
pub use messages::{HistoryRange, Inserted, MessageCheck, MessageDraft, NewMessage};
pub use nodes::{News, Node, NodeInfo};
pub use notifications::{Conversation, Kind, Notification};
pub use postgres::{Address, LOG_OF_LIBRARY};
pub use sessions::{Login, Origin, Proof, Term};
pub use sqlite::lock_directory;
pub use transfer::{Direction, Observer, transfer};
pub use usernames::{AddedAs, ChangedBy, UsernameChange};

/// The database behind the interface.
pub enum Store {
    /// SQLite, in a data directory or in memory.
    Sqlite(Sqlite),
    /// PostgreSQL.
    Postgres(Postgres),
}

/// Where a store is.
#[derive(Clone)]
pub enum Location {
    /// SQLite in a data directory.
    Directory(PathBuf),
    /// A PostgreSQL database.
    Postgres(Address),
}

/// What a store is opened for.
#[derive(Clone)]
pub enum Use {
    /// For a command, also while a server uses it.
    Command,
    /// For a server. Others may use the same PostgreSQL database at the same time; a data directory is locked by [`lock_directory`].
    Server(NodeInfo),
}

/// Opens the store in a data directory, which is created if necessary.
pub fn open(dir: &Path, subscribers: Arc<dyn Subscribers>) -> Result<Arc<Store>, StoreError> {
    Ok(Arc::new(Store::Sqlite(Sqlite::open(dir, subscribers)?)))
}

/// Opens a store, which is created if necessary: a data directory with its database, or the tables in an empty database.
pub fn open_at(
    location: &Location,
    intended: Use,
    subscribers: Arc<dyn Subscribers>,
) -> Result<Arc<Store>, StoreError> {
    match location {
        Location::Directory(dir) => open(dir, subscribers),
        Location::Postgres(address) => Ok(Arc::new(Store::Postgres(Postgres::open(
            address,
            intended,
            subscribers,
        )?))),
    }
}

/// A store that ends with the process.
pub fn in_memory(subscribers: Arc<dyn Subscribers>) -> Result<Arc<Store>, StoreError> {
    Ok(Arc::new(Store::Sqlite(Sqlite::in_memory(subscribers)?)))
}

/// Puts a backup in place of what is in a data directory, which no server may use. Returns the directory with what was there.
pub fn restore(dir: &Path, from: &Path) -> Result<Option<PathBuf>, StoreError> {
    sqlite::restore::restore(dir, from)
}

/// Whether a server could use the store that the settings name, and what to warn of. Creates nothing.
pub fn warnings(location: &Location) -> Result<Vec<String>, StoreError> {
    match location {
        Location::Directory(_) => Ok(Vec::new()),
        Location::Postgres(address) => match Postgres::warnings(address) {
            Err(StoreError::Away(why)) => Ok(vec![format!(
                "the database cannot be reached and was not checked: {why}"
            )]),
            checked => checked,
        },
    }
}

/// Whether there is a store. Also true of a data directory if that cannot be determined: opening it will then say why.
pub fn exists(location: &Location) -> Result<bool, StoreError> {
    match location {
        Location::Directory(dir) => Ok(Sqlite::file(dir).try_exists().unwrap_or(true)),
        Location::Postgres(address) => Postgres::exists(address),
    }
}

/// The answer to a call. It never takes longer than what was queued before it.
pub type Reply<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// The connected clients, as far as the store has to know about them. All methods are called on the thread that writes, so they
/// must not wait for anything, least of all for the store.
pub trait Subscribers: Send + Sync {
    /// Those of `uids` who have a client connected, in the same order. Asked immediately before an item that is only for
    /// connected users gets its number.
    fn connected(&self, uids: Vec<Uid>) -> Vec<Uid>;

    /// Takes what was published, in the order of the numbers, after it was committed and before the writers are answered.
    fn deliver(&self, items: Vec<Published>);

    /// Takes what other servers have done, in the order in which it happened.
    fn follow(&self, _: Vec<News>) {}
}

/// Nobody is connected, and nothing is delivered; for commands that only change data.
impl Subscribers for () {
    fn connected(&self, _: Vec<Uid>) -> Vec<Uid> {
        Vec::new()
    }

    fn deliver(&self, _: Vec<Published>) {}
}

/// Why the store could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database reported an error: the disk is full or read-only, the file is damaged.
    #[error("The database failed: {why}.{advice}")]
    Failed {
        /// What the database says.
        why: String,
        /// What the operator can do about it; empty, or sentences with a space in front.
        advice: &'static str,
    },
    /// The database cannot be reached. Whether a write took place is not known.
    #[error(
        "The database cannot be reached: {0}. fbchatd goes on trying; check that PostgreSQL is running."
    )]
    Away(String),
    /// The database cannot be used. A sentence that says what to do.
    #[error("{0}")]
    Unusable(String),
    /// The bounded queue is full.
    #[error("The server has too much to do at the moment. Try again in a few seconds.")]
    Busy,
    /// The server is stopping.
    #[error("The server is stopping.")]
    Closed,
    /// The system starts no more threads.
    #[error(
        "Cannot start a thread for the database: {0}. Raise the limit on processes (ulimit -u) or on memory."
    )]
    Threads(Arc<std::io::Error>),
    /// The data was written by a later version.
    #[error("The data in {} was written by a newer fbchatd. Install that version, or choose another directory with --data.", .0.display())]
    Newer(PathBuf),
    /// The data directory is unusable.
    #[error("Cannot use the data directory {}: {why}. Check its owner and permissions, or choose another with --data.", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// What the system says.
        why: Arc<std::io::Error>,
    },
    /// The copy could not be written.
    #[error("Cannot write the backup {}: {why}. Nothing was left there.", file.display())]
    Backup {
        /// The file.
        file: PathBuf,
        /// What the system says.
        why: Arc<std::io::Error>,
    },
    /// The backup cannot be used.
    #[error("Cannot restore {}: {why}. Nothing was changed.", file.display())]
    Restore {
        /// The file.
        file: PathBuf,
        /// The reason.
        why: String,
    },
    /// The log is that of another database.
    #[error("fbchatd.db in {} was replaced, and fbchatd.db-wal still belongs to the database that was there before. \
             Move fbchatd.db-wal and fbchatd.db-shm to another directory to use the new one, or put the old one back. \
             Next time use `fbchatd restore`.", .0.display())]
    ForeignLog(PathBuf),
    /// The database is inconsistent.
    #[error(
        "The database is damaged: {0}. Stop the server and go back to a backup with `fbchatd restore`, which keeps the damaged files."
    )]
    Damaged(String),
    /// Another server uses the data.
    #[error("Another fbchatd is serving {}. Stop it first, or choose another directory with --data.", .0.display())]
    Locked(PathBuf),
}

impl StoreError {
    /// The level at which a caller logs it. The store itself logs once that the database is unreachable.
    pub fn level(&self) -> log::Level {
        match self {
            StoreError::Away(_) => log::Level::Debug,
            _ => log::Level::Error,
        }
    }
}
