//! What it costs the server, and somebody who chats meanwhile, when one address attacks it. `make bench-attack` runs it.
//!
//! Each attack meets a server of its own, so that its peak of memory is that of the attack. The attackers come from one address, which
//! is not that of the two people whose messages are timed, and have a thread of their own.

use crate::chat::{Data, Fbchatd, Person, form, get};
use crate::http::Connection;
use crate::load::{Log, MEMORY_IS_BACK, Server, listen, send};
use crate::table::Spread;
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::http2::{self, Http2};
use testkit::tls::{Authority, Validity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::MissedTickBehavior;

/// For how long messages are timed under each attack, and how far apart they are sent at least.
const CHAT: Duration = Duration::from_secs(8);
const EVERY: Duration = Duration::from_millis(20);
/// As many connections as an address may have by default.
const MANY: usize = 256;
/// How long the attack lasts before the first message.
const AHEAD: Duration = Duration::from_secs(2);

const HERE: &str = "X-Forwarded-For: 10.66.0.1\r\n";

/// What an attacker does on its connections.
struct Attack {
    what: &'static str,
    connections: usize,
    /// The bytes, and how many of them are held back at first.
    request: fn(&Attacker, usize) -> (String, usize),
    then: Then,
}

/// What happens once a request was sent.
#[derive(Clone, Copy)]
enum Then {
    /// The answer is read, and the next request follows, on a new connection if this one ends.
    Repeat,
    /// Nothing is read.
    Stay,
    /// The part that was held back is sent in small pieces.
    Drip,
}

/// A user who attacks, and one of their friends.
struct Attacker {
    own: Person,
    friend: Person,
}

fn attacks() -> Vec<Attack> {
    let attack = |what, connections, then, request| Attack {
        what,
        connections,
        request,
        then,
    };
    vec![
        attack(
            "logins with very many fields",
            MANY,
            Then::Repeat,
            |_, _| {
                let head = format!("{HERE}Cookie: test_cookie=1\r\n");
                (form("/login.php", &head, &"a&".repeat(30 << 10)), 1)
            },
        ),
        attack(
            "the longest heads and bodies",
            MANY,
            Then::Repeat,
            |_, _| {
                let long = "x".repeat(600);
                let more: String = (0..90).map(|n| format!("X-{n}: {long}\r\n")).collect();
                let head = format!("{HERE}Cookie: test_cookie=1\r\n{more}");
                (form("/login.php", &head, &"%ff".repeat(20 << 10)), 1)
            },
        ),
        attack("uploads with many parts", MANY, Then::Repeat, |by, _| {
            let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
            let body = part.repeat((1 << 20) / part.len());
            (upload(by, &body), 1)
        }),
        attack("16 slow uploads of one user", 16, Then::Drip, |by, _| {
            let body = "x".repeat(1 << 20);
            (upload(by, &body), body.len())
        }),
        attack(
            "readers of history who do not read",
            MANY,
            Then::Stay,
            |by, _| {
                let page = get(
                    &format!("/ajax/chat/history.php?id={}", by.friend.uid),
                    &by.own.head,
                );
                (page.repeat(40), 0)
            },
        ),
        attack("held polls of one user", MANY, Then::Repeat, |by, _| {
            (
                get(&format!("/x/0/false/p_{}=1", by.own.uid), &by.own.head),
                0,
            )
        }),
        attack(
            "messages as fast as possible",
            64,
            Then::Repeat,
            |by, number| {
                let text = "x".repeat(1000);
                let body = format!(
                    "msg_text={text}&msg_id={number}&to={}&post_form_id={}",
                    by.friend.uid, by.own.form_id
                );
                (form("/ajax/chat/send.php", &by.own.head, &body), 0)
            },
        ),
        attack("logins of one account", 200, Then::Repeat, |_, _| {
            let head = format!("{HERE}Cookie: test_cookie=1\r\n");
            (
                form(
                    "/login.php",
                    &head,
                    "email=operator%40example.org&pass=secret",
                ),
                0,
            )
        }),
        attack(
            "wrong logins at many accounts",
            200,
            Then::Repeat,
            |_, number| {
                let head = format!("{HERE}Cookie: test_cookie=1\r\n");
                let body = format!("email=user{number}%40example.org&pass=wrong");
                (form("/login.php", &head, &body), 0)
            },
        ),
    ]
}

fn upload(by: &Attacker, body: &str) -> String {
    let kind = "Content-Type: multipart/form-data; boundary=b";
    let (head, length) = (&by.own.head, body.len());
    format!(
        "POST /pic_upload.php HTTP/1.1\r\nHost: bench\r\n{head}{kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

impl Attack {
    /// Attacks until the sender of `end` is gone.
    fn run(&self, address: SocketAddr, attacker: Attacker, end: oneshot::Receiver<()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let attacker = Rc::new(attacker);
        let numbers = Rc::new(Cell::new(0));
        LocalSet::new().block_on(&runtime, async {
            for _ in 0..self.connections {
                let (attacker, numbers) = (attacker.clone(), numbers.clone());
                let (request, then) = (self.request, self.then);
                spawn_local(async move {
                    loop {
                        let next = || {
                            numbers.set(numbers.get() + 1);
                            request(&attacker, numbers.get())
                        };
                        // Whatever the server does about it, the attack goes on.
                        let _ = on_one_connection(address, then, next).await;
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                });
            }
            let _ = end.await;
        });
    }
}

async fn on_one_connection(
    address: SocketAddr,
    then: Then,
    next: impl Fn() -> (String, usize),
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    loop {
        let (request, held_back) = next();
        let (begin, end) = request.split_at(request.len() - held_back);
        stream.write_all(begin.as_bytes()).await?;
        match then {
            Then::Stay => std::future::pending().await,
            Then::Drip => {
                for piece in end.as_bytes().chunks(16) {
                    stream.write_all(piece).await?;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Then::Repeat => stream.write_all(end.as_bytes()).await?,
        }
        // The answer, as far as it comes at once: one that is longer follows with the next.
        if stream.read(&mut [0; 64 << 10]).await? == 0 {
            return Ok(());
        }
    }
}

/// Times messages between two people, the first of whom has this number. Nothing that was sent before must be left for them.
async fn chat(server: &Fbchatd, first: usize) -> Spread {
    let address = server.address();
    let mut connection = Connection::open(address).await;
    let from = Person::login(&mut connection, first, "X-Forwarded-For: 10.1.0.1\r\n").await;
    let mut listening = Connection::open(address).await;
    let to = Person::login(&mut listening, first + 1, "X-Forwarded-For: 10.1.0.2\r\n").await;
    to.settle(&mut listening).await;
    let (to, log) = (Rc::new(to), Log::new());
    let listener = spawn_local(listen(listening, to.clone(), log.clone()));
    let mut clock = tokio::time::interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (start, mut sent) = (Instant::now(), 0);
    while start.elapsed() < CHAT {
        clock.tick().await;
        send(&mut connection, &from, &*to, &log).await;
        sent += 1;
    }
    log.complete(sent).await;
    listener.abort();
    Spread::of(log.take_spans())
}

/// A user with a long conversation.
async fn attacker(server: &Fbchatd) -> Attacker {
    let mut connection = Connection::open(server.address()).await;
    let own = Person::login(&mut connection, 2, HERE).await;
    let friend = Person::login(&mut connection, 3, HERE).await;
    Attacker { own, friend }
}

/// MiB of memory: the most so far, and now.
fn memory(server: &Fbchatd) -> (f64, f64) {
    let process = server.process();
    let status = format!("/proc/{}/status", process.child.id());
    let status = std::fs::read_to_string(status).expect("the process is running");
    let (_, peak) = status.split_once("VmHWM:").expect("the most memory");
    let peak = peak.split_whitespace().next().map(str::parse::<f64>);
    let peak = peak.expect("a number").expect("a number of KiB");
    (peak / 1024.0, process.rss() / 1024.0)
}

/// As many connections as an address may have, each with as many requests over HTTP/2 as are allowed.
fn fill_with_http2(address: SocketAddr, client: &Arc<http2::ClientConfig>) -> Vec<Http2> {
    let connections = (0..MANY).map(|_| {
        let (mut connection, allowed) = Http2::connect(address, client);
        connection.begin_logins(allowed);
        connection
    });
    connections.collect()
}

fn row(what: &str, times: &Spread, server: &Fbchatd) {
    let (peak, now) = memory(server);
    println!("  {what:36} {times}; {peak:.0} MiB at most, then {now:.0} MiB");
}

/// Prints for each attack the memory of the server and what a message takes, after both without one.
pub async fn withstand(fbchatd: &Path) {
    let data = Data::new(fbchatd);
    data.sql(CONVERSATION);
    let server = data.serve_with(&[]);
    let quiet = chat(&server, 10).await;
    row("no attack", &quiet, &server);
    drop(server);
    for (attack, first) in attacks().into_iter().zip((14..).step_by(2)) {
        let server = data.serve_with(&[]);
        let (address, attacker) = (server.address(), attacker(&server).await);
        let what = attack.what;
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || attack.run(address, attacker, ended));
        tokio::time::sleep(AHEAD).await;
        let busy = chat(&server, first).await;
        drop(end);
        thread.join().expect("the attackers");
        tokio::time::sleep(MEMORY_IS_BACK).await;
        row(what, &busy, &server);
    }

    let authority = Authority::new();
    let identity = authority.issue("127.0.0.1", Validity::Now);
    let directory = tempfile::tempdir().expect("a directory");
    let files = identity.write(directory.path());
    let [certificate, key] = files.each_ref().map(|file| file.to_str().expect("a path"));
    // It is free again when the server needs it.
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.expect("a free port");
    let server = data.serve_with(&[
        ("FBCHATD_TLS_LISTEN", &address.to_string()),
        ("FBCHATD_TLS_CERT", certificate),
        ("FBCHATD_TLS_KEY", key),
    ]);
    let client = http2::client(authority.certificate());
    let filling = tokio::task::spawn_blocking(move || fill_with_http2(address, &client));
    let connections = filling.await.expect("the attackers");
    let busy = chat(&server, 12).await;
    drop(connections);
    tokio::time::sleep(MEMORY_IS_BACK).await;
    row("requests over HTTP/2 without ends", &busy, &server);
}

/// Between the attacker and their friend, as much as one page of history may have.
const CONVERSATION: &[u8] = b"
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100)
INSERT INTO messages(id, time, sender, recipient, msg_id, client_time, text, text_hash)
    SELECT n, n, 200002, 200003, n, n, hex(zeroblob(1250)), n FROM numbers;
";
