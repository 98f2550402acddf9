//! Going back to a backup.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::files::{FILES, copy, lock_directory, remove};
use super::maintenance::{backup, check};
use super::{Sqlite, schema};
use crate::clock::now_ms;
use crate::store::StoreError;

/// Puts a copy of `from` in place of the database. Returns the directory with the old files, if there were any. Whenever it is
/// interrupted, the old files are complete in one of the two places, and it can be repeated.
pub fn restore(dir: &Path, from: &Path) -> Result<Option<PathBuf>, StoreError> {
    let failed = |why: &dyn std::fmt::Display| StoreError::Restore {
        file: from.to_owned(),
        why: why.to_string().trim_end_matches('.').to_owned(),
    };
    let source = fs::canonicalize(from).map_err(|error| failed(&error))?;
    let file = Sqlite::file(dir);
    if fs::canonicalize(&file).is_ok_and(|file| file == source) {
        return Err(failed(&"it is the database itself"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(&source, flags).map_err(|error| failed(&error))?;
    schema::check_version(&db).map_err(|why| failed(&why))?;
    check(&db).map_err(|error| match error {
        StoreError::Damaged(why) => failed(&format!("it is damaged ({why})")),
        error => failed(&error),
    })?;
    let _locked = lock_directory(dir)?;
    // Copied and checked before anything that is there is touched.
    let new = dir.join("fbchatd.db.new");
    remove(&new).map_err(|error| failed(&error))?;
    backup(&db, &new)?;
    let aside = replace(dir, &file, &new).map_err(|error| {
        let _ = fs::remove_file(&new);
        failed(&error)
    })?;
    Ok(aside)
}

fn replace(dir: &Path, file: &Path, new: &Path) -> io::Result<Option<PathBuf>> {
    let owner = dir.metadata()?;
    let give = |path: &Path| -> io::Result<()> {
        if path.symlink_metadata()?.uid() == owner.uid() {
            return Ok(());
        }
        lchown(path, Some(owner.uid()), Some(owner.gid()))
    };
    // Operators often are root, and the server is not.
    give(new)?;
    give(&dir.join("lock"))?;
    let aside = dir.join(format!("before-restore-{}", now_ms()));
    let mut kept = false;
    for name in FILES {
        let old = dir.join(name);
        if !old.try_exists()? {
            continue;
        }
        if !kept {
            DirBuilder::new().mode(0o700).create(&aside)?;
            kept = true;
        }
        // Not moved yet: a database without its log is an older one.
        if fs::hard_link(&old, aside.join(name)).is_err() {
            copy(&old, &aside.join(name))?;
            give(&aside.join(name))?;
        }
    }
    if kept {
        // Not before the files are in it, so that nobody else puts anything there.
        give(&aside)?;
        File::open(&aside)?.sync_all()?;
    }
    for name in FILES.iter().skip(1) {
        remove(&dir.join(name))?;
    }
    fs::rename(new, file)?;
    File::open(dir)?.sync_all()?;
    Ok(kept.then_some(aside))
}
