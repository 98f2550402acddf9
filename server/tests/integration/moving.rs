//! `fbchatd move`: everything is moved from SQLite to PostgreSQL and back, and clients do not notice.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use rusqlite::types::Value;
use testkit::postgres::Postgres;
use testkit::{Client, Server, fbchatd, output, refusal, until};

/// A command on a data directory, whatever store other tests use.
fn command(args: &[&str], data: &Path) -> Command {
    let mut command = Command::new(fbchatd());
    command.args(args).arg("--data").arg(data);
    command.env_remove("FBCHATD_STORE").stdin(Stdio::null());
    command
}

fn account(data: &Path, email: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "secret\n").unwrap();
    let args = ["user", "add", email, "--name", email, "--password-file"];
    let mut add = Command::new(fbchatd());
    add.args(args).arg(file.path()).arg("--data").arg(data);
    output(add.env_remove("FBCHATD_STORE"));
}

fn serve(data: &Path) -> Server {
    Server::start(&mut command(&["serve", "--listen", "127.0.0.1:0"], data))
}

fn serve_database(url: &str, files: &Path) -> Server {
    let mut serve = Command::new(fbchatd());
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    Server::start(
        serve
            .env("FBCHATD_STORE", url)
            .env("FBCHATD_FILES_DIR", files),
    )
}

/// The rows of tables.
type Content = BTreeMap<String, Vec<Vec<Value>>>;

/// Every row of every table of a data directory, and the values of its counters.
fn content(data: &Path) -> Content {
    let db = Connection::open(data.join("fbchatd.db")).unwrap();
    let mut tables = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut all = BTreeMap::new();
    for table in tables.map(Result::unwrap) {
        let mut select = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = select.column_count();
        let rows = select.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        let mut rows: Vec<Vec<Value>> = rows.unwrap().map(Result::unwrap).collect();
        rows.sort_by_key(|row| format!("{row:?}"));
        // A counter that has counted nothing yet may be there or not.
        rows.retain(|row| table != "sqlite_sequence" || row.get(1) != Some(&Value::Integer(0)));
        all.insert(table, rows);
    }
    all
}

#[track_caller]
fn assert_same(before: &Content, after: &Content) {
    for (table, rows) in before {
        let moved = after.get(table).map_or(&[][..], Vec::as_slice);
        assert_eq!(rows.len(), moved.len(), "{table}");
        for (row, moved) in rows.iter().zip(moved) {
            assert_eq!(row, moved, "{table}");
        }
    }
}

#[test]
fn everything_goes_to_postgresql_and_back_and_clients_resume() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let files = dir.path().join("shared");
    let cluster = Postgres::shared();
    let url = cluster.url(&cluster.database());
    let shared = files.to_str().unwrap();
    let moves = |way: &str, data: &Path| command(&["move", way, &url, "--files", shared], data);
    let none = refusal(&mut moves("--to", &first));
    assert!(none.contains("There are no accounts in"), "{none}");
    for name in ["ann", "ben", "eve", "gone"] {
        account(&first, &format!("{name}@example.org"));
    }
    output(&mut command(
        &["friend", "add", "ann@example.org", "ben@example.org"],
        &first,
    ));
    // Their numbers are never used again.
    output(&mut command(&["user", "del", "gone@example.org"], &first));
    output(&mut command(&["invite", "--friend", "ann"], &first));
    let mut server = serve(&first);
    let busy = refusal(&mut moves("--to", &first));
    assert!(busy.contains("Another fbchatd is serving"), "{busy}");
    let mut ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    let eve = Client::login(&server, "eve", "secret");
    let seq = ben.seq();
    for text in ["one", "two", "\u{1f600}'\\\" \u{e9}"] {
        assert_eq!(ann.send(ben.uid, text)["error"], 0);
    }
    let (_, next) = ben.wait_for(seq, |item| item["msg"]["text"] == "two");
    let file = super::files::sent(&ann, "77", ben.uid, "x.bin", b"content");
    let path = format!("/files/{file}/x.bin");
    let ids = ben.uid.to_string();
    let form = [("create", "G"), ("ids[0]", &*ids), ("create_id", "1")];
    ann.write("/ajax/fbchat/groups.php", &form);
    eve.write("/ajax/fbchat/block.php", &[("uid", &*ids), ("block", "1")]);
    ann.write("/updatestatus.php", &[("status", "here")]);
    assert!(server.stop().success());

    let nowhere = refusal(&mut command(&["move", "--to", &url], &first));
    assert!(nowhere.contains("Cannot copy 1 files"), "{nowhere}");
    let secret = url.replace("fbchat@", "fbchat:hidden@");
    let shown = refusal(&mut command(&["move", "--to", &secret], &first));
    assert!(
        shown.contains("FBCHATD_STORE_PASSWORD") && !shown.contains("hidden"),
        "{shown}"
    );
    let told = output(&mut moves("--to", &first));
    assert!(told.contains("copied 3 accounts and "), "{told}");
    let full = refusal(&mut moves("--to", &first));
    assert!(
        full.contains("There are accounts in the database"),
        "{full}"
    );
    output(&mut moves("--from", &second));
    let before = content(&first);
    assert_same(&before, &content(&second));
    let count = before.values().filter(|rows| !rows.is_empty()).count();
    assert!(count >= 15, "{count} tables have something");

    // A client continues with its session and sequence number on the other store, and then on the first one again.
    let mut server = serve_database(&url, &files);
    let (busy, third) = (
        refusal(&mut moves("--from", &second)),
        dir.path().join("third"),
    );
    assert!(busy.contains("Another fbchatd is serving"), "{busy}");
    let (ben, mut ann) = (ben.moved(&server), ann.moved(&server));
    let (item, _) = ben.wait_for(next, |item| item["type"] == "msg");
    assert_eq!(item["msg"]["text"], "\u{1f600}'\\\" \u{e9}");
    let (_, next) = ben.wait_for(next, |item| item.to_string().contains(&file));
    assert_eq!(ben.get(&path).bytes().unwrap(), &b"content"[..]);
    assert_eq!(ann.send(ben.uid, "on PostgreSQL")["error"], 0);
    ben.wait_for(next, |item| item["msg"]["text"] == "on PostgreSQL");
    assert!(server.stop().success());
    output(&mut moves("--from", &third));
    let server = serve(&third);
    let ben = ben.moved(&server);
    let (_, next) = ben.wait_for(next, |item| item["msg"]["text"] == "on PostgreSQL");
    assert_eq!(ann.moved(&server).send(ben.uid, "back")["error"], 0);
    let (item, _) = ben.wait_for(next, |item| item["type"] == "msg");
    assert_eq!(item["msg"]["text"], "back");
    assert_eq!(ben.get(&path).bytes().unwrap(), &b"content"[..]);
}

#[test]
fn a_move_that_was_killed_has_changed_nothing_and_can_be_run_again() {
    const MESSAGES: i64 = 60_000;
    let dir = tempfile::tempdir().unwrap();
    account(dir.path(), "ann@example.org");
    let db = Connection::open(dir.path().join("fbchatd.db")).unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO messages(id, time, sender, recipient, msg_id, client_time, text) SELECT i, i, 100001, 100001, i, 0, 'x' FROM n";
    db.execute(many, [MESSAGES]).unwrap();
    drop(db);
    let cluster = Postgres::shared();
    let database = cluster.database();
    let url = cluster.url(&database);
    let moves = |way: &str, data: &Path| command(&["move", way, &url], data);
    let count = "SELECT count(*) FROM messages";
    let mut killed = moves("--to", dir.path()).spawn().unwrap();
    until("messages", || {
        let sql = "SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 2000";
        (cluster.sql(&database, sql) == "1").then_some(())
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(cluster.sql(&database, count), "0");
    output(&mut moves("--to", dir.path()));
    assert_eq!(cluster.sql(&database, count), MESSAGES.to_string());
    let back = tempfile::tempdir().unwrap();
    let mut killed = moves("--from", back.path()).spawn().unwrap();
    until("messages", || {
        // They do not fit the memory that SQLite uses.
        let log = back.path().join("fbchatd.db-wal").metadata().ok()?;
        (log.len() > 1 << 20).then_some(())
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
    let told = output(&mut moves("--from", back.path()));
    assert!(told.contains("1 accounts and 60000 messages"), "{told}");
    assert_same(&content(dir.path()), &content(back.path()));
}
