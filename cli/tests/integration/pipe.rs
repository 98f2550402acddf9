//! `fbchat` in scripts: pipes and `--json`, against a real server.

use crate::program::{Client, GREETING, fbchat};
use serde_json::Value;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use testkit::Server;
use testkit::limited_user::LimitedUser;

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.org";

fn uid(client: &mut Client) -> u64 {
    client.event("logged_in", |_| true)["uid"].as_u64().unwrap()
}

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

/// The uids of the members of a group in an event.
fn members(event: &Value) -> Vec<u64> {
    let members = event["members"].as_array().unwrap().iter();
    members
        .map(|member| member["uid"].as_u64().unwrap())
        .collect()
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
fn a_user_name_or_a_number_is_enough_to_log_in() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], "alice.example", "demo");
    let number = uid(&mut alice);
    let mut again = Client::start(&server.url, &["--json"], &number.to_string(), "demo");
    assert_eq!(uid(&mut again), number);
    for mut client in [alice, again] {
        client.end_input();
        assert!(client.end().0.success());
    }
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
fn password_is_read_from_a_file() {
    let server = Server::demo();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "demo").unwrap();
    let path = file.path().to_str().unwrap();
    let mut client = Client::run(fbchat(&server.url, &["--password-file", path]).arg(ALICE));
    client.line("/who");
    assert!(
        client
            .expect("You are")
            .starts_with("You are Alice Example (")
    );
    client.line("/quit");
    assert!(client.end().0.success());
}

#[test]
fn a_password_file_that_others_can_read_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "demo").unwrap();
    let path = file.path().to_str().unwrap();
    let public = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(path, public).unwrap();
    let server = "http://127.0.0.1:1";
    let mut client = fbchat(server, &["--password-file", path]);
    let (status, _, errors) = Client::run(client.arg(ALICE)).end();
    assert_eq!(status.code(), Some(2), "{errors:?}");
    let advice = format!("can be read by others; run chmod 600 {path}");
    assert!(errors[0].contains(&advice), "{errors:?}");
}

#[test]
fn wrong_password_gives_an_error_message_and_exit_status_1() {
    let server = Server::demo();
    let (status, output, errors) = Client::start(&server.url, &["--json"], ALICE, "wrong").end();
    assert_eq!(status.code(), Some(1));
    assert!(
        output[0].starts_with(r#"{"event":"login_failed","status":"credentials""#),
        "{output:?}"
    );
    assert!(
        errors[0].starts_with("fbchat: ") && errors[0].ends_with('.'),
        "{errors:?}"
    );
    assert_eq!(errors.len(), 1);
}

#[test]
fn servers_of_another_kind_are_recognized() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (status, _, errors) = Client::start(&format!("http://{free}"), &[], ALICE, "demo").end();
    assert_eq!(status.code(), Some(1));
    assert!(errors[0].contains("connection refused"), "{errors:?}");

    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", web.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in web.incoming().map_while(Result::ok) {
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<h1>Hello!</h1>");
        }
    });
    let (status, _, errors) = Client::start(&url, &[], ALICE, "demo").end();
    assert_eq!(status.code(), Some(1));
    assert!(
        errors[0].contains("not") && errors[0].contains("127.0.0.1"),
        "{errors:?}"
    );
}

#[test]
fn wrong_command_lines_give_exit_status_2() {
    let usage = |command: &mut Command, part: &str| {
        let (status, _, errors) = Client::run(command).end();
        assert_eq!(status.code(), Some(2), "{errors:?}");
        assert!(errors.join("\n").contains(part), "{errors:?}");
    };
    usage(
        fbchat("http://192.0.2.1", &["--password-stdin"]).arg(ALICE),
        "--allow-insecure",
    );
    usage(
        fbchat("ftp://x", &["--password-stdin"]).arg(ALICE),
        "not a server address",
    );
    usage(
        fbchat("https://example.org/chat/", &["--password-stdin"]).arg(ALICE),
        "needs a host name of its own",
    );
    usage(&mut fbchat("http://127.0.0.1:1", &[]), "EMAIL");
    usage(
        fbchat("http://127.0.0.1:1", &["--password-file", "/nonexistent"]).arg(ALICE),
        "cannot be read",
    );
    // setsid: no terminal to ask at, even if the test was started from one.
    let mut no_terminal = Command::new("setsid");
    no_terminal.args(["--wait", env!("CARGO_BIN_EXE_fbchat"), ALICE]);
    usage(&mut no_terminal, "--password-stdin");
}

#[test]
fn a_start_without_threads_ends_with_one_sentence() {
    let server = Server::demo();
    let user = LimitedUser::new("64126", Path::new(env!("CARGO_BIN_EXE_fbchat")));
    for threads in 1..=6 {
        let mut command = user.program(&threads.to_string());
        command.args(["--server", &server.url, "--password-stdin", ALICE]);
        let mut client = Client::run(&mut command);
        client.line("demo");
        let (status, output, errors) = client.end();
        // Enough of them for one who leaves at the end of the input.
        if status.success() {
            assert!(threads > 3, "{threads}: {output:?}");
            continue;
        }
        assert_eq!(status.code(), Some(1), "{threads}: {errors:?}");
        // Where they last for the login, what that brings is shown before.
        let logged_in = errors[0].starts_with("Logged in");
        assert!(logged_in || errors.len() == 1, "{threads}: {errors:?}");
        let last = errors.last().unwrap();
        assert!(last.starts_with("fbchat: "), "{errors:?}");
        assert!(last.contains("start a thread"), "{errors:?}");
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
