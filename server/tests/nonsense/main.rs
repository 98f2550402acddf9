//! Nonsense at a rate, and clients that are slow: nobody gets an answer that was not his, and the server is afterwards what it was before.
//!
//! `FBCHATD_NONSENSE=1000000 cargo test -p fbchatd --test nonsense` sends a million requests; `FBCHATD_SEED` is what a
//! run that failed has printed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod generator;
mod slow;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::paths::paths;
use common::{Client, Server, account, accounts, http, until};
use generator::{Asked, Cast, Conversation, Generator};

const SECRET: &str = "for Ben's eyes only";
/// Those who send it, each on a connection of his own.
const SENDERS: usize = 4;
/// How far a process may be larger after all of it than after a tenth, in KiB; allocators keep some of what they had.
const GROWTH: i64 = 16 << 10;

/// What must not grow.
struct Holdings {
    descriptors: usize,
    connections: usize,
    tasks: usize,
}

struct Watched {
    server: Server,
    operator: String,
}

impl Watched {
    fn metrics(&self) -> String {
        let page = http().get(format!("{}/metrics", self.operator)).send();
        page.unwrap().text().unwrap()
    }

    fn holdings(&self) -> Holdings {
        let page = self.metrics();
        let gauge = |name: &str| {
            let value = common::between(&page, &format!("\nfbchatd_{name} "), "\n");
            value.parse().unwrap()
        };
        let descriptors = format!("/proc/{}/fd", self.server.child.id());
        Holdings {
            descriptors: std::fs::read_dir(descriptors).unwrap().count(),
            connections: gauge("connections"),
            tasks: gauge("tasks"),
        }
    }

    /// A number from what the kernel says about the process.
    fn status(&self, key: &str) -> i64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.child.id()));
        let status = status.unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let words = line.unwrap().trim_start_matches(':').split_whitespace();
        words.map(|word| word.parse().unwrap()).next().unwrap()
    }
}

struct Answer {
    status: u16,
    closing: bool,
}

/// The answers in what came; panics on anything that is none.
fn answers(mut text: &[u8], asked: &[Asked]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    while !text.is_empty() {
        let end = text.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, rest) = text.split_at(end.expect("a whole head") + 4);
        let head = std::str::from_utf8(head)
            .expect("a head of text")
            .to_lowercase();
        let status = head.strip_prefix("http/1.").and_then(|rest| rest.get(2..5));
        let status = status
            .and_then(|status| status.parse().ok())
            .expect("a status");
        text = rest;
        if status == 100 {
            continue;
        }
        let length = match head.split_once("\r\ncontent-length: ") {
            Some((_, rest)) => rest.split_once('\r').unwrap().0.parse().unwrap(),
            None => 0,
        };
        let head_only = asked.get(answers.len()).is_some_and(|asked| asked.head);
        let bodiless = status == 304 || head_only;
        text = text
            .get(if bodiless { 0 } else { length }..)
            .expect("a whole body");
        let closing = head.contains("\r\nconnection: close");
        answers.push(Answer { status, closing });
    }
    answers
}

/// What the server says to it until it closes, and whether it did so with a reset.
fn talk(address: &str, conversation: &Conversation) -> (Vec<u8>, bool) {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // It may have heard enough.
            let _ = (&stream).write_all(&conversation.bytes);
            if conversation.broken {
                let _ = stream.shutdown(Shutdown::Write);
            }
        });
        let mut heard = Vec::new();
        match (&stream).read_to_end(&mut heard) {
            Ok(_) => (heard, false),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => (heard, true),
            Err(error) => panic!("neither an answer nor an end: {error}"),
        }
    })
}

fn judge(conversation: &Conversation, heard: &[u8], reset: bool) {
    let secret = SECRET.as_bytes();
    assert!(!heard.windows(secret.len()).any(|part| part == secret));
    if conversation.broken || reset {
        let said = heard.is_empty() || heard.starts_with(b"HTTP/1.");
        assert!(said, "{}", String::from_utf8_lossy(heard));
        return;
    }
    let answers = answers(heard, &conversation.asked);
    let error = answers.iter().find(|answer| answer.status >= 500);
    assert!(error.is_none(), "{}", String::from_utf8_lossy(heard));
    let last = answers.last().expect("an answer");
    // Who is refused before all of his body was read may have to connect anew.
    let given_up = conversation.asked[answers.len() - 1].body
        || last.closing && (400..500).contains(&last.status);
    assert!(
        answers.len() == conversation.asked.len() || given_up,
        "{} answers, of them the last {}, to {}",
        answers.len(),
        last.status,
        String::from_utf8_lossy(&conversation.bytes)
    );
}

/// One sender's share, until all have sent `count`.
fn send(server: &Server, n: usize, seed: u64, others: &[i64], sent: &AtomicUsize, count: usize) {
    let address = server.base.trim_start_matches("http://");
    let (own, email) = (format!("10.0.0.{n}"), format!("eve{n}@example.org"));
    let mut generator = Generator {
        rng: fastrand::Rng::with_seed(seed + n as u64),
        paths: paths(),
    };
    while sent.load(Ordering::Relaxed) < count {
        // Her sessions come and go with what she sends, but from her own address she always gets in.
        let login = Client::try_login_from(server, Some(&own), &email, "secret");
        let cast = Cast {
            own: login.unwrap(),
            others: others.to_vec(),
        };
        for _ in 0..20 {
            let conversation = generator.conversation(&cast);
            let (heard, reset) = talk(address, &conversation);
            judge(&conversation, &heard, reset);
            sent.fetch_add(conversation.asked.len(), Ordering::Relaxed);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn nonsense_is_answered_and_leaves_nothing_behind() {
    let count = number("FBCHATD_NONSENSE").unwrap_or(50_000) as usize;
    let seed = number("FBCHATD_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    println!("FBCHATD_SEED={seed}");
    let dir = tempfile::tempdir().unwrap();
    accounts(dir.path());
    for n in 0..SENDERS {
        account(dir.path(), &format!("eve{n}@example.org"), "Eve");
    }
    let log = dir.path().join("log");
    let mut command = Server::command(dir.path());
    command
        .env("FBCHATD_REGISTRATION", "open")
        .env("FBCHATD_HOLD_S", "1")
        .stderr(File::create(&log).unwrap());
    let (server, operator) = Server::watched(&mut command);
    let mut watched = Watched { server, operator };
    let login = |email| Client::login(&watched.server, email, "secret");
    let (mut ann, mut ben) = (login("ann"), login("ben"));
    assert_eq!(ann.send(ben.uid, SECRET)["error"], 0);
    ben.wait_for(ben.seq(), |item| item["msg"]["text"] == SECRET);
    let others = [ann.uid, ben.uid, 0, 100_004, 100_099];
    // Those who look on keep no connection open meanwhile.
    (ann, ben) = (ann.moved(&watched.server), ben.moved(&watched.server));
    let flood = |from: usize, to: usize| {
        let sent = AtomicUsize::new(from);
        std::thread::scope(|scope| {
            for n in 0..SENDERS {
                let (server, sent) = (&watched.server, &sent);
                scope.spawn(move || send(server, n, seed + from as u64, &others, sent, to));
            }
        });
        // The one that asks is left.
        until("the end of all connections", || {
            let holdings = watched.holdings();
            (holdings.connections == 1).then_some(holdings)
        })
    };
    let before = flood(0, count / 10);
    let (memory, threads) = (watched.status("VmRSS"), watched.status("Threads"));
    let start = Instant::now();
    flood(count / 10, count);
    until("nothing to be left behind", || {
        let after = watched.holdings();
        (after.descriptors <= before.descriptors && after.tasks <= before.tasks).then_some(())
    });
    let grown = watched.status("VmRSS") - memory;
    println!(
        "{count} requests, the last nine tenths in {:?}; {memory} KiB, then {grown} more",
        start.elapsed()
    );
    assert!(grown < GROWTH, "{memory} KiB grew by {grown}");
    assert!(watched.status("Threads") <= threads + 2);

    // It was not the door alone that answered.
    let metrics = watched.metrics();
    for path in paths().iter().filter(|path| !path.starts_with("/x/")) {
        assert!(metrics.contains(&format!("path=\"{path}\"")), "{path}");
    }
    for metric in ["messages", "failed_logins"] {
        let line = common::between(&metrics, &format!("\nfbchatd_{metric}_total "), "\n");
        assert!(
            line.parse::<usize>().unwrap() > count / 1000,
            "{metric}: {line}"
        );
    }
    // Nobody was kept from anything, and nothing of others was touched.
    assert_eq!(ann.send(ben.uid, "after")["error"], 0);
    ben.wait_for(ben.seq(), |item| item["msg"]["text"] == "after");
    let history = ben.read(&format!("/ajax/chat/history.php?id={}", ann.uid));
    let texts = history["history"].as_array().unwrap().iter();
    let texts: Vec<_> = texts.map(|item| &item["msg"]["text"]).collect();
    assert_eq!(texts, [SECRET, "after"]);
    assert_eq!(ann.buddies()["userInfos"].as_object().unwrap().len(), 2);
    assert!(watched.server.stop().success());
    let log = std::fs::read(&log).unwrap();
    let log = String::from_utf8(log).unwrap();
    assert!(
        !log.contains("panicked") && !log.contains(" ERROR "),
        "{log}"
    );
    assert!(log.lines().count() < count, "more lines than requests");
    let strange = log
        .lines()
        .find(|line| !line.starts_with('[') || line.len() > 500);
    assert_eq!(strange, None);
}
