//! How much memory one address can make the server use, with as many connections as it may have and the largest requests that are read.

use std::io::{Read, Write};
use std::net::TcpStream;

use testkit::http2::{self, Http2};
use testkit::{Client, Server, until};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

const CONNECTIONS: usize = 256;
/// The most memory at any time, in KiB. Two passwords that are checked at a time take 38 MiB of it.
const PEAK: u64 = 128 << 10;
/// The most memory that the server keeps afterwards, in KiB: 19 MiB to check the next password, and what connections need.
const KEPT: u64 = 28 << 10;

const ALLOCATOR: &str = "libjemalloc.so.2";

/// A server that trusts no proxy, so that its limits for one address apply to the tests. It has the allocator of releases, which debug
/// builds are not linked with.
fn command(dir: &std::path::Path) -> std::process::Command {
    let mut command = Server::command(dir);
    command
        .env("LD_PRELOAD", ALLOCATOR)
        .env("MALLOC_CONF", "background_thread:true")
        .env("FBCHATD_TRUSTED_PROXIES", "[]")
        .env("FBCHATD_LOG", "error");
    command
}

/// What the kernel says about the memory of the process, in KiB.
fn memory(server: &Server, key: &str) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.child.id())).unwrap();
    assert!(
        maps.contains(ALLOCATOR),
        "the package libjemalloc2 is missing"
    );
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

/// Sends all but the end of a request on as many connections as are allowed, then the rest on all of them.
fn flood(server: &Server, request: &[u8]) {
    let (begin, end) = request.split_at(request.len() - 1);
    // Refused connections and requests are answered early.
    let mut streams: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut at = 0;
            until("a part of a request to be read", || {
                match stream.write(&begin[at..]) {
                    Ok(written) => at += written,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => at = begin.len(),
                }
                (at == begin.len()).then_some(())
            });
            stream
        })
        .collect();
    for stream in &mut streams {
        let _ = stream.write_all(end);
    }
    for mut stream in streams {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(testkit::LIMIT)).unwrap();
        let _ = stream.read(&mut [0; 100]);
    }
}

fn request(path: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\n{head}Connection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn one_address_cannot_take_much_memory() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut tried = Vec::new();
    let long = "x".repeat(60 << 10);
    let many: String = (0..90)
        .map(|n| format!("X-{n}: {}\r\n", "x".repeat(600)))
        .collect();
    let wrong = [
        &b"email="[..],
        &[0xff; 32 << 10],
        b"&pass=",
        &[0xff; 31 << 10],
    ]
    .concat();
    let fields = [b"email=a&pass=b&".to_vec(), b"\xff=\xff&".repeat(290)].concat();
    let cookie = "Cookie: test_cookie=1\r\n";
    for (what, path, head, body) in [
        ("fields", "/login.php", cookie, &fields),
        ("many fields", "/login.php", cookie, &b"a&".repeat(500_000)),
        ("long fields", "/login.php", cookie, &wrong),
        ("headers", "/login.php", &format!("{cookie}{many}"), &wrong),
        ("a query", &format!("/login.php?{long}"), cookie, &wrong),
        ("a picture", "/pic_upload.php", "", &vec![b'x'; 1 << 20]),
        (
            "a message",
            "/ajax/chat/send.php",
            "",
            &vec![0xff; 300 << 10],
        ),
    ] {
        let server = Server::start(&mut command(dir.path()));
        let ann = Client::login(&server, "ann", "secret");
        let session = format!("{head}Cookie: {}\r\n", ann.cookie);
        let head = if head.is_empty() { &session } else { head };
        let before = memory(&server, "RssAnon:");
        flood(&server, &request(path, head, body));
        let peak = memory(&server, "VmHWM:");
        assert!(server.is_healthy());
        if what == "headers" {
            // The allocator returns memory while it is in use.
            until("the memory to be given back", || {
                assert!(server.is_healthy());
                let more = memory(&server, "RssAnon:").saturating_sub(before);
                (more < KEPT).then_some(())
            });
        }
        tried.push((what, peak, memory(&server, "VmRSS:")));
    }
    println!("{tried:?}");
    assert!(tried.iter().all(|(_, peak, _)| *peak < PEAK), "{tried:?}");
}

#[test]
fn one_address_cannot_take_much_memory_with_http_2_either() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let pem = crate::tls::certificate(dir.path());
    let mut command = command(dir.path());
    command
        .env("FBCHATD_TLS_LISTEN", "127.0.0.1:0")
        .env("FBCHATD_TLS_CERT", dir.path().join("cert.pem"))
        .env("FBCHATD_TLS_KEY", dir.path().join("key.pem"));
    let mut server = Server::start(&mut command);
    let url = server.announced("listening on ");
    let address = url.trim_start_matches("https://").parse().unwrap();
    let client = http2::client(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap());

    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS - 1 {
        let (mut connection, allowed) = Http2::connect(address, &client);
        assert!(
            allowed.streams <= 32 && allowed.window <= 64 << 10,
            "{allowed:?}"
        );
        // The server may end a connection whose requests are over the limits.
        connection.begin_logins(allowed);
        connections.push(connection);
    }
    // The server has read them all before it answers this one, as soon as the address may send requests again.
    until("the server to answer", || server.is_healthy().then_some(()));
    let peak = memory(&server, "VmHWM:");
    println!("{peak} KiB");
    assert!(peak < PEAK, "{peak} KiB");
}

/// Friends of Ann with the longest statuses: a list of them is larger than what the kernel takes for a connection.
const FRIENDS: &str = "
    CREATE TEMP TABLE new AS WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1300)
        SELECT 200000 + n AS uid FROM numbers;
    INSERT INTO users(uid, email, name, password, status)
        SELECT uid, uid || '@example.org', 'Friend ' || uid, '!', replace(hex(zeroblob(210)), '0', char(0x1f600)) FROM new;
    INSERT INTO friends SELECT users.uid, new.uid FROM users, new WHERE email = 'ann@example.org';
    INSERT INTO friends SELECT friend, uid FROM friends WHERE friend >= 200000;
";

#[test]
fn clients_that_do_not_read_cannot_make_the_server_keep_many_answers() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let disk = rusqlite::Connection::open(dir.path().join("fbchatd.db")).unwrap();
    disk.execute_batch(FRIENDS).unwrap();
    drop(disk);
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    // The connection, and the beginning of the answer.
    let ask = |address: &str| {
        let head = format!("X-Forwarded-For: {address}\r\nCookie: {}\r\n", ann.cookie);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let request = request("/ajax/chat/buddy_list.php", &head, b"");
        stream.write_all(&request).unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap();
        (stream, String::from_utf8_lossy(&begin).into_owned())
    };
    let accepted = |address: &str| {
        let (stream, begin) = ask(address);
        (begin == "HTTP/1.1 200").then_some(stream)
    };
    let mut unread = vec![accepted("10.0.0.1").unwrap()];
    // A slow machine may take so long that the server gives up the first connection.
    let refused = until("a refusal", || {
        let (stream, begin) = ask("10.0.0.1");
        if begin == "HTTP/1.1 503" {
            return Some(stream);
        }
        unread.push(stream);
        None
    });
    let rest = testkit::read_all(refused);
    assert!(rest.contains("\r\nRetry-After: 5\r\n"), "{rest}");
    assert!(rest.contains("\r\nConnection: close\r\n"), "{rest}");
    assert!(rest.contains("Try again in a few seconds."), "{rest}");
    // Short answers from there, and all from elsewhere, are not concerned.
    let short = Client::try_login_from(&server, Some("10.0.0.1"), "ben", "secret");
    short.unwrap();
    let elsewhere = accepted("10.0.0.2").unwrap();
    drop(unread);
    let mut again = until("room", || accepted("10.0.0.1"));
    for mut stream in [elsewhere, again.try_clone().unwrap()] {
        stream.set_read_timeout(Some(testkit::LIMIT)).unwrap();
        let mut list = Vec::new();
        stream.read_to_end(&mut list).unwrap();
        assert!(
            list.ends_with(b"}") && list.len() > 5 << 20,
            "{}",
            list.len()
        );
    }
    // What was read is forgotten.
    again = until("room", || accepted("10.0.0.1"));
    drop(again);
}
