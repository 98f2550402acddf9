//! What the end-to-end tests share: a real server process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

/// `target/<profile>`, where this test's executable was built.
pub fn target_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows where it is");
    let deps = exe
        .parent()
        .expect("a test stands in target/<profile>/deps");
    deps.parent()
        .expect("a test stands in target/<profile>/deps")
        .to_owned()
}

/// A `fbchatd demo` on a port of its own; killed when dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
}

impl Server {
    /// Starts the demo server and waits until it serves.
    pub fn demo() -> Server {
        Server::start(&["demo"])
    }

    /// Starts a server with this subcommand and waits until it serves.
    pub fn start(arguments: &[&str]) -> Server {
        let mut child = Command::new(binary())
            .args(arguments)
            .args(["--listen", "127.0.0.1:0"])
            .env("FBCHATD_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("fbchatd starts");
        let output = child.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(output).lines();
        let url = loop {
            let line = lines
                .next()
                .expect("fbchatd says where it listens before it ends");
            let line = line.expect("fbchatd writes text");
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.trim().to_owned();
            }
        };
        // What it says later must not fill the pipe and stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server next to this test, built if it is not up to date: Cargo knows the programs of a test's own package only.
pub fn binary() -> PathBuf {
    static BUILD: Once = Once::new();
    let target = target_dir();
    let binary = target.join("fbchatd");
    BUILD.call_once(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "fbchatd", "--target-dir"]);
        build.arg(target.parent().expect("target/<profile> is in target"));
        if target
            .file_name()
            .is_some_and(|profile| profile == "release")
        {
            build.arg("--release");
        }
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(
            build.status().expect("cargo runs").success(),
            "fbchatd does not build"
        );
    });
    binary
}
