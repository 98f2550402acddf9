//! What strangers and other users must not be able to do.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use testkit::routes::paths;
use testkit::{Client, Server, encode, http, json, until};

const WRONG: &str = "Incorrect e-mail address, user name or password.";

#[test]
fn a_stranger_who_guesses_passwords_is_stopped_and_the_owner_is_not() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let try_from = |address: &str, password: &str| {
        let client = Client::try_login_from(&server, Some(address), "ann", password);
        client.map(drop)
    };
    let throttled = |address: &str, email: &str, password: &str| {
        let told = Client::try_login_from(&server, Some(address), email, password).err();
        told.is_some_and(|told| told.starts_with("Too many attempts."))
    };
    try_from("10.0.0.1", "secret").unwrap();
    for _ in 0..10 {
        assert_eq!(try_from("10.9.9.9", "guess").unwrap_err(), WRONG);
    }
    // The stranger cannot try other accounts either, and even correct passwords have to wait.
    until("the throttle", || {
        let refused =
            throttled("10.9.9.9", "ann", "guess") && throttled("10.9.9.9", "ben", "secret");
        refused.then_some(())
    });
    // The owner can log in, from the known address and from a new one.
    try_from("10.0.0.1", "secret").unwrap();
    try_from("10.0.0.2", "secret").unwrap();
    // Even if the stranger has the same address.
    until("the throttle", || {
        (throttled("10.0.0.2", "eve", "guess") && throttled("10.0.0.2", "ben", "secret"))
            .then_some(())
    });
    try_from("10.0.0.2", "secret").unwrap();
}

#[test]
fn failed_logins_do_not_reveal_who_has_an_account() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let answer = |email: &str| {
        let form = encode(&[("email", email), ("pass", "wrong")]);
        let request = http().post(format!("{}/login.php", server.url));
        let from = if email.starts_with("ann") {
            "10.0.0.1"
        } else {
            "10.0.0.2"
        };
        let answer = request
            .header("Cookie", "lsd=0; datr=0")
            .header("X-Forwarded-For", from)
            .body(form)
            .send()
            .unwrap();
        let mut headers: Vec<_> = answer
            .headers()
            .iter()
            .filter(|(name, _)| *name != "date" && *name != "content-length")
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        let status = answer.status();
        (status, headers, answer.text().unwrap().replace(email, ""))
    };
    for round in 0..12 {
        if round == 10 {
            // Both are throttled then, for a minute.
            for _ in 0..8 {
                answer("ann@example.org");
                answer("eve@example.org");
            }
        }
        let (known, unknown) = (answer("ann@example.org"), answer("eve@example.org"));
        let steady = |text: &str| {
            let digits = |c: char| c.is_ascii_digit();
            text.replace(digits, "")
        };
        assert_eq!(known.0, unknown.0);
        assert_eq!(steady(&known.1.concat()), steady(&unknown.1.concat()));
        assert_eq!(steady(&known.2), steady(&unknown.2));
    }
}

#[test]
fn conversations_are_visible_to_their_two_users_only() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    testkit::account(dir.path(), "eve@example.org", "Eve");
    let server = Server::serve(dir.path(), &[]);
    let login = |email| Client::login(&server, email, "secret");
    let (mut ann, ben, eve) = (login("ann"), login("ben"), login("eve"));
    assert_eq!(ann.send(ben.uid, "between us")["error"], 0);
    ben.wait_for(ben.seq(), |item| item["msg"]["text"] == "between us");
    let history = |client: &Client, with: i64| {
        client.read(&format!("/ajax/chat/history.php?id={with}&limit=100"))["history"].clone()
    };
    assert_eq!(history(&ben, ann.uid).as_array().unwrap().len(), 1);
    for uid in [ann.uid, ben.uid, eve.uid] {
        assert_eq!(history(&eve, uid), Value::Array(Vec::new()));
    }
    // Eve's session on the channels of others, and their uids in her cookie.
    for uid in [ann.uid, ben.uid] {
        for seq in ["-1", "0", "1", "2"] {
            let answer = json(eve.get(&format!("/x/0/true/p_{uid}={seq}?batch=100&wait=0")));
            assert_eq!(answer, serde_json::json!({"t": "refresh"}));
        }
        let mut forged = eve.clone();
        forged.cookie = eve.cookie.replace(&eve.uid.to_string(), &uid.to_string());
        let answer = json(forged.get(&format!("/ajax/chat/history.php?id={}", ann.uid)));
        assert_eq!(answer["error"], 1_357_001);
    }
    let seen = eve
        .get(&format!("/x/0/true/p_{}=1?batch=100&wait=0", eve.uid))
        .text()
        .unwrap();
    assert!(!seen.contains("between us"), "{seen}");
    for path in [
        "/home.php",
        "/notifications.php",
        "/ajax/fbchat/notifications.php",
        "/s.php?q=between",
        "/profile.php",
    ] {
        assert!(
            !eve.get(path).text().unwrap().contains("between us"),
            "{path}"
        );
    }
    let to = ben.uid.to_string();
    let form = [("to", to.as_str()), ("msg_id", "1"), ("msg_text", "x")];
    assert_eq!(eve.write("/ajax/chat/send.php", &form)["error"], 1_356_003);
}

#[test]
fn one_address_cannot_take_all_connections() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Server::command(dir.path());
    command.env("FBCHATD_TRUSTED_PROXIES", "[]");
    command.env("FBCHATD_CONNECTIONS_PER_ADDRESS", "2");
    let server = Server::start(&mut command);
    let address = server.url.trim_start_matches("http://");
    // An open connection, or none if the server closed it without an answer.
    let connect = || {
        let mut stream = TcpStream::connect(address).unwrap();
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        let answered = stream.read(&mut [0; 100]).is_ok_and(|read| read > 0);
        answered.then_some(stream)
    };
    let (first, _second) = (connect().unwrap(), connect().unwrap());
    assert!(connect().is_none());
    drop(first);
    until("a free connection", connect);
}

#[test]
fn one_address_cannot_send_unlimited_requests() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let ask = |address: &str, times: usize| {
        let request = format!("GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n");
        let last = format!("{request}Connection: close\r\n\r\n");
        server.raw(&(format!("{request}\r\n").repeat(times - 1) + &last))
    };
    let refused = until("the limit", || {
        let answers = ask("10.0.0.1", 500);
        answers.contains("HTTP/1.1 429 ").then_some(answers)
    });
    assert!(
        refused.contains("\r\nRetry-After: 10\r\n")
            && refused.contains("Try again in ten seconds.")
    );
    assert!(ask("10.0.0.2", 1).starts_with("HTTP/1.1 404 "));
}

#[test]
fn messages_that_come_too_fast_have_to_wait_and_are_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut command = Server::command(dir.path());
    command
        .env("FBCHATD_MESSAGE_BURST", "3")
        .env("FBCHATD_MESSAGES_PER_S", "1");
    let server = Server::start(&mut command);
    let login = |name| Client::login(&server, name, "secret");
    let (mut ann, mut ben) = (login("ann"), login("ben"));
    let (mut accepted, mut told) = (Vec::new(), Value::Null);
    until("the limit", || {
        let id = ann.fresh_id();
        let answer = ann.send_as(&id, ben.uid, &id).unwrap();
        if answer["error"] == 0 {
            accepted.push(id);
            return None;
        }
        told = answer;
        Some(())
    });
    assert!(accepted.len() >= 3, "{accepted:?}");
    // Clients of 2008 show this, and ours try again.
    assert_eq!(told["error"], 1_356_008, "{told}");
    let sentence = told["errorDescription"].as_str().unwrap();
    assert!(sentence.ends_with("Try again in 1 seconds."), "{sentence}");
    // Neither others nor repetitions are concerned.
    assert_eq!(ben.send(ann.uid, "hello")["error"], 0);
    for id in &accepted {
        assert_eq!(ann.send_as(id, ben.uid, id).unwrap()["error"], 0);
    }
    let id = ann.fresh_id();
    until("room", || {
        let answer = ann.send_as(&id, ben.uid, &id).unwrap();
        (answer["error"] == 0).then_some(())
    });
    accepted.push(id);
    let history = ben.read(&format!("/ajax/chat/history.php?id={}", ann.uid))["history"].clone();
    let texts = history.as_array().unwrap().iter();
    let texts = texts.filter(|entry| entry["from"] == ann.uid);
    let texts: Vec<_> = texts.map(|entry| entry["msg"]["text"].clone()).collect();
    assert_eq!(texts, accepted);
}

/// Otherwise a page of another site could let its own name lead to this server, and ask it in the browser of its visitor.
#[test]
fn a_name_that_is_not_the_servers_is_refused_and_the_setting_named() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let log = dir.path().join("log");
    let mut command = Server::command(dir.path());
    command
        .env("FBCHATD_HOSTS", "[\"chat.example.org\"]")
        .env("FBCHATD_LOG", "warn")
        .stderr(std::fs::File::create(&log).unwrap());
    let (server, operator) = Server::with_metrics(&mut command);
    let ask = |url: &str, host: &str| {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let request = format!("GET /healthz HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        testkit::read_all(stream)
    };
    for url in [&server.url, &operator] {
        for host in ["Host: chat.example.org\r\n", "Host: 127.0.0.1:80\r\n"] {
            assert!(ask(url, host).starts_with("HTTP/1.1 200 "), "{host}");
        }
        for host in ["", "Host: localhost\r\nHost: chat.example.org\r\n"] {
            assert!(ask(url, host).starts_with("HTTP/1.1 400 "), "{host}");
        }
        let refused = ask(url, "Host: evil.example\r\n");
        assert!(refused.starts_with("HTTP/1.1 421 "), "{refused}");
        assert!(
            refused.contains("set hosts = [\"evil.example\"]"),
            "{refused}"
        );
    }
    assert_eq!(
        server.raw("GET /healthz HTTP/1.0\r\n\r\n").lines().last(),
        Some("ok")
    );
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(
        log.matches("hosts = [\"evil.example\"]").count(),
        1,
        "{log}"
    );
}

/// Posts that change nothing, need no session, or are protected in another way.
const NO_TOKEN: [&str; 10] = [
    "/login.php",
    "/logout.php",
    "/register.php",
    "/ajax/fbchat/register.php",
    "/ajax/presence/reconnect.php",
    "/ajax/presence/update.php",
    "/ajax/chat/buddy_list.php",
    "/ajax/chat/history.php",
    "/ajax/intent.php",
    "/x/{*rest}",
];

#[test]
fn every_write_requires_the_token_of_its_session() {
    let server = Server::demo();
    let login = || Client::login(&server, "alice", "demo");
    let (alice, elsewhere) = (login(), login());
    let mut writes = 0;
    for path in paths().into_iter().filter(|path| !NO_TOKEN.contains(path)) {
        let path = path.replace("{name}", "x");
        for token in ["", "0", &elsewhere.form_id] {
            let form = [
                ("to", "100002"),
                ("id", "100002"),
                ("msg_id", "1"),
                ("msg_text", "x"),
                ("status", "x"),
                ("post_form_id", token),
            ];
            let answer = match path.as_str() {
                "/pic_upload.php" | "/ajax/messaging/upload.php" => {
                    let part = "--b\r\nContent-Disposition: form-data; name=";
                    let form = format!(
                        "{part}\"post_form_id\"\r\n\r\n{token}\r\n{part}\"attachment\"\r\n\r\nx\r\n--b--\r\n"
                    );
                    let upload = alice.http.post(format!("{}{path}", server.url));
                    let upload = upload.header("Content-Type", "multipart/form-data; boundary=b");
                    let upload = upload.header("Cookie", &alice.cookie);
                    upload.body(form).send().unwrap()
                }
                _ => alice.post(&path, &form),
            };
            // This path takes no posts.
            if answer.status() == 404 {
                continue;
            }
            assert_eq!(json(answer)["error"], 1_357_004, "{path} with {token:?}");
            writes += 1;
        }
    }
    assert!(writes > 3 * 15, "{writes}");
}
