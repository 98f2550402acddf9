//! What an operator does with the store: look after it, copy it, and give or take what belongs to one person.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, TryLockError};

use prometheus_client::metrics::histogram::Histogram;
use rusqlite::{Connection, OptionalExtension};

use super::sqlite::{MESSAGE, NAMES, message};
use super::writer::{Tx, now_ms};
use super::{Reply, Sqlite, StoreError};
use crate::lock;
use crate::types::{Message, Uid};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// How much there is.
#[derive(Debug)]
pub struct Stats {
    /// Accounts.
    pub accounts: i64,
    /// Pairs of friends.
    pub friendships: i64,
    /// Logins that are open.
    pub logins: i64,
    /// Invitations that can still be used.
    pub invitations: i64,
    /// Messages.
    pub messages: i64,
    /// Messages of the last 24 hours.
    pub messages_today: i64,
    /// Size of the database in bytes.
    pub bytes: i64,
}

/// What an operator does with the store.
pub trait Upkeep {
    /// Whether the store still answers.
    fn healthy(&self) -> Result<(), StoreError>;
    /// Whether another process has written since the last time; false while that cannot be seen at once.
    fn changed_outside(&self) -> Result<bool, StoreError>;
    /// How long writes took to be on disk.
    fn commit_times(&self) -> Histogram;
    /// How much there is.
    fn stats(&self) -> Result<Stats, StoreError>;
    /// Copies everything, as it is at one moment, into a file that is not there yet.
    fn backup(&self, to: &Path) -> Result<(), StoreError>;
    /// Hands over all messages that somebody sent or received, in order, until `each` fails.
    fn messages_of(
        &self,
        uid: Uid,
        each: &mut dyn FnMut(Message) -> std::io::Result<()>,
    ) -> Result<std::io::Result<()>, StoreError>;

    /// Deletes a user and everything that is his, his conversations included.
    fn delete_user(&self, uid: Uid) -> Reply<()>;
}

impl Upkeep for Sqlite {
    fn healthy(&self) -> Result<(), StoreError> {
        let db = lock(&self.reader);
        let row = db.query_row("SELECT 1 FROM users LIMIT 1", [], |_| Ok(()));
        Ok(row.optional().map(drop)?)
    }

    fn changed_outside(&self) -> Result<bool, StoreError> {
        // This connection sees its own writes as nothing new, and nobody else in this process writes.
        let db = match self.writer.try_lock() {
            Ok(db) => db,
            Err(TryLockError::Poisoned(db)) => db.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(false),
        };
        let version = db.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0))?;
        Ok(lock(&self.version).replace(version) != Some(version))
    }

    fn commit_times(&self) -> Histogram {
        self.commits.clone()
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let db = lock(&self.reader);
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
        let now = now_ms();
        Ok(Stats {
            accounts: count("SELECT count(*) FROM users")?,
            friendships: count("SELECT count(*) FROM friends WHERE uid < friend")?,
            logins: count("SELECT count(*) FROM sessions")?,
            invitations: count(&format!(
                "SELECT count(*) FROM invites WHERE expires > {now}"
            ))?,
            messages: count("SELECT count(*) FROM messages")?,
            messages_today: count(&format!(
                "SELECT count(*) FROM messages WHERE time > {}",
                now - DAY
            ))?,
            bytes: count("PRAGMA page_count")? * count("PRAGMA page_size")?,
        })
    }

    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let failed = |why| StoreError::Backup {
            file: to.to_owned(),
            why: Arc::new(why),
        };
        if to.try_exists().map_err(failed)? {
            return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
        }
        // Under another name until it is whole, so that nobody takes half of it for a backup.
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)
            .map_err(failed)?;
        let copied = lock(&self.reader)
            .execute("VACUUM INTO ?1", [part.to_string_lossy()])
            .map_err(StoreError::from)
            .and_then(|_| whole(&part));
        let kept = copied.and_then(|()| {
            let directory = match to.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            file.sync_all()
                .and_then(|()| std::fs::rename(&part, to))
                .and_then(|()| File::open(directory)?.sync_all())
                .map_err(failed)
        });
        if kept.is_err() {
            // Nothing more can be done about it than has been said already.
            let _ = std::fs::remove_file(&part);
        }
        kept
    }

    fn messages_of(
        &self,
        uid: Uid,
        each: &mut dyn FnMut(Message) -> std::io::Result<()>,
    ) -> Result<std::io::Result<()>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare(&format!(
            "SELECT {MESSAGE} FROM messages m {NAMES} WHERE m.sender = ?1 OR m.recipient = ?1 ORDER BY m.time"
        ))?;
        for message in select.query_map([uid.0], message)? {
            if let Err(error) = each(message?) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn delete_user(&self, uid: Uid) -> Reply<()> {
        self.submit(move |tx| tx.delete_user(uid))
    }
}

/// Reads a copy once more, all of it.
fn whole(file: &Path) -> Result<(), StoreError> {
    let db = Connection::open(file)?;
    let verdict = db.query_row("PRAGMA integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    })?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged(verdict))
    }
}

impl Tx<'_> {
    fn delete_user(&mut self, uid: Uid) -> Result<(), StoreError> {
        let db = self.writing()?;
        for sql in [
            "DELETE FROM deliveries WHERE owner = ?1
                OR message IN (SELECT time FROM messages WHERE sender = ?1 OR recipient = ?1)",
            "DELETE FROM messages WHERE sender = ?1 OR recipient = ?1",
            "DELETE FROM unread WHERE owner = ?1 OR peer = ?1",
            "DELETE FROM notifications WHERE owner = ?1 OR actor = ?1",
            "DELETE FROM friend_list_members WHERE uid = ?1",
            "DELETE FROM friend_lists WHERE owner = ?1",
            "DELETE FROM friend_requests WHERE sender = ?1 OR recipient = ?1",
            "DELETE FROM friends WHERE uid = ?1 OR friend = ?1",
            "DELETE FROM invites WHERE friend = ?1",
            "DELETE FROM pictures WHERE uid = ?1",
            "DELETE FROM places WHERE uid = ?1",
            "DELETE FROM sessions WHERE uid = ?1",
            "DELETE FROM users WHERE uid = ?1",
        ] {
            db.execute(sql, [uid.0])?;
        }
        Ok(())
    }
}
