//! Backups of a server that runs, and going back to one.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use testkit::{Client, Server, run_for_output, run_for_refusal};

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
    assert!(run_for_refusal(&["backup", file], data).contains(file));
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
        run_for_output(&["backup", file], data);
        enough.store(true, Ordering::Relaxed);
    });
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        backup.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(backup.parent().unwrap().read_dir().unwrap().count(), 1);
    // Nothing is overwritten.
    assert!(run_for_refusal(&["backup", file], data).contains("exists"));
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
    let told = run_for_output(&["backup", file], data);
    assert!(told.contains(&format!("fbchatd restore {file}")), "{told}");
    assert!(run_for_refusal(&["restore", file], data).contains("is serving"));
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
        let told = run_for_refusal(&["restore", wrong.to_str().unwrap()], data);
        assert!(
            told.contains(why) && told.contains("Nothing was changed"),
            "{told}"
        );
    }
    let mut cut = std::fs::read(&backup).unwrap();
    cut.truncate(cut.len() / 2);
    std::fs::write(&other, cut).unwrap();
    assert!(
        run_for_refusal(&["restore", other.to_str().unwrap()], data)
            .contains("Nothing was changed")
    );

    // By hand, with the log of the crashed server left in place.
    let by_hand = dir.path().join("by-hand");
    std::fs::create_dir(&by_hand).unwrap();
    for name in ["fbchatd.db", "fbchatd.db-wal", "fbchatd.db-id"] {
        std::fs::copy(data.join(name), by_hand.join(name)).unwrap();
    }
    std::fs::copy(&backup, by_hand.join("fbchatd.db")).unwrap();
    assert!(run_for_refusal(&["user", "list"], &by_hand).contains("Move fbchatd.db-wal"));
    std::fs::remove_file(by_hand.join("fbchatd.db-wal")).unwrap();
    assert_eq!(texts(&by_hand), ["before"]);

    let told = run_for_output(&["restore", file], data);
    let aside = told.split("before is in ").nth(1).unwrap();
    let aside = Path::new(aside.split(';').next().unwrap());
    assert_eq!(texts(data), ["before"]);
    assert_eq!(texts(aside), ["before", "after"]);
    // Where nothing is, nothing is kept.
    let fresh = dir.path().join("fresh");
    assert!(!run_for_output(&["restore", file], &fresh).contains("before is in"));
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
    run_for_output(&["restore", backup.to_str().unwrap()], &into);
    assert!(run_for_output(&["user", "list"], &into).contains("ann@example.org"));
}
