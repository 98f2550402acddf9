//! `fbchat` in a real terminal, by tmux.

use crate::program::{Client, GREETING};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use testkit::{LIMIT, Server};

/// `fbchat` in a terminal of its own.
struct Screen {
    socket: String,
}

impl Screen {
    /// Starts it; when it ends, the screen shows its exit status and whether the terminal echoes.
    fn start(name: &str, server: &Server, email: &str) -> Screen {
        let screen = Screen {
            socket: format!("fbchat-test-{name}-{}", std::process::id()),
        };
        let fbchat = env!("CARGO_BIN_EXE_fbchat");
        let url = &server.url;
        let run = format!(
            "sh -c 'echo \"process $$\"; exec {fbchat} --server {url} {email}'; \
             echo \"ended: $?\"; stty -a | grep -o -- '-\\?echo '; exec cat"
        );
        let output = screen.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "40",
            "sh",
            "-c",
            &run,
        ]);
        assert!(output.status.success(), "tmux is needed: {output:?}");
        screen.until("Password for", |text| text.contains("Password for"));
        screen.keys(&["demo", "Enter"]);
        screen.until("the buddy list", |text| {
            text.contains("Buddies (") && text.ends_with("\n>")
        });
        screen
    }

    fn tmux(&self, args: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .args(["-u", "-L", &self.socket]);
        command.args(args).output().unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        let mut args = vec!["send-keys"];
        args.extend(keys);
        assert!(self.tmux(&args).status.success());
    }

    /// The text on the screen, without the empty rest.
    fn text(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]);
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn until(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let text = self.text();
            if fits(&text) {
                return text;
            }
            assert!(Instant::now() < deadline, "never {what}:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn last_line_is(&self, line: &str) -> String {
        self.until(line, |text| text.lines().next_back() == Some(line))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn bob(server: &Server) -> Client {
    let mut bob = Client::start(&server.url, &[], "bob@example.org", "demo");
    bob.expect("Buddies (");
    bob
}

#[test]
fn a_conversation_in_a_terminal() {
    let server = Server::demo();
    let screen = Screen::start("talk", &server, "alice@example.org");
    let text = screen.text();
    assert!(!text.contains("demo"), "the password is not shown:\n{text}");
    assert!(text.contains("Bob Example  offline"), "{text}");
    let mut bob = bob(&server);
    screen.until("Bob is online", |text| {
        text.contains("Bob Example is online.")
    });

    // Completion, and the prompt that names the recipient of the next line.
    screen.keys(&["bo", "Tab"]);
    screen.last_line_is("> Bob Example:");
    screen.keys(&["-l", GREETING]);
    screen.keys(&["Enter"]);
    bob.expect(&format!("Alice Example: {GREETING}"));
    screen.last_line_is("Bob>");
    screen.keys(&["-l", "and more"]);
    screen.keys(&["Enter"]);
    bob.expect("Alice Example: and more");

    screen.keys(&["-l", "/me waves"]);
    screen.keys(&["Enter"]);
    assert!(
        bob.expect("waves").ends_with("] * Alice Example waves"),
        "what Alice does"
    );
    bob.line("Alice: /me waves back");
    screen.until("what Bob does", |text| {
        text.contains("] * Bob Example waves back")
    });

    // An incoming message does not break the line that is being typed.
    screen.keys(&["-l", "half a li"]);
    screen.last_line_is("Bob> half a li");
    bob.line("Alice: in between");
    let text = screen.until("the message", |text| {
        text.contains("Bob Example: in between")
    });
    assert_eq!(text.lines().next_back(), Some("Bob> half a li"), "{text}");
    screen.keys(&["-l", "ne"]);
    screen.keys(&["Enter"]);
    bob.expect("Alice Example: half a line");

    // Commands, including unknown ones.
    screen.keys(&["-l", "/buddis"]);
    screen.keys(&["Enter"]);
    screen.until("the refusal", |text| {
        text.contains("There is no command /buddis")
    });
    screen.keys(&["-l", "/history"]);
    screen.keys(&["Enter"]);
    screen.until("the history", |text| {
        let history = text.split("Last messages with Bob Example:").nth(1);
        history.is_some_and(|history| history.contains("] * Alice Example waves\n"))
    });

    screen.keys(&["C-c"]);
    screen.until("the end", |text| text.contains("ended: 0\necho"));
}

#[test]
fn pasted_lines_are_one_message() {
    let server = Server::demo();
    let screen = Screen::start("paste", &server, "alice@example.org");
    let mut bob = bob(&server);
    screen.keys(&["-l", "bob: "]);
    screen.tmux(&["set-buffer", "first\nsecond\nthird"]);
    screen.tmux(&["paste-buffer", "-p"]);
    screen.until("the paste", |text| text.contains("third"));
    screen.keys(&["Enter"]);
    bob.expect("Alice Example: first");
    bob.expect("        second");
    bob.expect("        third");
    screen.last_line_is("Bob>");
    screen.keys(&["C-d"]);
    screen.until("the end", |text| text.contains("ended: 0\necho"));
}

#[test]
fn the_progress_of_a_file_takes_one_row() {
    let server = Server::demo();
    let screen = Screen::start("bar", &server, "alice@example.org");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("家".repeat(60) + ".txt");
    std::fs::write(&path, "bread").unwrap();
    let line = format!("/send Bob: {}", path.display());
    screen.keys(&["-l", &line]);
    screen.keys(&["Enter"]);
    let text = screen.until("the file to be sent", |text| {
        text.contains("was sent to Bob Example.")
    });
    let bars: Vec<_> = text
        .lines()
        .filter(|line| line.contains(" % of 5 bytes"))
        .collect();
    let short = "家".repeat(14);
    let bar = format!("{short}… [{}] 100 % of 5 bytes", "#".repeat(20));
    assert_eq!(bars, [bar], "{text}");
    screen.keys(&["-l", "/send Bob: /does/not/exist"]);
    screen.keys(&["Enter"]);
    screen.until("the reason", |text| {
        text.contains("The file cannot be read: No such file or directory")
    });
    assert!(!screen.text().contains("os error"));
}

#[test]
fn termination_by_a_signal_restores_the_terminal() {
    let server = Server::demo();
    let screen = Screen::start("term", &server, "alice@example.org");
    screen.keys(&["-l", "unfinished"]);
    screen.last_line_is("> unfinished");
    let text = screen.text();
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("process "))
        .unwrap();
    assert!(
        Command::new("kill")
            .args(["-TERM", id])
            .status()
            .unwrap()
            .success()
    );
    screen.until("the end", |text| text.contains("ended: 0\necho"));
}

#[test]
fn loss_of_the_server_is_reported_and_no_text_is_lost() {
    let server = Server::demo();
    let screen = Screen::start("lost", &server, "alice@example.org");
    drop(server);
    screen.until("the trouble", |text| text.contains("Connection lost."));
    screen.keys(&["-l", "Echo: precious words"]);
    screen.keys(&["Enter"]);
    screen.last_line_is("Echo>");
    screen.keys(&["C-d"]);
    let text = screen.until("the end", |text| text.contains("ended: "));
    assert!(
        text.contains("not sent to Echo:") && text.contains("\n  precious words"),
        "{text}"
    );
}

#[test]
fn lines_typed_ahead_of_the_prompt_are_all_sent() {
    let server = Server::demo();
    let screen = Screen::start("ahead", &server, "alice@example.org");
    let mut bob = bob(&server);
    screen.keys(&[
        "Bob:", "Space", "one", "Enter", "two", "Enter", "three", "Enter",
    ]);
    for text in ["one", "two", "three"] {
        bob.expect(&format!("Alice Example: {text}"));
    }
}

#[test]
fn lines_typed_right_before_the_end_are_sent() {
    let server = Server::demo();
    let screen = Screen::start("last", &server, "alice@example.org");
    let mut bob = bob(&server);
    screen.keys(&[
        "Bob:", "Space", "one", "Enter", "two", "Enter", "three", "Enter", "/quit", "Enter",
    ]);
    for text in ["one", "two", "three"] {
        bob.expect(&format!("Alice Example: {text}"));
    }
    screen.until("the end", |text| text.contains("ended: 0\necho"));
}
