//! Who may know whom: the store is used through its interface, and SQL stays behind it.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(place: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(place).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn nobody_but_the_store_knows_sqlite() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let (store, rest): (Vec<_>, Vec<_>) = sources(root)
        .into_iter()
        .partition(|path| path.starts_with(root.join("store/sqlite")));
    assert!(store.len() > 5 && rest.len() > 30);
    for path in rest {
        let text = fs::read_to_string(&path).unwrap();
        for word in [
            "rusqlite",
            "SELECT ",
            "INSERT ",
            "UPDATE ",
            "DELETE FROM",
            "PRAGMA",
        ] {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
        // The interface passes its calls on to the database by name.
        let interface = path.starts_with(root.join("store"));
        assert!(interface || !text.contains("Sqlite"), "{}", path.display());
    }
}
