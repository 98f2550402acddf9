//! Health, statistics and backups.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::{files, identity};
use crate::clock::now_ms;
use crate::store::limits::VALID_FOR;
use crate::store::{Stats, StoreError};

/// The accounts with most bytes that are named.
const LARGEST: i64 = 10;
const DAY: i64 = 24 * 60 * 60 * 1000;

pub fn healthy(db: &Connection) -> Result<(), StoreError> {
    let row = db.query_row("SELECT 1 FROM users LIMIT 1", [], |_| Ok(()));
    Ok(row.optional().map(drop)?)
}

pub fn stats(db: &Connection) -> Result<Stats, StoreError> {
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let now = now_ms();
    let mut largest = db.prepare(
        "SELECT email, bytes FROM (
            SELECT email, message_bytes
                + coalesce((SELECT octet_length(bytes) FROM pictures p WHERE p.uid = u.uid), 0)
                + coalesce((SELECT sum(bytes) FROM files WHERE owner = u.uid AND gone = 0), 0) AS bytes
            FROM users u
        ) WHERE bytes > 0 ORDER BY bytes DESC, email LIMIT ?1",
    )?;
    let largest = largest.query_map([LARGEST], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Stats {
        largest: largest.collect::<Result<_, _>>()?,
        accounts: count("SELECT count(*) FROM users")?,
        friendships: count("SELECT count(*) FROM friends WHERE uid < friend")?,
        groups: count("SELECT count(DISTINCT gid) FROM group_members WHERE last_message IS NULL")?,
        logins: count(&format!("SELECT count(*) FROM sessions WHERE ends > {now}"))?,
        invitations: count(&format!(
            "SELECT count(*) FROM invites WHERE expires > {now} AND expires <= {now} + {VALID_FOR}"
        ))?,
        messages: count("SELECT count(*) FROM messages")?,
        messages_today: count(&format!(
            "SELECT count(*) FROM messages WHERE time > {} AND time <= {}",
            now - DAY,
            now + DAY
        ))?,
        files: count("SELECT count(*) FROM files WHERE gone = 0")?,
        file_bytes: count("SELECT coalesce(sum(bytes), 0) FROM files WHERE gone = 0")?,
        bytes: count("PRAGMA page_count")? * count("PRAGMA page_size")?,
    })
}

pub fn backup(db: &Connection, to: &Path) -> Result<(), StoreError> {
    let failed = |why| StoreError::Backup {
        file: to.to_owned(),
        why: Arc::new(why),
    };
    // SQLite takes names that are text only, and those that begin with `file:` for something else.
    let to = std::path::absolute(to).map_err(failed)?;
    // The directory may be reached through links, the file itself may not.
    let to = &match (to.parent(), to.file_name()) {
        (Some(parent), Some(name)) => parent.canonicalize().map_err(failed)?.join(name),
        _ => to,
    };
    if to.to_str().is_none() {
        return Err(failed(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "the name is not valid UTF-8",
        )));
    }
    if std::fs::symlink_metadata(to).is_ok() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    // Under another name until it is complete, so that nobody takes a part for a backup.
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(failed)?;
    let copied = db
        .execute("VACUUM INTO ?1", [part.to_string_lossy()])
        .map_err(StoreError::from)
        .and_then(|_| {
            let copy = files::connect(&part)?;
            identity::renew(&copy)?;
            check(&copy)
        });
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
        // The error that is reported matters more than this one.
        let _ = std::fs::remove_file(&part);
    }
    kept
}

/// Reads all of a database to see that it is intact.
pub fn check(db: &Connection) -> Result<(), StoreError> {
    let verdict = db.query_row("PRAGMA integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    })?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged(verdict))
    }
}
