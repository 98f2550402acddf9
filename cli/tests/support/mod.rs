//! Runs the real `fbchat` against a real server, through pipes.

#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test file uses a part of it, and a test may panic"
)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// A slow machine under load gets this long for anything.
pub const LIMIT: Duration = Duration::from_secs(30);

pub const GREETING: &str = "héllo <b>&amp;</b> 100% 中文 🎉";

/// A running `fbchat`.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    errors: Receiver<String>,
    seen: Vec<String>,
}

/// `fbchat` with the given server and password, not started yet.
pub fn fbchat(server: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fbchat"));
    command
        .env_remove("FBCHAT_SERVER")
        .env("TZ", "UTC")
        .args(["--server", server])
        .args(args);
    command
}

impl Client {
    /// Starts it and gives it the password as its first line.
    pub fn start(server: &str, args: &[&str], email: &str, password: &str) -> Client {
        let mut command = fbchat(server, args);
        let mut client = Client::run(command.args(["--password-stdin", email]));
        client.line(password);
        client
    }

    pub fn run(command: &mut Command) -> Client {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Client {
            input: child.stdin.take(),
            output: lines(child.stdout.take().unwrap()),
            errors: lines(child.stderr.take().unwrap()),
            child,
            seen: Vec::new(),
        }
    }

    /// Types a line. That the program may be gone already is found out by what it says.
    pub fn line(&mut self, line: &str) {
        let _ = writeln!(self.input.as_mut().unwrap(), "{line}");
    }

    pub fn end_input(&mut self) {
        self.input = None;
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads until a line that has `part` in it.
    pub fn expect(&mut self, part: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => self.seen.push(line),
                Err(error) => {
                    let errors: Vec<String> = self.errors.try_iter().collect();
                    panic!(
                        "no \"{part}\" ({error}); seen {:#?}, errors {errors:#?}",
                        self.seen
                    );
                }
            }
        }
    }

    /// Reads until an event of this kind for which `fits`.
    pub fn event(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let start = format!("{{\"event\":\"{kind}\"");
        loop {
            let value: Value = serde_json::from_str(&self.expect(&start)).unwrap();
            if fits(&value) {
                return value;
            }
        }
    }

    /// Waits for its end; gives the exit status and all that was not read yet from both outputs.
    pub fn end(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        let deadline = Instant::now() + LIMIT;
        let all = |from: &Receiver<String>| {
            let mut lines = Vec::new();
            // Ends when the program closes its output.
            while let Ok(line) =
                from.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                lines.push(line);
            }
            lines
        };
        let (output, errors) = (all(&self.output), all(&self.errors));
        assert!(
            Instant::now() < deadline,
            "it did not end; output {output:#?}, errors {errors:#?}"
        );
        (self.child.wait().unwrap(), output, errors)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    lines
}
