//! Slow clients: each is disconnected, and no other client waits for them. In this binary because these tests mostly sleep.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testkit::{Client, Server};

/// Longer than any timeout of the server but that of idle connections.
const LIMIT: Duration = Duration::from_secs(60);

/// What arrives until the server closes the connection, while something more is sent twice a second.
fn trickle(mut stream: TcpStream, what: &[u8]) -> String {
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let (start, mut heard) = (Instant::now(), Vec::new());
    loop {
        assert!(start.elapsed() < LIMIT, "not disconnected");
        let mut buffer = [0; 1000];
        match stream.read(&mut buffer) {
            Ok(0) => return String::from_utf8(heard).unwrap(),
            Ok(read) => heard.extend(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                // It may be closed already.
                let _ = stream.write_all(what);
            }
            Err(_) => return String::from_utf8(heard).unwrap(),
        }
    }
}

#[test]
fn slow_clients_are_disconnected_and_delay_nobody() {
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    let connect = |text: &str| {
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let head = format!("Host: x\r\nCookie: {}\r\n", alice.cookie);
    let form = format!("POST /ajax/chat/send.php HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\n");
    let picture = form.replace("/ajax/chat/send.php", "/pic_upload.php");
    let field = |rest: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name={rest}\r\n\r\n{value}")
    };
    let file = form.replace("/ajax/chat/send.php", "/ajax/messaging/upload.php");
    let file = file.replace(
        "1000\r\n",
        "1000\r\nContent-Type: multipart/form-data; boundary=B\r\n",
    ) + &field("\"post_form_id\"", &format!("{}\r\n", alice.form_id))
        + &field("\"upload_id\"", "1\r\n")
        + &field("\"attachment\"; filename=\"x\"", "a");
    std::thread::scope(|scope| {
        let slow = |text: &str, more: &'static [u8]| {
            let stream = connect(text);
            scope.spawn(move || trickle(stream, more))
        };
        let silent = slow("", b"");
        let in_head = slow("GET /healthz HTTP/1.1\r\nX-Slow: ", b"a");
        let bodies = [
            slow(&form, b"a"),
            slow(&picture, b"-"),
            slow(&file, b"a"),
            slow(
                &format!("POST /login.php HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n"),
                b"1\r\na\r\n",
            ),
        ];
        // Meanwhile others are served.
        assert_eq!(alice.get("/healthz").status(), 200);
        assert_eq!(alice.clone().send(alice.uid, "x")["error"], 0);
        assert_eq!(silent.join().unwrap(), "");
        assert_eq!(in_head.join().unwrap(), "");
        for body in bodies {
            let told = body.join().unwrap();
            assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
        }
    });
    assert_eq!(alice.get("/healthz").status(), 200);
}
