//! `fbchat` as a process, driven through pipes.

use serde_json::Value;
use std::io::Write;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::time::Instant;
use testkit::LIMIT;
use testkit::process::{Lines, Process};

pub const ALICE: &str = "alice@example.org";
pub const BOB: &str = "bob@example.org";
pub const GREETING: &str = "héllo <b>&amp;</b> 100% 中文 🎉";

/// A running `fbchat`.
pub struct Client {
    process: Process,
    input: Option<ChildStdin>,
    output: Lines,
    errors: Lines,
    /// What `expect` has passed over.
    pub seen: Vec<String>,
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

/// The user who has logged in.
pub fn uid(client: &mut Client) -> u64 {
    client.event("logged_in", |_| true)["uid"].as_u64().unwrap()
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
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::spawn(command);
        let child = &mut process.child;
        Client {
            input: child.stdin.take(),
            output: Lines::of(child.stdout.take().unwrap()),
            errors: Lines::of(child.stderr.take().unwrap()),
            process,
            seen: Vec::new(),
        }
    }

    /// Types a line. A program that has ended already is noticed by its output.
    pub fn line(&mut self, line: &str) {
        let _ = writeln!(self.input.as_mut().unwrap(), "{line}");
    }

    pub fn end_input(&mut self) {
        self.input = None;
    }

    pub fn id(&self) -> u32 {
        self.process.child.id()
    }

    /// Reads until a line that contains `part`.
    pub fn expect(&mut self, part: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.output.next_before(deadline) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => self.seen.push(line),
                Err(error) => {
                    let errors = self.errors.pending();
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

    /// Waits for the end; returns the exit status and what was not read yet of both outputs.
    pub fn end(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        let deadline = Instant::now() + LIMIT;
        let output = self.output.rest_before(deadline);
        let errors = self.errors.rest_before(deadline);
        assert!(
            Instant::now() < deadline,
            "it did not end; output {output:#?}, errors {errors:#?}"
        );
        (self.process.child.wait().unwrap(), output, errors)
    }
}
