//! What must survive kill -9 and restarts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use testkit::{Client, Server, account, accounts, json, read_all, run, until};

/// Collects everything on Ben's channel from `seq` on, text by sequence number, without holding a poll.
fn drain(client: &Client, seq: &mut i64, seen: &mut HashMap<i64, String>) {
    // A message that Ben sends to himself marks the end.
    let marker = format!("end {seq} {}", seen.len());
    let mut own = client.clone();
    assert_eq!(own.send(client.uid, &marker)["error"], 0);
    until("the marker", || {
        let answer = json(client.get(&format!("/x/0/false/p_{}={seq}?batch=100", client.uid)));
        if answer["t"] == "refresh" {
            *seq = answer["seq"].as_i64().unwrap();
            return None;
        }
        let mut found = None;
        for item in answer["ms"].as_array().unwrap() {
            let text = item["msg"]["text"]
                .as_str()
                .map_or_else(|| item.to_string(), str::to_owned);
            if text == marker {
                found = Some(());
            }
            let before = seen.insert(*seq, text);
            assert!(before.is_none(), "number {seq} was used twice: {before:?}");
            *seq += 1;
        }
        found
    });
}

/// Numbers that differ from run to run. A failure shows where it happened, so there is no seed.
fn random(below: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish() % below
}

/// The texts of all messages to `to` that a channel has, in order.
fn texts_to(client: &Client, to: i64) -> Vec<String> {
    let (mut seq, mut texts) = (1, Vec::new());
    loop {
        let path = format!("/x/0/false/p_{}={seq}?batch=100&wait=0", client.uid);
        let answer = json(client.get(&path));
        match answer["t"].as_str().unwrap() {
            "refresh" => seq = answer["seq"].as_i64().unwrap(),
            "msg" => {
                let items = answer["ms"].as_array().unwrap();
                seq += items.len() as i64;
                let fitting = items.iter().filter(|item| item["to"] == to);
                texts.extend(
                    fitting.filter_map(|item| Some(item["msg"]["text"].as_str()?.to_owned())),
                );
            }
            _ => return texts,
        }
    }
}

/// Posts messages until the server is gone; returns id, recipient and text of the one whose fate is unknown.
fn post_until_killed(
    ann: &Client,
    to: i64,
    first: usize,
    acknowledged: &Mutex<Vec<String>>,
    sent: &AtomicUsize,
) -> (String, i64, String) {
    for n in first.. {
        let (id, text) = (n.to_string(), format!("message/{to}/{n}"));
        match ann.send_as(&id, to, &text) {
            Ok(answer) if answer["error"] == 0 => acknowledged.lock().unwrap().push(text),
            _ => return (id, to, text),
        }
        sent.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!()
}

/// Starts a server and kills it at some instant of its start.
fn start_and_kill(dir: &Path) {
    let mut command = Server::command(dir);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_micros(random(40_000)));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How many servers are killed at the same time, each with its own data and list of messages, and how often each: 200 times
/// in all.
const SERVERS: usize = 4;
const KILLS: usize = 50;

#[test]
fn kill_9_at_any_instant_under_load_loses_and_duplicates_nothing() {
    std::thread::scope(|scope| {
        for _ in 0..SERVERS {
            scope.spawn(killed_under_load);
        }
    });
}

fn killed_under_load() {
    let dir = tempfile::tempdir().unwrap();
    accounts(dir.path());
    account(dir.path(), "eve@example.org", "Eve");
    let befriend = ["friend", "add", "ann@example.org", "eve@example.org"];
    assert!(run(&befriend, dir.path(), "").status.success());
    let mut server = Server::serve(dir.path(), &[]);
    let mut ann = Client::login(&server, "ann", "secret");
    let mut ben = Client::login(&server, "ben", "secret");
    let eve = Client::login(&server, "eve", "secret");
    let (mut seq, mut seen) = (ben.seq(), HashMap::new());
    let (bens, eves) = (ben.uid.to_string(), eve.uid.to_string());
    let form = [
        ("create", "G"),
        ("ids[0]", &*bens),
        ("ids[1]", &*eves),
        ("create_id", "1"),
    ];
    let group = ann.write("/ajax/fbchat/groups.php", &form)["payload"]["gid"]
        .as_i64()
        .unwrap();
    let (acknowledged, mut posted) = (Mutex::new(Vec::new()), 0);
    for round in 0..KILLS {
        let (sent, enough) = (AtomicUsize::new(0), 1 + random(60) as usize);
        let unknown: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    // Half of them write to Ben, half to the group of all three.
                    let to = if thread % 2 == 0 { ben.uid } else { group };
                    let (ann, first) = (&ann, (round * 4 + thread) * 100_000);
                    let (acknowledged, sent) = (&acknowledged, &sent);
                    scope.spawn(move || post_until_killed(ann, to, first, acknowledged, sent))
                })
                .collect();
            // Ben fetches a part of it before the kill, so sequence numbers are in use before and after.
            for item in ben.items(seq, 30) {
                let text = item["msg"]["text"].as_str();
                let text = text.map_or_else(|| item.to_string(), str::to_owned);
                assert!(seen.insert(seq, text).is_none());
                seq += 1;
            }
            until("load", || {
                (sent.load(Ordering::Relaxed) > enough).then_some(())
            });
            std::thread::sleep(Duration::from_micros(random(5_000)));
            server.kill();
            let threads = threads.into_iter();
            threads.map(|thread| thread.join().unwrap()).collect()
        });
        posted += sent.load(Ordering::Relaxed) + unknown.len();
        if round % 3 == 0 {
            start_and_kill(dir.path());
        }
        server = Server::serve(dir.path(), &[]);
        (ann, ben) = (ann.moved(&server), ben.moved(&server));
        for (id, to, text) in unknown {
            assert_eq!(ann.send_as(&id, to, &text).unwrap()["error"], 0);
            acknowledged.lock().unwrap().push(text);
        }
        drain(&ben, &mut seq, &mut seen);
    }
    let mut arrived: Vec<_> = seen
        .into_values()
        .filter(|text| text.starts_with("message/"))
        .collect();
    let mut sent = acknowledged.into_inner().unwrap();
    arrived.sort();
    sent.sort();
    assert_eq!(sent.len(), posted);
    assert_eq!(arrived, sent);
    // Every member of the group got every message to it once, and all in one order.
    let order = texts_to(&ben, group);
    let to_group = format!("message/{group}/");
    let count = sent
        .iter()
        .filter(|text| text.starts_with(&to_group))
        .count();
    assert_eq!(
        order.len(),
        count + 1,
        "with the notice that it was created"
    );
    let unique: HashSet<_> = order.iter().collect();
    assert_eq!(unique.len(), order.len());
    for member in [&ann, &eve.moved(&server)] {
        assert_eq!(texts_to(member, group), order);
    }
}

#[test]
fn sequence_numbers_are_not_reused_and_sessions_continue_after_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    accounts(dir.path());
    let mut server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    let mut ben = Client::login(&server, "ben", "secret");
    let mut last = 0;
    for _ in 0..3 {
        // Typing is in memory only; its sequence numbers must not be reused nevertheless.
        let to = ben.uid.to_string();
        let seq = ben.seq();
        for _ in 0..3 {
            let form = [
                ("typ", "1"),
                ("to", to.as_str()),
                ("post_form_id", ann.form_id.as_str()),
            ];
            assert_eq!(
                json(ann.moved(&server).post("/ajax/chat/typ.php", &form))["error"],
                0
            );
        }
        let used = until("typing", || {
            let items = ben.items(seq, 100).len() as i64;
            (items >= 3).then_some(seq + items)
        });
        assert!(seq > last, "{seq} after {last}");
        last = used - 1;
        server.kill();
        server = Server::serve(dir.path(), &[]);
        ben = ben.moved(&server);
        assert!(ben.seq() > last);
    }
    assert_eq!(
        ben.moved(&server).buddies()["userInfos"][ann.uid.to_string()]["name"],
        "Ann A"
    );
}

#[test]
fn sigterm_answers_held_polls_and_sequence_numbers_continue_without_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    accounts(dir.path());
    let mut server = Server::serve(dir.path(), &[]);
    let (mut ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let seq = ben.seq();
    assert_eq!(ann.send(ben.uid, "before")["error"], 0);
    // The last item that follows the message: nothing else comes after it.
    let (_, seq) = ben.wait_for(seq, |item| item["type"] == "inbox");
    let held = ben.hold_ten(seq);
    let start = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5));
    for poll in held {
        assert!(read_all(poll).ends_with(r#"{"t":"continue"}"#));
    }
    let server = Server::serve(dir.path(), &[]);
    let ben = ben.moved(&server);
    assert_eq!(ben.seq(), seq);
    assert_eq!(
        ann.moved(&server)
            .send_as("4711", ben.uid, "after")
            .unwrap()["error"],
        0
    );
    let (item, _) = ben.wait_for(seq, |item| item["type"] == "msg");
    assert_eq!(item["msg"]["text"], "after");
}
