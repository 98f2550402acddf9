//! Programs of two versions on one database. The newer one is this program with one more step.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::postgres::Postgres;
use testkit::{Client, Server, output, refusal, until};

use super::postgres::{accounts, command};

/// What a release could add: a column of a table that every request reads, and a table that refers to users.
const ADDITIVE: &str = "additive ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
    CREATE TABLE pins(owner BIGINT NOT NULL REFERENCES users ON DELETE CASCADE, message BIGINT NOT NULL)";
/// What older programs cannot go on with.
const EXCLUSIVE: &str = "exclusive ALTER TABLE sessions RENAME COLUMN client TO program";
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A command of the version that comes next.
fn newer(step: &str, url: &str, args: &[&str]) -> Command {
    let mut newer = command(url, args);
    newer.env("FBCHATD_NEXT_STEP", step);
    newer
}

fn start(mut serve: Command) -> Server {
    serve.env("FBCHATD_MESSAGE_BURST", "1000000");
    Server::start(serve.env("FBCHATD_LOG", "warn"))
}

/// A database with Ann and Ben, who are friends: its name and its URL.
fn database() -> (String, String) {
    let cluster = Postgres::shared();
    let database = cluster.database();
    let url = cluster.url(&database);
    accounts(&url);
    (database, url)
}

/// Somebody else reads a table for a while, as pg_dump does.
#[test]
fn a_newer_program_extends_the_tables_while_an_older_one_serves() {
    let cluster = Postgres::shared();
    let (database, url) = database();
    let mut older = start(command(&url, &SERVE));
    let (ann, ben) = (
        Client::login(&older, "ann", "secret"),
        Client::login(&older, "ben", "secret"),
    );
    let mut seq = ben.seq();
    let mut dump = cluster.program("psql");
    dump.args(["-qX", &database]).stdin(Stdio::piped());
    let mut dump = dump.stdout(Stdio::null()).spawn().unwrap();
    let mut statements = dump.stdin.take().unwrap();
    writeln!(
        statements,
        "BEGIN; LOCK TABLE sessions IN ACCESS SHARE MODE;"
    )
    .unwrap();
    let locks = |fits: &str| {
        let sql = format!(
            "SELECT count(*) FROM pg_locks WHERE relation = 'sessions'::regclass AND {fits}"
        );
        cluster.sql(&database, &sql) != "0"
    };
    until("the reader", || {
        locks("mode = 'AccessShareLock'").then_some(())
    });

    let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let newer_one = std::thread::scope(|scope| {
        let (stop, sent, ann, to) = (&stop, &count, &ann, ben.uid);
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let n = sent.load(Ordering::Relaxed).to_string();
                let answer = ann.send_as(&n, to, &n).unwrap();
                assert_eq!(answer["error"], 0, "{answer}");
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Each ends its wait, and the server goes on with what has waited behind it.
        let newer_one = scope.spawn(|| start(newer(ADDITIVE, &url, &SERVE)));
        for _ in 0..2 {
            until("an attempt", || locks("NOT granted").then_some(()));
            until("the end of the attempt", || {
                (!locks("NOT granted")).then_some(())
            });
            let before = sent.load(Ordering::Relaxed);
            until("messages", || {
                (sent.load(Ordering::Relaxed) > before + 5).then_some(())
            });
        }
        assert!(!newer_one.is_finished());
        drop(statements);
        dump.wait().unwrap();
        let newer_one = newer_one.join().unwrap();
        let before = sent.load(Ordering::Relaxed);
        until("messages", || {
            (sent.load(Ordering::Relaxed) > before + 5).then_some(())
        });
        stop.store(true, Ordering::Relaxed);
        newer_one
    });
    // Nothing was refused, and everything is there once and in order, at the other server too.
    let there = ben.moved(&newer_one);
    for n in 0..count.into_inner() {
        let client = if n % 2 == 0 { &ben } else { &there };
        let (item, next) = client.wait_for(seq, |item| item["type"] == "msg");
        assert_eq!(item["msg"]["text"], n.to_string());
        seq = next;
    }
    let nodes = output(&mut command(&url, &["nodes"]));
    assert_eq!(nodes.lines().count(), 2, "{nodes}");

    // The older program can be started again beside it, and its commands work, except for one that would lose what is new.
    assert!(older.stop().success());
    let older = start(command(&url, &SERVE));
    let mut ann = Client::login(&older, "ann", "secret");
    let (old, new) = (
        ben.moved(&older),
        Client::login(&newer_one, "ben", "secret"),
    );
    for client in [&old, &new] {
        assert_eq!(ann.send(ben.uid, "back")["error"], 0);
        (_, seq) = client.wait_for(seq, |item| item["msg"]["text"] == "back");
    }
    cluster.sql(
        &database,
        &format!("INSERT INTO pins VALUES ({}, 1)", ben.uid),
    );
    drop((older, newer_one));
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("data");
    let directory = [
        "move",
        "--from",
        &url,
        "--data",
        directory.to_str().unwrap(),
    ];
    let refused = refusal(&mut command(&url, &directory));
    assert!(
        refused.contains("were extended by a newer fbchatd"),
        "{refused}"
    );
    output(&mut command(&url, &["user", "del", "ben@example.org"]));
    assert_eq!(cluster.sql(&database, "SELECT count(*) FROM pins"), "0");
}

#[test]
fn a_change_that_older_programs_cannot_use_waits_for_their_end_and_keeps_them_out() {
    let (database, url) = database();
    let mut older = start(command(&url, &SERVE));
    let refused = refusal(&mut newer(EXCLUSIVE, &url, &SERVE));
    assert!(
        refused.contains("Stop all of them, then start this one."),
        "{refused}"
    );
    let ann = Client::login(&older, "ann", "secret");
    assert!(older.stop().success());
    let newer_one = start(newer(
        "exclusive ALTER TABLE sessions ADD COLUMN device TEXT",
        &url,
        &SERVE,
    ));
    assert!(ann.moved(&newer_one).seq() > 0);
    let too_old = format!(
        "The data in the database {database} was written by a newer fbchatd ({0}), and this one ({0}) is too old for it. Install {0} or later",
        env!("CARGO_PKG_VERSION")
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    let check = ["config", "check", file.path().to_str().unwrap()];
    for args in [&SERVE[..], &["user", "list"], &check] {
        let refused = refusal(command(&url, args).env("FBCHATD_LOG", "error"));
        assert!(refused.contains(&too_old), "{refused}");
    }
}

/// The server had no connection to the database while it was changed, and reconnects afterwards.
#[test]
fn a_running_server_that_has_become_too_old_says_so() {
    let cluster = Postgres::shared();
    let (database, url) = database();
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut serve = command(&url, &SERVE);
    serve.stderr(log.reopen().unwrap());
    let _older = start(serve);
    let change = "UPDATE fbchatd SET version = 1000, oldest = 1000, program = '9.9.9'";
    cluster.sql(&database, change);
    cluster.take_away(&database);
    let told = |line: &str| {
        until(line, || {
            let log = std::fs::read_to_string(log.path()).unwrap();
            log.contains(line).then_some(())
        });
    };
    told("ERROR");
    cluster.give_back(&database);
    told("Install 9.9.9 or later");
}
