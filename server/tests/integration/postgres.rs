//! PostgreSQL as the store of the program: settings, commands, and a database that goes away. Nearly all other tests run on it as well,
//! with `FBCHATD_TEST_STORE=postgres`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use testkit::postgres::Postgres;
use testkit::{Client, Server, fbchatd, json, output, read_all, refusal, until};

/// A command on a database.
pub fn command(url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(fbchatd());
    command.args(args).env("FBCHATD_STORE", url);
    command.stdin(Stdio::null());
    command
}

/// Ann and Ben, who are friends.
#[track_caller]
pub fn accounts(url: &str) {
    account(url, "ann@example.org");
    account(url, "ben@example.org");
    let friends = ["friend", "add", "ann@example.org", "ben@example.org"];
    output(&mut command(url, &friends));
}

#[track_caller]
pub fn account(url: &str, email: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "secret\n").unwrap();
    let args = ["user", "add", email, "--name", email, "--password-file"];
    output(command(url, &args).arg(file.path()));
}

#[test]
fn every_command_works_on_a_database() {
    let cluster = Postgres::shared();
    let url = cluster.url(&cluster.database());
    let none = refusal(&mut command(&url, &["user", "list"]));
    assert!(
        none.contains("There are no accounts in the database"),
        "{none}"
    );
    accounts(&url);
    let users = output(&mut command(&url, &["user", "list"]));
    assert!(users.starts_with("100001\tann@example.org\t"), "{users}");
    let link = output(&mut command(&url, &["invite", "--friend", "ann"]));
    assert!(link.starts_with("http"), "{link}");
    let stats = output(&mut command(&url, &["stats"]));
    assert!(stats.contains("accounts\t2\nfriendships\t1\n"), "{stats}");
    let export = output(&mut command(&url, &["export", "ann"]));
    assert!(export.contains("ben@example.org"), "{export}");
    output(&mut command(&url, &["session", "list"]));
    output(&mut command(&url, &["session", "revoke", "ann", "--all"]));
    output(&mut command(&url, &["user", "del", "ben@example.org"]));
    let backup = refusal(&mut command(&url, &["backup", "/nowhere/x"]));
    assert!(backup.contains("pg_dump --format=custom"), "{backup}");
    let restore = refusal(&mut command(&url, &["restore", "/nowhere/x"]));
    assert!(restore.contains("pg_restore"), "{restore}");
    // A flag overrides the setting, here with a directory that has nothing.
    let dir = tempfile::tempdir().unwrap();
    let empty = refusal(command(&url, &["stats", "--data"]).arg(dir.path()));
    assert!(empty.contains("There are no accounts in /"), "{empty}");
}

#[test]
fn a_password_comes_from_a_file_or_the_environment_and_is_never_shown() {
    let cluster = Postgres::shared();
    let (_, url) = cluster.database_of("locked", "right");
    let missing = refusal(&mut command(&url, &["stats"]));
    assert!(missing.contains("FBCHATD_STORE_PASSWORD"), "{missing}");
    let add = ["user", "add", "ann@example.org", "--name", "Ann"];
    let wrong = refusal(command(&url, &add).env("FBCHATD_STORE_PASSWORD", "hidden"));
    assert!(
        wrong.contains("refuses the user locked") && !wrong.contains("hidden"),
        "{wrong}"
    );
    let dir = tempfile::tempdir().unwrap();
    let (file, config) = (dir.path().join("password"), dir.path().join("fbchatd.toml"));
    fs::write(&file, "right\n").unwrap();
    let settings = format!(
        "store = \"{url}\"\nstore_password_file = \"{}\"\n",
        file.display()
    );
    fs::write(&config, settings).unwrap();
    let users = |config| {
        let mut users = Command::new(fbchatd());
        users.args(["user", "list", "--config"]).arg(config);
        users
    };
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let loose = refusal(&mut users(&config));
    assert!(loose.contains("can be read by others"), "{loose}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let none = refusal(&mut users(&config));
    assert!(none.contains("There are no accounts"), "{none}");
    let mut check = Command::new(fbchatd());
    check.args(["config", "check"]).arg(&config);
    output(&mut check);
    fs::remove_file(&file).unwrap();
    let gone = refusal(&mut check);
    assert!(gone.contains("Cannot read store_password_file"), "{gone}");
    let right = command(&url, &["stats"])
        .env("FBCHATD_STORE_PASSWORD", "right")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&right.stderr).contains("There are no accounts"));
    let other = refusal(&mut command("mysql://fbchat@localhost/x", &["stats"]));
    assert!(other.contains("The setting store must be"), "{other}");
}

#[test]
fn polls_stay_held_and_messages_wait_while_the_database_is_away() {
    let cluster = Postgres::shared();
    let database = cluster.database();
    let url = cluster.url(&database);
    accounts(&url);
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut serve = command(&url, &["serve", "--listen", "127.0.0.1:0"]);
    serve.env("FBCHATD_LOG", "debug");
    serve.stderr(log.reopen().unwrap());
    let mut server = Server::start(&mut serve);
    let mut ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    let seq = ben.seq();
    let held = ben.hold_ten(seq);
    // Without a directory for them.
    let page = ann.get("/home.php").text().unwrap();
    assert!(page.contains("&quot;files&quot;:false"), "{page}");
    cluster.take_away(&database);
    let (sender, to) = (ann.clone(), ben.uid);
    let sent = std::thread::spawn(move || sender.send_as("4711", to, "hello").unwrap());
    // What has to be read is refused, and clients ask again.
    let path = format!("/x/0/false/p_{}=1", ann.uid);
    until("a refusal", || {
        (ann.get(&path).status() == 503).then_some(())
    });
    let told = |line: &str| {
        until(line, || {
            let log = fs::read_to_string(log.path()).unwrap();
            log.contains(line).then_some(())
        });
    };
    told("ERROR fbchatd::store");
    assert!(held.iter().all(|poll| poll.peek(&mut [0]).is_err()));
    cluster.give_back(&database);
    // It is refused if the look before it found no database; then the client sends it again.
    if sent.join().unwrap()["error"] != 0 {
        until("the message", || {
            let again = ann.send_as("4711", to, "hello").unwrap();
            (again["error"] == 0).then_some(())
        });
    }
    for poll in held {
        let answer = read_all(poll);
        assert!(answer.contains(r#""t":"msg""#), "{answer}");
    }
    let is_message = |item: &serde_json::Value| item["type"] == "msg";
    let (item, next) = ben.wait_for(seq, is_message);
    assert_eq!(item["msg"]["text"], "hello");
    assert_eq!(ann.send(ben.uid, "again")["error"], 0);
    let (item, _) = ben.wait_for(next, is_message);
    assert_eq!(item["msg"]["text"], "again");
    let history = json(ben.get(&format!("/ajax/chat/history.php?id={}", ann.uid)));
    let texts = history.to_string().matches("\"hello\"").count();
    assert_eq!(texts, 1, "{history}");
    told("the database is back after");
    assert_eq!(server.stop().code(), Some(0));
    let log = fs::read_to_string(log.path()).unwrap();
    let errors = log.lines().filter(|line| line.contains("ERROR"));
    assert_eq!(errors.count(), 1, "{log}");
    assert!(!log.contains("hello") && !log.contains("$argon2"), "{log}");
}
