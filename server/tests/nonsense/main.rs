//! Random requests at a high rate, and slow clients: nobody gets the answer of another user, and the server is afterwards in
//! the state that it was in before.
//!
//! `FBCHATD_NONSENSE=1000000 cargo test -p fbchatd --test nonsense` sends a million requests; `FBCHATD_SEED` is what a
//! run that failed has printed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod generator;
mod slow;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use generator::{Asked, Conversation, Generator, Participants};
use testkit::routes::paths;
use testkit::transcript::Transcript;
use testkit::{Client, Server, account, accounts, http, until};

const SECRET: &str = "for Ben's eyes only";
/// How many send at the same time, each on connections of its own.
const SENDERS: usize = 4;
/// How much memory the process may have gained after the first tenth, in KiB; allocators keep some of what was freed.
const GROWTH: i64 = 16 << 10;

/// Resources that must not grow.
struct Resources {
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

    fn resources(&self) -> Resources {
        let page = self.metrics();
        let gauge = |name: &str| {
            let value = testkit::between(&page, &format!("\nfbchatd_{name} "), "\n");
            value.parse().unwrap()
        };
        let descriptors = format!("/proc/{}/fd", self.server.child.id());
        Resources {
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

/// The answers in these bytes; panics on anything that is not an answer.
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

/// What the server answers until it closes the connection, and whether it did so with a reset.
fn talk(address: &str, conversation: &Conversation) -> (Vec<u8>, bool) {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The server may have closed the connection.
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
    // A request that is refused before its whole body was read may end the connection.
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

/// Uploads a file, and returns its path and key.
fn upload(client: &Client, content: &str) -> (String, String) {
    let field = |rest: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name={rest}\r\n\r\n{value}\r\n")
    };
    let body = field("\"post_form_id\"", &client.form_id)
        + &field("\"upload_id\"", "1")
        + &field("\"attachment\"; filename=\"x\"", content)
        + "--b--\r\n";
    let request = client
        .http
        .post(format!("{}/ajax/messaging/upload.php", client.url))
        .header("Cookie", &client.cookie)
        .header("Content-Type", "multipart/form-data; boundary=b");
    let answer = testkit::json(request.body(body).send().unwrap());
    let url = answer["payload"]["url"].as_str().unwrap();
    let (path, key) = url.split_once("?key=").unwrap();
    (path.to_owned(), key.to_owned())
}

/// One of the senders, until all together have sent `count`.
fn send(
    server: &Server,
    (n, seed): (usize, u64),
    (others, secret_file): (&[i64], &str),
    sent: &AtomicUsize,
    count: usize,
) {
    let address = server.url.trim_start_matches("http://");
    let (own, email) = (format!("10.0.0.{n}"), format!("eve{n}@example.org"));
    let mut generator = Generator {
        rng: fastrand::Rng::with_seed(seed + n as u64),
        paths: paths(),
    };
    let login = || Client::try_login_from(server, Some(&own), &email, "secret").unwrap();
    let (file, key) = upload(&login(), "Eve's own file");
    while sent.load(Ordering::Relaxed) < count {
        // The requests may end the session, but from its own address the login always succeeds.
        let participants = Participants {
            own: login(),
            others: others.to_vec(),
            files: vec![file.clone(), secret_file.to_owned()],
            key: key.clone(),
        };
        for _ in 0..20 {
            let conversation = generator.conversation(&participants);
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
fn random_requests_are_answered_and_leave_nothing_behind() {
    let count = number("FBCHATD_NONSENSE").unwrap_or(12_500) as usize;
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
    let (server, operator) = Server::with_metrics(&mut command);
    let mut watched = Watched { server, operator };
    let login = |email| Client::login(&watched.server, email, "secret");
    let (mut ann, mut ben) = (login("ann"), login("ben"));
    assert_eq!(ann.send(ben.uid, SECRET)["error"], 0);
    ben.wait_for(ben.seq(), |item| item["msg"]["text"] == SECRET);
    let others = [ann.uid, ben.uid, 0, 100_004, 100_099];
    let (secret_file, _) = upload(&ann, SECRET);
    // The observers keep no connection open meanwhile.
    (ann, ben) = (ann.moved(&watched.server), ben.moved(&watched.server));
    let flood = |from: usize, to: usize| {
        let sent = AtomicUsize::new(from);
        std::thread::scope(|scope| {
            for n in 0..SENDERS {
                let (server, sent) = (&watched.server, &sent);
                let about = (&others[..], &*secret_file);
                scope.spawn(move || send(server, (n, seed + from as u64), about, sent, to));
            }
        });
        // The connection of this request is left.
        until("the end of all connections", || {
            let resources = watched.resources();
            (resources.connections == 1).then_some(resources)
        })
    };
    let before = flood(0, count / 10);
    let (memory, threads) = (watched.status("VmRSS"), watched.status("Threads"));
    let start = Instant::now();
    flood(count / 10, count);
    until("nothing to be left behind", || {
        let after = watched.resources();
        (after.descriptors <= before.descriptors && after.tasks <= before.tasks).then_some(())
    });
    let unfinished = dir.path().join("files/new").read_dir().unwrap();
    assert_eq!(unfinished.count(), 0);
    let grown = watched.status("VmRSS") - memory;
    println!(
        "{count} requests, the last nine tenths in {:?}; {memory} KiB, then {grown} KiB more",
        start.elapsed()
    );
    assert!(grown < GROWTH, "{memory} KiB grew by {grown}");
    assert!(watched.status("Threads") <= threads + 2);

    // The requests have reached every handler.
    let metrics = watched.metrics();
    for path in paths().iter().filter(|path| !path.starts_with("/x/")) {
        assert!(metrics.contains(&format!("path=\"{path}\"")), "{path}");
    }
    // About one request in five hundred is a message that is sent, and as many are logins.
    for metric in ["messages", "failed_logins"] {
        let line = testkit::between(&metrics, &format!("\nfbchatd_{metric}_total "), "\n");
        assert!(
            line.parse::<usize>().unwrap() > count / 2000,
            "{metric}: {line}"
        );
    }
    // Others can still do everything, and nothing of theirs has changed.
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

/// The same requests in each run, one after the other, so that two builds of fbchatd can be compared by their transcripts.
#[test]
fn seeded_requests_get_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    accounts(dir.path());
    account(dir.path(), "eve@example.org", "Eve");
    let mut command = Server::command(dir.path());
    command
        .env("FBCHATD_REGISTRATION", "open")
        .env("FBCHATD_HOLD_S", "1");
    let server = Server::start_unrecorded(&mut command);
    let transcript = Transcript::begin(&[server.address().port()]);
    let mut generator = Generator {
        rng: fastrand::Rng::with_seed(2008),
        paths: paths(),
    };
    for _ in 0..10 {
        let eve = Client::try_login_from(&server, Some("10.0.0.1"), "eve@example.org", "secret");
        let eve = eve.unwrap();
        // Placeholders instead of secrets, so that random changes of the bytes are the same in each run, too.
        let secrets = [&eve.form_id, eve.cookie.split("xs=").nth(1).unwrap()]
            .map(|secret| (secret.to_owned(), secret.replace(|_: char| true, "~")));
        let [(form_id, masked_form_id), (session, masked_session)] = &secrets;
        let masked_session = masked_session.replace('~', "!");
        let mut own = eve.clone();
        own.form_id.clone_from(masked_form_id);
        own.cookie = eve.cookie.replace(session.as_str(), &masked_session);
        let participants = Participants {
            own,
            others: vec![eve.uid - 1, eve.uid - 2, 0, 100_099],
            // Their numbers are random.
            files: Vec::new(),
            key: String::new(),
        };
        for _ in 0..2 {
            let mut conversation = generator.conversation(&participants);
            let masked = conversation.bytes.clone();
            for (secret, mask) in [(form_id, masked_form_id), (session, &masked_session)] {
                let escape = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect();
                let escaped: [String; 2] = [escape(mask), escape(secret)];
                replace(&mut conversation.bytes, mask, secret);
                replace(&mut conversation.bytes, &escaped[0], &escaped[1]);
            }
            let (answer, reset) = talk(&server.address().to_string(), &conversation);
            judge(&conversation, &answer, reset);
            if let Some(transcript) = &transcript {
                transcript.record(&masked, &answer);
            }
        }
    }
    assert_eq!(
        server
            .raw("GET /healthz HTTP/1.0\r\n\r\n")
            .split_once("\r\n\r\n")
            .unwrap()
            .1,
        "ok\n"
    );
}

fn replace(bytes: &mut Vec<u8>, from: &str, to: &str) {
    let mut at = 0;
    let find = |bytes: &[u8]| {
        let mut windows = bytes.windows(from.len());
        windows.position(|part| part == from.as_bytes())
    };
    while let Some(found) = find(&bytes[at..]) {
        let start = at + found;
        bytes.splice(start..start + from.len(), to.bytes());
        at = start + to.len();
    }
}
