//! fbchatd: started, administered and stopped.

use crate::process::{Lines, Process};
use crate::transcript::Recorder;
use crate::{LIMIT, fbchatd, postgres, read_all};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// Tests act as the proxy of clients with other addresses, and no limit per address applies to them.
const TRUSTED: (&str, &str) = ("FBCHATD_TRUSTED_PROXIES", "[\"127.0.0.1\", \"::1\"]");

/// A running fbchatd; killed when dropped.
pub struct Server {
    process: Process,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    lines: Lines,
    /// In front of the server while a transcript is made.
    recorder: Option<Recorder>,
}

impl Server {
    /// `fbchatd demo`: Alice, Bob and Echo, on a port of its own.
    pub fn demo() -> Server {
        let mut command = Command::new(fbchatd());
        command.args(["demo", "--listen", "127.0.0.1:0"]);
        Server::start(command.env("FBCHATD_LOG", "warn"))
    }

    /// `fbchatd serve` on a port of its own, to be completed and started.
    pub fn command(data: &Path) -> Command {
        let mut command = Command::new(fbchatd());
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        place(&mut command, data);
        command
    }

    pub fn serve(data: &Path, more: &[&str]) -> Server {
        Server::start(Server::command(data).args(more))
    }

    /// A server with metrics, and the URL of the page for operators.
    pub fn with_metrics(command: &mut Command) -> (Server, String) {
        let mut server = Server::start(command.env("FBCHATD_METRICS_LISTEN", "127.0.0.1:0"));
        let operator = server.announced("metrics on ");
        (server, operator)
    }

    /// Starts it and waits until it listens.
    pub fn start(command: &mut Command) -> Server {
        let mut server = Server::start_unrecorded(command);
        server.recorder = Recorder::in_front_of(&server.url);
        if let Some(recorder) = &server.recorder {
            server.url = recorder.url();
        }
        server
    }

    /// Starts it without the recorder of a transcript, for tests that record by themselves.
    pub fn start_unrecorded(command: &mut Command) -> Server {
        let set = command.get_envs().any(|(name, _)| name == TRUSTED.0);
        if !set {
            command.env(TRUSTED.0, TRUSTED.1);
        }
        let mut process = Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()));
        let output = process.child.stdout.take().expect("a pipe");
        let mut server = Server {
            process,
            url: String::new(),
            lines: Lines::of(output),
            recorder: None,
        };
        server.url = server.announced("listening on ");
        server
    }

    /// Waits for the next line on standard output that begins with this, and returns the rest of it.
    pub fn announced(&mut self, begin: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.lines.next_before(deadline) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(begin) {
                        return rest.trim().to_owned();
                    }
                }
                Err(error) => panic!("no line {begin:?} ({error})"),
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        let address = self.url.strip_prefix("http://").map(str::parse);
        address.expect("a server without TLS").expect("an address")
    }

    /// What the server answers to these bytes until it closes the connection.
    #[track_caller]
    pub fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        read_all(stream)
    }
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// Makes a command of fbchatd use a data directory, or the database that stands for it.
pub fn place(command: &mut Command, data: &Path) {
    if postgres::is_chosen() {
        command
            .env("FBCHATD_STORE", postgres::in_place_of(data))
            .env("FBCHATD_FILES_DIR", data);
    } else {
        command.arg("--data").arg(data);
    }
}

/// Runs a command of fbchatd with this text on standard input.
pub fn run(args: &[&str], data: &Path, stdin: &str) -> Output {
    let mut command = Command::new(fbchatd());
    place(command.args(args), data);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a command prints, which must succeed.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    succeeded(command.output().unwrap())
}

/// The one line with which a command is refused.
#[track_caller]
pub fn refusal(command: &mut Command) -> String {
    refused(command.output().unwrap())
}

/// What a command of fbchatd prints, which must succeed.
#[track_caller]
pub fn run_for_output(args: &[&str], data: &Path) -> String {
    succeeded(run(args, data, ""))
}

/// The one line with which a command of fbchatd is refused.
#[track_caller]
pub fn run_for_refusal(args: &[&str], data: &Path) -> String {
    refused(run(args, data, ""))
}

#[track_caller]
fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

/// An account with the password "secret" and no friends.
#[track_caller]
pub fn account(data: &Path, email: &str, name: &str) {
    let add = ["user", "add", email, "--name", name];
    succeeded(run(&add, data, "secret\n"));
}

/// Ann and Ben, who are friends; both have the password "secret".
#[track_caller]
pub fn accounts(data: &Path) {
    account(data, "ann@example.org", "Ann A");
    account(data, "ben@example.org", "Ben B");
    let add = ["friend", "add", "ann@example.org", "ben@example.org"];
    run_for_output(&add, data);
}
