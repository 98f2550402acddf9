//! Several servers on one database behave like one server.

use std::path::Path;
use std::process::{Command, Stdio};

use testkit::postgres::Postgres;
use testkit::{Client, Server, fbchatd, output, read_all, until};

/// A command on a database, with these files.
fn command(url: &str, files: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(fbchatd());
    command.args(args).stdin(Stdio::null());
    command
        .env("FBCHATD_STORE", url)
        .env("FBCHATD_FILES_DIR", files);
    command
}

/// A database with Ann and Ben, who are friends, and Eve.
fn database(files: &Path) -> String {
    let cluster = Postgres::shared();
    let url = cluster.url(&cluster.database());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "secret\n").unwrap();
    for (email, name) in [("ann", "Ann A"), ("ben", "Ben B"), ("eve", "Eve")] {
        let email = format!("{email}@example.org");
        let add = ["user", "add", &email, "--name", name, "--password-file"];
        output(command(&url, files, &add).arg(file.path()));
    }
    let friends = ["friend", "add", "ann@example.org", "ben@example.org"];
    output(&mut command(&url, files, &friends));
    url
}

fn node(url: &str, files: &Path) -> Server {
    let mut serve = command(url, files, &["serve", "--listen", "127.0.0.1:0"]);
    Server::start(serve.env("FBCHATD_OFFLINE_AFTER_S", "10"))
}

#[test]
fn two_servers_are_one_for_those_who_use_them() {
    let dir = tempfile::tempdir().unwrap();
    let url = database(dir.path());
    let (mut first, mut second) = (node(&url, dir.path()), node(&url, dir.path()));
    let listed = output(&mut command(&url, dir.path(), &["nodes"]));
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains(env!("CARGO_PKG_VERSION")), "{listed}");

    let mut ann = Client::login(&first, "ann", "secret");
    let mut ben = Client::login(&second, "ben", "secret");
    let bens = ben.seq();
    assert_eq!(ben.sees(ann.uid), "offline");
    let annes = ann.seq();
    let is_active =
        |item: &serde_json::Value| item["type"] == "presence" && item["state"] == "active";
    let (_, bens) = ben.wait_for(bens, is_active);
    assert_eq!((ben.sees(ann.uid), ann.sees(ben.uid)), ("active", "active"));

    // A message at one wakes polls at the other, and so does the answer.
    let held = ben.hold_ten(bens);
    assert_eq!(ann.send(ben.uid, "hello")["error"], 0);
    for poll in held {
        assert!(read_all(poll).contains("hello"));
    }
    let (_, bens) = ben.wait_for(bens, |item| item["msg"]["text"] == "hello");
    assert_eq!(ben.send(ann.uid, "you")["error"], 0);
    let (_, annes) = ann.wait_for(annes, |item| item["msg"]["text"] == "you");
    let to = ben.uid.to_string();
    ann.write("/ajax/chat/typ.php", &[("typ", "1"), ("to", &to)]);
    let (_, bens) = ben.wait_for(bens, |item| item["type"] == "typ");

    // A client continues at another server with its sequence number, which is known there at once.
    let there = ann.moved(&second);
    for n in 0..20 {
        assert_eq!(ann.send(ben.uid, &format!("{n}"))["error"], 0);
        let answer = there.poll(if n % 2 == 0 { annes } else { there.seq() - 1 });
        assert_eq!(answer["t"], "msg", "{answer}");
    }
    let (_, bens) = ben.wait_for(bens, |item| item["msg"]["text"] == "19");

    // Both servers can read the files, and a third that starts does not delete an upload in progress.
    let file = super::files::sent(&ann, "77", ben.uid, "x.bin", b"content");
    let path = format!("/files/{file}/x.bin");
    assert_eq!(ben.get(&path).bytes().unwrap(), &b"content"[..]);
    let draft = dir.path().join("files/new/0123");
    std::fs::write(&draft, "a part").unwrap();
    let mut third = node(&url, dir.path());
    assert!(draft.exists());
    assert!(third.stop().success());

    // Chat that is switched off at one server is off at all of them, even with polls held at two.
    let other = Client::login(&second, "ann", "secret");
    let (held, held_here) = (other.hold_ten(other.seq()), ann.hold_ten(ann.seq()));
    ann.settings("visibility", "false");
    assert_eq!(ben.sees(ann.uid), "offline");
    ann.settings("visibility", "true");
    until("Ann to be back", || {
        (ben.sees(ann.uid) == "active").then_some(())
    });
    drop(held_here);

    // A session that is ended at one server also ends at the other, with its held polls.
    let all = [("end", "others")];
    let ended = ann.write("/ajax/fbchat/sessions.php", &all);
    assert_eq!(ended["error"], 0, "{ended}");
    assert_eq!(other.get("/home.php").status(), 302);
    for poll in held {
        // Some of them may have been woken before.
        let answer = read_all(poll);
        assert!(
            answer.ends_with(r#"{"t":"refresh"}"#) || answer.contains(r#""t":"msg""#),
            "{answer}"
        );
    }

    // Password guessing is slowed down at all servers.
    let guess = |server: &Server| {
        let tried = Client::try_login_from(server, Some("192.0.2.1"), "eve", "wrong");
        tried.map(drop).unwrap_err()
    };
    for _ in 0..14 {
        guess(&first);
    }
    let told = guess(&second);
    assert!(told.contains("Too many attempts"), "{told}");

    // When a server dies, its users go offline after a while, and no others.
    let seq = ben.seq();
    first.kill();
    let gone = |item: &serde_json::Value| {
        item["type"] == "presence" && item["state"] == "offline" && item["uid"] == ann.uid
    };
    until("Ann to be gone", || {
        (ben.sees(ann.uid) == "offline").then_some(())
    });
    ben.wait_for(seq.max(bens), gone);
    assert_eq!(second.stop().code(), Some(0));
}

/// The program does not know of more than one server.
#[test]
fn a_program_of_2008_chats_through_a_load_balancer() {
    let dir = tempfile::tempdir().unwrap();
    let url = database(dir.path());
    let start = || {
        let mut serve = command(&url, dir.path(), &["serve", "--listen", "127.0.0.1:0"]);
        serve.env("FBCHATD_BASE_DOMAIN", "facebook.com");
        serve.env("FBCHATD_CHANNEL_HOST_PATTERN", "0.{channel}.{base}");
        Server::start(&mut serve)
    };
    let nodes = [start(), start(), start()];
    let balancer = testkit::cluster::RoundRobin::start();
    balancer.set(nodes.iter().map(|node| node.address()).collect());
    let ann = Client::login(&nodes[0], "ann", "secret");
    super::old_clients::ruby::chat(&balancer.url, ann);
}
