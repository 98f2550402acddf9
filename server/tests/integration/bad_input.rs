//! Bad input is normal input: an answer, no crash, no hang.

use testkit::{Client, Server, http, json};

#[test]
fn bad_input_is_normal_input() {
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    let long = "x".repeat(20_001);
    let error = |form: &[(&str, &str)]| {
        json(alice.post("/ajax/chat/send.php", form))["error"]
            .as_i64()
            .unwrap()
    };
    let token = ("post_form_id", alice.form_id.as_str());
    let (to, id, text) = (("to", "100003"), ("msg_id", "5"), ("msg_text", "x"));
    for (form, code) in [
        (vec![], 1_357_004),
        (vec![to, id, text], 1_357_004),
        (vec![to, id, text, ("post_form_id", "")], 1_357_004),
        (vec![token], 1_356_004),
        (vec![token, id, text], 1_356_004),
        (vec![token, to, text], 1_356_004),
        (vec![token, to, id], 1_356_004),
        (vec![token, to, id, ("msg_text", "\r\u{7}")], 1_356_004),
        (vec![token, to, ("msg_id", "a"), text], 1_356_004),
        (
            vec![token, id, text, ("to", "99999999999999999999999")],
            1_356_004,
        ),
        (vec![token, id, text, ("to", "-1")], 1_356_003),
        (vec![token, id, text, ("to", "7")], 1_356_003),
        (vec![token, to, id, ("msg_text", &long)], 1_357_005),
        (
            vec![
                token,
                to,
                id,
                text,
                ("client_time", "-1e999"),
                ("unknown", "\u{0}"),
            ],
            0,
        ),
    ] {
        assert_eq!(
            error(&form),
            code,
            "{:?}",
            form.iter().map(|(key, _)| key).collect::<Vec<_>>()
        );
    }
    let told = json(alice.post("/ajax/chat/send.php", &[token, to, id, ("msg_text", &long)]));
    assert!(
        told["errorDescription"].as_str().unwrap().contains("20000"),
        "{told}"
    );
    let at_limit = json(alice.post(
        "/ajax/chat/send.php",
        &[token, to, id, ("msg_text", &"😀".repeat(20_000))],
    ));
    assert_eq!(at_limit["error"], 0);
    let huge = alice.post("/ajax/chat/send.php", &[("a", &"x".repeat(400_000))]);
    assert_eq!(huge.status(), 413);
    assert_eq!(huge.headers()["connection"], "close");
    assert_eq!(json(huge)["error"], 1_357_005);

    let raw = alice
        .http
        .post(format!("{}/ajax/chat/send.php", server.url))
        .header("Cookie", &alice.cookie);
    let raw = raw.body(
        b"msg_text=\xff%ff%00&msg_id=9&to=100001&post_form_id="
            .iter()
            .copied()
            .chain(alice.form_id.bytes())
            .collect::<Vec<_>>(),
    );
    let seq = alice.seq();
    assert_eq!(json(raw.send().unwrap())["error"], 0);
    let (item, _) = alice.wait_for(seq, |item| item["msg"]["msgID"] == "9");
    assert_eq!(item["msg"]["text"], "\u{fffd}\u{fffd}\u{fffd}");

    // Echo is still answering, so the end of the channel moves.
    testkit::until("the end of the channel", || {
        let next = alice.poll(i64::MAX);
        assert_eq!(next["t"], "refresh");
        // Without `wait=0`, this would be held for longer than the client waits.
        let here = next["seq"].as_i64().expect("a number");
        let path = format!("/x/1/true/p_{}={here}?batch=1&wait=0", alice.uid);
        (json(alice.get(&path))["t"] == "continue").then_some(())
    });
    for seq in [
        "-1",
        "-5",
        "9223372036854775807",
        "99999999999999999999999999",
    ] {
        assert_eq!(
            json(alice.get(&format!("/x/1/2/true/p_{}={seq}?batch=x", alice.uid)))["t"],
            "refresh",
            "{seq}"
        );
    }
    for uid in ["100002", "-1", "9223372036854775807"] {
        assert_eq!(
            json(alice.get(&format!("/x/1/true/p_{uid}=-1"))),
            serde_json::json!({"t": "refresh"}),
            "{uid}"
        );
    }
    for cookie in [
        "",
        "c_user=100001",
        "c_user=100001; xs=wrong",
        "xs=%00;;;=;c_user",
    ] {
        let answer = http()
            .get(format!("{}/ajax/chat/history.php?id=1", server.url))
            .header("Cookie", cookie);
        assert_eq!(json(answer.send().unwrap())["error"], 1_357_001, "{cookie}");
    }
    // The uid of another user with one's own secret is not a session.
    let mixed = alice.cookie.replace("c_user=100001", "c_user=100002");
    let answer = http()
        .get(format!("{}/ajax/chat/history.php?id=1", server.url))
        .header("Cookie", mixed)
        .send();
    assert_eq!(json(answer.unwrap())["error"], 1_357_001);
    for bytes in [
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
    ] {
        assert!(!server.raw(bytes).contains(" 200 "), "{bytes:?}");
    }
    assert_eq!(alice.get("/healthz").text().unwrap(), "ok\n");
}

#[test]
fn malformed_and_foreign_requests_get_a_status() {
    let server = Server::demo();
    let status = |request: &str| {
        let answer = server.raw(request);
        let status = answer
            .strip_prefix("HTTP/1.1 ")
            .unwrap_or_else(|| panic!("{answer}"));
        status[..3].parse::<u16>().unwrap()
    };
    // Exactly as much as the server reads before it refuses: if more were on the way, its answer could be lost.
    for begin in [
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: ",
        "GET /healthz HTTP/1.1\r\nCookie: ",
        "GET /",
    ] {
        let request = format!("{begin}{}", "x".repeat((64 << 10) - begin.len()));
        assert_eq!(status(&request), 431, "{begin}");
    }
    // A head that ends where the limit is.
    for (size, expected) in [(64 << 10, 200), ((64 << 10) + 1, 431)] {
        let begin = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Large: ";
        let fill = "x".repeat(size - begin.len() - 4);
        assert_eq!(status(&format!("{begin}{fill}\r\n\r\n")), expected);
    }
    let many: String = (0..200).map(|n| format!("X-{n}: {n}\r\n")).collect();
    assert_eq!(
        status(&format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n")),
        431
    );
    let head = "Host: x\r\nConnection: close\r\n";
    for (method, path) in [
        ("PUT", "/home.php"),
        ("DELETE", "/pics/q1_0.jpg"),
        ("GET", "/ajax/chat/send.php"),
        ("BREW", "/"),
    ] {
        assert_eq!(
            status(&format!("{method} {path} HTTP/1.1\r\n{head}\r\n")),
            404,
            "{method} {path}"
        );
    }
    for lengths in [
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: -1",
        "Content-Length: 18446744073709551617",
    ] {
        assert_eq!(
            status(&format!(
                "POST /login.php HTTP/1.1\r\n{head}{lengths}\r\n\r\nx"
            )),
            400,
            "{lengths}"
        );
    }
    // A second login makes a second session, and the first one stays valid.
    let (first, again) = (
        Client::login(&server, "bob", "demo"),
        Client::login(&server, "bob", "demo"),
    );
    assert_ne!(first.cookie, again.cookie);
    assert_eq!(first.clone().send(first.uid, "x")["error"], 0);
}

/// A small body that nobody wants is read, so that the next request is answered on the same connection.
#[test]
fn a_connection_outlives_requests_that_are_answered_early() {
    let server = Server::demo();
    let requests: String = [
        ("POST /home.php", "Content-Length: 9\r\n\r\nx=1&y=2&z"),
        ("POST /nowhere", "Content-Length: 1\r\n\r\nx"),
        ("POST /ajax/chat/send.php", "Content-Length: 2\r\n\r\nxy"),
        (
            "PUT /",
            "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        ),
        ("GET /healthz", "Connection: close\r\n\r\n"),
    ]
    .map(|(line, rest)| format!("{line} HTTP/1.1\r\nHost: x\r\n{rest}"))
    .concat();
    // As a whole, and with each body after its head.
    for whole in [true, false] {
        let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
        let parts: Vec<_> = match whole {
            true => vec![requests.as_str()],
            false => requests.split_inclusive("\r\n\r\n").collect(),
        };
        for part in parts {
            std::io::Write::write_all(&mut stream, part.as_bytes()).unwrap();
            assert!(server.is_healthy());
        }
        let answers = testkit::read_all(stream);
        let statuses = answers
            .lines()
            .filter_map(|line| line.split("HTTP/1.1 ").nth(1));
        let statuses: Vec<_> = statuses.map(|line| &line[..3]).collect();
        assert_eq!(statuses, ["404", "404", "200", "404", "200"], "{answers}");
    }
    // Who waits to be asked for the body is told to keep it.
    let answer = server.raw(
        "POST /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    );
    assert!(
        answer.starts_with("HTTP/1.1 404 ") && answer.contains("\r\nConnection: close\r\n"),
        "{answer}"
    );
}

/// However much the server leaves unread, the client can send all of it and then read the answer; the connection is not reset.
#[test]
fn an_answer_arrives_whatever_the_client_sends_after_it() {
    use std::io::Write;
    let server = Server::demo();
    const SIZE: usize = 16 << 20;
    let post = |path| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {SIZE}\r\n\r\n"
        )
    };
    for (head, status) in [
        // The rest of a body.
        (post("/ajax/chat/send.php"), "413"),
        (post("/login.php"), "413"),
        (post("/pic_upload.php"), "200"),
        (post("/nowhere"), "404"),
        // More requests.
        (
            "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
            "404",
        ),
        (
            "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
            "421",
        ),
        // The rest of a head.
        ("GET / HTTP/1.1\r\nHost: x\r\nX-Long: ".to_owned(), "431"),
    ] {
        let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        for _ in 0..SIZE >> 16 {
            stream.write_all(&[b'a'; 1 << 16]).unwrap();
        }
        let answer = testkit::read_all(stream);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{head}: {answer}"
        );
        assert!(
            answer.to_lowercase().contains("connection: close"),
            "{head}: {answer}"
        );
    }
}
