//! Which part of the server may use which: arrows between layers only point down, files have no circles, SQL stays in the store, and
//! services know no protocol.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use testkit::routes::sources;

/// Files that every layer may use; they use only each other.
const LEAVES: &[&str] = &[
    "attachment",
    "clock",
    "config",
    "item",
    "json",
    "metrics",
    "concurrency_limit",
    "rate_limit",
    "secrets",
    "sync",
    "text",
    "types",
    "username",
];

/// Every layer, and what it may use besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("net", &["config", "rate_limit", "sync", "types"]),
    ("hub", &["clock", "sync", "types"]),
    (
        "store",
        &[
            "attachment",
            "clock",
            "item",
            "metrics",
            "sync",
            "text",
            "types",
            "username",
        ],
    ),
    ("service", &["hub", "store"]),
    ("web", &["net", "service"]),
    ("xmpp", &["net", "service"]),
    ("cli", &["config"]),
    ("commands", &["cli", "service", "store"]),
    ("logging", &["config"]),
];

/// What puts the layers together, and may use all of them.
const TOP: &[&str] = &["fuzzing", "lib", "main", "run", "serve"];

/// A module path, without `crate`.
type Module = Vec<String>;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

/// The code of every module without comments and tests.
fn modules() -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    for path in sources(root()) {
        let relative = path.strip_prefix(root()).unwrap().with_extension("");
        let mut module: Module = relative
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if module.iter().any(|part| part == "tests") {
            continue;
        }
        if module.last().unwrap() == "mod" {
            module.pop();
        }
        found.insert(module, code(&fs::read_to_string(&path).unwrap()));
    }
    assert!(found.len() > 60, "{}", found.len());
    found
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths that a `use` names, with its braces resolved.
fn expand(prefix: &str, tree: &str) -> Vec<String> {
    let Some((before, inside)) = tree.split_once('{') else {
        return vec![format!("{prefix}{}", tree.trim())];
    };
    let inside = inside.trim_end().trim_end_matches('}');
    let prefix = format!("{prefix}{}", before.trim());
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inside.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expand(&prefix, part)).collect()
}

/// The paths in a module's code: those of its `use` lines, those written out with `crate` or `super`, and those that begin with a name
/// from a `use` line.
fn paths(code: &str) -> Vec<String> {
    let (mut paths, mut rest) = (Vec::new(), String::new());
    for statement in code.split_inclusive(';') {
        let found = statement.rsplit_once("use ").filter(|(before, _)| {
            let line = before.rsplit('\n').next().unwrap().trim();
            line.is_empty() || line.starts_with("pub")
        });
        if let Some((before, tree)) = found {
            paths.extend(expand("", tree.trim_end_matches(';')));
            rest.push_str(before);
        } else {
            rest.push_str(statement);
        }
    }
    let mut names = BTreeMap::new();
    for path in &mut paths {
        let (full, name) = match path.split_once(" as ") {
            Some((full, name)) => (full.trim(), name.trim()),
            None => {
                let full = path.trim_end_matches("::self");
                (full, full.rsplit("::").next().unwrap())
            }
        };
        if full.starts_with("crate::") || full.starts_with("super::") {
            names.insert(name.to_owned(), full.to_owned());
        }
        *path = full.to_owned();
    }
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let full = rest.split(|c| !is_path(c)).filter_map(|word| {
        let (first, more) = word.split_once("::")?;
        match first {
            "crate" | "super" => Some(word.to_owned()),
            name => Some(format!("{}::{more}", names.get(name)?)),
        }
    });
    paths.extend(full.collect::<Vec<_>>());
    paths
}

/// Which modules each module uses. A module and its own children do not count: they are one unit that the parent puts together.
fn uses(modules: &BTreeMap<Module, String>) -> BTreeMap<&Module, BTreeSet<&Module>> {
    let mut all = BTreeMap::new();
    for (module, code) in modules {
        let mut used = BTreeSet::new();
        for path in paths(code) {
            let mut target = module.clone();
            let mut parts = path.split("::").map(str::trim).peekable();
            match parts.peek() {
                Some(&"crate") => target.clear(),
                Some(&"super") => {}
                // A child of this module, or a library.
                _ => continue,
            }
            for part in parts {
                match part {
                    "crate" => {}
                    "super" => drop(target.pop()),
                    part => target.push(part.to_owned()),
                }
            }
            while !modules.contains_key(&target) && !target.is_empty() {
                target.pop();
            }
            let found = modules.get_key_value(&target);
            used.extend(found.map(|(target, _)| target));
        }
        used.retain(|target| !target.is_empty() && !is_family(module, target));
        all.insert(module, used);
    }
    all
}

fn is_family(a: &Module, b: &Module) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

#[test]
fn arrows_between_layers_point_down() {
    let modules = modules();
    for (module, used) in uses(&modules) {
        let layer = module.first().unwrap().as_str();
        if TOP.contains(&layer) {
            continue;
        }
        let leaf = LEAVES.contains(&layer);
        let known = LAYERS.iter().find(|(name, _)| *name == layer);
        assert!(leaf || known.is_some(), "{layer} is in no layer");
        for target in used {
            let other = target.first().unwrap().as_str();
            let is_leaf = LEAVES.contains(&other);
            // The lowest layers name their leaves; the others may use all of them.
            let allowed = match known {
                None => is_leaf,
                Some(("net" | "hub" | "store" | "cli" | "logging", may)) => may.contains(&other),
                Some((_, may)) => is_leaf || may.contains(&other),
            };
            assert!(
                other == layer || allowed,
                "{} uses {}",
                module.join("::"),
                target.join("::")
            );
        }
    }
}

#[test]
fn files_have_no_circles() {
    let modules = modules();
    let mut left = uses(&modules);
    // Take away what uses nothing that is left, until only circles and what leads to them remain.
    loop {
        let done: Vec<_> = left
            .iter()
            .filter(|(_, used)| used.iter().all(|target| !left.contains_key(target)))
            .map(|(module, _)| *module)
            .collect();
        if done.is_empty() {
            break;
        }
        for module in done {
            left.remove(module);
        }
    }
    assert!(left.is_empty(), "in or above a circle: {:?}", left.keys());
}

#[test]
fn services_know_no_protocol() {
    let words = [
        "axum",
        "hyper",
        "http::",
        "HeaderMap",
        "StatusCode",
        "html",
        "cookie",
    ];
    for (module, code) in modules() {
        if module.first().is_some_and(|layer| layer == "service") {
            for word in words {
                assert!(!code.contains(word), "{} has {word}", module.join("::"));
            }
        }
    }
}

#[test]
fn nobody_but_the_stores_knows_sql() {
    let sql = [
        "rusqlite",
        "tokio_postgres",
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE FROM",
        "PRAGMA",
    ];
    let (mut inside, mut outside) = (0, 0);
    for path in sources(root()) {
        let text = fs::read_to_string(&path).unwrap();
        let stores = ["store/sqlite", "store/postgres"];
        if stores
            .iter()
            .any(|store| path.starts_with(root().join(store)))
        {
            inside += 1;
            continue;
        }
        outside += 1;
        for word in sql {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
        let in_store = path.starts_with(root().join("store"));
        assert!(
            in_store || !text.contains("Sqlite"),
            "{} names the database",
            path.display()
        );
    }
    assert!(inside > 5 && outside > 60);
}

/// The reading of code above, on code that is known.
#[test]
fn paths_are_found() {
    let code = code(
        "use crate::a::{b, c::{self, d, e}};\nuse super::f as x;\nuse std::fs;\n// crate::no\nfn x() { crate::g::h(); b::i::j(); x::k(); fs::read(); }\n",
    );
    assert_eq!(
        paths(&code),
        [
            "crate::a::b",
            "crate::a::c",
            "crate::a::c::d",
            "crate::a::c::e",
            "super::f",
            "std::fs",
            "crate::g::h",
            "crate::a::b::i::j",
            "super::f::k",
        ]
    );
}
