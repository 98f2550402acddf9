//! The programs in examples/: each is built as it is and chats through a real server.

#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use testkit::compile::{ROOT, compile, library_directory, scratch};
use testkit::{Server, fbchatd};

/// Much longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same program in four languages.
const CHATS: [&str; 4] = ["chat.c", "chat.cpp", "chat.m", "chat.py"];

/// A file that contains a password.
fn password_file(password: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = scratch("passwords").join(number.to_string());
    fs::write(&path, format!("{password}\n")).expect("the target directory can be written");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(&path, private).expect("the file is ours");
    path
}

/// A running example.
struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    complaints: Receiver<String>,
    heard: Vec<String>,
}

/// The command of an example; built once, because several tests use it at the same time.
fn command(example: &str) -> Command {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    if example.ends_with(".py") {
        let mut python = Command::new("python3");
        python.arg(Path::new(ROOT).join("examples").join(example));
        python.env("LD_LIBRARY_PATH", library_directory());
        return python;
    }
    let mut built = BUILT.lock().expect("the others build as well");
    let executable = built
        .entry(example.to_owned())
        .or_insert_with(|| compile(&format!("examples/{example}"), true));
    Command::new(executable)
}

impl Program {
    fn start(example: &str, arguments: &[&Path]) -> Program {
        let mut child = command(example)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{example}: {error}"));
        let input = child.stdin.take();
        let output = lines(child.stdout.take().expect("piped"));
        let complaints = lines(child.stderr.take().expect("piped"));
        Program {
            child,
            input,
            output,
            complaints,
            heard: Vec::new(),
        }
    }

    /// Logs in a user of the demo server to chat with a buddy.
    fn chat(example: &str, server: &Server, who: &str, buddy: &str) -> Program {
        let email = format!("{who}@example.org");
        let password = password_file("demo");
        let arguments = [&server.url, &email].map(Path::new);
        let arguments = [arguments[0], arguments[1], &password, Path::new(buddy)];
        Program::start(example, &arguments)
    }

    /// Waits until the program prints this line.
    fn hears(&mut self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.heard.iter().any(|line| line == wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(line) => self.heard.push(line),
                Err(_) => panic!("no {wanted:?}; heard {:?}", self.rest()),
            }
        }
    }

    fn types(&mut self, text: &str) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(text.as_bytes()).expect("it reads");
    }

    fn input_ends(&mut self) {
        self.input = None;
    }

    /// Waits until the program ends by itself; returns whether it succeeded, and its error output.
    fn ends(&mut self) -> (bool, String) {
        let deadline = Instant::now() + PATIENCE;
        let mut complaints = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.complaints.recv_timeout(left) {
                Ok(line) => complaints.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("lingers: {complaints:?} {:?}", self.rest())
                }
            }
        }
        let status = self.child.wait().expect("a child of this process");
        assert!(status.code().is_some(), "{status}: {complaints:?}");
        (status.success(), complaints.join("\n"))
    }

    /// Its complete output, for error messages.
    fn rest(&mut self) -> Vec<String> {
        let _ = self.child.kill();
        self.heard.extend(self.output.iter());
        self.heard.extend(self.complaints.iter());
        std::mem::take(&mut self.heard)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.for_each(|line| drop(sender.send(line)));
    });
    receiver
}

const CONTENT: (bool, String) = (true, String::new());

#[test]
fn each_language_chats_with_the_echo() {
    for example in CHATS {
        let server = Server::demo();
        let mut alice = Program::chat(example, &server, "alice", "Echo");
        alice.hears("- Bob Example");
        alice.hears("+ Echo");
        for text in ["Hello, 2008!", "h\u{e9}llo <b>&amp;</b> 100% \u{1f389}"] {
            alice.types(&format!("{text}\n"));
            alice.hears(&format!("Echo: {text}"));
        }
        alice.input_ends();
        assert_eq!(alice.ends(), CONTENT, "{example}");
    }
}

#[test]
fn languages_understand_each_other() {
    for (one, other) in [("chat.c", "chat.py"), ("chat.cpp", "chat.m")] {
        let server = Server::demo();
        let mut alice = Program::chat(one, &server, "alice", "Bob Example");
        alice.hears("- Bob Example");
        let mut bob = Program::chat(other, &server, "bob", "Alice Example");
        bob.hears("+ Alice Example");
        bob.types("Hello, Alice\n");
        alice.hears("Bob Example: Hello, Alice");
        alice.types("Hello, Bob\n");
        bob.hears("Alice Example: Hello, Bob");
        for (program, name) in [(&mut alice, one), (&mut bob, other)] {
            program.input_ends();
            assert_eq!(program.ends(), CONTENT, "{name}");
        }
    }
}

#[test]
fn everything_piped_in_is_sent_before_the_logout() {
    for example in CHATS {
        let server = Server::demo();
        let mut bob = Program::chat("chat.c", &server, "bob", "Echo");
        bob.hears("+ Echo");
        let mut alice = Program::chat(example, &server, "alice", "Bob Example");
        // More at once would exceed the server's rate limit; the last line has no line break.
        let texts: Vec<_> = (1..=20).map(|number| format!("line {number}")).collect();
        alice.types(&texts.join("\n"));
        alice.input_ends();
        assert_eq!(alice.ends(), CONTENT, "{example}");
        for text in &texts {
            bob.hears(&format!("Alice Example: {text}"));
        }
        let said: Vec<_> = bob
            .heard
            .iter()
            .filter(|line| line.contains(": "))
            .collect();
        assert_eq!(said.len(), texts.len(), "{example}: {said:?}");
    }
}

#[test]
fn each_language_says_why_it_cannot_go_on() {
    let server = Server::demo();
    for example in CHATS {
        let wrong = password_file("wrong");
        let arguments = [&server.url, "alice@example.org"].map(Path::new);
        let arguments = [arguments[0], arguments[1], &wrong, Path::new("Echo")];
        let (content, complaint) = Program::start(example, &arguments).ends();
        assert!(!content, "{example}");
        assert!(complaint.contains("password"), "{example}: {complaint}");

        let (content, complaint) = Program::chat(example, &server, "alice", "Nobody").ends();
        assert!(!content, "{example}");
        assert_eq!(complaint, "No buddy is named Nobody.", "{example}");

        let arguments = ["no address", "alice@example.org"].map(Path::new);
        let demo = password_file("demo");
        let arguments = [arguments[0], arguments[1], &demo, Path::new("Echo")];
        let (content, complaint) = Program::start(example, &arguments).ends();
        assert!(!content, "{example}");
        assert!(complaint.contains("no address"), "{example}: {complaint}");

        let (content, complaint) = Program::start(example, &[Path::new("alone")]).ends();
        assert!(!content, "{example}");
        assert!(complaint.starts_with("usage: "), "{example}: {complaint}");
    }
}

/// Runs fbchatd's commands for accounts.
fn account(data: &Path, arguments: &[&str], password: &str) {
    let mut command = Command::new(fbchatd());
    command.args(arguments).arg("--data").arg(data);
    command.arg("--password-file").arg(password_file(password));
    testkit::compile::run(&mut command);
}

#[test]
fn each_language_ends_when_the_server_ends_its_session() {
    let data = scratch("data");
    fs::remove_dir_all(&data).expect("the target directory can be written");
    let data = scratch("data");
    let name = ["user", "add", "carol@example.org", "--name", "Carol"];
    account(&data, &name, "first password");
    let name = ["user", "add", "dave@example.org", "--name", "Dave"];
    account(&data, &name, "dave's password");
    let mut friend = Command::new(fbchatd());
    friend.args(["friend", "add", "carol@example.org", "dave@example.org"]);
    testkit::compile::run(friend.arg("--data").arg(&data));
    let server = Server::serve(&data, &[]);
    let mut password = "first password".to_owned();
    for example in CHATS {
        let file = password_file(&password);
        let arguments = [&server.url, "carol@example.org"].map(Path::new);
        let arguments = [arguments[0], arguments[1], &file, Path::new("Dave")];
        let mut carol = Program::start(example, &arguments);
        carol.hears("- Dave");
        password = format!("password after {example}");
        account(&data, &["user", "passwd", "carol@example.org"], &password);
        // A held poll notices it only when the server answers.
        carol.types("Are you there?\n");
        let (content, complaint) = carol.ends();
        assert!(!content, "{example}");
        assert!(complaint.contains("password"), "{example}: {complaint}");
    }
}

/// Starts gui_poll with alice and bob.
fn two_accounts(server: &Server, password_of_bob: &str) -> Program {
    let (demo, bob) = (password_file("demo"), password_file(password_of_bob));
    let words = [&server.url, "alice@example.org", "bob@example.org"].map(Path::new);
    Program::start("gui_poll.c", &[words[0], words[1], &demo, words[2], &bob])
}

#[test]
fn two_accounts_share_one_loop() {
    let server = Server::demo();
    let mut both = two_accounts(&server, "demo");
    both.hears("1 + Echo");
    both.hears("2 + Echo");
    both.types("1 Bob Example: Hello: Bob\n");
    both.hears("2 Alice Example: Hello: Bob");
    both.types("2 Alice Example: Hello, Alice\n");
    both.hears("1 Bob Example: Hello, Alice");
    both.input_ends();
    assert_eq!(both.ends(), CONTENT);
}

#[test]
fn one_account_goes_on_when_the_other_cannot_log_in() {
    let server = Server::demo();
    let mut both = two_accounts(&server, "wrong");
    both.hears("1 + Echo");
    both.types("1 Echo: Hello\n2 Echo: Hello\nnonsense\n1 Nobody: Hello\n");
    both.hears("1 Echo: Hello");
    both.input_ends();
    let (content, complaint) = both.ends();
    assert!(!content, "{complaint}");
    let complaints: Vec<_> = complaint.lines().collect();
    assert_eq!(complaints.len(), 4, "{complaint}");
    assert!(complaints[0].starts_with("2: "), "{complaint}");
    assert!(
        complaint.contains("1: No buddy is named Nobody."),
        "{complaint}"
    );
}
