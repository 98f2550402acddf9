//! What an operator does with the data while the server runs: sessions, quotas, export, deletion.

use serde_json::Value;
use testkit::{Client, Server, json, read_all, run, run_for_output, run_for_refusal, until};

/// The sequence number after everything that was pushed so far.
fn quiet(client: &Client) -> i64 {
    let mut seq = client.seq();
    until("quiet", || {
        let path = format!("/x/0/false/p_{}={seq}?batch=100&wait=0", client.uid);
        let answer = json(client.get(&path));
        match answer["t"].as_str().unwrap() {
            "refresh" => seq = answer["seq"].as_i64().unwrap(),
            "msg" => seq += answer["ms"].as_array().unwrap().len() as i64,
            _ => return Some(seq),
        }
        None
    })
}

#[test]
fn a_revoked_session_ends_while_its_polls_are_held() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    testkit::accounts(data);
    let server = Server::serve(data, &[]);
    let ben = Client::login(&server, "ben", "secret");
    let login = |from| Client::try_login_from(&server, Some(from), "ann", "secret").unwrap();
    let (here, there) = (login("10.0.0.1"), login("10.0.0.2"));
    here.seq();
    let held = there.hold_ten(there.seq());
    let list = run_for_output(&["session", "list", "ann@example.org"], data);
    let lines: Vec<Vec<_>> = list
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0][1], "ann@example.org");
    let line = lines.iter().find(|line| line[3] == "10.0.0.2").unwrap();
    assert_eq!(
        run_for_output(&["session", "list"], data).lines().count(),
        3
    );
    assert!(!list.contains(there.cookie.split("xs=").nth(1).unwrap()));
    run_for_output(&["session", "revoke", "ann@example.org", line[0]], data);
    for poll in held {
        assert!(read_all(poll).ends_with(r#"{"t":"refresh"}"#));
    }
    let path = "/ajax/chat/history.php?id=1";
    assert_eq!(json(there.get(path))["error"], 1_357_001);
    assert_eq!(json(here.get(path))["error"], 0);
    assert_eq!(ben.sees(here.uid), "active");
    let again = run_for_refusal(&["session", "revoke", "ann@example.org", line[0]], data);
    assert!(again.contains("session list"), "{again}");
    // All of them: Ann is offline at once, not only after the timeout.
    run_for_output(&["session", "revoke", "ann@example.org", "--all"], data);
    // The server has not noticed yet.
    assert_eq!(json(here.get(path))["error"], 1_357_001);
    until("ann to be gone", || {
        (ben.sees(here.uid) == "offline").then_some(())
    });
}

#[test]
fn a_user_whose_messages_take_all_their_room_can_send_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    testkit::accounts(data);
    let serve = || {
        let mut command = Server::command(data);
        Server::start(command.env("FBCHATD_MESSAGE_QUOTA_MIB", "1"))
    };
    let mut server = serve();
    let login = |server, email| Client::login(server, email, "secret");
    let (mut ann, mut ben) = (login(&server, "ann"), login(&server, "ben"));
    let text = "x".repeat(20_000);
    let first = ann.fresh_id();
    assert_eq!(ann.send_as(&first, ben.uid, &text).unwrap()["error"], 0);
    let mut sent = 1;
    let told = loop {
        let told = ann.send(ben.uid, &text);
        if told["error"] != 0 {
            break told;
        }
        sent += 1;
        assert!(sent < 100, "no quota");
    };
    assert_eq!(sent, (1 << 20) / 20_256 + 1);
    let sentence = "Your messages take all the room that an account has on this server. Ask its operator for more.";
    assert_eq!(
        (&told["error"], &told["errorDescription"]),
        (&1_357_005.into(), &sentence.into())
    );
    // What was stored stays so, and others are not concerned.
    assert_eq!(ann.send_as(&first, ben.uid, &text).unwrap()["error"], 0);
    assert_eq!(ben.send(ann.uid, "hello")["error"], 0);
    let stats = run_for_output(&["stats"], data);
    assert!(
        stats.contains("\nmessage quota in bytes\t1073741824\n"),
        "{stats}"
    );
    assert!(
        stats.contains("\nbytes of ann@example.org\t1053312\n"),
        "{stats}"
    );
    server.stop();
    let server = serve();
    ann = ann.moved(&server);
    assert_eq!(ann.send(ann.uid, "hello")["error"], 1_357_005);
    // Their conversation goes with Ben.
    run_for_output(&["user", "del", "ben"], data);
    assert_eq!(ann.send(ann.uid, "hello")["error"], 0);
}

#[test]
fn an_export_has_all_data_of_one_user_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    testkit::accounts(data);
    testkit::account(data, "eve@example.org", "Eve");
    let server = Server::serve(data, &[]);
    let login = |email| Client::login(&server, email, "secret");
    let (mut ann, mut ben, eve) = (login("ann"), login("ben"), login("eve"));
    assert_eq!(ann.send(ben.uid, "to \"ben\"\n</x>")["error"], 0);
    assert_eq!(ben.send(ann.uid, "to ann")["error"], 0);
    assert_eq!(ben.send(ben.uid, "to myself")["error"], 0);
    eve.write("/ajax/addfriend.php", &[("user", &ann.uid.to_string())]);
    ann.write("/updatestatus.php", &[("status", "is here")]);
    let all: Value =
        serde_json::from_str(&run_for_output(&["export", "ann@example.org"], data)).unwrap();
    assert_eq!(all["uid"], ann.uid);
    assert_eq!(all["email"], "ann@example.org");
    assert_eq!(all["status"], "is here");
    assert_eq!(all["friends"][0]["name"], "Ben B");
    assert_eq!(all["friend_requests_received"][0]["person"]["name"], "Eve");
    assert_eq!(all["sessions"].as_array().unwrap().len(), 1);
    let texts: Vec<_> = all["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["text"])
        .collect();
    assert_eq!(texts, ["to \"ben\"\n</x>", "to ann"]);
    let secrets = [ann.cookie.split("xs=").nth(1).unwrap(), "argon2"];
    assert!(
        secrets
            .iter()
            .all(|secret| !all.to_string().contains(secret))
    );
    let nothing: Value = serde_json::from_str(&run_for_output(&["export", "eve"], data)).unwrap();
    assert_eq!(nothing["messages"], Value::Array(Vec::new()));
    assert!(run_for_refusal(&["export", "x@y"], data).contains("no account x@y"));
    let stats = run_for_output(&["stats"], data);
    for line in [
        "accounts\t3",
        "friendships\t1",
        "sessions\t3",
        "messages\t3",
        "messages in 24 hours\t3",
    ] {
        assert!(stats.lines().any(|found| found == line), "{stats}");
    }
    // The user who sent most comes first.
    let largest = "\nbytes of ben@example.org\t527\nbytes of ann@example.org\t269\n";
    assert!(stats.ends_with(largest), "{stats}");
}

#[test]
fn a_deleted_account_leaves_nothing_behind_and_others_are_unaffected() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    testkit::accounts(data);
    testkit::account(data, "eve@example.org", "Eve");
    let server = Server::serve(data, &[]);
    let login = |email| Client::login(&server, email, "secret");
    let (mut ann, mut ben, eve) = (login("ann"), login("ben"), login("eve"));
    // One of everything that can refer to the account.
    let (a, b) = (ann.uid.to_string(), ben.uid.to_string());
    assert_eq!(ann.send(ben.uid, "a")["error"], 0);
    assert_eq!(ben.send(ann.uid, "b")["error"], 0);
    assert_eq!(ben.send(ben.uid, "mine")["error"], 0);
    assert_eq!(ann.write("/ajax/poke.php", &[("uid", &b)])["error"], 0);
    eve.write("/ajax/addfriend.php", &[("user", &a)]);
    ann.write("/updatestatus.php", &[("status", "is here")]);
    ben.write(
        "/ajax/chat/buddy_list_settings.php",
        &[("create", "Friends")],
    );
    ann.write(
        "/ajax/chat/buddy_list_settings.php",
        &[("create", "Friends")],
    );
    run_for_output(&["invite", "--friend", "ann@example.org"], data);
    let held = ann.hold_ten(quiet(&ann));
    run_for_output(&["user", "del", "ann@example.org"], data);
    for poll in held {
        assert!(read_all(poll).ends_with(r#"{"t":"refresh"}"#));
    }
    assert!(Client::try_login(&server, "ann", "secret").is_err());
    assert!(!run_for_output(&["user", "list"], data).contains("ann@"));
    assert!(run_for_output(&["stats"], data).contains("messages\t1\n"));
    assert_eq!(ben.buddies()["userInfos"].as_object().unwrap().len(), 1);
    assert_eq!(ben.send(ann.uid, "x")["error"], 1_356_003);
    assert_eq!(ben.send(ben.uid, "still here")["error"], 0);
    let mut arrived = Vec::new();
    let mut seq = ben.seq();
    until("the last message", || {
        let (item, next) = ben.wait_for(seq, |item| item["type"] == "msg");
        seq = next;
        arrived.push(item["msg"]["text"].as_str().unwrap().to_owned());
        (arrived.last().unwrap() == "still here").then_some(())
    });
    // The uid is never reused.
    testkit::account(data, "ann@example.org", "Another Ann");
    assert!(Client::login(&server, "ann", "secret").uid > eve.uid);
}

#[test]
fn a_deleted_account_leaves_lists_and_memory_at_once() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let (ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let start = ben.seq();
    ben.buddies();
    let to = ben.uid.to_string();
    let form = [
        ("to", to.as_str()),
        ("msg_id", "1"),
        ("msg_text", "waiting"),
    ];
    assert_eq!(ann.write("/ajax/chat/send.php", &form)["error"], 0);
    let deleted = run(&["user", "del", "ann@example.org"], dir.path(), "");
    assert!(deleted.status.success());
    let (item, _) = ben.wait_for(start, |item| item["type"] == "friend");
    assert_eq!(
        (&item["uid"], &item["action"], &item["username"]),
        (&ann.uid.into(), &"removed".into(), &"ann.a".into())
    );
    until("an empty memory", || {
        let answer = ben.poll(start);
        (!answer.to_string().contains("waiting")).then_some(())
    });
}
