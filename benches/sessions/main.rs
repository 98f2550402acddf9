//! The cost of idle sessions: memory, threads, the time to close them all, and the time to load the library.
//!
//! Server, sessions and peer are a process each, so that each one's memory is counted separately. The peer is libcurl's multi
//! interface (`benches/peer_curl.c`) with as many polls; it keeps no buddy list, no tokens and no record of received items.

mod server;

use fbchat::client::{Client, ClientConfig, Polled, SessionOptions};
use fbchat::options::Pin;
use fbchat::types::{Connection, Event, Secret};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Sessions that connect before counting starts: what the first ones allocate for all is not a cost of each.
const WARM_UP: usize = 50;
/// Concurrent logins, as in a gateway.
const AT_ONCE: usize = 64;
/// After this time without an event, all sessions are idle.
const REST: Duration = Duration::from_secs(3);

/// Memory of this process in KiB.
fn rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let lines = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = lines.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    kib.expect("a number of KiB")
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("/proc").count()
}

/// Logs this many sessions in; prints KiB of memory for each, threads, and milliseconds to end them all.
fn measure(url: &str, pin: Option<&str>, sessions: usize) {
    let mut session = SessionOptions {
        server: url.to_owned(),
        ..SessionOptions::default()
    };
    session.network.pin = pin.map(|pin| Pin::parse(pin).expect("a fingerprint"));
    let client = Client::new(ClientConfig {
        queue_limit: 1_000_000,
        session,
        ..ClientConfig::default()
    });
    let client = client.expect("a client");
    let (mut connected, mut opened, mut before) = (0, 0, 0);
    while connected < sessions {
        while opened < sessions && opened < connected + AT_ONCE {
            let session = client.open(None, 0).expect("a session");
            let email = format!("user{}@example.org", opened + 1);
            let password = Secret::new("demo".to_owned());
            client.login(session, &email, password).expect("a login");
            opened += 1;
        }
        match client.poll(Some(Duration::from_secs(60))) {
            Ok(Polled::Event(event)) => match event.event {
                Event::Connection(Connection::Connected) => connected += 1,
                Event::LoginFailed { problem, .. } => panic!("{problem}"),
                _ => {}
            },
            other => panic!("{connected} of {sessions} sessions came up: {other:?}"),
        }
        if connected == WARM_UP && before == 0 {
            before = rss();
        }
    }
    while let Ok(Polled::Event(_)) = client.poll(Some(REST)) {}
    let each = (rss() - before) as f64 / (sessions - WARM_UP) as f64;
    let threads = threads();
    let start = Instant::now();
    client.shut_down();
    println!("{each:.1} {threads} {}", start.elapsed().as_millis());
}

/// Prints the microseconds that loading a library takes.
fn load(library: &str) {
    let path = std::ffi::CString::new(library).expect("a path");
    let start = Instant::now();
    // SAFETY: a path, and a library whose start-up code is trusted.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
    let span = start.elapsed();
    assert!(!handle.is_null(), "{library} cannot be loaded");
    println!("{}", span.as_micros());
}

/// The numbers that a process prints on one line.
fn numbers_of<const N: usize>(command: &mut Command) -> [f64; N] {
    let output = command.output().expect("a process");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    let line = String::from_utf8_lossy(&output.stdout);
    let numbers = line.split_whitespace().map(str::parse);
    let numbers: Vec<f64> = numbers.collect::<Result<_, _>>().expect("numbers");
    numbers.try_into().expect("so many numbers")
}

fn me() -> Command {
    Command::new(std::env::current_exe().expect("this program"))
}

struct Server {
    child: Child,
    url: String,
    pin: String,
}

impl Server {
    fn start(scheme: &str) -> Server {
        let mut command = me();
        command.args(["serve", scheme]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a server");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let (url, pin) = line.trim_end().split_once(' ').expect("two words");
        Server {
            child,
            url: url.to_owned(),
            pin: pin.to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn compare(peer: &str) {
    println!("idle sessions with 50 buddies each; the peer is libcurl");
    for scheme in ["http", "https"] {
        for sessions in [1_000, 10_000] {
            let count = sessions.to_string();
            let server = Server::start(scheme);
            let pin = (scheme == "https").then_some(server.pin.as_str());
            let arguments = ["measure", &server.url, &count];
            let ours: [f64; 3] = numbers_of(me().args(arguments).args(pin));
            drop(server);
            let server = Server::start(scheme);
            let theirs: [f64; 3] = numbers_of(Command::new(peer).args([&server.url, &count]));
            let [kib, threads, closing] = ours;
            let [their_kib, their_threads, their_closing] = theirs;
            let ratio = kib / their_kib;
            println!(
                "  {scheme:5} {sessions:6} sessions  {kib:5.1} KiB each (peer {their_kib:.1}, ratio {ratio:.1})  \
                 {threads} threads ({their_threads})  {closing} ms to end all ({their_closing})"
            );
        }
    }
}

fn compare_loading(library: &str) {
    let micros = |path: &str| {
        let runs = (0..20).map(|_| numbers_of(me().args(["load", path])));
        runs.map(|[micros]| micros).fold(f64::INFINITY, f64::min)
    };
    let (ours, theirs) = (micros(library), micros("libcurl.so.4"));
    println!(
        "dlopen, best of 20: {ours} us (libcurl {theirs}, ratio {:.2})",
        ours / theirs
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", scheme] => server::run(scheme == "https").expect("a server"),
        ["measure", url, sessions] => measure(url, None, sessions.parse().expect("a number")),
        ["measure", url, sessions, pin] => {
            measure(url, Some(pin), sessions.parse().expect("a number"));
        }
        ["load", library] => load(library),
        // Cargo adds --bench.
        ["--peer", peer, "--library", library, ..] => {
            compare(peer);
            compare_loading(library);
        }
        _ => println!("sessions: run this by `make bench`, which builds the peer"),
    }
}
