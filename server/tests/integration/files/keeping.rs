//! How much is kept and for how long, and what operators do with it.

use rusqlite::Connection;
use testkit::postgres::{self, Postgres};
use testkit::{run_for_output, until};

use super::*;

const MIB: usize = 1 << 20;

#[test]
fn files_have_limits_and_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let limits = [
        ("FBCHATD_FILE_LIMIT_MIB", "1"),
        ("FBCHATD_FILES_PER_DAY_MIB", "2"),
        ("FBCHATD_FILES_TOTAL_MIB", "3"),
    ];
    let (mut server, ann, ben) = served(dir.path(), &limits);
    let told = refused(&ann, "1", &vec![1; MIB + 1]);
    assert!(told.contains("1 MiB"), "{told}");
    assert!(refused(&ann, "1", &vec![1; 3 * MIB]).contains("1 MiB"));
    assert!(refused(&ann, "1", b"").contains("empty"));
    assert!(refused(&ann, "x", b"1").contains("not a number"));
    let first = sent(&ann, "1", ben.uid, "x.bin", &vec![1; MIB]);
    let second = uploaded(&ann, "2", "x", &vec![2; MIB]);
    let told = refused(&ann, "3", b"1");
    assert!(told.contains("in a day: 2 MiB"), "{told}");
    // What was counted already is not counted again.
    assert_eq!(uploaded(&ann, "2", "x", &vec![2; MIB]), second);
    uploaded(&ben, "1", "x", &vec![3; MIB]);
    let told = refused(&ben, "2", b"1");
    assert!(told.contains("no room"), "{told}");
    assert_eq!(stored(dir.path()).len(), 3);
    assert!(server.stop().success());

    // A day and a bit later: what no message refers to is gone, and what is older than the operator keeps files.
    let age = "UPDATE files SET time = time - 90000000";
    if postgres::is_chosen() {
        let url = postgres::in_place_of(dir.path());
        let (_, database) = url.rsplit_once('/').unwrap();
        Postgres::shared().sql(database, age);
    } else {
        let disk = Connection::open(dir.path().join("fbchatd.db")).unwrap();
        disk.execute(age, []).unwrap();
    }
    let (mut server, _ann, ben) = served(dir.path(), &[("FBCHATD_FILE_DAYS", "2")]);
    until("unused files to be deleted", || {
        (stored(dir.path()).len() == 1).then_some(())
    });
    let path = format!("/files/{first}/x.bin");
    assert_eq!(get(&ben, &path, &[]).status(), 200);
    assert!(server.stop().success());
    let (mut server, ann, ben) = served(dir.path(), &[("FBCHATD_FILE_DAYS", "1")]);
    until("old files to be deleted", || {
        stored(dir.path()).is_empty().then_some(())
    });
    assert_eq!(get(&ben, &path, &[]).status(), 410);
    let nobody = without_login(&ben);
    assert_eq!(get(&nobody, &path, &[]).status(), 404);
    // Its name and size are still told, and it cannot be sent again.
    let history = ben.read(&format!("/ajax/chat/history.php?id={}&files=1", ann.uid));
    assert_eq!(history["history"][0]["attachments"][0]["name"], "x.bin");
    assert_eq!(send(&ann, "9", ben.uid, "", &[&first])["error"], 1_357_005);
    assert_eq!(send(&ann, "1", ben.uid, "", &[&first])["error"], 0);
    assert!(server.stop().success());
    let (_server, ann, _ben) = served(dir.path(), &[("FBCHATD_FILE_LIMIT_MIB", "0")]);
    assert!(refused(&ann, "1", b"1").contains("takes no files"));
    assert!(
        ann.get("/home.php")
            .text()
            .unwrap()
            .contains("&quot;files&quot;:false")
    );
}

#[test]
fn operators_back_up_export_and_delete_files() {
    let dir = tempfile::tempdir().unwrap();
    let data = &dir.path().join("data");
    let (mut server, ann, ben) = served(data, &[]);
    let path = |file: &str| format!("/files/{file}/x");
    let first = sent(&ann, "1", ben.uid, "x", b"first");
    let stats = run_for_output(&["stats"], data);
    assert!(stats.contains("\nfiles\t1\nfile bytes\t5\n"), "{stats}");
    let backup = dir.path().join("backup.db");
    let backup = backup.to_str().unwrap();
    run_for_output(&["backup", backup], data);
    let second = sent(&ben, "2", ann.uid, "y", b"second");
    let export: Value =
        serde_json::from_str(&run_for_output(&["export", "ann@example.org"], data)).unwrap();
    assert_eq!(export["files"][0]["id"], first);
    assert_eq!(export["files"][0]["base64"], "Zmlyc3Q=");
    assert_eq!(export["files"].as_array().unwrap().len(), 1);
    assert_eq!(export["messages"][1]["files"][0], second);
    // With an account go its files, while the server runs.
    run_for_output(&["user", "del", "ann@example.org"], data);
    let left = stored(data);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(get(&ben, &path(&first), &[]).status(), 404);
    assert!(server.stop().success());

    let told = run_for_output(&["restore", backup], data);
    let aside = told.split("before is in ").nth(1).unwrap();
    let aside = Path::new(aside.split(';').next().unwrap());
    let (mut server, _ann, ben) = served(data, &[]);
    assert_eq!(get(&ben, &path(&first), &[]).text().unwrap(), "first");
    assert_eq!(stored(data).len(), 1);
    assert!(server.stop().success());
    let server = Server::serve(aside, &[]);
    let ben = Client::login(&server, "ben", "secret");
    assert_eq!(get(&ben, &path(&second), &[]).text().unwrap(), "second");
}
