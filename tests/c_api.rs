//! The C interface from outside: the header is what the source says, every compiler takes it, exactly the functions in it
//! are exported, and the C programs run against a real server, linked either way.

#[path = "support/programs.rs"]
pub mod programs;
mod support;

use programs::{ROOT, STRICT, compile, run, scratch, shared_library};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::Server;

/// In the order of the header.
const SOURCES: [&str; 10] = [
    "library", "config", "client", "session", "social", "account", "request", "fields", "layout",
    "event",
];

fn header_path() -> PathBuf {
    Path::new(ROOT).join("include/fbchat.h")
}

fn header() -> String {
    std::fs::read_to_string(header_path()).expect("include/fbchat.h is there")
}

#[test]
fn header_is_what_the_source_says() {
    let mut builder = cbindgen::Builder::new().with_config(
        cbindgen::Config::from_file(format!("{ROOT}/cbindgen.toml"))
            .expect("cbindgen.toml is valid"),
    );
    for source in SOURCES {
        builder = builder.with_src(format!("{ROOT}/src/ffi/{source}.rs"));
    }
    let mut made = Vec::new();
    builder
        .generate()
        .expect("cbindgen reads src/ffi")
        .write(&mut made);
    let made = String::from_utf8(made).expect("a header is text");
    if std::env::var_os("FBCHAT_UPDATE_HEADER").is_some() {
        std::fs::write(header_path(), &made).expect("include/fbchat.h can be written");
    }
    assert!(
        made == header(),
        "include/fbchat.h is not what src/ffi says; update it with\n    \
         FBCHAT_UPDATE_HEADER=1 cargo test --test c_api header_is_what_the_source_says"
    );
}

#[test]
fn header_compiles_everywhere_without_a_warning() {
    let include = Path::new(ROOT).join("include");
    for (compiler, language, standard) in [
        ("cc", "c", "c99"),
        ("cc", "c", "c11"),
        ("cc", "c", "c2x"),
        ("c++", "c++", "c++11"),
        ("c++", "c++", "c++20"),
    ] {
        let source = scratch("header").join(format!("{standard}.txt"));
        std::fs::write(
            &source,
            "#include <fbchat.h>\n#include <fbchat.h>\nint nothing_else;\n",
        )
        .expect("writable");
        let mut compile = Command::new(compiler);
        compile.args(STRICT).arg(format!("-std={standard}")).args([
            "-x",
            language,
            "-fsyntax-only",
            "-I",
        ]);
        run(compile.arg(&include).arg(&source));
    }
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = header();
    let lines = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', '*']));
    let names = lines.filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("fbchat_").then(|| name.to_owned())
    });
    names.collect()
}

#[test]
fn exactly_the_functions_of_the_header_are_exported() {
    let symbols = std::fs::read_to_string(format!("{ROOT}/abi/fbchat.symbols"))
        .expect("abi/fbchat.symbols is there");
    let listed: BTreeSet<_> = symbols.lines().map(str::to_owned).collect();
    assert_eq!(
        declared(),
        listed,
        "include/fbchat.h and abi/fbchat.symbols differ; the list only grows"
    );
    let said = run(Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(shared_library()));
    let exported: BTreeSet<_> = said
        .lines()
        .filter_map(|line| line.split(' ').nth(2))
        .map(str::to_owned)
        .collect();
    assert_eq!(exported, listed);
}

#[test]
fn every_function_is_documented_in_full() {
    let header = header();
    for name in declared() {
        let place = header
            .find(&format!("{name}("))
            .into_iter()
            .chain(
                header
                    .match_indices(&format!("{name}("))
                    .map(|(place, _)| place),
            )
            .max();
        let before = &header[..place.expect("declared")];
        let comment = &before[before.rfind("/**").expect("documented")..];
        let mut rest = comment;
        let returns = if comment.contains("\nvoid ") {
            ""
        } else {
            "@return"
        };
        for part in [returns, "Ownership: ", "Threads: ", "Since: "] {
            let found = rest
                .find(part)
                .unwrap_or_else(|| panic!("{name}: {part} is missing or out of order"));
            rest = &rest[found..];
        }
    }
}

#[test]
fn shared_library_has_a_name_and_stays_loaded() {
    let said = run(Command::new("readelf")
        .args(["-d", "-W"])
        .arg(shared_library()));
    assert!(said.contains("[libfbchat.so.0]"), "{said}");
    assert!(said.contains("NODELETE"), "{said}");
}

#[test]
fn two_sessions_pass_messages_linked_either_way() {
    for shared in [true, false] {
        // A fresh one each time: the program leaves a message behind that waits for bob.
        let server = Server::demo();
        let said = run(Command::new(compile("c-tests/two_sessions.c", shared)).arg(&server.url));
        assert!(said.ends_with("all is well\n"), "{said}");
    }
}

#[test]
fn killed_program_goes_on_with_its_saved_state() {
    for shared in [true, false] {
        let server = Server::demo();
        let said = run(Command::new(compile("c-tests/resume.c", shared)).arg(&server.url));
        assert!(said.ends_with("all is well\n"), "{said}");
    }
}

#[test]
fn people_are_found_befriended_and_heard_of_linked_either_way() {
    for shared in [true, false] {
        let server = Server::demo();
        let said = run(Command::new(compile("c-tests/social.c", shared)).arg(&server.url));
        assert!(said.ends_with("all is well\n"), "{said}");
    }
}

#[test]
fn history_is_read_in_order_linked_either_way() {
    for shared in [true, false] {
        let server = Server::demo();
        let said = run(Command::new(compile("c-tests/history.c", shared)).arg(&server.url));
        assert!(said.ends_with("all is well\n"), "{said}");
    }
}

#[test]
fn misuse_gives_a_status() {
    for shared in [true, false] {
        let said = run(&mut Command::new(compile("c-tests/misuse.c", shared)));
        assert!(said.ends_with("all is well\n"), "{said}");
    }
}

#[test]
fn client_goes_quickly_while_a_name_lookup_hangs() {
    for shared in [true, false] {
        let said = run(&mut Command::new(compile("c-tests/hanging_dns.c", shared)));
        assert!(said.ends_with("all is well\n"), "{said}");
    }
}

#[test]
fn example_of_the_readme_gets_its_answer() {
    let example =
        std::fs::read_to_string(Path::new(ROOT).join("examples/hello.c")).expect("the example");
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("the README");
    assert!(
        readme.contains(example.trim_end()),
        "the README shows another program than examples/hello.c"
    );
    let server = Server::demo();
    for shared in [true, false] {
        let said = run(Command::new(compile("examples/hello.c", shared)).arg(&server.url));
        assert_eq!(said, "Hello, 2008!\n");
    }
}
