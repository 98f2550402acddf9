//! Files, groups and blocking with `fbchat --json`, against a real server.

use crate::program::{ALICE, BOB, Client, GREETING, uid};
use serde_json::Value;
use testkit::Server;

/// The uids of the members of a group in an event.
fn members(event: &Value) -> Vec<u64> {
    let members = event["members"].as_array().unwrap().iter();
    members
        .map(|member| member["uid"].as_u64().unwrap())
        .collect()
}

#[test]
fn files_are_sent_shown_and_saved() {
    let server = Server::demo();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let content = vec![7; 300_000];
    std::fs::write(path("our notes.txt"), &content).unwrap();
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    uid(&mut alice);
    let mut bob = Client::start(&server.url, &[], BOB, "demo");
    bob.expect("Buddies");
    alice.line(&format!("/send Bob: {}", path("our notes.txt")));
    let sent = alice.event("file_sent", |_| true);
    let file = &sent["file"];
    assert_eq!(
        (&file["name"], &file["size"]),
        (&"our notes.txt".into(), &300_000.into())
    );
    let line = bob.expect("[1: file our notes.txt 300.0 kB http://");
    assert!(
        line.ends_with(&format!("{}]", file["url"].as_str().unwrap())),
        "{line}"
    );

    // Nothing is overwritten.
    bob.line(&format!("/get 1 {0}\n/get 1 {0}\n/get 2", path("copy")));
    bob.end_input();
    let (status, _, errors) = bob.end();
    assert!(!status.success());
    for part in [
        "Saved as ",
        "The file cannot be saved: File exists",
        "There is no file 2.",
    ] {
        assert!(errors.iter().any(|line| line.contains(part)), "{errors:?}");
    }
    assert_eq!(std::fs::read(path("copy")).unwrap(), content);
    alice.line("/history bob");
    let history = alice.event("history", |_| true);
    assert_eq!(history["messages"][0]["files"][0]["number"], 1, "{history}");
    alice.line(&format!("/send bob: {}", path("missing")));
    assert_eq!(alice.event("file_failed", |_| true)["status"], "argument");
}

#[test]
fn groups_are_made_written_to_changed_and_left() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    let alice_uid = uid(&mut alice);
    let mut bob = Client::start(&server.url, &[], BOB, "demo");
    bob.expect("Buddies");
    alice.line("/group new Our lunch: Bob Example");
    let created = alice.event("group_created", |_| true);
    let all = members(&created);
    let (gid, bob_uid) = (created["group"].as_u64().unwrap(), all[1]);
    assert_eq!((&created["name"], all[0]), (&"Our lunch".into(), alice_uid));
    bob.expect("-- Our lunch: Alice Example created the group.");

    // By name and by number, and back: the line names the sender and the group.
    alice.line(&format!("our: {GREETING}"));
    let line = bob.expect(GREETING);
    assert!(
        line.ends_with(&format!("] Alice Example → Our lunch: {GREETING}")),
        "{line}"
    );
    bob.line("our lunch:\n/me waves\n/members");
    let said = alice.event("message", |event| event["from"] == bob_uid);
    assert_eq!(
        (&said["text"], &said["group"], &said["to_name"]),
        (&"/me waves".into(), &gid.into(), &"Our lunch".into())
    );
    bob.expect("Members of Our lunch");
    assert!(bob.expect("Alice Example").ends_with("owner"));

    // What happens to it is told with its messages, and to programs in words.
    alice.line(&format!(
        "/rename our lunch: Dinner\n/add {gid}: echo\n/mute {gid}"
    ));
    let changed = |change: &'static str| move |event: &Value| event["change"] == change;
    assert_eq!(
        alice.event("group_changed", changed("rename"))["name"],
        "Dinner"
    );
    let added = alice.event("message", |event| event["notice"] == "added");
    let echo = added["uids"][0].as_u64().unwrap();
    assert_eq!(alice.event("group_changed", changed("mute"))["group"], gid);
    alice.line("/groups");
    let list = alice.event("group_list", |event| event["groups"][0]["muted"] == true);
    assert_eq!(members(&list["groups"][0]), [alice_uid, bob_uid, echo]);
    bob.expect("-- Dinner: Alice Example added Echo.");
    bob.line("/history dinner\n/remove Dinner: echo\n/groups");
    bob.expect("Last messages in Dinner:");
    bob.expect("Dinner  3 members");

    // Who is removed is told, and cannot write any more.
    alice.line(&format!("/remove {gid}: bob\n/leave {gid}"));
    let gone = alice.event("group", |event| event["gone"] == true);
    assert_eq!(gone["group"], gid);
    bob.expect("removed Bob Example.");
    bob.line(&format!("{gid} still here?"));
    bob.end_input();
    let (status, _, errors) = bob.end();
    let errors = errors.join("\n");
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("Only the owner can remove"), "{errors}");
    assert!(errors.contains("You are no longer in Dinner."), "{errors}");
    assert!(errors.contains("still here?"), "{errors}");
    alice.end_input();
    let (status, _, errors) = alice.end();
    assert!(status.success(), "{errors:?}");
}

#[test]
fn people_are_blocked_listed_and_unblocked() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], ALICE, "demo");
    let alice_uid = uid(&mut alice);
    let mut bob = Client::start(&server.url, &["--json"], BOB, "demo");
    let bob_uid = uid(&mut bob);
    let alice_is =
        |presence| move |event: &Value| event["uid"] == alice_uid && event["presence"] == presence;
    alice.event("presence", |event| {
        event["uid"] == bob_uid && event["presence"] == "active"
    });
    alice.line("/block bob");
    let block = alice.event("block", |_| true);
    assert_eq!(
        (&block["uid"], &block["blocked"]),
        (&bob_uid.into(), &true.into())
    );
    bob.event("presence", alice_is("offline"));
    bob.line(&format!("{alice_uid} hello"));
    assert_eq!(bob.event("failed", |_| true)["status"], "recipient_offline");
    alice.line("/blocked");
    let blocked = alice.event("blocked", |_| true);
    let people = serde_json::json!([{"uid": bob_uid, "name": "Bob Example"}]);
    assert_eq!(blocked["people"], people);
    alice.line("/unblock bob");
    assert_eq!(alice.event("block", |_| true)["blocked"], false);
    bob.event("presence", alice_is("active"));
    bob.line("/blocked");
    assert_eq!(
        bob.event("blocked", |_| true)["people"],
        serde_json::json!([])
    );
    // The exit status says that nothing of this failed for Alice.
    alice.end_input();
    assert!(alice.end().0.success());
}
