//! `fbchat` in scripts: pipes and `--json`, against a real server.

use crate::program::{ALICE, BOB, Client, GREETING, uid};
use std::process::Command;
use testkit::Server;

#[test]
fn two_processes_write_to_each_other_in_json() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    let alice_uid = uid(&mut alice);
    let list = alice.event("buddy_list", |_| true);
    let names: Vec<&str> = list["buddies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|buddy| buddy["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"Bob Example") && names.contains(&"Echo"),
        "{list}"
    );

    let mut bob = Client::start(&server.url, &["--json"], BOB, "demo");
    let bob_uid = uid(&mut bob);
    alice.event("presence", |event| {
        event["uid"] == bob_uid && event["presence"] == "active"
    });

    alice.line(&format!("{bob_uid} {GREETING}"));
    let sent = alice.event("sent", |_| true);
    assert_eq!(
        (&sent["to"], &sent["text"]),
        (&bob_uid.into(), &GREETING.into())
    );
    let message = bob.event("message", |_| true);
    assert_eq!(
        (&message["text"], &message["from"], &message["own"]),
        (&GREETING.into(), &alice_uid.into(), &false.into())
    );

    let order = serde_json::json!({"to": alice_uid, "text": format!("{GREETING}\nsecond line")});
    bob.line(&order.to_string());
    let message = alice.event("message", |_| true);
    assert_eq!(message["text"], format!("{GREETING}\nsecond line"));
    assert_eq!(message["from_name"], "Bob Example");

    // Programs get an action as it was written.
    bob.line(&format!("{alice_uid} /me waves"));
    assert_eq!(alice.event("message", |_| true)["text"], "/me waves");

    alice.line("/history bob");
    let history = alice.event("history", |_| true);
    assert_eq!(
        history["messages"].as_array().unwrap().len(),
        3,
        "{history}"
    );
    assert_eq!(history["messages"][2]["text"], "/me waves");
    for mut client in [alice, bob] {
        client.end_input();
        let (status, _, errors) = client.end();
        assert!(status.success(), "{errors:?}");
    }
}

#[test]
fn plain_pipes_use_one_line_per_message() {
    let server = Server::demo();
    let mut bob = Client::start(&server.url, &[], BOB, "demo");
    bob.expect("Buddies (");
    let mut alice = Client::start(&server.url, &[], ALICE, "demo");
    assert!(alice.expect("Bob Example").contains("online"));
    alice.line(&format!("Bob: {GREETING}"));
    let line = bob.expect("Alice Example: ");
    // `[14:03] Alice Example: …`
    let (time, rest) = line.split_at(8);
    assert!(time.starts_with('[') && time.ends_with("] "), "{line}");
    assert_eq!(rest, format!("Alice Example: {GREETING}"));
    bob.line("@alice back");
    alice.expect("Bob Example: back");
    // That has not selected a recipient: a script must name one.
    alice.line("to nobody");
    alice.end_input();
    let (status, _, errors) = alice.end();
    assert_eq!(status.code(), Some(1));
    assert!(
        errors.iter().any(|line| line.contains("To whom?")),
        "{errors:?}"
    );
}

#[test]
fn end_of_input_waits_for_pending_messages() {
    let server = Server::demo();
    let mut bob = Client::start(&server.url, &["--json"], BOB, "demo");
    let bob_uid = uid(&mut bob);
    let count = 50;
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    alice.line("Bob:");
    (0..count).for_each(|number| alice.line(&format!("number {number}")));
    alice.end_input();
    let (status, output, errors) = alice.end();
    assert!(status.success(), "{output:?} {errors:?}");
    assert_eq!(
        output
            .iter()
            .filter(|line| line.contains("\"event\":\"sent\""))
            .count(),
        count
    );
    for number in 0..count {
        let message = bob.event("message", |_| true);
        assert_eq!(
            (&message["text"], &message["to"]),
            (&format!("number {number}").into(), &bob_uid.into())
        );
    }
}

#[test]
fn messages_over_the_limit_and_odd_lines_are_refused() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    let limit = alice.event("logged_in", |_| true)["message_limit"]
        .as_u64()
        .unwrap();
    alice.line(&format!(
        "Bob: {}",
        "x".repeat(usize::try_from(limit).unwrap() + 1)
    ));
    let failed = alice.event("failed", |_| true);
    assert_eq!(failed["status"], "too_long");
    assert!(
        failed["reason"]
            .as_str()
            .unwrap()
            .contains(&limit.to_string()),
        "{failed}"
    );
    for odd in [
        "{\"to\":",
        "/nonsense",
        "nobody: x",
        "{\"to\":\"x\",\"text\":\"y\"}",
    ] {
        alice.line(odd);
        alice.event("error", |_| true);
    }
    alice.end_input();
    assert_eq!(alice.end().0.code(), Some(1));
}

#[test]
fn signals_log_out() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    uid(&mut alice);
    for signal in ["-TERM", "-INT"] {
        let mut bob = Client::start(&server.url, &["--json"], BOB, "demo");
        let bob_uid = uid(&mut bob);
        bob.event("buddy_list", |_| true);
        assert!(
            Command::new("kill")
                .args([signal, &bob.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(bob.end().0.code(), Some(0));
        alice.event("presence", |event| {
            event["uid"] == bob_uid && event["presence"] == "offline"
        });
    }
}

#[test]
fn loss_of_the_server_is_reported() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    alice.event("buddy_list", |_| true);
    drop(server);
    let waiting = alice.event("connection", |event| event["state"] == "waiting");
    assert!(
        waiting["reason"].as_str().unwrap().contains("127.0.0.1"),
        "{waiting}"
    );
    alice.line("/who");
    assert_ne!(alice.event("who", |_| true)["state"], "connected");
}

#[test]
fn messages_are_shown_once_however_soon_the_reader_quits() {
    let server = Server::demo();
    let script = |lines: &str| {
        let mut alice = Client::start(&server.url, &[], ALICE, "demo");
        alice.line(lines);
        alice.end_input();
        let (status, _, errors) = alice.end();
        assert!(status.success(), "{errors:?}");
    };
    for round in 0..15 {
        let hello = format!("hello {round}.");
        script(&format!("Bob: {hello}\nBob: {hello}\nBob: {hello}"));
        let mut hasty = Client::start(&server.url, &[], BOB, "demo");
        hasty.end_input();
        let (status, shown, errors) = hasty.end();
        assert!(status.success(), "{errors:?}");
        // What comes again comes before the last message.
        script(&format!("Bob: the end of {round}."));
        let mut patient = Client::start(&server.url, &[], BOB, "demo");
        patient.expect(&format!("the end of {round}."));
        let all = shown.iter().chain(&patient.seen);
        assert_eq!(all.filter(|line| line.contains(&hello)).count(), 3);
        patient.end_input();
        patient.end();
    }
}
