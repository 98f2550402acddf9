//! Building the C, C++ and Objective-C programs of this repository against the library.

use crate::target_dir;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Nothing may cause a warning.
pub const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wshadow"];

/// The text of the header.
pub fn header() -> String {
    let path = Path::new(ROOT).join("include/fbchat.h");
    std::fs::read_to_string(path).expect("include/fbchat.h is there")
}

/// Runs a command; panics with its output if it fails.
pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}\n{complaint}",
        output.status
    );
    said
}

/// A directory for the files of a test.
pub fn scratch(name: &str) -> PathBuf {
    let path = target_dir().join("c-programs").join(name);
    std::fs::create_dir_all(&path).expect("the target directory can be written");
    path
}

/// The library as it was built with this test.
pub fn shared_library() -> PathBuf {
    target_dir().join("deps/libfbchat.so")
}

/// A directory with the shared library under the names that linkers and loaders look for.
pub fn library_directory() -> PathBuf {
    let place = scratch("shared");
    for name in ["libfbchat.so", "libfbchat.so.0"] {
        let thread = std::thread::current().id();
        let fresh = place.join(format!("{name}.{}.{thread:?}", std::process::id()));
        let _ = std::fs::remove_file(&fresh);
        std::os::unix::fs::symlink(shared_library(), &fresh)
            .expect("the target directory can be written");
        // In one step, since several tests do this at once.
        std::fs::rename(&fresh, place.join(name)).expect("the target directory can be written");
    }
    place
}

/// The flags that GNUstep needs for compilers and linkers.
fn gnustep(kind: &str) -> Vec<String> {
    let said = run(Command::new("gnustep-config").arg(kind));
    let flags = said.split_ascii_whitespace();
    // No warnings about its headers, and no lists of dependencies.
    flags
        .filter(|flag| !["-MMD", "-MP"].contains(flag))
        .map(|flag| match flag.strip_prefix("-I/") {
            Some(path) => format!("-isystem/{path}"),
            None => flag.to_owned(),
        })
        .collect()
}

/// The compiler for a source file, by the file's ending.
fn compiler(source: &Path) -> Command {
    let ending = source.extension().and_then(|ending| ending.to_str());
    let (program, standard) = match ending {
        Some("c") => ("cc", vec!["-std=c99", "-D_POSIX_C_SOURCE=200809L"]),
        Some("cpp") => ("c++", vec!["-std=c++11"]),
        Some("m") => ("cc", vec!["-std=c99"]),
        _ => panic!("no compiler for {}", source.display()),
    };
    let mut command = Command::new(program);
    if ending == Some("m") {
        command.args(gnustep("--objc-flags"));
    }
    command.args(standard);
    command
}

/// Compiles a C, C++ or Objective-C program of this repository against the shared or the static library.
pub fn compile(source: &str, shared: bool) -> PathBuf {
    let source = Path::new(ROOT).join(source);
    let place = scratch(if shared { "shared" } else { "static" });
    let name = source.file_name().expect("a file").to_string_lossy();
    let executable = place.join(name.replace('.', "-"));
    let mut compile = compiler(&source);
    compile.args(STRICT).args([
        "-g",
        "-O1",
        "-pthread",
        // A program may replace a function of the system.
        "-rdynamic",
        "-I",
    ]);
    compile.arg(Path::new(ROOT).join("include"));
    compile.arg(&source);
    if shared {
        let library = library_directory();
        compile
            .arg("-L")
            .arg(&library)
            .arg("-lfbchat")
            .arg(format!("-Wl,-rpath,{}", library.display()));
    } else {
        compile
            .arg(target_dir().join("deps/libfbchat.a"))
            .args(["-ldl", "-lm"]);
    }
    if name.ends_with(".m") {
        compile.args(gnustep("--base-libs"));
    }
    run(compile.arg("-o").arg(&executable));
    executable
}
