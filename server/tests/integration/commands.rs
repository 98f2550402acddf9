//! The command line, also while a server uses the same data.

use std::process::{Command, Output, Stdio};

use testkit::{Client, Server, fbchatd, json, read_all, run};

fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn accounts_and_friendships_can_be_added_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let server = Server::serve(data, &[]);
    assert!(
        run(
            &["user", "add", "Ann@Example.org", "--name", "Ann A"],
            data,
            "secret\n"
        )
        .status
        .success()
    );
    let file = dir.path().join("password");
    std::fs::write(&file, "other\n").unwrap();
    let mode = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&file, mode).unwrap();
    };
    let from_file = [
        "user",
        "add",
        "ben@example.org",
        "--name",
        "Ben",
        "--password-file",
        file.to_str().unwrap(),
    ];
    mode(0o644);
    let refused = run(&from_file, data, "");
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        told.contains("can be read by others; run chmod 600 "),
        "{told}"
    );
    mode(0o600);
    assert!(run(&from_file, data, "").status.success());
    let list = String::from_utf8(run(&["user", "list"], data, "").stdout).unwrap();
    assert_eq!(
        list,
        "100001\tann@example.org\tann.a\tAnn A\n100002\tben@example.org\tben\tBen\n"
    );

    let mut ann = Client::login(&server, "ann@example.org", "secret");
    let ben = Client::login(&server, "ben", "other");
    assert_eq!(ann.send(ben.uid, "x")["error"], 1_356_003);
    assert_eq!(ann.buddies()["userInfos"].as_object().unwrap().len(), 1);
    assert!(
        run(
            &["friend", "add", "ann@example.org", "ben@example.org"],
            data,
            ""
        )
        .status
        .success()
    );
    assert!(
        run(
            &["friend", "add", "ben@example.org", "ann@example.org"],
            data,
            ""
        )
        .status
        .success()
    );
    assert_eq!(ben.sees(ben.uid), "offline");
    assert_eq!(ann.sees(ben.uid), "active");
    assert_eq!(ann.send(ben.uid, "x")["error"], 0);
    assert_eq!(
        ben.wait_for(ben.seq(), |item| item["type"] == "msg").0["msg"]["text"],
        "x"
    );

    assert!(
        run(&["user", "passwd", "ann@example.org"], data, "new\n")
            .status
            .success()
    );
    assert_eq!(
        json(ann.get("/ajax/chat/history.php?id=1"))["error"],
        1_357_001
    );
    assert_eq!(json(ben.get("/ajax/chat/history.php?id=1"))["error"], 0);
    assert!(Client::try_login(&server, "ann", "secret").is_err());
    Client::login(&server, "ann", "new");
}

#[test]
fn a_changed_password_ends_held_polls() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let (mut ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let (uid, held) = (ben.uid, ben.hold_ten(ben.seq()));
    assert!(
        run(&["user", "passwd", "ben@example.org"], dir.path(), "new\n")
            .status
            .success()
    );
    assert_eq!(ann.send(uid, "not for a thief")["error"], 0);
    for poll in held {
        assert!(read_all(poll).ends_with(r#"{"t":"refresh"}"#));
    }
}

#[test]
fn mistakes_get_an_error_message() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let add = ["user", "add", "ann@example.org", "--name", "Ann"];
    assert!(failure(&run(&add, data, "")).contains("password is empty"));
    assert!(run(&add, data, "secret").status.success());
    assert!(failure(&run(&add, data, "secret")).contains("already an account ann@example.org"));
    assert!(
        failure(&run(&["user", "add", "ann", "--name", "Ann"], data, "x"))
            .contains("not an e-mail address")
    );
    assert!(
        failure(&run(&["user", "add", "b@x", "--name", " "], data, "x")).contains("name must have")
    );
    assert!(failure(&run(&["user", "passwd", "b@x"], data, "x")).contains("no account b@x"));
    assert!(
        failure(&run(&["friend", "add", "ann@example.org", "b@x"], data, ""))
            .contains("no account b@x")
    );
    assert!(
        failure(&run(&["friend", "add", "ann@example.org", "ANN"], data, ""))
            .contains("two different accounts")
    );

    let _server = Server::serve(data, &[]);
    let second = Server::command(data).output().unwrap();
    assert!(
        failure(&second).contains("Another fbchatd is serving"),
        "{second:?}"
    );
    let demo = Command::new(fbchatd())
        .args(["demo", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(failure(&demo).contains("well-known passwords"));
    let config = dir.path().join("config.toml");
    std::fs::write(&config, "lisen = \"127.0.0.1:0\"\n").unwrap();
    let wrong = Command::new(fbchatd())
        .args(["serve", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert!(failure(&wrong).contains("lisen"));
    let busy = Server::demo();
    let address = busy.url.trim_start_matches("http://");
    let taken = Command::new(fbchatd())
        .args(["demo", "--listen", address])
        .output()
        .unwrap();
    assert!(failure(&taken).contains(&format!("Cannot listen on {address}")));
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(failure(&run(&["user", "list"], &file, "")).contains("Cannot use the data directory"));
}

#[test]
fn a_mistyped_directory_is_not_created() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("mistyped");
    for args in [
        &["user", "list"][..],
        &["user", "passwd", "ann@example.org"],
        &["friend", "add", "ann@example.org", "ben@example.org"],
        &["invite"],
    ] {
        let error = failure(&run(args, &data, "secret\n"));
        assert!(error.contains("There are no accounts in"), "{error}");
        assert!(error.contains("mistyped"), "{error}");
        assert!(!data.exists(), "{args:?}");
    }
    // Nor is anything created in a directory that exists but has no accounts.
    assert!(failure(&run(&["user", "list"], dir.path(), "")).contains("no accounts"));
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    testkit::account(&data, "ann@example.org", "Ann");
    assert!(run(&["user", "list"], &data, "").status.success());
}

#[test]
fn settings_come_from_the_file_and_flags_override_them() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let config = dir.path().join("config.toml");
    let text = "base_domain = \"example.org\"\nchannel_host_pattern = \"0.{channel}.{base}\"\nmessage_limit = 5\n\
                hold_s = 1\noffline_messages = false\nlisten = \"192.0.2.1:1\"\n";
    std::fs::write(&config, text).unwrap();
    let server = Server::serve(dir.path(), &["--config", config.to_str().unwrap()]);
    let port = server.url.rsplit(':').next().unwrap();
    let mut ann = Client::login(&server, "ann", "secret");
    let page = ann.get("/home.php").text().unwrap();
    assert!(
        page.contains(&format!(
            "&quot;channel&quot;:&quot;http://0.channel02.example.org:{port}/&quot;"
        )),
        "{page}"
    );
    assert!(page.contains("&quot;message_limit&quot;:5"), "{page}");
    let form = ann
        .http
        .get(format!("{}/login.php", server.url))
        .send()
        .unwrap();
    assert!(
        form.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("; domain=.example.org;")
    );
    assert_eq!(ann.send(ann.uid, "123456")["error"], 1_357_005);
    assert_eq!(ann.send(ann.uid + 1, "12345")["error"], 1_356_003);
    let seq = ann.seq();
    assert_eq!(ann.poll(seq)["t"], "continue");
}

/// A reader that ends early, as `head` does, is no failure; a full disk is one.
#[test]
fn output_that_cannot_be_written_ends_a_command_without_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let config = dir.path().join("fbchatd.toml");
    std::fs::write(&config, "").unwrap();
    let data = dir.path().to_str().unwrap();
    for args in [
        &["user", "list", "--data", data][..],
        &["session", "list", "--data", data],
        &["stats", "--data", data],
        &["export", "ann@example.org", "--data", data],
        &["invite", "--data", data],
        &["friend", "add", "ann", "ben", "--data", data],
        &["config", "example"],
        &["config", "check", config.to_str().unwrap()],
        &["help"],
        &["--version"],
    ] {
        if args[0] == "session" {
            let server = Server::serve(dir.path(), &[]);
            Client::login(&server, "ann", "secret");
        }
        let run = |stdout: Stdio| {
            let mut command = Command::new(fbchatd());
            command.args(args).stdout(stdout).output().unwrap()
        };
        let full = run(std::fs::File::create("/dev/full").unwrap().into());
        let told = failure(&full);
        assert!(
            told.contains("Cannot write to standard output"),
            "{args:?}: {told}"
        );
        let (unread, writer) = std::io::pipe().unwrap();
        drop(unread);
        let closed = run(writer.into());
        let told = String::from_utf8(closed.stderr).unwrap();
        assert_eq!(closed.status.code(), Some(0), "{args:?}: {told}");
        assert!(!told.contains("standard output"), "{args:?}: {told}");
    }
}
