//! What operators and monitoring ask of the store.

use std::path::PathBuf;

use prometheus_client::metrics::histogram::Histogram;

use super::sqlite::maintenance;
use super::{Reply, Store};

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
        let Store::Sqlite(sqlite) = self;
        sqlite.read(maintenance::healthy)
    }

    /// Whether something outside this server has written since the last call: an operator's command, or another server on the same
    /// database. Sessions may then have ended, and users may have been deleted, without this server being told. Neither waits nor
    /// fails; it may learn of a write up to a second late.
    pub fn changed_outside(&self) -> bool {
        let Store::Sqlite(sqlite) = self;
        sqlite.changed_outside()
    }

    /// How long groups of writes took to reach the disk.
    pub fn commit_times(&self) -> Histogram {
        let Store::Sqlite(sqlite) = self;
        sqlite.commit_times()
    }

    /// How much the store holds.
    pub fn stats(&self) -> Reply<Stats> {
        let Store::Sqlite(sqlite) = self;
        sqlite.long_read(maintenance::stats)
    }

    /// Copies everything, as of one moment, into a new file.
    pub fn backup(&self, to: PathBuf) -> Reply<()> {
        let Store::Sqlite(sqlite) = self;
        sqlite.long_read(move |db| maintenance::backup(db, &to))
    }

    /// Finishes what was queued, saves the exact numbering, and releases the database. Later calls fail.
    pub fn close(&self) -> Reply<()> {
        let Store::Sqlite(sqlite) = self;
        sqlite.close()
    }
}
