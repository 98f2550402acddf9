//! The C interface from outside: the header matches the sources, every compiler accepts it, exactly its functions are exported,
//! and the C programs run against a real server.

mod generator;

use generator::{enums, generate};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::Server;
use testkit::compile::{ROOT, STRICT, compile, header, run, scratch, shared_library};
use testkit::limited_user::{ENOUGH, LimitedUser};

fn header_path() -> PathBuf {
    Path::new(ROOT).join("include/fbchat.h")
}

#[test]
fn header_is_what_the_source_says() {
    let made = generate();
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
        ("cc", "objective-c", "c99"),
        ("clang", "objective-c", "c11"),
        // These two also read the documentation.
        ("clang", "c", "c99"),
        ("clang++", "c++", "c++20"),
    ] {
        let source = scratch("header").join(format!("{compiler}-{language}-{standard}.txt"));
        std::fs::write(
            &source,
            "#include <fbchat.h>\n#include <fbchat.h>\nint nothing_else;\n",
        )
        .expect("writable");
        let mut compile = Command::new(compiler);
        compile.args(STRICT).arg(format!("-std={standard}"));
        if compiler.starts_with("clang") {
            compile.args(["-Wdocumentation", "-Wdocumentation-pedantic"]);
        }
        compile.args(["-x", language, "-fsyntax-only", "-I"]);
        run(compile.arg(&include).arg(&source));
    }
}

/// The program at the header's top compiles.
#[test]
fn first_steps_in_the_header_compile() {
    let header = header();
    let (_, shown) = header
        .split_once(" *     #include <fbchat.h>\n")
        .expect("first steps");
    let shown: Vec<_> = shown
        .lines()
        .map_while(|line| {
            line.strip_prefix(" *     ")
                .or((line == " *").then_some(""))
        })
        .collect();
    let source = scratch("header").join("first_steps.c");
    let program = format!(
        "#include <fbchat.h>\n#include <stdio.h>\n\
         int main(int argc, char **argv)\n{{\nconst char *password = argv[argc - 1];\n{}\nreturn 0;\n}}\n",
        shown.join("\n")
    );
    assert!(program.contains("fbchat_client_free(client)"), "{program}");
    std::fs::write(&source, program).expect("writable");
    let include = Path::new(ROOT).join("include");
    let mut compile = Command::new("cc");
    compile
        .args(STRICT)
        .args(["-std=c99", "-fsyntax-only", "-I"]);
    run(compile.arg(include).arg(&source));
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

/// A function of the header: its comment without the stars, and its declaration.
fn documented(header: &str, name: &str) -> (String, String) {
    let (before, after) = header
        .match_indices(&format!("{name}("))
        .map(|(place, _)| header.split_at(place))
        // Comments name functions as well.
        .find(|(before, _)| {
            let line = before.rsplit('\n').next().unwrap_or_default();
            !line.starts_with(' ')
        })
        .unwrap_or_else(|| panic!("{name} is not declared"));
    let (comment, result) = before
        .rsplit_once("*/\n")
        .unwrap_or_else(|| panic!("{name} has no comment"));
    let (_, comment) = comment
        .rsplit_once("/**")
        .expect("a comment has a beginning");
    let lines = comment
        .lines()
        .map(|line| line.trim_start_matches([' ', '*']));
    let (arguments, _) = after.split_once(");").expect("a declaration has an end");
    (
        lines.collect::<Vec<_>>().join("\n"),
        format!("{result}{arguments}"),
    )
}

/// The parameters' names, from a declaration without its closing parenthesis.
fn parameters(declaration: &str) -> Vec<&str> {
    let (_, list) = declaration.split_once('(').expect("a function");
    let names = list
        .split(',')
        .filter_map(|one| one.rsplit([' ', '*']).next());
    names.filter(|name| *name != "void").collect()
}

#[test]
fn every_function_is_documented_in_full() {
    let header = header();
    for name in declared() {
        let (comment, declaration) = documented(&header, &name);
        let mut parts: Vec<_> = parameters(&declaration)
            .iter()
            .map(|parameter| format!("\n@param {parameter} "))
            .collect();
        let returns = !declaration.starts_with(&format!("void {name}("));
        if returns {
            parts.push("\n@return ".to_owned());
        }
        let mut rest = &*comment;
        for part in parts {
            let (before, after) = rest
                .split_once(&part)
                .unwrap_or_else(|| panic!("{name}: {:?} is missing or out of order", part.trim()));
            assert!(!before.trim().is_empty(), "{name}: nothing before {part:?}");
            rest = after;
        }
        assert!(!rest.trim().is_empty(), "{name}: it ends too early");
        // What holds for all is said once, at the header's top.
        for word in ["Ownership:", "Threads:", "Since: 0.1"] {
            assert!(!comment.contains(word), "{name}: {word}");
        }

        let (first, _) = comment.trim().split_once("\n\n").expect("parts");
        assert!(
            first.ends_with('.'),
            "{name}: its first sentence has no end"
        );
        let count = |tag: &str| comment.matches(tag).count();
        assert_eq!(
            count("@param "),
            parameters(&declaration).len(),
            "{name}: a parameter too many"
        );
        assert_eq!(count("@return "), usize::from(returns), "{name}");
        if declaration.starts_with("fbchat_status ") && name != "fbchat_event_status" {
            let (_, returns) = comment.split_once("@return ").expect("seen above");
            assert!(returns.starts_with("FBCHAT_OK"), "{name}: {returns}");
        }
    }
}

#[test]
fn table_of_contents_lists_every_function() {
    let header = header();
    let (_, contents) = header.split_once(" * Contents\n").expect("contents");
    let (contents, _) = contents.split_once(" * A first program").expect("an end");
    let listed: BTreeSet<_> = contents.split_ascii_whitespace().collect();
    for name in declared() {
        assert!(listed.contains(&*name), "{name} is not in the contents");
    }
}

#[test]
fn constants_are_unique() {
    let mut names = BTreeSet::new();
    for each in enums() {
        let mut numbers = BTreeSet::new();
        for value in each.values {
            assert!(names.insert(value.name), "{} is there twice", value.name);
            assert!(numbers.insert(value.number), "{} is taken", value.name);
        }
    }
}

/// Comments must not name what does not exist.
#[test]
fn comments_name_only_what_exists() {
    let header = header();
    let defined: BTreeSet<_> = header
        .lines()
        .filter_map(|line| {
            let enumerator = line
                .strip_prefix("    ")
                .filter(|line| line.contains(" = "));
            let constant = line.strip_prefix("#define ").or(enumerator)?;
            constant.split(' ').next()
        })
        .collect();
    let functions = declared();
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    for word in header.split(|character| !is_word(character)) {
        // Not families like FBCHAT_LOG_.
        if word.ends_with('_') || word == "FBCHAT_ERR_UNKNOWN" || word == "FBCHAT_H" {
            continue;
        }
        if word.starts_with("FBCHAT_") {
            assert!(
                defined.contains(word),
                "the header names {word}, which is not in it"
            );
        } else if word.starts_with("fbchat_") {
            let function = functions.contains(word);
            let is_type = [
                format!(" {word};"),
                format!("(*{word})"),
                format!("enum {word} {{"),
            ]
            .iter()
            .any(|declaration| header.contains(declaration));
            assert!(
                function || is_type,
                "the header names {word}, which is not in it"
            );
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
