//! Who sees whom online, and held polls.

use std::time::{Duration, Instant};

use testkit::{Client, Server, http, json, until};

const ECHO: i64 = 100_003;

#[test]
fn presence_is_pushed_and_listed() {
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    let seq = alice.seq();
    assert_eq!(alice.sees(ECHO), "active");
    assert_eq!(alice.sees(100_002), "offline");
    let mut bob = Client::login(&server, "bob", "demo");
    let push = |seq, state: &str| {
        alice
            .wait_for(seq, |item| {
                item["type"] == "presence" && item["uid"] == 100_002 && item["state"] == state
            })
            .1
    };
    // As in 2008, login and page do not make a user online; the request for the list does.
    assert_eq!(alice.sees(bob.uid), "offline");
    bob.buddies();
    let seq = push(seq, "active");
    assert_eq!(alice.sees(bob.uid), "active");
    // Chat switched off: offline for others, unable to send, but able to see.
    assert_eq!(bob.settings("visibility", "false")["error"], 0);
    let seq = push(seq, "offline");
    assert_eq!(alice.sees(bob.uid), "offline");
    assert_eq!(bob.send(alice.uid, "x")["error"], 1_356_002);
    assert_eq!(bob.sees(alice.uid), "active");
    assert_eq!(bob.buddies()["userInfos"].as_object().unwrap().len(), 3);
    assert_eq!(
        json(bob.get("/ajax/presence/reconnect.php"))["payload"]["visibility"],
        false
    );
    assert_eq!(bob.settings("visibility", "true")["error"], 0);
    let seq = push(seq, "active");
    // A logout with a wrong token does nothing; the end of the last session makes Bob offline at once.
    assert_eq!(
        json(bob.post("/logout.php", &[("post_form_id", "0"), ("confirm", "1")]))["error"],
        1_357_004
    );
    assert_eq!(bob.post("/logout.php", &[("confirm", "1")]).status(), 302);
    push(seq, "offline");
    assert_eq!(
        json(bob.get("/ajax/chat/history.php?id=1"))["error"],
        1_357_001
    );
    assert_eq!(bob.poll(-1), serde_json::json!({"t": "refresh"}));
}

#[test]
fn a_user_who_starts_invisible_is_never_seen_but_sees_others() {
    let server = Server::demo();
    let mut alice = Client::login(&server, "alice", "demo");
    let from = alice.seq();
    let bob = Client::login(&server, "bob", "demo");
    // Everything that a client may do before it sets its visibility, and afterwards.
    bob.get("/ajax/presence/reconnect.php?reason=6");
    bob.get(&format!("/ajax/chat/history.php?id={}", alice.uid));
    bob.get("/profile.php");
    assert_eq!(bob.settings("visibility", "false")["error"], 0);
    let (seq, own) = (bob.seq(), alice.uid);
    assert_eq!(bob.sees(own), "active");
    bob.get("/home.php");
    bob.get(&format!("/x/0/true/p_{}=-1", bob.uid));
    assert_eq!(alice.sees(bob.uid), "offline");
    assert_eq!(alice.send(own, "until here")["error"], 0);
    let mut seen = Vec::new();
    alice.wait_for(from, |item| {
        seen.push(item.clone());
        item["msg"]["text"] == "until here"
    });
    assert!(
        seen.iter().all(|item| item["type"] != "presence"),
        "{seen:?}"
    );
    // Items about others are still pushed to Bob.
    assert_eq!(alice.post("/logout.php", &[("confirm", "1")]).status(), 302);
    bob.wait_for(seq, |item| {
        item["type"] == "presence" && item["uid"] == own && item["state"] == "offline"
    });
    assert_eq!(bob.sees(own), "offline");
}

/// The client posts and closes its socket while the server waits for the disk.
#[test]
fn a_logout_takes_effect_although_its_client_has_disconnected() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let (ann, mut ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    assert_eq!(ben.send(ben.uid, "I am here")["error"], 0);
    assert_eq!(ann.sees(ben.uid), "active");
    let disk = rusqlite::Connection::open(dir.path().join("fbchatd.db")).unwrap();
    disk.busy_timeout(Duration::from_secs(5)).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    let impatient = http()
        .post(format!("{}/logout.php", server.url))
        .header("Cookie", &ben.cookie)
        .timeout(Duration::from_millis(500));
    assert!(impatient.body("confirm=1").send().unwrap_err().is_timeout());
    // The server gets time to notice that the socket is closed.
    std::thread::sleep(Duration::from_millis(300));
    disk.execute_batch("COMMIT").unwrap();
    until("the end of the session", || {
        (json(ben.get("/ajax/chat/history.php?id=1"))["error"] != 0).then_some(())
    });
    until("offline", || (ann.sees(ben.uid) == "offline").then_some(()));
}

#[test]
fn messages_wait_for_offline_users() {
    let server = Server::demo();
    let mut alice = Client::login(&server, "alice", "demo");
    for text in ["one", "two"] {
        assert_eq!(alice.send(100_002, text)["error"], 0);
    }
    let bob = Client::login(&server, "bob", "demo");
    let seq = bob.seq();
    assert_eq!(bob.items(seq, 1)[0]["msg"]["text"], "one");
    assert_eq!(bob.poll(seq + 1)["ms"][0]["msg"]["text"], "two");
    // An item counts as fetched when the next sequence number is requested.
    assert_eq!(bob.seq(), seq + 1);
}

#[test]
fn a_user_has_at_most_ten_held_polls_and_dropped_ones_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let config = dir.path().join("config.toml");
    std::fs::write(&config, "offline_after_s = 1\nhold_s = 30\n").unwrap();
    let server = Server::serve(dir.path(), &["--config", config.to_str().unwrap()]);
    let (ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let uid = ben.uid;
    // Ann is online before the polls are held, since her presence item would answer them.
    ann.buddies();
    let streams = ben.hold_ten(ben.seq());
    // Held polls keep a user online long after the last request.
    let online = Instant::now();
    while online.elapsed() < Duration::from_millis(2500) {
        assert_eq!(ann.sees(uid), "active");
    }
    drop(streams);
    until("offline", || (ann.sees(uid) == "offline").then_some(()));
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

#[test]
fn inactivity_makes_a_user_idle_and_a_message_active() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let config = dir.path().join("config.toml");
    std::fs::write(&config, "idle_after_s = 1\nhold_s = 1\n").unwrap();
    let server = Server::serve(dir.path(), &["--config", config.to_str().unwrap()]);
    let (ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let push = |seq, state: &str| {
        let fits = |item: &serde_json::Value| item["uid"] == ann.uid && item["state"] == state;
        let (item, seq) = ben.wait_for(seq, fits);
        (item["idle_since"].as_i64(), seq)
    };
    let seq = ben.seq();
    let before = now_ms();
    ann.seq();
    let after = now_ms();
    let (since, seq) = push(seq, "idle");
    assert!((before..=after).contains(&since.unwrap()), "{since:?}");
    assert_eq!(ben.sees(ann.uid), "idle");
    let available = &ben.buddies()["nowAvailableList"][ann.uid.to_string()];
    assert_eq!(available["idle_since"].as_i64(), since);
    ann.get(&format!("/x/0/true/p_{}=-1", ann.uid));
    let (none, seq) = push(seq, "active");
    assert_eq!(none, None);
    let (later, seq) = push(seq, "idle");
    assert!(later > since);
    let (own, mut sender) = (ann.uid, ann.clone());
    assert_eq!(sender.send(own, "I am here")["error"], 0);
    push(seq, "active");
}

#[test]
fn a_held_poll_is_answered_at_once_and_typing_is_pushed() {
    let server = Server::demo();
    let (mut alice, bob) = (
        Client::login(&server, "alice", "demo"),
        Client::login(&server, "bob", "demo"),
    );
    // Alice is online already, so that her message causes no other item.
    alice.seq();
    let seq = bob.seq();
    // News of Alice's presence may still be on its way to Bob, who has just connected.
    let held = std::thread::spawn(move || {
        let (typing, next) = bob.wait_for(seq, |item| item["type"] == "typ");
        (typing, next, Instant::now(), bob)
    });
    // The first poll has made Bob online, so the typing is accepted and numbered whether the second poll is held yet or not.
    let (uid, form_id) = (100_002.to_string(), alice.form_id.clone());
    let form = [
        ("typ", "1"),
        ("to", uid.as_str()),
        ("post_form_id", form_id.as_str()),
    ];
    let sent = Instant::now();
    assert_eq!(
        json(alice.post("/ajax/chat/typ.php", &form))["payload"],
        serde_json::json!([])
    );
    let (typing, next, at, bob) = held.join().unwrap();
    assert!(at - sent < Duration::from_secs(5));
    assert_eq!(
        (&typing["st"], &typing["from"]),
        (&1.into(), &alice.uid.into())
    );
    alice.send(bob.uid, "x");
    let (message, _) = bob.wait_for(next, |item| item["type"] == "msg");
    assert_eq!(message["msg"]["text"], "x");
}
