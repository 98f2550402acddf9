//! A PostgreSQL database that is short of something or that cannot be used, and clocks that are wrong.

use std::fs;
use std::path::PathBuf;

use testkit::cluster::{DatabaseLink, LinkFault};
use testkit::postgres::Postgres;
use testkit::{Client, Server, json, refusal, until};

use super::postgres::{account, accounts, command};

#[test]
fn a_database_without_room_or_connections_is_told_and_survived() {
    let cluster = Postgres::shared();
    let (database, url) = cluster.database_of("few", "");
    accounts(&url);
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut serve = command(&url, &["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start(serve.stderr(log.reopen().unwrap()));
    let told = |line: &str| {
        until(line, || {
            let log = fs::read_to_string(log.path()).unwrap();
            log.contains(line).then_some(())
        });
    };
    let ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    let seq = ben.seq();
    let is_sent = |id: &str| ann.send_as(id, ben.uid, id).unwrap()["error"] == 0;
    assert!(is_sent("1"));

    // What PostgreSQL says when a table cannot grow.
    cluster.sql(
        &database,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END$$;
         CREATE TRIGGER full_disk BEFORE INSERT ON messages EXECUTE FUNCTION full_disk()",
    );
    assert!(!is_sent("2"));
    told("No space left on device. Make room on the disk of PostgreSQL");
    cluster.sql(&database, "DROP TRIGGER full_disk ON messages");
    assert!(is_sent("2"));

    cluster.sql("postgres", "ALTER ROLE few CONNECTION LIMIT 0");
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'few'";
    cluster.sql("postgres", end);
    told("each server needs six connections");
    for args in [&["stats"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let refused = refusal(&mut command(&url, args));
        assert!(refused.contains("too many connections"), "{refused}");
    }
    cluster.sql("postgres", "ALTER ROLE few CONNECTION LIMIT -1");
    until("the message to be stored", || is_sent("3").then_some(()));
    told("the database is back after");
    ben.wait_for(seq, |item| item["msg"]["text"] == "3");
    let history = json(ben.get(&format!("/ajax/chat/history.php?id={}", ann.uid)));
    let history = history["payload"]["history"].as_array().unwrap();
    let ids: Vec<_> = history
        .iter()
        .map(|message| &message["msg"]["text"])
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
}

/// The library that shows a program another clock, if it is preloaded.
fn clock_library() -> PathBuf {
    let dirs = fs::read_dir("/usr/lib")
        .unwrap()
        .map(|dir| dir.unwrap().path());
    let libraries = dirs.map(|dir| dir.join("faketime/libfaketimeMT.so.1"));
    let mut found = libraries.filter(|library| library.exists());
    found.next().expect("faketime: make deps FOR=test")
}

#[test]
fn a_clock_that_is_wrong_is_refused_at_the_start_and_told_later() {
    let cluster = Postgres::shared();
    let url = cluster.url(&cluster.database());
    account(&url, "ann@example.org");
    let dir = tempfile::tempdir().unwrap();
    let (clock, log) = (dir.path().join("clock"), dir.path().join("log"));
    let with_clock = |args: &[&str]| {
        let mut command = command(&url, args);
        command
            .env("LD_PRELOAD", clock_library())
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    };
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for (set, way) in [("+1h", "ahead of"), ("-1h", "behind")] {
        fs::write(&clock, set).unwrap();
        let refused = refusal(with_clock(&serve).env("FBCHATD_LOG", "error"));
        assert!(
            refused.contains(way) && refused.contains("NTP"),
            "{refused}"
        );
    }
    fs::write(&clock, "+0").unwrap();
    let mut serve = with_clock(&serve);
    let server = Server::start(serve.stderr(fs::File::create(&log).unwrap()));
    let told = |line: &str| {
        until(line, || {
            let log = fs::read_to_string(&log).unwrap();
            log.contains(line).then_some(())
        });
    };
    fs::write(&clock, "-1h").unwrap();
    told("seconds behind that of the database");
    // Times of messages follow the clock of the database.
    let ann = Client::login(&server, "ann", "secret");
    assert_eq!(ann.send_as("1", ann.uid, "late").unwrap()["error"], 0);
    let now = "SELECT abs(extract(epoch FROM now()) * 1000 - max(time)) < 60000 FROM messages";
    let database = url.rsplit('/').next().unwrap();
    assert_eq!(cluster.sql(database, now), "t");
    fs::write(&clock, "+0").unwrap();
    told("the clock of this machine is right again");
    let log = fs::read_to_string(&log).unwrap();
    assert_eq!(log.matches("that of the database").count(), 1, "{log}");
}

#[test]
fn a_database_that_cannot_be_used_ends_every_command_with_one_line() {
    let cluster = Postgres::shared();
    let foreign = cluster.database();
    cluster.sql(&foreign, "CREATE TABLE accounts(id BIGINT)");
    let newer = cluster.database();
    account(&cluster.url(&newer), "ann@example.org");
    cluster.sql(&newer, "UPDATE fbchatd SET version = 1000, oldest = 1000");
    cluster.sql("postgres", "CREATE ROLE outsider LOGIN");
    let closed = cluster.database();
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    let add = [
        "user",
        "add",
        "ann@example.org",
        "--name",
        "Ann",
        "--password-file",
        file,
    ];
    for (url, told) in [
        (
            cluster.url("nowhere"),
            "There is no database nowhere. Create it",
        ),
        (cluster.url(&foreign), "has tables of another program"),
        (cluster.url(&newer), "was written by a newer fbchatd"),
        (cluster.url_as("outsider", &closed), "ALTER DATABASE"),
        (cluster.url_as("nobody", &closed), "refuses the user nobody"),
    ] {
        let mut serve = command(&url, &["serve", "--listen", "127.0.0.1:0"]);
        let mut commands = vec![refusal(serve.env("FBCHATD_LOG", "error"))];
        fs::write(file, "secret\n").unwrap();
        commands.push(refusal(&mut command(&url, &add)));
        if !told.starts_with("ALTER") {
            fs::write(file, "").unwrap();
            commands.push(refusal(&mut command(&url, &["config", "check", file])));
        }
        for refused in commands {
            assert!(refused.contains(told), "{told}: {refused}");
        }
    }
}

#[test]
fn a_postgresql_that_is_too_old_is_refused_before_anything_is_created() {
    let cluster = Postgres::shared();
    let database = cluster.database();
    let link = DatabaseLink::start(cluster.socket());
    link.set(LinkFault::OldVersion);
    let url = format!("postgres://fbchat@{}/{database}", link.address);
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    let told = "The database is PostgreSQL 12, and fbchatd needs 15 or later. Upgrade it, or choose another one.";
    for args in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["user", "list"],
        &["config", "check", file],
    ] {
        let refused = refusal(command(&url, args).env("FBCHATD_LOG", "error"));
        assert!(refused.contains(told), "{refused}");
    }
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(cluster.sql(&database, tables), "0");
    // The same way to a server that is new enough.
    link.set(LinkFault::None);
    account(&url, "ann@example.org");
}
