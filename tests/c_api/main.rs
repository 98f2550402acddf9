//! The C interface from outside: the header matches the sources, every compiler accepts it, exactly its functions are exported,
//! and the C programs run against a real server.

mod generator;
mod header;

use header::declared;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::Server;
use testkit::compile::{ROOT, compile, run, scratch, shared_library};
use testkit::limited_user::{ENOUGH, LimitedUser};

#[test]
fn exactly_the_functions_of_the_header_are_exported() {
    let said = run(Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(shared_library()));
    let exported: BTreeSet<_> = said
        .lines()
        .filter_map(|line| line.split(' ').nth(2))
        .map(str::to_owned)
        .collect();
    assert_eq!(exported, declared());
}

#[test]
fn shared_library_has_a_name_and_stays_loaded() {
    let said = run(Command::new("readelf")
        .args(["-d", "-W"])
        .arg(shared_library()));
    assert!(said.contains("[libfbchat.so.0]"), "{said}");
    assert!(said.contains("NODELETE"), "{said}");
}

/// Runs a program with the shared library and a server of its own. `make test-sanitizers` also runs all of them with the static
/// library; to link with that takes longer than most programs run.
fn ends_well(program: &str) {
    let server = Server::demo();
    let program = compile(&format!("tests/c/{program}.c"), true);
    let said = run(Command::new(&program).arg(&server.url));
    assert!(said.ends_with("all is well\n"), "{program:?}: {said}");
    print!("{said}");
}

#[test]
fn two_sessions_pass_messages() {
    ends_well("two_sessions");
}

#[test]
fn killed_program_goes_on_with_its_saved_state() {
    ends_well("resume");
}

#[test]
fn people_are_found_befriended_and_heard_of() {
    ends_well("social");
}

#[test]
fn files_are_sent_and_received() {
    ends_well("files");
}

#[test]
fn groups_are_written_to_and_changed() {
    ends_well("groups");
}

#[test]
fn history_is_read_in_order() {
    ends_well("history");
}

/// Calls with every kind of wrong argument, and the life and end of clients; each program says at its top what it tests.
#[test]
fn programs_that_abuse_the_library_are_well() {
    let programs = [
        "eight_threads",
        "forked",
        "hanging_dns",
        "life",
        "misuse",
        "misuse_handles",
        "misuse_values",
    ];
    // At the same time, since most of their time they wait.
    std::thread::scope(|scope| {
        for program in programs {
            scope.spawn(move || ends_well(program));
        }
    });
}

#[test]
fn a_system_without_threads_is_told_apart_and_survived() {
    let program = compile("tests/c/limited/no_threads.c", false);
    let user = LimitedUser::new("64125", &program);
    let said = run(&mut user.program(ENOUGH));
    assert!(said.ends_with("all is well\n"), "{said}");
}

#[test]
fn process_is_as_before_when_the_library_was_loaded_a_hundred_times() {
    let server = Server::demo();
    let program = scratch("loading").join("plugin");
    let mut compile = Command::new("cc");
    compile.args(["-std=gnu99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"]);
    compile.arg("-I").arg(Path::new(ROOT).join("include"));
    compile.arg(Path::new(ROOT).join("tests/c/loading/plugin.c"));
    run(compile.args(["-ldl", "-o"]).arg(&program));
    let said = run(Command::new(&program)
        .arg(shared_library())
        .arg(&server.url));
    assert!(said.ends_with("all is well\n"), "{said}");
}

/// Add each new function to tests/c/misuse.c, and to tests/c/calls.h if it takes a client.
#[test]
fn every_function_is_misused() {
    let place = Path::new(ROOT).join("tests/c");
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("a C program can be read");
    let programs = std::fs::read_dir(&place).expect("tests/c is there");
    let misuse: String = programs
        .map(|entry| entry.expect("tests/c can be read").path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("misuse"))
        })
        .map(read)
        .collect();
    let calls = read(place.join("calls.h"));
    let missing: Vec<_> = declared()
        .into_iter()
        .filter(|name| {
            // Resuming checks the saved session first, so calls.h would not reach the handles; misuse_values.c tests it.
            let takes_a_client = [
                "fbchat_session_",
                "fbchat_request_",
                "fbchat_client_wake",
                "fbchat_client_network_changed",
            ]
            .iter()
            .any(|part| name.starts_with(part))
                && name != "fbchat_session_resume";
            !misuse.contains(&format!("{name}("))
                || (takes_a_client && !calls.contains(&format!("{{\"{name}\"")))
        })
        .collect();
    assert!(missing.is_empty(), "tests/c does not misuse {missing:?}");
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
