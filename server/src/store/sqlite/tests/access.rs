//! Who can read the files of a data directory, and which files are opened.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::{add, open};
use crate::store::{self, StoreError, lock_directory};

#[tokio::test]
async fn files_are_private_and_the_directory_is_for_one_server() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("deep/data");
    let _store = open(&data);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["fbchatd.db", "fbchatd.db-wal"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let locked = lock_directory(&data).unwrap();
    assert!(matches!(lock_directory(&data), Err(StoreError::Locked(_))));
    drop(locked);
    assert!(lock_directory(&data).is_ok());
}

/// Somebody who has taken over the server could put them there for an operator who is root.
#[tokio::test]
async fn no_file_is_opened_through_a_symbolic_link() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("target");
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for (name, existing) in [
        ("fbchatd.db", false),
        ("fbchatd.db", true),
        ("fbchatd.db-id", true),
        ("fbchatd.db-wal", true),
        ("lock", true),
    ] {
        if existing {
            std::fs::write(&target, "1").unwrap();
        }
        std::os::unix::fs::symlink(&target, path(name)).unwrap();
        let error = if name == "lock" {
            lock_directory(dir.path()).map(drop).unwrap_err()
        } else {
            store::open(dir.path(), Arc::new(())).map(drop).unwrap_err()
        };
        let told = error.to_string();
        assert!(
            name == "fbchatd.db-wal" || told.contains("is a symbolic link"),
            "{told}"
        );
        let found = std::fs::read_to_string(&target).ok();
        assert_eq!(found.as_deref(), existing.then_some("1"), "{name}");
        for entry in dir.path().read_dir().unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    // A directory that is reached through a link is the operator's choice, for backups, too.
    let (link, copy) = (outside.path().join("link"), outside.path().join("copy"));
    std::os::unix::fs::symlink(dir.path(), &link).unwrap();
    let store = open(&link);
    store.backup(link.join("backup")).await.unwrap();
    std::os::unix::fs::symlink(&copy, path("copy")).unwrap();
    let through = store.backup(path("copy")).await;
    assert!(matches!(through, Err(StoreError::Backup { .. })));
    store.close().await.unwrap();
    store::restore(&link, &link.join("backup")).unwrap();
    assert!(!copy.exists());
    // What was moved aside is not written through links either.
    std::fs::remove_file(path("lock")).unwrap();
    std::os::unix::fs::symlink(&target, path("lock")).unwrap();
    let owner = target.metadata().unwrap().uid();
    assert!(store::restore(dir.path(), &path("backup")).is_err());
    assert_eq!(target.metadata().unwrap().uid(), owner);
}

#[tokio::test]
async fn files_that_others_can_read_are_made_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    add(&store, "a@x", "A", "!").await;
    // As after a crash.
    std::mem::forget(store);
    let files = ["fbchatd.db", "fbchatd.db-wal", "fbchatd.db-shm"];
    for file in files {
        let loose = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(dir.path().join(file), loose).unwrap();
    }
    let _store = open(dir.path());
    for file in files {
        let found = dir.path().join(file).metadata().unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{file}");
    }
}
