//! Packaging: `make install-library` and the metadata for `cargo cinstall` agree, programs can be built against what is installed,
//! uninstalling leaves nothing behind, and a changed ABI is noticed.

#![allow(clippy::indexing_slicing)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::compile::{ROOT, header, run, scratch, shared_library};
use testkit::{Server, target_dir};

/// An empty directory.
fn fresh(name: &str) -> PathBuf {
    let path = scratch(name);
    fs::remove_dir_all(&path).expect("the target directory can be written");
    scratch(name)
}

/// Runs a target of the Makefile, with the libraries that belong to this test in the place of released ones.
fn make(target: &str, prefix: &Path, variables: &[&str]) {
    let mut make = Command::new("make");
    // A make above this test would hand its own variables down.
    make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    make.args(["--no-print-directory", "-C", ROOT, target]);
    make.arg(format!("RELEASE={}", target_dir().join("deps").display()));
    run(make
        .arg(format!("PREFIX={}", prefix.display()))
        .args(variables));
}

/// All files and links below a directory, by their paths in it.
fn files(place: &Path) -> BTreeSet<String> {
    fn collect(place: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(place).expect("a directory") {
            let path = entry.expect("a directory").path();
            if path.is_dir() {
                collect(&path, root, found);
            } else {
                let inside = path.strip_prefix(root).expect("below");
                found.insert(inside.display().to_string());
            }
        }
    }
    let mut found = BTreeSet::new();
    collect(place, place, &mut found);
    found
}

/// What Cargo says of the library's package.
fn package() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let said = run(cargo.current_dir(ROOT));
    let said: Value = serde_json::from_str(&said).expect("Cargo writes JSON");
    let packages = said["packages"].as_array().expect("packages");
    let found = packages.iter().find(|package| package["name"] == "fbchat");
    found.expect("the library's package").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// The files that cargo-c would install for the metadata, by its documentation (and by a look at what it does).
fn files_of_cargo_c(package: &Value) -> BTreeSet<String> {
    let capi = &package["metadata"]["capi"];
    let library = text(&capi["library"]["name"]);
    let version = text(&package["version"]);
    let components = capi["library"]["version_suffix_components"].as_u64();
    let components = usize::try_from(components.expect("a number")).expect("a small number");
    let suffix: Vec<_> = version.split('.').take(components).collect();
    assert_eq!(capi["header"]["subdirectory"], false);
    assert_eq!(capi["header"]["generation"], false);
    let mut found = BTreeSet::from([
        format!("lib/lib{library}.a"),
        format!("lib/lib{library}.so"),
        format!("lib/lib{library}.so.{}", suffix.join(".")),
        format!("lib/lib{library}.so.{version}"),
        format!("lib/pkgconfig/{}.pc", text(&capi["pkg_config"]["filename"])),
    ]);
    for (kind, place) in [("include", "include"), ("data", "share")] {
        for asset in capi["install"][kind]["asset"].as_array().expect("assets") {
            let from = Path::new(text(&asset["from"]));
            let to = asset["to"]
                .as_str()
                .map_or(String::new(), |to| format!("{to}/"));
            let name = from.file_name().expect("a file").to_string_lossy();
            let names = match &*name {
                "*" => files(&Path::new(ROOT).join(from.parent().expect("a directory"))),
                _ => BTreeSet::from([name.into_owned()]),
            };
            found.extend(names.iter().map(|name| format!("{place}/{to}{name}")));
        }
    }
    // Without a feature of this name cargo-c does not build at all.
    assert!(package["features"]["capi"].is_array());
    found
}

#[test]
fn make_install_and_cargo_cinstall_put_the_same_files_in_place() {
    let prefix = fresh("same-files");
    make("install-library", &prefix, &[]);
    let package = package();
    assert_eq!(files(&prefix), files_of_cargo_c(&package));

    let pc = fs::read_to_string(prefix.join("lib/pkgconfig/fbchat.pc")).expect("installed");
    let line = |name: &str| {
        let found = pc.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name} in {pc}")).trim()
    };
    assert_eq!(
        line("Name:"),
        text(&package["metadata"]["capi"]["pkg_config"]["name"])
    );
    assert_eq!(line("Version:"), text(&package["version"]));
    assert_eq!(line("Description:"), text(&package["description"]));
    assert_eq!(line("libdir="), "${prefix}/lib");
}

/// The library's name as programs look for it is one of the installed, and carries the header's number.
#[test]
fn loaders_find_the_library_by_its_name() {
    let prefix = fresh("soname");
    make("install-library", &prefix, &[]);
    let header = header();
    let mut lines = header.lines();
    let abi = lines.find_map(|line| line.strip_prefix("#define FBCHAT_ABI_VERSION "));
    let name = format!("libfbchat.so.{}", abi.expect("a number"));
    let dynamic = run(Command::new("readelf")
        .args(["-d", "-W"])
        .arg(prefix.join("lib").join(&name)));
    assert!(dynamic.contains(&format!("[{name}]")), "{dynamic}");
}

/// What pkg-config says of the installed library.
fn pkg_config(prefix: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib64/pkgconfig"));
    let said = run(command.args(arguments).arg("fbchat"));
    said.split_ascii_whitespace().map(str::to_owned).collect()
}

#[test]
fn stranger_builds_against_what_is_installed() {
    let prefix = fresh("stranger");
    let library = format!("LIBDIR={}", prefix.join("lib64").display());
    make("install-library", &prefix, &[&library]);
    let server = Server::demo();
    let source = prefix.join("share/doc/fbchat/examples/hello.c");
    let program = prefix.join("hello");
    for (arguments, link) in [
        (&["--libs"][..], "-lfbchat"),
        // As distributions link a single library statically; the compiler's own libraries come with it.
        (&["--libs", "--static"], "-l:libfbchat.a"),
    ] {
        let libraries = pkg_config(&prefix, arguments);
        let libraries = libraries
            .iter()
            .map(|flag| if flag == "-lfbchat" { link } else { flag });
        let mut compile = Command::new("cc");
        compile
            .args(pkg_config(&prefix, &["--cflags"]))
            .arg(&source);
        run(compile.args(libraries).arg("-o").arg(&program));
        let mut hello = Command::new(&program);
        if link == "-lfbchat" {
            hello.env("LD_LIBRARY_PATH", prefix.join("lib64"));
        }
        assert_eq!(run(hello.arg(&server.url)), "Hello, 2008!\n", "{link}");
    }
    fs::remove_file(&program).expect("it was built");
    make("uninstall-library", &prefix, &[&library]);
    assert_eq!(files(&prefix), BTreeSet::new());
}

/// Whether tools/check-abi.sh accepts a header and a library, and what it says.
fn check_abi(header: &str, library: &Path) -> (bool, String) {
    // Several tests do this at the same time.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let changed = place.path().join("fbchat.h");
    fs::write(&changed, header).expect("the target directory can be written");
    let mut check = Command::new(Path::new(ROOT).join("tools/check-abi.sh"));
    let output = check.arg(changed).arg(library).output().expect("a shell");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// The same with one change in the header.
fn abi_with(change: (&str, &str)) -> (bool, String) {
    let header = header();
    let changed = header.replacen(change.0, change.1, 1);
    assert!(
        change.0 == change.1 || header != changed,
        "nothing to change: {change:?}"
    );
    check_abi(&changed, &shared_library())
}

#[test]
fn abi_may_grow_but_not_change() {
    let function = "int32_t fbchat_has_feature(const char *name);";
    for addition in [
        (function, function),
        (
            function,
            "int32_t fbchat_has_feature(const char *name);\nint32_t fbchat_more(void);",
        ),
        (
            "    FBCHAT_OK = 0,",
            "    FBCHAT_OK = 0,\n    FBCHAT_MORE = 2008,",
        ),
        // A new ABI version says that programs have to be compiled again.
        (
            "#define FBCHAT_ABI_VERSION 0",
            "#define FBCHAT_ABI_VERSION 2008",
        ),
    ] {
        let (fits, said) = abi_with(addition);
        assert!(fits, "{addition:?}: {said}");
    }
    for (old, new, named) in [
        (function, "", "fbchat_has_feature"),
        (
            function,
            "int32_t fbchat_has_feature(const char *name, int32_t more);",
            "fbchat_has_feature",
        ),
        (
            function,
            "int64_t fbchat_has_feature(const char *name);",
            "fbchat_has_feature",
        ),
        (
            "typedef uint64_t fbchat_uid;",
            "typedef uint32_t fbchat_uid;",
            "fbchat_uid",
        ),
        (
            "int32_t typing",
            "int64_t typing",
            "fbchat_session_set_typing",
        ),
        (
            "    FBCHAT_ERR_DNS = -201,",
            "    FBCHAT_ERR_DNS = -202,",
            "FBCHAT_ERR_DNS",
        ),
        ("    FBCHAT_EVENT_SENT = 6,", "", "FBCHAT_EVENT_SENT"),
    ] {
        let (fits, said) = abi_with((old, new));
        assert!(!fits && said.contains(named), "{old:?} to {new:?}: {said}");
    }
}

/// The header may be right and the library built from something else.
#[test]
fn library_without_a_function_is_noticed() {
    let place = fresh("abi-library");
    let (map, library) = (place.join("map"), place.join("libfbchat.so"));
    let all = "{ global: fbchat_*; local: fbchat_client_wake; *; };";
    fs::write(&map, all).expect("the target directory can be written");
    let mut link = Command::new("cc");
    link.args(["-shared", "-Wl,--strip-debug", "-Wl,--whole-archive"]);
    link.arg(target_dir().join("deps/libfbchat.a"));
    link.arg("-Wl,--no-whole-archive");
    link.arg(format!("-Wl,--version-script={}", map.display()));
    run(link.args(["-lm", "-o"]).arg(&library));
    let (fits, said) = check_abi(&header(), &library);
    let named = "The library has no function fbchat_client_wake.";
    assert!(!fits && said.contains(named), "{said}");
}

/// Files and directories that a document names in backticks: they have a slash, and an extension or a slash at their end.
fn named_paths(document: &str) -> Vec<&str> {
    const EXTENSIONS: [&str; 10] = [
        ".rs", ".c", ".h", ".py", ".sh", ".md", ".toml", ".yaml", ".html", ".txt",
    ];
    let spans = document.split('`').skip(1).step_by(2);
    let names = spans.filter(|span| {
        let first = span.bytes().next().unwrap_or_default();
        (first.is_ascii_alphabetic() || first == b'.')
            && span.contains('/')
            && (span.ends_with('/') || EXTENSIONS.iter().any(|end| span.ends_with(end)))
            && span
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b))
    });
    names.collect()
}

#[test]
fn documents_name_paths_that_exist() {
    let root = Path::new(ROOT);
    let mut count = 0;
    for document in [
        "README.md",
        "CONTRIBUTING.md",
        "RELEASING.md",
        "docs/abi.md",
        "docs/architecture.md",
        "docs/threads.md",
    ] {
        let text = fs::read_to_string(root.join(document)).expect("a document can be read");
        for name in named_paths(&text) {
            // What a build makes, and places to fill in.
            if name.starts_with("target/") || name.contains("TARGET") {
                continue;
            }
            count += 1;
            // Sections on one part leave its directory out.
            let mut places = ["", "src", "src/protocol", "server/src"].iter();
            assert!(
                places.any(|place| root.join(place).join(name).exists()),
                "{document} names {name}, which does not exist"
            );
        }
    }
    assert!(count > 50, "only {count} paths were found");
}

/// The threat model, and the list of what every feature must survive, name tests that exist.
#[test]
fn documents_name_tests_that_exist() {
    let root = Path::new(ROOT);
    let mut sources = String::new();
    for part in ["src", "server", "cli", "tests", "purple/tests"] {
        for name in files(&root.join(part)) {
            if name.ends_with(".rs") || name.ends_with(".py") {
                let source = fs::read_to_string(root.join(part).join(&name));
                sources.push_str(&source.expect("a source can be read"));
            }
        }
    }
    // The name of the document, the section that names tests, and how many they are at least.
    for (name, heading, least) in [
        ("SECURITY.md", "", 60),
        (
            "docs/architecture.md",
            "\n## What every feature must survive\n",
            30,
        ),
    ] {
        let document = fs::read_to_string(root.join(name)).expect("the document can be read");
        let (_, mut section) = document.split_once(heading).expect("it has the section");
        if !heading.is_empty() {
            section = section.split("\n## ").next().unwrap_or_default();
        }
        let mut count = 0;
        for line in section.lines().filter(|line| line.starts_with("| ")) {
            let tests = line.trim_end_matches('|').rsplit('|').next();
            let named = tests.unwrap_or_default().split('`').skip(1).step_by(2);
            for test in named.filter(|test| !test.contains('/')) {
                count += 1;
                let defined = [format!("fn {test}("), format!("def {test}(")];
                assert!(
                    defined.iter().any(|defined| sources.contains(defined)),
                    "{name} names the test {test}, which does not exist"
                );
            }
        }
        assert!(count > least, "{name} names only {count} tests");
    }
}
