//! Uploads that end before they are complete, and disks that take no more.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use testkit::until;

use super::*;
use crate::disk_errors::{LIMITED, limit, start};

/// Sends the beginning of an upload of which `announced` bytes are to come.
pub(super) fn begin(server: &Server, client: &Client, announced: usize, body: &[u8]) -> TcpStream {
    let head = format!(
        "POST /ajax/messaging/upload.php HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {announced}\r\n\r\n",
        client.cookie
    );
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    stream
}

#[test]
fn nothing_is_left_of_an_upload_that_ends_early() {
    let dir = tempfile::tempdir().unwrap();
    let (mut server, ann, _ben) = served(dir.path(), &[]);
    let content = png(300, 200);
    let (body, _) = form(&ann, "1", "x.png", &content);
    let head = body.len() - content.len();
    for at in [
        1,
        50,
        head - 12,
        head + 1000,
        body.len() - 9,
        body.len() - 5,
    ] {
        drop(begin(&server, &ann, body.len(), &body[..at]));
    }
    // The length is too small, so the form has no end.
    let cut = begin(&server, &ann, body.len() - 20, &body[..body.len() - 20]);
    assert!(testkit::read_all(cut).contains("cut short"));
    until("everything to be removed", || {
        stored(dir.path()).is_empty().then_some(())
    });
    // No page of another site, and nobody without a login.
    let mut wrong = ann.clone();
    wrong.form_id = "x".into();
    assert_eq!(upload(&wrong, "1", "x", b"x")["error"], 1_357_004);
    let wrong = without_login(&ann);
    assert_eq!(upload(&wrong, "1", "x", b"x")["error"], 1_357_001);
    // The server may look at the connections that ended only now.
    until("everything to be removed", || {
        stored(dir.path()).is_empty().then_some(())
    });

    // Killed in the middle of one; before that another was stored, but not known yet.
    let kept = uploaded(&ann, "2", "x.png", &content);
    let _unfinished = begin(&server, &ann, body.len(), &body[..head + 1000]);
    until("an upload to begin", || {
        (stored(dir.path()).len() > 2).then_some(())
    });
    server.kill();
    let unknown = dir.path().join("files/00");
    std::fs::create_dir_all(&unknown).unwrap();
    std::fs::write(unknown.join("0".repeat(32)), "x").unwrap();
    let (_server, ann, _ben) = served(dir.path(), &[]);
    let left = stored(dir.path());
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left.iter()
            .all(|file| file.to_str().unwrap().contains(id(&kept)))
    );
    // The answer may have been lost: the same upload is still the same file.
    assert_eq!(uploaded(&ann, "2", "x.png", &content), kept);
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert!(
        left.iter()
            .all(|file| mode(file) == 0o600 && mode(file.parent().unwrap()) == 0o700)
    );
}

#[test]
fn a_disk_that_takes_no_more_is_told_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut server = start(dir.path(), &["env"], LIMITED);
    let ann = Client::login(&server, "ann", "secret");
    // The database is smaller, and the file larger.
    limit(&server, "2000000");
    let told = refused(&ann, "1", &[7; 3_000_000]);
    assert!(told.contains("could not store"), "{told}");
    assert!(stored(dir.path()).is_empty());
    uploaded(&ann, "1", "x", &[7; 1_000_000]);
    limit(&server, "unlimited");
    uploaded(&ann, "1", "x", &[7; 3_000_000]);
    assert_eq!(stored(dir.path()).len(), 2);
    assert!(server.stop().success());
    let mut log = String::new();
    std::io::Read::read_to_string(&mut server.child.stderr.take().unwrap(), &mut log).unwrap();
    assert!(log.contains("Make room on the disk"), "{log}");
}

/// The most memory that a server has taken so far, in KiB.
fn peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn a_large_file_takes_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (server, ann, _ben) = served(dir.path(), &[]);
    let small = uploaded(&ann, "1", "x", &[1; 100_000]);
    get(&ann, &format!("/files/{}/x", id(&small)), &[])
        .bytes()
        .unwrap();
    let before = peak(&server);
    let content = vec![1; 25 << 20];
    let file = uploaded(&ann, "2", "x", &content);
    assert!(
        get(&ann, &format!("/files/{}/x", id(&file)), &[])
            .bytes()
            .unwrap()
            == content
    );
    let after = peak(&server);
    println!("{before} KiB, then {after} KiB");
    assert!(after - before < 4 << 10, "{before} {after}");
    // Curl asks before it sends so much.
    let path = dir.path().join("x.bin");
    std::fs::write(&path, &content).unwrap();
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "-F",
        &format!("post_form_id={}", ann.form_id),
        "-F",
        "upload_id=3",
        "-F",
    ]);
    curl.arg(format!("attachment=@{}", path.display()));
    curl.args(["-H", &format!("Cookie: {}", ann.cookie)]);
    let output = curl
        .arg(format!("{}/ajax/messaging/upload.php", ann.url))
        .output()
        .unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(
        answer.contains("\"name\":\"x.bin\",\"size\":26214400"),
        "{answer}"
    );
}
