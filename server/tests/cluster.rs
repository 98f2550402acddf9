//! Several servers on one PostgreSQL, while servers are killed, the database crashes or a standby takes over, and the network to it fails:
//! what was acknowledged is delivered once and in order.
//!
//! `FBCHATD_CLUSTER_SECONDS=600 cargo test -p fbchatd --test cluster` runs longer, and `FBCHATD_STALL_SECONDS=60` lets the network stall for
//! a minute.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::cluster::{DatabaseLink, LinkFault, RoundRobin};
use testkit::postgres::Postgres;
use testkit::{Client, LIMIT, Server, fbchatd, http_with, read_all, until};

const NODES: usize = 3;
/// How often a server is killed and another one started.
const EVERY: Duration = Duration::from_secs(2);
/// How long.
const SECONDS: u64 = 16;

/// A number that the environment may change.
fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |number| number.parse().unwrap())
}

fn command(url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(fbchatd());
    command.args(args).stdin(Stdio::null());
    command.env("FBCHATD_STORE", url);
    command
}

fn node(url: &str) -> Server {
    let mut serve = command(url, &["serve", "--listen", "127.0.0.1:0"]);
    // Nobody is held up by what the test does to them.
    serve.env("FBCHATD_MESSAGE_BURST", "1000000");
    serve.env("FBCHATD_HOLD_S", "5").env("FBCHATD_LOG", "error");
    Server::start(&mut serve)
}

/// Ann, Ben and Eve, who are all friends.
fn accounts(url: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "secret\n").unwrap();
    let done = |command: &mut Command| assert!(command.output().unwrap().status.success());
    let names = ["ann", "ben", "eve"];
    for name in names {
        let email = format!("{name}@example.org");
        let add = ["user", "add", &email, "--name", name, "--password-file"];
        done(command(url, &add).arg(file.path() as &Path));
    }
    for (one, other) in [("ann", "ben"), ("ann", "eve"), ("ben", "eve")] {
        done(&mut command(url, &["friend", "add", one, other]));
    }
}

/// A client that takes the next server for each request.
fn hopping(server: &Server, balancer: &RoundRobin, name: &str) -> Client {
    let mut client = Client::login(server, name, "secret");
    client.url = balancer.url.clone();
    let none_kept = reqwest::blocking::Client::builder().pool_max_idle_per_host(0);
    client.http = http_with(none_kept.tls_certs_only([]));
    client
}

/// The answer to a poll; `None` if there was none.
fn poll(client: &Client, seq: i64) -> Option<Value> {
    let path = format!("{}/x/0/false/p_{}={seq}?batch=50", client.url, client.uid);
    let request = client.http.get(path).header("Cookie", &client.cookie);
    let text = request.send().ok()?.text().ok()?;
    serde_json::from_str(text.strip_prefix("for (;;);")?).ok()
}

/// Sends a message until it is acknowledged.
fn until_acknowledged(client: &Client, id: &str, to: i64, text: &str) {
    let start = Instant::now();
    // A server that stalls may answer late that it could not store the message.
    while !client
        .send_as(id, to, text)
        .is_ok_and(|answer| answer["error"] == 0)
    {
        assert!(start.elapsed() < 4 * LIMIT, "an acknowledgement");
    }
}

/// Sends messages one after the other, each until it is acknowledged. Returns their texts.
fn send_until(stop: &AtomicBool, client: &Client, to: i64, sender: usize) -> Vec<String> {
    let mut sent = Vec::new();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return sent;
        }
        let (id, text) = (
            format!("{}", sender * 1_000_000 + n),
            format!("{sender}/{n}"),
        );
        until_acknowledged(client, &id, to, &text);
        sent.push(text);
    }
    unreachable!()
}

/// The messages in the answer to a poll, with their numbers.
fn numbered(answer: &Value, seq: i64) -> Vec<(i64, String)> {
    let items = answer["ms"].as_array().into_iter().flatten();
    let texts = (seq..).zip(items).filter_map(|(seq, item)| {
        let text = item["msg"]["text"].as_str();
        text.map(|text| (seq, text.to_owned()))
    });
    texts.collect()
}

/// Fetches everything from a channel; returns the texts in their order once it has this many.
fn receive(client: &Client, expected: &Mutex<Option<usize>>) -> Vec<String> {
    let (mut seq, mut texts) = (1, Vec::<String>::new());
    let mut complete: Option<Instant> = None;
    loop {
        if let Some(expected) = *expected.lock().unwrap() {
            let since = *complete.get_or_insert_with(Instant::now);
            if texts.len() >= expected || since.elapsed() > LIMIT {
                return texts;
            }
        }
        let Some(answer) = poll(client, seq) else {
            continue;
        };
        match answer["t"].as_str().unwrap() {
            "refresh" => {
                let next = answer["seq"].as_i64().unwrap();
                assert!(next >= seq, "from {seq} back to {next}");
                seq = next;
            }
            "msg" => {
                let items = answer["ms"].as_array().unwrap();
                seq += items.len() as i64;
                let texts_of = items.iter().filter(|item| item["from"] != client.uid);
                texts.extend(
                    texts_of.filter_map(|item| Some(item["msg"]["text"].as_str()?.to_owned())),
                );
            }
            _ => {}
        }
    }
}

/// Lets people write to each other while servers are killed all the time, and something else happens in the middle: what was acknowledged
/// is delivered once and in order.
fn nothing_is_lost_or_doubled(url: &str, in_the_middle: impl Fn()) {
    accounts(url);
    let mut nodes: Vec<_> = (0..NODES).map(|_| node(url)).collect();
    let balancer = RoundRobin::start();
    let set = |nodes: &[Server]| balancer.set(nodes.iter().map(|node| node.address()).collect());
    set(&nodes);
    let login = |name| hopping(&nodes[0], &balancer, name);
    let (ann, ben, eve) = (login("ann"), login("ben"), login("eve"));
    let ids = [ben.uid.to_string(), eve.uid.to_string()];
    let form = [
        ("create", "G"),
        ("ids[0]", &*ids[0]),
        ("ids[1]", &*ids[1]),
        ("create_id", "1"),
    ];
    let group = ann.write("/ajax/fbchat/groups.php", &form)["payload"]["gid"]
        .as_i64()
        .unwrap();
    let seconds = from_environment("FBCHATD_CLUSTER_SECONDS", SECONDS);

    // Who sends to whom, and who gets it.
    let senders = [
        (&ann, ben.uid),
        (&ann, ben.uid),
        (&ann, group),
        (&eve, ben.uid),
        (&ben, eve.uid),
    ];
    let receivers = [&ben, &eve];
    let (stop, expected) = (AtomicBool::new(false), [Mutex::default(), Mutex::default()]);
    std::thread::scope(|scope| {
        let sending: Vec<_> = senders
            .iter()
            .enumerate()
            .map(|(at, (client, to))| {
                let stop = &stop;
                scope.spawn(move || send_until(stop, client, *to, at))
            })
            .collect();
        let receiving: Vec<_> = receivers
            .iter()
            .zip(&expected)
            .map(|(client, expected)| scope.spawn(move || receive(client, expected)))
            .collect();
        let (start, mut round) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(seconds) {
            // A pause between what the test does, not a wait for anything.
            std::thread::sleep(EVERY);
            let victim = round % nodes.len();
            nodes[victim].kill();
            if round == 3 {
                in_the_middle();
            }
            nodes[victim] = node(url);
            set(&nodes);
            round += 1;
        }
        stop.store(true, Ordering::Relaxed);
        let sent: Vec<_> = sending
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        let gets =
            |uid: i64, (from, to): &(&Client, i64)| from.uid != uid && (*to == uid || *to == group);
        for (client, expected) in receivers.iter().zip(&expected) {
            let fitting = senders.iter().zip(&sent);
            let fitting = fitting.filter(|(sender, _)| gets(client.uid, sender));
            let count: usize = fitting.map(|(_, sent)| sent.len()).sum();
            // With the notice of the group.
            *expected.lock().unwrap() = Some(count + 1);
        }
        for (client, thread) in receivers.iter().zip(receiving) {
            let mut by_sender = HashMap::<usize, Vec<String>>::new();
            for text in thread.join().unwrap() {
                let Some((sender, _)) = text.split_once('/') else {
                    continue;
                };
                let sender = sender.parse().unwrap();
                by_sender.entry(sender).or_default().push(text);
            }
            for (at, (sender, sent)) in senders.iter().zip(&sent).enumerate() {
                let got = by_sender.remove(&at).unwrap_or_default();
                if gets(client.uid, sender) {
                    assert_eq!(&got, sent, "from sender {at}");
                    assert!(sent.len() > 5, "{}", sent.len());
                } else {
                    assert!(got.is_empty());
                }
            }
        }
    });
    let order = |client: &Client| {
        let messages = client.read(&format!("/ajax/chat/history.php?id={group}&limit=50"));
        messages["history"].to_string()
    };
    assert_eq!(order(&ben), order(&eve));
}

#[test]
fn what_was_acknowledged_is_delivered_once_while_servers_are_killed_and_the_database_crashes() {
    let cluster = Postgres::start(false);
    let url = cluster.url(&cluster.database());
    nothing_is_lost_or_doubled(&url, || cluster.crash());
}

/// The standby lacks a transaction that was committed and not acknowledged, and the next one at the new primary has the same number.
#[test]
fn what_was_acknowledged_is_delivered_once_when_a_standby_takes_over() {
    let primary = Postgres::start(false);
    let database = primary.database();
    let standby = primary.standby();
    let url = primary.url_with(&standby, &database);
    // A standby that lags is warned of.
    let config = tempfile::NamedTempFile::new().unwrap();
    let check = || {
        let path = config.path().to_str().unwrap();
        let output = command(&url, &["config", "check", path]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let warning = "no standby of the database is synchronous, and 1 are connected";
    assert!(check().contains(warning), "{}", check());
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut serve = command(&url, &["serve", "--listen", "127.0.0.1:0"]);
    drop(Server::start(serve.stderr(log.reopen().unwrap())));
    let logged = std::fs::read_to_string(log.path()).unwrap();
    assert!(logged.contains(warning), "{logged}");
    primary.wait_for_standby();
    assert!(!check().contains("standby"), "{}", check());

    nothing_is_lost_or_doubled(&url, || {
        standby.stop_following(&primary);
        let waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        until("a commit that waits for the standby", || {
            (primary.sql("postgres", waiting) == "t").then_some(())
        });
        primary.lose();
        standby.promote();
    });
}

/// A server on a new database, a link to that database whose faults can be set, and the URL of the database through it.
fn near_and_far() -> (Server, DatabaseLink, String) {
    let cluster = Postgres::shared();
    let database = cluster.database();
    let url = cluster.url(&database);
    accounts(&url);
    let link = DatabaseLink::start(cluster.socket());
    let far = format!("postgres://fbchat@{}/{database}", link.address);
    (node(&url), link, far)
}

#[test]
fn a_server_whose_network_to_the_database_stalls_holds_its_polls_and_recovers() {
    let (near, link, far) = near_and_far();
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut serve = command(&far, &["serve", "--listen", "127.0.0.1:0"]);
    serve.env("FBCHATD_LOG", "warn");
    let far = Server::start(serve.stderr(log.reopen().unwrap()));
    let mut ann = Client::login(&near, "ann", "secret");
    let ben = Client::login(&far, "ben", "secret");
    let seq = ben.seq();
    ann.buddies();
    let (_, seq) = ben.wait_for(seq, |item| item["type"] == "presence");
    let held = ben.hold_ten(seq);
    link.set(LinkFault::Stall);
    // What is sent at the stalled server waits.
    let (sender, to) = (ben.clone(), ann.uid);
    let sent = std::thread::spawn(move || {
        until_acknowledged(&sender, "4711", to, "during the stall");
    });
    // What the other servers do does not wait for it, except for what it had begun.
    for n in 0..3 {
        assert_eq!(ann.send(ben.uid, &format!("{n}"))["error"], 0);
    }
    assert!(held.iter().all(|poll| poll.peek(&mut [0]).is_err()));
    // A pause between what the test does, not a wait for anything.
    std::thread::sleep(Duration::from_secs(from_environment(
        "FBCHATD_STALL_SECONDS",
        0,
    )));
    link.set(LinkFault::None);
    for poll in held {
        let answer = read_all(poll);
        // After a long stall the server reads the state of all channels again, and so do its clients. A poll that ends while the
        // session cannot be looked up is asked again later.
        let fits = [
            r#""t":"msg""#,
            r#"{"t":"continue"}"#,
            r#""t":"refresh""#,
            " 503 ",
        ];
        assert!(fits.iter().any(|fit| answer.contains(fit)), "{answer}");
    }
    let (_, seq) = ben.wait_for(seq, |item| item["msg"]["text"] == "2");
    let mut ben = ben;
    assert_eq!(ben.send(ann.uid, "back")["error"], 0);
    ben.wait_for(seq, |item| item["msg"]["text"] == "back");
    sent.join().unwrap();
    ann.wait_for(1, |item| item["msg"]["text"] == "during the stall");
    let logged = std::fs::read_to_string(log.path()).unwrap();
    assert!(logged.matches("ERROR").count() <= 1, "{logged}");
    println!("the log of the server that was stalled:\n{logged}");
}

/// Neither the server nor PostgreSQL hears that the connection is gone, before the commit has arrived, or afterwards.
#[test]
fn a_server_that_is_cut_off_inside_a_transaction_neither_loses_nor_doubles_it() {
    let (near, link, far) = near_and_far();
    let far = node(&far);
    let ben = Client::login(&near, "ben", "secret");
    let (ann, eve) = (
        Client::login(&far, "ann", "secret"),
        Client::login(&near, "eve", "secret"),
    );
    let first = ben.seq();
    for (n, fault) in [LinkFault::BeforeCommit, LinkFault::AfterCommit]
        .into_iter()
        .enumerate()
    {
        link.set(fault);
        std::thread::scope(|scope| {
            let id = format!("{n}");
            let sender = &ann;
            let to = ben.uid;
            let sent = scope.spawn(move || until_acknowledged(sender, &id, to, &id));
            until("the cut", || link.has_cut().then_some(()));
            // Others wait until PostgreSQL has ended what was begun, and no longer.
            until_acknowledged(&eve, &format!("{n}"), ben.uid, &format!("meanwhile {n}"));
            sent.join().unwrap();
        });
    }
    // Both servers have the same messages under the same numbers. Nothing is acknowledged before both were asked.
    let here = until("all messages", || {
        let found = numbered(&poll(&ben, first)?, first);
        (found.len() == 4).then_some(found)
    });
    let (there, mut seq) = (ben.moved(&far), first);
    let mut found = Vec::new();
    until("all messages", || {
        let answer = poll(&there, seq)?;
        found.extend(numbered(&answer, seq));
        let count = answer["ms"].as_array().map_or(0, Vec::len) as i64;
        seq = answer["seq"].as_i64().unwrap_or(seq + count);
        (found.len() == 4).then_some(())
    });
    assert_eq!(here, found);
    let mut texts: Vec<_> = here.into_iter().map(|(_, text)| text).collect();
    texts.sort();
    assert_eq!(texts, ["0", "1", "meanwhile 0", "meanwhile 1"]);
    let history = ben.read(&format!("/ajax/chat/history.php?id={}&limit=50", ann.uid));
    assert_eq!(history["history"].as_array().unwrap().len(), 2, "{history}");
}
