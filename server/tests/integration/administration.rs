//! What an operator does with the data while the server runs: sessions, backup, export, deletion.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use testkit::{Client, Server, json, read_all, run, until};

fn output(args: &[&str], data: &Path) -> String {
    let done = run(args, data, "");
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

fn refused(args: &[&str], data: &Path) -> String {
    let output = run(args, data, "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

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
    let list = output(&["session", "list", "ann@example.org"], data);
    let lines: Vec<Vec<_>> = list
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0][1], "ann@example.org");
    let line = lines.iter().find(|line| line[3] == "10.0.0.2").unwrap();
    assert_eq!(output(&["session", "list"], data).lines().count(), 3);
    assert!(!list.contains(there.cookie.split("xs=").nth(1).unwrap()));
    output(&["session", "revoke", "ann@example.org", line[0]], data);
    for poll in held {
        assert!(read_all(poll).ends_with(r#"{"t":"refresh"}"#));
    }
    let path = "/ajax/chat/history.php?id=1";
    assert_eq!(json(there.get(path))["error"], 1_357_001);
    assert_eq!(json(here.get(path))["error"], 0);
    assert_eq!(ben.sees(here.uid), "active");
    let again = refused(&["session", "revoke", "ann@example.org", line[0]], data);
    assert!(again.contains("session list"), "{again}");
    // All of them: Ann is offline at once, not only after the timeout.
    output(&["session", "revoke", "ann@example.org", "--all"], data);
    // The server has not noticed yet.
    assert_eq!(json(here.get(path))["error"], 1_357_001);
    until("ann to be gone", || {
        (ben.sees(here.uid) == "offline").then_some(())
    });
}

#[test]
fn a_backup_of_a_busy_server_has_what_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    testkit::accounts(data);
    let server = Server::serve(data, &[]);
    let (mut ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    for n in 0..20 {
        assert_eq!(ann.send(ben.uid, &format!("before {n}"))["error"], 0);
    }
    let backup = data.join("copy/fbchatd.db");
    let file = backup.to_str().unwrap();
    assert!(refused(&["backup", file], data).contains(file));
    std::fs::create_dir(backup.parent().unwrap()).unwrap();
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut ann = ann.clone();
        let (enough, to) = (&enough, ben.uid);
        scope.spawn(move || {
            while !enough.load(Ordering::Relaxed) {
                assert_eq!(ann.send(to, "meanwhile")["error"], 0);
            }
        });
        output(&["backup", file], data);
        enough.store(true, Ordering::Relaxed);
    });
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        backup.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(backup.parent().unwrap().read_dir().unwrap().count(), 1);
    // Nothing is overwritten.
    assert!(refused(&["backup", file], data).contains("exists"));
    let restored = Server::serve(backup.parent().unwrap(), &[]);
    let path = format!("/ajax/chat/history.php?id={}&since=0", ben.uid);
    let history = ann.moved(&restored).read(&path);
    let texts: Vec<_> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["msg"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts[..20],
        (0..20).map(|n| format!("before {n}")).collect::<Vec<_>>()
    );
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
    let stats = output(&["stats"], data);
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
    output(&["user", "del", "ben"], data);
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
    let all: Value = serde_json::from_str(&output(&["export", "ann@example.org"], data)).unwrap();
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
    let nothing: Value = serde_json::from_str(&output(&["export", "eve"], data)).unwrap();
    assert_eq!(nothing["messages"], Value::Array(Vec::new()));
    assert!(refused(&["export", "x@y"], data).contains("no account x@y"));
    let stats = output(&["stats"], data);
    for line in [
        "accounts\t3",
        "friendships\t1",
        "sessions\t3",
        "messages\t3",
        "messages in 24 hours\t3",
    ] {
        assert!(stats.lines().any(|found| found == line), "{stats}");
    }
    // Whoever sent most comes first.
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
    output(&["invite", "--friend", "ann@example.org"], data);
    let held = ann.hold_ten(quiet(&ann));
    output(&["user", "del", "ann@example.org"], data);
    for poll in held {
        assert!(read_all(poll).ends_with(r#"{"t":"refresh"}"#));
    }
    assert!(Client::try_login(&server, "ann", "secret").is_err());
    assert!(!output(&["user", "list"], data).contains("ann@"));
    assert!(output(&["stats"], data).contains("messages\t1\n"));
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

/// SQLite's locks keep another program from taking itself for the last one to close the database, and from deleting the log with
/// what the server has stored since. Debian's SQLite, because operators use it.
#[test]
fn another_program_leaves_the_log_of_the_running_server_alone() {
    const READ: &str = "import contextlib, sqlite3, sys\n\
        with contextlib.closing(sqlite3.connect(sys.argv[1])) as database: database.execute('SELECT count(*) FROM users').fetchone()";
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let mut ann = Client::login(&server, "ann", "secret");
    for text in ["1", "2"] {
        assert_eq!(ann.send(ann.uid, text)["error"], 0);
        let database = dir.path().join("fbchatd.db");
        let read = Command::new("/usr/bin/python3")
            .args(["-c", READ])
            .arg(database)
            .status();
        assert!(read.unwrap().success());
        assert!(dir.path().join("fbchatd.db-wal").exists());
    }
}

/// The texts of Ann's conversation, as a server with this data tells them.
fn texts(data: &Path) -> Vec<String> {
    let server = Server::serve(data, &[]);
    let ann = Client::login(&server, "ann", "secret");
    let history = ann.read(&format!("/ajax/chat/history.php?id={}&since=0", ann.uid));
    let items = history["history"].as_array().unwrap().iter();
    items
        .map(|item| item["msg"]["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn going_back_to_a_backup_after_a_crash_is_complete_and_keeps_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let data = &dir.path().join("data");
    testkit::accounts(data);
    let backup = dir.path().join("backup.db");
    let file = backup.to_str().unwrap();
    let mut server = Server::serve(data, &[]);
    let mut ann = Client::login(&server, "ann", "secret");
    assert_eq!(ann.send(ann.uid, "before")["error"], 0);
    let told = output(&["backup", file], data);
    assert!(told.contains(&format!("fbchatd restore {file}")), "{told}");
    assert!(refused(&["restore", file], data).contains("is serving"));
    // As long as somebody reads an earlier state, the server cannot empty its log.
    let reader = rusqlite::Connection::open(data.join("fbchatd.db")).unwrap();
    let keep_log = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    reader.set_db_config(keep_log, true).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM users")
        .unwrap();
    assert_eq!(ann.send(ann.uid, "after")["error"], 0);
    server.kill();
    drop(reader);
    assert!(data.join("fbchatd.db-wal").metadata().unwrap().len() > 0);

    // Files that are no backup change nothing.
    let other = dir.path().join("other.db");
    std::fs::write(&other, "hello").unwrap();
    for (wrong, why) in [
        (other.as_path(), "not a database"),
        (&dir.path().join("missing"), "No such file"),
        (&data.join("fbchatd.db"), "the database itself"),
    ] {
        let told = refused(&["restore", wrong.to_str().unwrap()], data);
        assert!(
            told.contains(why) && told.contains("Nothing was changed"),
            "{told}"
        );
    }
    let mut cut = std::fs::read(&backup).unwrap();
    cut.truncate(cut.len() / 2);
    std::fs::write(&other, cut).unwrap();
    assert!(refused(&["restore", other.to_str().unwrap()], data).contains("Nothing was changed"));

    // By hand, with the log of the crashed server left in place.
    let by_hand = dir.path().join("by-hand");
    std::fs::create_dir(&by_hand).unwrap();
    for name in ["fbchatd.db", "fbchatd.db-wal", "fbchatd.db-id"] {
        std::fs::copy(data.join(name), by_hand.join(name)).unwrap();
    }
    std::fs::copy(&backup, by_hand.join("fbchatd.db")).unwrap();
    assert!(refused(&["user", "list"], &by_hand).contains("Move fbchatd.db-wal"));
    std::fs::remove_file(by_hand.join("fbchatd.db-wal")).unwrap();
    assert_eq!(texts(&by_hand), ["before"]);

    let told = output(&["restore", file], data);
    let aside = told.split("before is in ").nth(1).unwrap();
    let aside = Path::new(aside.split(';').next().unwrap());
    assert_eq!(texts(data), ["before"]);
    assert_eq!(texts(aside), ["before", "after"]);
    // Where nothing is, nothing is kept.
    let fresh = dir.path().join("fresh");
    assert!(!output(&["restore", file], &fresh).contains("before is in"));
    assert_eq!(texts(&fresh), ["before"]);
}

#[test]
fn a_backup_with_an_unusual_name_is_right_or_refused() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let data = &dir.path().join("data");
    testkit::accounts(data);
    let backup = |name: &std::ffi::OsStr| {
        let mut command = Command::new(testkit::fbchatd());
        command
            .args(["backup".as_ref(), name, "--data".as_ref()])
            .arg(data);
        command.current_dir(dir.path()).output().unwrap()
    };
    for name in ["file:copy.db", "file:x?mode=memory", "ä b.db"] {
        let output = backup(name.as_ref());
        assert!(output.status.success(), "{output:?}");
        output_of_list(&dir.path().join(name), dir.path());
    }
    let output = backup(std::ffi::OsStr::from_bytes(b"\xff.db"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("UTF-8"), "{told}");
    let names: Vec<_> = dir.path().read_dir().unwrap().collect();
    assert_eq!(names.len(), 1 + 3 + 1, "{names:?}");
}

/// Restores a backup into a directory of its own, to see that it has the accounts.
fn output_of_list(backup: &Path, dir: &Path) {
    let into = dir.join("into");
    output(&["restore", backup.to_str().unwrap()], &into);
    assert!(output(&["user", "list"], &into).contains("ann@example.org"));
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
