//! The structure of `src/protocol`: a session consists of parts that own their state, and no file depends on itself by way of
//! others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the parts are put together.
const SESSION: &str = "session/mod.rs";
/// The only files that may add methods to `Session`: one for each of its duties.
const DUTIES: &str = "session/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocol")
}

/// Every source file below a folder, without the folder of tests and files of tests.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let mut found = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code of a file without comments, up to its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source file can be read");
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn name(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

/// The file of a module path such as `["channel", "dedup", "Dedup"]`: as far as its names are modules.
fn resolve(names: &[&str]) -> String {
    let mut folder = root();
    for name in names {
        let file = folder.join(format!("{name}.rs"));
        if file.is_file() {
            return self::name(&file);
        }
        if !folder.join(name).is_dir() {
            break;
        }
        folder.push(name);
    }
    self::name(&folder.join("mod.rs"))
}

/// The files that a file names, by `use` or in the middle of its code.
fn dependencies(path: &Path) -> BTreeSet<String> {
    let code = code(path);
    let mut found = BTreeSet::new();
    for start in ["crate::protocol::", "pub use "] {
        for (place, _) in code.match_indices(start) {
            let rest = code.get(place + start.len()..).unwrap_or_default();
            let is_name = |character: char| character.is_alphanumeric() || "_:".contains(character);
            let end = rest.find(|character| !is_name(character));
            let path = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let names: Vec<&str> = path.split("::").filter(|name| !name.is_empty()).collect();
            found.insert(resolve(&names));
        }
    }
    found.remove(&name(path));
    found
}

/// The files on circles, and between them: what is left when files that depend on nothing that is left, or that nothing
/// depends on, are taken away.
fn circle(mut graph: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let is_end = |graph: &BTreeMap<String, BTreeSet<String>>, file: &String| {
        let leads_on = graph.get(file).into_iter().flatten();
        let mut leads_on = leads_on.filter(|other| graph.contains_key(*other));
        leads_on.next().is_none() || !graph.values().any(|others| others.contains(file))
    };
    while let Some(end) = graph.keys().find(|file| is_end(&graph, file)).cloned() {
        graph.remove(&end);
    }
    graph.into_keys().collect()
}

/// Other ways to name a module would hide it from the test below.
#[test]
fn modules_are_named_from_the_root() {
    for path in files(&root()) {
        let code = code(&path);
        for hidden in [
            "super::",
            "crate::protocol::{",
            "crate::protocol as",
            "crate::*",
        ] {
            assert!(
                !code.contains(hidden),
                "{} must not say {hidden}",
                path.display()
            );
        }
    }
}

#[test]
fn no_file_depends_on_itself() {
    let graph: BTreeMap<String, BTreeSet<String>> = files(&root())
        .iter()
        .map(|path| (name(path), dependencies(path)))
        .collect();
    let session = graph.get(SESSION).expect("there is a session");
    assert!(
        session.len() > 10,
        "the session knows its parts: {session:?}"
    );
    let circle = circle(graph);
    assert!(circle.is_empty(), "these files form a circle: {circle:?}");
}

#[test]
fn circles_are_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
        for (from, to) in edges {
            let others = graph.entry((*from).to_owned()).or_default();
            others.insert((*to).to_owned());
            graph.entry((*to).to_owned()).or_default();
        }
        graph
    };
    assert!(circle(graph(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    let found = circle(graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]));
    assert_eq!(found, ["b", "c"]);
    assert_eq!(resolve(&["channel", "dedup", "Dedup"]), "channel/dedup.rs");
    assert_eq!(resolve(&["channel", "Channel"]), "channel/mod.rs");
    assert_eq!(resolve(&["Session"]), "mod.rs");
}

#[test]
fn the_state_of_a_session_is_private() {
    let code = code(&root().join(SESSION));
    let (_, fields) = code
        .split_once("pub struct Session {")
        .expect("there is a session");
    let (fields, _) = fields.split_once("\n}").expect("the struct ends");
    let public = fields.lines().find(|line| line.trim().starts_with("pub"));
    assert_eq!(public, None, "fields of Session are its own");
}

/// Methods in other files would be a way around private fields: a child module sees them.
#[test]
fn only_the_session_has_methods_of_the_session() {
    for path in files(&root()) {
        let adds = code(&path).contains("impl Session ");
        assert!(
            !adds || name(&path).starts_with(DUTIES),
            "methods of Session belong in {DUTIES}: {}",
            path.display()
        );
    }
}
