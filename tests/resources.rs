//! A client leaves nothing behind: no thread, no descriptor, no request. One test in a process of its own, since it counts
//! what the whole process has.

use fbchat::client::{Client, ClientConfig, Polled};
use fbchat::types::{Connection, Event, Secret};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use testkit::scripted_server::{Answer, ScriptedServer};
use testkit::until;

fn entries(path: &str) -> usize {
    std::fs::read_dir(path).expect("/proc is there").count()
}

/// Threads of the library; those of the server in this process are not counted.
fn workers() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").expect("/proc is there");
    let names =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("fbchat")).count()
}

#[test]
fn clients_leave_no_threads_descriptors_or_requests_behind() {
    const SESSIONS: usize = 5;
    let script = ScriptedServer::channel(|_| Answer::Hold);
    let mut descriptors = 0;
    for round in 1..=20 {
        // With its feature for signals, tokio keeps a pair of sockets from its first runtime on.
        if round == 2 {
            eventually(|| script.dropped.load(Ordering::SeqCst) == SESSIONS);
            descriptors = settled(|| entries("/proc/self/fd"));
        }
        let mut config = ClientConfig::default();
        config.session.server = script.url.clone();
        let client = Client::new(config).expect("a client");
        for _ in 0..SESSIONS {
            let session = client.open(None, 0).expect("a session");
            let password = Secret::new("secret".to_owned());
            client
                .login(session, "alice@example.org", password)
                .expect("a login");
        }
        let mut connected = 0;
        while connected < SESSIONS {
            match client.poll(Some(Duration::from_secs(30))) {
                Ok(Polled::Event(event))
                    if event.event == Event::Connection(Connection::Connected) =>
                {
                    connected += 1
                }
                Ok(Polled::Event(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        eventually(|| script.polls.load(Ordering::SeqCst) == round * SESSIONS);
        assert_eq!(workers(), 1, "one thread for all sessions");
        drop(client);
        // A joined thread stays listed for a moment.
        eventually(|| workers() == 0);
    }
    eventually(|| script.dropped.load(Ordering::SeqCst) == 20 * SESSIONS);
    assert_eq!(
        polls_of_a_closed_session_are_cut(&script),
        20 * SESSIONS + 1
    );
    // The server's side of a connection closes a moment later.
    eventually(|| entries("/proc/self/fd") <= descriptors);
    assert_eq!(script.logouts.load(Ordering::SeqCst), 0);
}

/// Closes one of two sessions while the server holds a long-poll of each; returns how many polls have ended in all.
fn polls_of_a_closed_session_are_cut(script: &ScriptedServer) -> usize {
    let before = script.dropped.load(Ordering::SeqCst);
    let polls = script.polls.load(Ordering::SeqCst);
    let mut config = ClientConfig::default();
    config.session.server = script.url.clone();
    let client = Client::new(config).expect("a client");
    let sessions = ["alice@example.org", "bob@example.org"].map(|email| {
        let session = client.open(None, 0).expect("a session");
        let password = Secret::new("secret".to_owned());
        client.login(session, email, password).expect("a login");
        session
    });
    eventually(|| script.polls.load(Ordering::SeqCst) == polls + 2);
    let start = Instant::now();
    client.close(sessions[0]).expect("a close");
    eventually(|| script.dropped.load(Ordering::SeqCst) > before);
    println!(
        "closed on the server's side after {} ms (50 are promised)",
        start.elapsed().as_millis()
    );
    // The poll of the other session goes on: a second end would be counted here.
    settled(|| script.dropped.load(Ordering::SeqCst))
}

/// A count once it has stayed the same for a while.
fn settled(count: impl Fn() -> usize) -> usize {
    let (mut last, mut since) = (count(), Instant::now());
    while since.elapsed() < Duration::from_millis(200) {
        let now = count();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    last
}

#[track_caller]
fn eventually(condition: impl Fn() -> bool) {
    until("a count", || condition().then_some(()));
}
