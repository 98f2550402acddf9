//! The dependency rules between the library's modules: `ffi → client → engine → options → protocol → types`, and
//! `blocking → options → protocol → types`.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Names that must not occur in a module of the library.
struct Rule {
    /// The file `src/MODULE.rs` or the directory `src/MODULE/`.
    module: &'static str,
    forbidden: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        module: "types",
        forbidden: &[
            "crate::protocol",
            "crate::engine",
            "crate::client",
            "crate::blocking",
            "crate::ffi",
            "crate::options",
            "crate::http",
            "crate::transport_error",
            "crate::tls",
            "tokio",
            "reqwest",
            "serde",
            "std::thread",
            "std::net",
            "std::env",
            "std::fs",
        ],
    },
    Rule {
        module: "status",
        forbidden: &[
            "crate::",
            "tokio",
            "reqwest",
            "serde",
            "std::thread",
            "std::net",
            "std::env",
            "std::fs",
        ],
    },
    Rule {
        module: "protocol",
        forbidden: &[
            "crate::engine",
            "crate::client",
            "crate::blocking",
            "crate::ffi",
            "crate::options",
            "crate::http",
            "crate::transport_error",
            "crate::tls",
            "tokio",
            "reqwest",
            "rustls",
            "getrandom",
            "libc",
            "crossbeam",
            "std::thread",
            "std::net",
            "std::env",
            "std::fs",
            "std::time::Instant",
            "std::time::SystemTime",
            "Instant::now",
            "SystemTime",
            "std::process",
            "std::os",
        ],
    },
    // Options know the syntax of settings, not their use.
    Rule {
        module: "options",
        forbidden: &[
            "crate::engine",
            "crate::client",
            "crate::blocking",
            "crate::ffi",
            "crate::http",
            "crate::transport_error",
            "tokio",
            "reqwest",
            "std::thread",
            "std::net",
        ],
    },
    Rule {
        module: "tls",
        forbidden: &[
            "crate::engine",
            "crate::client",
            "crate::blocking",
            "crate::ffi",
            "crate::options",
            "crate::http",
            "tokio",
            "std::env",
            "std::fs",
        ],
    },
    Rule {
        module: "engine",
        forbidden: &[
            "crate::ffi",
            "crate::client",
            "crate::blocking",
            "reqwest::blocking",
            "serde",
            "regex",
            "std::env",
        ],
    },
    Rule {
        module: "client",
        forbidden: &[
            "crate::ffi",
            "crate::protocol",
            "crate::blocking",
            "tokio",
            "reqwest",
            "libc",
            "std::env",
        ],
    },
    Rule {
        module: "blocking",
        forbidden: &[
            "crate::ffi",
            "crate::client",
            "crate::engine",
            "tokio",
            "std::env",
        ],
    },
    Rule {
        module: "ffi",
        forbidden: &[
            "crate::engine",
            "crate::protocol",
            "crate::blocking",
            "tokio",
            "reqwest",
            "std::env",
        ],
    },
];

/// The files that may contain `unsafe`, besides all of `ffi`.
const UNSAFE: &[&str] = &[
    "src/engine/fork.rs",
    "src/engine/readiness.rs",
    "src/engine/wake.rs",
];
/// The files that may name reqwest.
const HTTP: &[&str] = &["src/http.rs", "src/engine/http", "src/blocking"];

fn files(place: &Path, endings: &[&str]) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(place) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .flat_map(|entry| {
            let path = entry.path();
            let wanted = path.is_dir()
                || path
                    .extension()
                    .is_some_and(|ending| endings.iter().any(|e| *e == ending));
            if wanted {
                files(&path, endings)
            } else {
                Vec::new()
            }
        })
        .collect();
    found.sort();
    found
}

fn sources() -> Vec<PathBuf> {
    files(&Path::new(ROOT).join("src"), &["rs"])
}

fn is_under(path: &Path, places: &[&str]) -> bool {
    places
        .iter()
        .any(|place| path.starts_with(Path::new(ROOT).join(place)))
}

/// The code of a file, without comments and without anything from `#[cfg(test)] mod` on, since tests are free.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source file can be read");
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// True if a name occurs as a whole word.
fn names(code: &str, name: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(name).any(|(place, _)| {
        let before = code.get(..place).and_then(|code| code.chars().next_back());
        let after = code
            .get(place + name.len()..)
            .and_then(|code| code.chars().next());
        !before.is_some_and(is_word) && (name.ends_with(':') || !after.is_some_and(is_word))
    })
}

/// `use crate::{a, b}` would hide names from the rules.
#[test]
fn paths_are_written_in_full() {
    for path in sources() {
        assert!(
            !code(&path).contains("crate::{"),
            "{}: import each module on its own line",
            path.display()
        );
    }
}

#[test]
fn dependencies_have_one_direction() {
    for rule in RULES {
        let module = Path::new(ROOT).join("src").join(rule.module);
        let found: Vec<_> = sources()
            .into_iter()
            .filter(|path| *path == module.with_extension("rs") || path.starts_with(&module))
            .collect();
        assert!(!found.is_empty(), "there is no module {}", rule.module);
        for path in found.iter().filter(|path| !path.ends_with("tests.rs")) {
            let code = code(path);
            for name in rule.forbidden {
                assert!(
                    !names(&code, name),
                    "{} must not name {name}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_drivers_name_the_http_library() {
    for path in sources().iter().filter(|path| !is_under(path, HTTP)) {
        assert!(
            !names(&code(path), "reqwest"),
            "{} must not name reqwest",
            path.display()
        );
    }
}

#[test]
fn unsafe_is_confined_to_ffi_and_system_calls() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).expect("a source file can be read");
        if is_under(&path, UNSAFE) || is_under(&path, &["src/ffi"]) {
            continue;
        }
        assert!(
            !names(&code(&path), "unsafe"),
            "{} must not contain unsafe",
            path.display()
        );
        let is_root = path.ends_with("lib.rs") || path.ends_with("mod.rs");
        let inherits = is_under(
            &path,
            &[
                "src/protocol",
                "src/blocking",
                "src/options",
                "src/tls",
                "src/engine/answer_reader",
                "src/engine/http",
                "src/engine/long_poll",
                "src/engine/tests",
            ],
        );
        assert!(
            is_root || inherits || text.contains("#![forbid(unsafe_code)]"),
            "{} must forbid unsafe code",
            path.display()
        );
    }
}

/// C programs use the library by its header only.
#[test]
fn c_programs_include_only_the_header_of_the_library() {
    for part in ["purple", "tests/c", "examples"] {
        let place = Path::new(ROOT).join(part);
        for path in files(&place, &["c", "h", "cpp", "hpp", "m"]) {
            let text = std::fs::read_to_string(&path).expect("a source file can be read");
            for line in text
                .lines()
                .filter(|line| line.trim_start().starts_with("#include"))
            {
                let Some(name) = line.split(['"', '<', '>']).nth(1) else {
                    continue;
                };
                let own = line.contains('"');
                let found = path
                    .parent()
                    .and_then(|parent| parent.join(name).canonicalize().ok());
                let is_neighbour = found.is_some_and(|found| found.starts_with(&place));
                let leads_out = !is_neighbour
                    && (name.contains("..") || name.contains("src/") || name.contains("engine"));
                assert!(!leads_out, "{}: {line}", path.display());
                assert!(
                    !own || is_neighbour || name == "fbchat.h",
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn one_file_has_one_topic() {
    let is_test = |path: &&PathBuf| path.to_string_lossy().ends_with("tests.rs");
    let is_free = |path: &&PathBuf| is_under(path, &["src/protocol/tests"]);
    for path in sources()
        .iter()
        .filter(|path| !is_test(path) && !is_free(path))
    {
        let lines = code(path).lines().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines; split it",
            path.display()
        );
    }
}
