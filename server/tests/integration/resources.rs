//! A system that starts no more threads or opens no more files for a while: the server goes on by itself afterwards. The disk has
//! tests of its own.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use testkit::limited_user::{ENOUGH, LimitedUser};
use testkit::{Client, Server, fbchatd, http, read_all};

/// Users without other processes, because the limit counts those of a user.
const USERS: [&str; 2] = ["64123", "64124"];

#[test]
fn a_start_without_threads_ends_with_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    open_to_all(dir.path());
    let data = dir.path().join("data");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data"];
    let serve = [&serve[..], &[data.to_str().unwrap()]].concat();
    let demo = ["demo", "--listen", "127.0.0.1:0"];
    let user = LimitedUser::new(USERS[0], Path::new(&fbchatd()));
    for threads in 1..=7 {
        for args in [&serve[..], &demo] {
            let threads = threads.to_string();
            // With the fewest only the runtime fails, with more of them the store or the passwords.
            let output = user.program(&threads).args(args).output().unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{threads} {args:?}: {told}");
            let told: Vec<_> = told.lines().filter(|line| !line.starts_with('[')).collect();
            assert!(
                told[0].contains("annot start a thread"),
                "{threads}: {told:?}"
            );
            assert_eq!(told.len(), 1, "{threads}: {told:?}");
        }
    }
}

fn open_to_all(dir: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn logins_work_while_no_thread_can_be_started_and_afterwards() {
    let user = LimitedUser::new(USERS[1], Path::new(&fbchatd()));
    let mut command = user.program(ENOUGH);
    let mut server = Server::start(command.args(["demo", "--listen", "127.0.0.1:0"]));
    user.limit(server.child.id(), "1");
    for _ in 0..4 {
        let mut alice = Client::login(&server, "alice", "demo");
        assert_eq!(alice.send(alice.uid, "hello")["error"], 0);
        assert!(Client::try_login(&server, "bob", "wrong").is_err());
    }
    let health = http().get(format!("{}/healthz", server.url)).send();
    assert_eq!(health.unwrap().status(), 200);
    user.limit(server.child.id(), ENOUGH);
    Client::login(&server, "bob", "demo");
    user.limit(server.child.id(), "1");
    // Nothing at the end needs a thread either.
    assert!(server.stop().success());
}

#[test]
fn connections_are_accepted_once_files_can_be_opened_again() {
    let server = Server::demo();
    let pid = server.child.id().to_string();
    let limit = |files: &str| {
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", &pid, &format!("--nofile={files}:")]);
        assert!(prlimit.status().unwrap().success());
    };
    limit("3");
    // The system takes the connection, the server cannot.
    let mut waiting = TcpStream::connect(server.address()).unwrap();
    waiting
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    limit("1000");
    assert!(read_all(waiting).ends_with("ok\n"));
    Client::login(&server, "alice", "demo");
}
