//! What must survive a crash: accounts, friendships, sessions, messages and how far each channel has been numbered.
//!
//! The trait is all that the rest of the server sees; SQL stays in this folder. Reads are short look-ups that SQLite
//! answers from its page cache. Writes are queued when called and answered once they are on disk.

mod friendships;
mod guests;
mod lists;
mod notices;
mod ops;
mod profiles;
mod schema;
mod sessions;
mod sqlite;
#[cfg(test)]
mod tests;
mod upkeep;
mod writer;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::types::{Account, Mark, Message, Published, Seq, Uid, User};
use sqlite::Sqlite;

pub use friendships::{Answered, Asked, FriendRequest, Friendships, Poked, Relation};
pub use guests::{Guests, Invitation, Registered};
pub use lists::{List, ListChange, ListChanged, Lists};
pub use notices::{Kind, Notices, Notification};
pub use profiles::Profiles;
pub use sessions::{Origin, Sessions};
pub use sqlite::lock_directory;
pub use upkeep::Upkeep;

/// Receives what was published, in order, after it is on disk and before the writers hear of it.
pub type Sink = Arc<dyn Fn(Vec<Published>) + Send + Sync>;

/// The store in a data directory, which is made if need be.
pub fn open(dir: &Path, sink: Sink) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Sqlite::open(dir, sink)?))
}

/// A store that is gone with the process.
pub fn in_memory(sink: Sink) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Sqlite::in_memory(sink)?))
}

/// Whether a data directory has a store; if that cannot be seen, opening it will say why.
pub fn exists(dir: &Path) -> bool {
    Sqlite::file(dir).try_exists().unwrap_or(true)
}

/// The answer to a write; the write itself goes on if this is dropped.
pub type Reply<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Why the store could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no: disk full, read-only, damaged.
    #[error("The database failed: {0}.{advice}", advice = advice(.0))]
    Sqlite(Arc<rusqlite::Error>),
    /// The bounded queue is full.
    #[error("The server has too much to write at the moment. Try again in a few seconds.")]
    Busy,
    /// The server is going down.
    #[error("The server is stopping.")]
    Closed,
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
    /// SQLite found something wrong.
    #[error(
        "The database is damaged: {0}. Stop the server, keep a copy of the directory, and go back to a backup."
    )]
    Damaged(String),
    /// Another server has the data.
    #[error("Another fbchatd is serving {}. Stop it first, or choose another directory with --data.", .0.display())]
    Locked(PathBuf),
}

/// What the operator can do about it.
fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            " Stop the server, keep a copy of the data directory, and go back to a backup."
        }
        Some(ErrorCode::DiskFull) => " Make room on the disk; the server goes on by itself.",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            " Check owner and permissions of the data directory, and that its disk can be written."
        }
        Some(ErrorCode::SystemIoFailure) => " Check the disk, and the room on it.",
        _ => "",
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::Sqlite(Arc::new(error))
    }
}

/// A message on its way in.
#[derive(Debug)]
pub struct NewMessage {
    /// The sender.
    pub from: User,
    /// The recipient.
    pub to: User,
    /// The plain text.
    pub text: String,
    /// The sender's id for it.
    pub msg_id: String,
    /// The sender's clock.
    pub client_time: i64,
    /// Those of the two who are there to hear how many unread conversations they have.
    pub there: Vec<Uid>,
}

/// Which part of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Only what came later than this, from there on; without it, the newest.
    pub since: Option<i64>,
    /// Only what came before this.
    pub before: Option<i64>,
    /// The most messages.
    pub limit: usize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It was stored and published.
    New,
    /// It had been stored before; nothing was published.
    Again,
    /// One of the two has no account any more.
    Nobody,
}

/// Everything durable.
pub trait Store:
    Friendships + Guests + Lists + Profiles + Notices + Sessions + Upkeep + Send + Sync
{
    /// The account for a login: an e-mail address, or the part before the @ if that is unique.
    fn account(&self, login: &str) -> Result<Option<Account>, StoreError>;
    /// Every user, by address.
    fn users(&self) -> Result<Vec<User>, StoreError>;
    /// A user's friends.
    fn friends(&self, uid: Uid) -> Result<Vec<User>, StoreError>;
    /// The user `other` if he is a friend of `uid`, or `uid` himself.
    fn friend(&self, uid: Uid, other: Uid) -> Result<Option<User>, StoreError>;
    /// Where every user's numbering stands; for start-up only.
    fn marks(&self) -> Result<Vec<Mark>, StoreError>;
    /// The stored messages of a channel in `from..below`, at most `limit`, in order.
    fn deliveries(
        &self,
        owner: Uid,
        from: Seq,
        below: Seq,
        limit: usize,
    ) -> Result<Vec<(Seq, Message)>, StoreError>;
    /// The number of the first message to him in his channel, in `from..below`; those that he wrote himself are passed over.
    fn first_to(&self, uid: Uid, from: Seq, below: Seq) -> Result<Option<Seq>, StoreError>;
    /// Whether [`Store::accept`] would find this message stored before.
    fn stored(&self, from: Uid, to: Uid, msg_id: &str, text: &str) -> Result<bool, StoreError>;
    /// Messages between two users, oldest first.
    fn history(&self, a: Uid, b: Uid, window: Window) -> Result<Vec<Message>, StoreError>;

    /// Adds a user; `None` if the address is taken.
    fn add_user(&self, email: String, name: String, password: String) -> Reply<Option<Uid>>;
    /// Makes two users friends of each other.
    fn befriend(&self, a: Uid, b: Uid) -> Reply<()>;
    /// Switches chat on or off for a user.
    fn set_visible(&self, uid: Uid, visible: bool) -> Reply<()>;
    /// Stores a message once and publishes it to both sides.
    fn accept(&self, message: NewMessage) -> Reply<Accepted>;
    /// Remembers below which number each user has fetched everything.
    fn acknowledge(&self, marks: Vec<(Uid, Seq)>) -> Reply<()>;
    /// Numbers and publishes something that need not survive a restart; dropped if the store is too busy.
    fn push(&self, owners: Vec<Uid>, item: Arc<str>);
    /// Writes everything that was queued, and the exact numbering, and ends.
    fn close(&self);
}
