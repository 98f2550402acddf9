//! Disks that can no longer be written while the server runs: a clear error, nothing acknowledged is lost, and the server
//! recovers by itself.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use testkit::{Client, Server, encode, fbchatd, http, until};

/// What the log advises the operator to do.
const ADVICE: [&str; 2] = ["Make room on the disk", "Check the disk"];

/// Starts a server by `wrap` and a `shell` script that prepares the disk and ends with `exec "$@"`. The log goes into a pipe,
/// to which the limit of file sizes does not apply.
pub fn start(data: &Path, wrap: &[&str], shell: &str) -> Server {
    let mut command = Command::new(wrap[0]);
    command.args(&wrap[1..]).args(["sh", "-ec", shell, "sh"]);
    command.arg(fbchatd());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]);
    Server::start(command.arg(data).stderr(Stdio::piped()))
}

/// Ann and Ben both see the latest of these messages, as many as a page of history has.
#[track_caller]
fn both_see(ann: &Client, ben: &Client, stored: &[String]) {
    let read = |who: &Client, with: i64| {
        let path = format!("/ajax/chat/history.php?id={with}&limit=100");
        let history = who.read(&path)["history"].clone();
        let items = history.as_array().unwrap().iter();
        let text = |item: &serde_json::Value| item["msg"]["text"].as_str().unwrap().to_owned();
        items.map(text).collect::<Vec<_>>()
    };
    let texts = read(ann, ben.uid);
    assert_eq!(read(ben, ann.uid), texts);
    assert!(texts.len() >= 5 && stored.ends_with(&texts), "{texts:?}");
}

/// Sends messages before the disk fails (`spoil`), while it fails, and after it works again (`mend`).
fn survives(mut server: Server, spoil: impl Fn(&Server), mend: impl Fn(&Server)) {
    let (mut ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let seq = ben.seq();
    let mut stored = Vec::new();
    let send = |ann: &mut Client, stored: &mut Vec<String>| {
        let (id, text) = (
            ann.fresh_id(),
            format!("{} {}", stored.len(), "x".repeat(10_000)),
        );
        let mut refused = None;
        // A repeated request gets the same answer, unless the database has emptied its log in between, which makes room.
        for _ in 0..3 {
            let answer = ann.send_as(&id, ben.uid, &text).unwrap();
            if answer["error"] == 0 {
                stored.push(text);
                return None;
            }
            let first = refused.get_or_insert_with(|| answer.clone());
            assert_eq!(answer, *first);
        }
        Some((refused?, id, text))
    };
    for _ in 0..5 {
        assert!(send(&mut ann, &mut stored).is_none());
    }
    spoil(&server);
    let (refused, id, text) = until("a refused write", || send(&mut ann, &mut stored));
    assert_eq!(refused["error"], 1_356_004, "{refused}");
    let told = refused["errorDescription"].as_str().unwrap();
    assert!(told.contains("could not store"), "{told}");
    // A status needs less room than a message, and may make some: afterwards the log is emptied, because it holds the old one.
    let mut texts = 0..;
    let status = until("a refused status", || {
        until("another refused write", || send(&mut ann, &mut stored));
        let text = texts.next()?.to_string();
        let answer = ann.write("/updatestatus.php", &[("status", &text)]);
        (answer["error"] != 0).then_some(answer)
    });
    assert_eq!(status["error"], 1_356_004);
    let form = encode(&[("email", "ann"), ("pass", "secret")]);
    let login = until("a refused login", || {
        let login = http().post(format!("{}/login.php", server.url));
        let login = login.header("Cookie", "test_cookie=1");
        let answer = login.body(form.clone()).send().unwrap();
        (answer.status() != 302).then_some(answer)
    });
    assert_eq!(login.status(), 503);
    let page = login.text().unwrap();
    assert!(
        page.contains("Logging in is not possible at the moment."),
        "{page}"
    );
    // Everything that needs no disk still works.
    both_see(&ann, &ben, &stored);
    assert_eq!(ben.sees(ann.uid), "active");
    assert_eq!(ben.get("/healthz").status(), 200);

    mend(&server);
    // The same request again, as clients repeat it: stored once.
    until("a message that is stored", || {
        (ann.send_as(&id, ben.uid, &text).unwrap()["error"] == 0).then_some(())
    });
    stored.push(text);
    Client::login(&server, "ben", "secret");
    both_see(&ann, &ben, &stored);
    let (mut next, mut arrived) = (seq, Vec::new());
    while arrived.len() < stored.len() {
        let (item, after) = ben.wait_for(next, |item| item["type"] == "msg");
        arrived.push(item["msg"]["text"].as_str().unwrap().to_owned());
        next = after;
    }
    assert_eq!(arrived, stored);
    assert!(server.stop().success());
    let mut log = String::new();
    let mut from = server.child.stderr.take().unwrap();
    from.read_to_string(&mut log).unwrap();
    assert!(ADVICE.iter().any(|advice| log.contains(advice)), "{log}");
}

fn data() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    dir
}

/// Limits the size of files that the server writes, in bytes.
pub fn limit(server: &Server, bytes: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &server.child.id().to_string()]);
    let done = prlimit.arg(format!("--fsize={bytes}:unlimited")).status();
    assert!(done.unwrap().success());
}

fn unlimited(server: &Server) {
    limit(server, "unlimited");
}

/// Ignores the signal about the file size limit, so that the write fails instead.
pub const LIMITED: &str = "trap '' XFSZ; exec \"$@\"";

/// As on a file system that the kernel has made read-only after an error: every write to open files is refused.
#[test]
fn a_disk_that_refuses_every_write_for_a_while() {
    let dir = data();
    let server = start(dir.path(), &["env"], LIMITED);
    survives(server, |server| limit(server, "0"), unlimited);
}

/// A command that gives a program its own mounts, if this machine allows that.
fn own_mounts() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [
        &["unshare", "--mount"],
        &["unshare", "--mount", "--user", "--map-root-user"],
    ];
    let works = |way: &&&[&str]| {
        let mut command = Command::new(way[0]);
        command
            .args(&way[1..])
            .args(["mount", "-t", "tmpfs", "none", "/mnt"]);
        command.stderr(Stdio::null()).status().unwrap().success()
    };
    WAYS.iter().find(works).copied()
}

#[test]
fn a_disk_that_is_full_for_a_while() {
    let (dir, disk) = (data(), tempfile::tempdir().unwrap());
    let Some(mounts) = own_mounts() else {
        // The next best thing: a limit of the file size.
        let server = start(dir.path(), &["env"], LIMITED);
        return survives(server, |server| limit(server, "500000"), unlimited);
    };
    let (from, to) = (dir.path().display(), disk.path().display());
    let shell = format!("mount -t tmpfs -o size=8m none {to}; cp -r {from}/. {to}; exec \"$@\"");
    let server = start(disk.path(), mounts, &shell);
    // The disk as only the server sees it.
    let filler = |server: &Server| {
        let root = PathBuf::from(format!("/proc/{}/root", server.child.id()));
        root.join(disk.path().strip_prefix("/").unwrap())
            .join("filler")
    };
    let fill = |server: &Server| {
        let mut file = File::create(filler(server)).unwrap();
        let full = loop {
            if let Err(error) = file.write_all(&[1; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    };
    survives(server, fill, |server| {
        std::fs::remove_file(filler(server)).unwrap()
    });
}
