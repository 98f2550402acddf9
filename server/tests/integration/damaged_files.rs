//! Damaged database files and directories that cannot be written: a clear error, and nothing is made worse.

use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use testkit::{Client, Server, accounts, fbchatd, run};

fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn serve(data: &Path) -> Output {
    Server::command(data).output().unwrap()
}

/// Fills the database with a hundred messages, so that it has pages of many kinds.
fn filled(data: &Path) {
    accounts(data);
    let mut server = Server::serve(data, &[]);
    let mut ann = Client::login(&server, "ann", "secret");
    for n in 0..100 {
        assert_eq!(
            ann.send(ann.uid, &format!("{n} {}", "x".repeat(500)))["error"],
            0
        );
    }
    server.stop();
}

#[test]
fn a_file_that_is_not_a_database_is_named_and_left_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let file = dir.path().join("fbchatd.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..100].fill(b'x');
    std::fs::write(&file, &bytes).unwrap();
    for output in [serve(dir.path()), run(&["user", "list"], dir.path(), "")] {
        let told = failure(&output);
        assert!(
            told.contains("not a database") && told.contains("backup"),
            "{told}"
        );
    }
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

#[test]
fn damaged_pages_are_reported_and_the_rest_still_works() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let file = dir.path().join("fbchatd.db");
    let open = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    // The last pages hold the messages, the first ones the accounts.
    let size = open.metadata().unwrap().len();
    for page in size / 4096 - 12..size / 4096 - 2 {
        open.write_all_at(&[0xa5; 4096], page * 4096).unwrap();
    }
    let backup = dir.path().join("backup.db");
    let said = failure(&run(&["backup", backup.to_str().unwrap()], dir.path(), ""));
    assert!(
        said.contains("malformed") && said.contains("go back to a backup"),
        "{said}"
    );
    assert!(!backup.exists() && !dir.path().join("backup.db.part").exists());
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    let history = ann.get(&format!("/ajax/chat/history.php?id={}", ann.uid));
    let history = testkit::json(history);
    assert_eq!(history["error"], 1_356_004, "{history}");
    assert_eq!(ann.sees(ann.uid), "offline");
    assert_eq!(ann.get("/healthz").status(), 200);
}

/// The first byte of a page with rows of a table.
const LEAF: u8 = 13;

#[test]
fn pages_damaged_while_serving_are_reported_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let mut server = Server::serve(dir.path(), &[]);
    let (ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let file = dir.path().join("fbchatd.db");
    let whole = std::fs::read(&file).unwrap();
    let open = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    // The pages with texts of messages, except the last ones, to which new messages are written.
    let text = [b'x'; 100];
    let pages = whole.chunks(4096).enumerate();
    let mut pages: Vec<_> = pages
        .filter(|(_, page)| page[0] == LEAF && page.windows(text.len()).any(|part| part == text))
        .collect();
    pages.truncate(pages.len() - 3);
    assert!(pages.len() > 5);
    let put = |n: usize, bytes: &[u8]| open.write_all_at(bytes, n as u64 * 4096).unwrap();
    for (n, page) in &pages {
        put(*n, &vec![0xa5; page.len()]);
    }
    let history = |who: &Client| {
        testkit::json(who.get(&format!("/ajax/chat/history.php?id={}&limit=100", who.uid)))
    };
    assert_eq!(history(&ann)["error"], 1_356_004);
    let mut acknowledged = Vec::new();
    for n in 0..20 {
        let text = format!("meanwhile {n}");
        // An id that was used before would be looked up on a damaged page.
        let answer = ann.send_as(&format!("5{n}"), ann.uid, &text).unwrap();
        match answer["error"].as_i64() {
            Some(0) => acknowledged.push(text),
            error => assert_eq!(error, Some(1_356_004), "{answer}"),
        }
    }
    assert!(!acknowledged.is_empty());
    assert_eq!(ben.buddies()["userInfos"].as_object().unwrap().len(), 2);
    assert_eq!(ben.get("/healthz").status(), 200);
    // The operator repairs the disk.
    server.kill();
    for (n, page) in &pages {
        put(*n, page);
    }
    let server = Server::serve(dir.path(), &[]);
    let mut ann = ann.moved(&server);
    let answer = history(&ann);
    let items = answer["payload"]["history"].as_array().unwrap().iter();
    let texts: Vec<_> = items
        .map(|item| item["msg"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts.len(), 100);
    let acknowledged: Vec<_> = acknowledged.iter().map(String::as_str).collect();
    assert!(texts.ends_with(&acknowledged), "{texts:?}");
    assert_eq!(ann.send(ann.uid, "afterwards")["error"], 0);
}

#[test]
fn a_directory_that_cannot_be_written_is_reported_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    filled(&data);
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for entry in data.read_dir().unwrap() {
        mode(&entry.unwrap().path(), 0o444);
    }
    mode(&data, 0o555);
    mode(dir.path(), 0o755);
    // Root may write whatever the mode is, so another user tries.
    let root = Path::new("/proc/self").metadata().unwrap().uid() == 0;
    let program = dir.path().join("fbchatd");
    std::fs::copy(fbchatd(), &program).unwrap();
    let mut command = Command::new("setpriv");
    if root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command
        .arg(&program)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"]);
    let told = failure(&command.arg(&data).output().unwrap());
    assert!(told.contains("Cannot use the data directory"), "{told}");
    assert!(told.contains("permission"), "{told}");
    mode(&data, 0o755);
}
