//! Whether the write-ahead log belongs to the database. SQLite cannot tell: after the database was replaced by a copy, it would apply
//! the log of the old one to the new one. So every database has a random number, a backup another one than its original, and the
//! number of the database that has the log is in a file beside it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::Sqlite;
use super::files::{open, private_file, unusable};
use crate::store::StoreError;

/// Where the file format of SQLite has the number, `PRAGMA application_id`.
const OFFSET: u64 = 68;

fn beside(dir: &Path) -> PathBuf {
    dir.join("fbchatd.db-id")
}

/// The number in the database file itself, whatever the log says; 0 if it has none. Only for before SQLite opens the file: closing a
/// file releases all locks that the process has on it, and without them another process deletes the log.
fn stored(dir: &Path) -> io::Result<i32> {
    let mut id = [0; 4];
    let database = open(OpenOptions::new().read(true), &Sqlite::file(dir))?;
    match database.read_exact_at(&mut id, OFFSET) {
        Ok(()) => Ok(i32::from_be_bytes(id)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
        Err(error) => Err(error),
    }
}

/// The number of the database that has the log.
fn recorded(dir: &Path) -> Option<i32> {
    fs::read_to_string(beside(dir)).ok()?.trim().parse().ok()
}

fn has_log(dir: &Path) -> bool {
    let log = dir.join("fbchatd.db-wal");
    log.metadata().is_ok_and(|log| log.len() > 0)
}

/// Refuses the log of another database; to be called before SQLite opens the file. Returns the number in the file.
pub fn check(dir: &Path) -> Result<i32, StoreError> {
    let id = stored(dir).map_err(|why| unusable(dir, why))?;
    if has_log(dir) && recorded(dir).is_some_and(|recorded| recorded != id) {
        return Err(StoreError::ForeignLog(dir.to_owned()));
    }
    Ok(id)
}

/// Gives the database a number if it has none, and notes it. `stored` is the number that was in the file before SQLite opened it.
pub fn record(db: &Connection, dir: &Path, stored: i32) -> Result<(), StoreError> {
    let number = || db.query_row("PRAGMA application_id", [], |row| row.get(0));
    if number()? == 0 {
        renew(db)?;
    }
    let id: i32 = number()?;
    if id != stored {
        // The number has to be in the file itself. If others are reading, a later start brings it there.
        let busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Ok(());
        }
    }
    if recorded(dir) != Some(id) {
        let noted = private_file(dir, &beside(dir))?;
        let text = id.to_string();
        noted
            .set_len(0)
            .and_then(|()| noted.write_all_at(text.as_bytes(), 0))
            .map_err(|why| unusable(dir, why))?;
    }
    Ok(())
}

/// Makes a database another one than that which it was copied from.
pub fn renew(db: &Connection) -> Result<(), StoreError> {
    let id = getrandom::u32().map_err(|error| StoreError::Failed {
        why: error.to_string(),
        advice: "",
    })?;
    Ok(db.pragma_update(None, "application_id", (id | 1).cast_signed())?)
}
