//! What operators and monitoring ask of the store.

use std::path::PathBuf;

use prometheus_client::metrics::histogram::Histogram;

use super::sqlite::maintenance;
use super::{Reply, Store, postgres};

/// How much the store holds.
#[derive(Debug)]
pub struct Stats {
    /// Accounts.
    pub accounts: i64,
    /// Pairs of friends.
    pub friendships: i64,
    /// Groups that have members.
    pub groups: i64,
    /// Open sessions.
    pub logins: i64,
    /// Invitations that can still be used.
    pub invitations: i64,
    /// Messages.
    pub messages: i64,
    /// Messages of the last 24 hours.
    pub messages_today: i64,
    /// Files whose content is kept.
    pub files: i64,
    /// What they take on the disk, in bytes.
    pub file_bytes: i64,
    /// Size of the database in bytes.
    pub bytes: i64,
    /// The e-mail addresses of those who use most of it, and how many bytes their messages (as their quota counts them),
    /// their picture and their files take; the most first.
    pub largest: Vec<(String, i64)>,
}

impl Store {
    /// Whether the store answers.
    pub fn healthy(&self) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(maintenance::healthy),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::maintenance::healthy(&db).await })
            }
        }
    }

    /// Whether something outside this server has written since the last call: an operator's command, or another server on the same
    /// database. Sessions may then have ended, and users may have been deleted, without this server being told. Neither waits nor
    /// fails; it may learn of a write up to a second late.
    pub fn changed_outside(&self) -> bool {
        match self {
            Store::Sqlite(sqlite) => sqlite.changed_outside(),
            Store::Postgres(postgres) => postgres.changed_outside(),
        }
    }

    /// How long groups of writes took to reach the disk.
    pub fn commit_times(&self) -> Histogram {
        match self {
            Store::Sqlite(sqlite) => sqlite.commit_times(),
            Store::Postgres(postgres) => postgres.commit_times(),
        }
    }

    /// How much the store holds.
    pub fn stats(&self) -> Reply<Stats> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(maintenance::stats),
            Store::Postgres(postgres) => {
                postgres.long_read(move |db| async move { postgres::maintenance::stats(&db).await })
            }
        }
    }

    /// Copies everything, as of one moment, into a new file. Databases with a program of their own for that say so.
    pub fn backup(&self, to: PathBuf) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(move |db| maintenance::backup(db, &to)),
            Store::Postgres(postgres) => postgres.backup(),
        }
    }

    /// Finishes what was queued, saves the exact numbering, and releases the database. Later calls fail.
    pub fn close(&self) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.close(),
            Store::Postgres(postgres) => postgres.close(),
        }
    }
}
