//! The files of a data directory. The server's user may write there, and operators are often root: somebody who has taken over the
//! server must not gain root's files by symbolic links. So none of these files is opened or given away through one.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use crate::store::StoreError;

/// The database and what SQLite keeps beside it.
pub const FILES: [&str; 4] = [
    "fbchatd.db",
    "fbchatd.db-wal",
    "fbchatd.db-shm",
    "fbchatd.db-journal",
];

/// Reserves the data directory for one server until the file is closed, which the end of the process does in any case.
pub fn lock_directory(dir: &Path) -> Result<File, StoreError> {
    let file = private_file(dir, &dir.join("lock"))?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(
        |error| match error {
            Errno::WOULDBLOCK => StoreError::Locked(dir.to_owned()),
            other => unusable(dir, other.into()),
        },
    )?;
    Ok(file)
}

/// Opens a file that only its owner may read; creates it and its directory if necessary.
pub fn private_file(dir: &Path, file: &Path) -> Result<File, StoreError> {
    let opened = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .and_then(|()| {
            let mut options = OpenOptions::new();
            open(
                options.write(true).create(true).truncate(false).mode(0o600),
                file,
            )
        })
        .and_then(|opened| {
            make_private(&opened, file)?;
            Ok(opened)
        });
    opened.map_err(|why| unusable(dir, why))
}

/// Opens a file unless its name is a symbolic link.
pub fn open(options: &mut OpenOptions, file: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed();
    options
        .custom_flags(flags)
        .open(file)
        .map_err(|error| match fs::symlink_metadata(file) {
            Ok(found) if found.is_symlink() => {
                io::Error::other(format!("{} is a symbolic link", file.display()))
            }
            _ => error,
        })
}

/// Takes the rights of everybody but the owner from the files of a database.
pub fn make_all_private(dir: &Path) -> Result<(), StoreError> {
    for name in FILES {
        let file = dir.join(name);
        let loose = |mode: u32| mode & 0o077 != 0;
        // Not opened without a reason: closing a file of SQLite gives up the locks that this process has on it.
        if fs::symlink_metadata(&file).is_ok_and(|found| loose(found.permissions().mode())) {
            open(OpenOptions::new().read(true), &file)
                .and_then(|opened| make_private(&opened, &file))
                .map_err(|why| unusable(dir, why))?;
        }
    }
    Ok(())
}

fn make_private(file: &File, path: &Path) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
        log::warn!(
            "others could use {} (mode {mode:o}); now its owner alone can (mode {:o})",
            path.display(),
            mode & 0o700
        );
    }
    Ok(())
}

/// Opens a database whose path has no symbolic link in it.
pub fn connect(file: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(file, OpenFlags::default() | OpenFlags::SQLITE_OPEN_NOFOLLOW)
}

/// Copies a file to one that does not exist yet.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = open(OpenOptions::new().read(true), from)?;
    let mut target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

pub fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub fn unusable(dir: &Path, why: io::Error) -> StoreError {
    StoreError::Directory {
        dir: dir.to_owned(),
        why: Arc::new(why),
    }
}
