//! The paths that fbchatd serves, and its source files.

use crate::{between, repository};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The paths of the router, read from its source: the file of `server/src/web` with the most routes.
pub fn paths() -> Vec<&'static str> {
    static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let sources = sources(&repository().join("server/src/web"));
        let routers = sources.iter().map(|source| {
            let source = fs::read_to_string(source).expect("a source can be read");
            let routes = source.split(".route(").skip(1);
            routes
                .map(|route| between(route, "\"", "\"").to_owned())
                .collect::<Vec<_>>()
        });
        let paths = routers.max_by_key(Vec::len).unwrap_or_default();
        assert!(paths.len() > 40, "{paths:?}");
        paths
    });
    PATHS.iter().map(String::as_str).collect()
}

/// All files in a directory and below.
pub fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the server's sources are there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .collect()
}
