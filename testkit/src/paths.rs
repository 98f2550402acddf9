//! Where the repository, the build and fbchatd are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// `target/<profile>`, where the running test was built.
pub fn target_dir() -> PathBuf {
    let exe = env::current_exe().expect("a test knows its own path");
    let deps = exe.parent().expect("a test is in target/<profile>/deps");
    let target = deps.parent().expect("a test is in target/<profile>/deps");
    target.to_owned()
}

/// The server: the one that FBCHATD_BIN names, or else the one that was built with the running test.
pub fn fbchatd() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        if let Some(program) = env::var_os("FBCHATD_BIN") {
            return program.into();
        }
        let target = target_dir();
        // Cargo builds the programs of the package under test only. Without Cargo, what is there has to do.
        if env::var("CARGO_PKG_NAME").is_ok_and(|package| package != "fbchatd") {
            build(&target);
        }
        let program = target.join("fbchatd");
        assert!(
            program.exists(),
            "{} is missing: run cargo build -p fbchatd",
            program.display()
        );
        program
    });
    &PROGRAM
}

fn build(target: &Path) {
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "fbchatd", "--target-dir"]);
    build.arg(target.parent().expect("target/<profile> is in target"));
    let profile = target.file_name().and_then(|name| name.to_str());
    match profile {
        Some("debug") | None => {}
        Some(profile) => drop(build.args(["--profile", profile])),
    }
    build.current_dir(repository());
    let status = build.status().expect("cargo runs");
    assert!(status.success(), "fbchatd does not build");
}
