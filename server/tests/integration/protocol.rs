//! The protocol as clients of 2008 and our own see it.

use std::process::Command;

use testkit::{Client, Server, between, encode, fbchatd, http, json, until};

const ECHO: i64 = 100_003;

#[test]
fn the_login_reply_has_the_bytes_that_old_clients_look_for() {
    let mut command = Command::new(fbchatd());
    command.args(["demo", "--listen", "127.0.0.1:0"]);
    let server = Server::start(command.env("FBCHATD_HOSTS", "[\"www.facebook.com\"]"));
    let body = "lsd=abcde&email=alice%40example.org&pass=demo&charset_test=x&charset_test=y";
    let answer = server.raw(&format!(
        "POST /login.php?login_attempt=1 HTTP/1.0\r\nHost: www.facebook.com\r\nCookie: isfbe=false;test_cookie=1;lsd=abcde\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(
        answer.starts_with("HTTP/1.0 302 ") || answer.starts_with("HTTP/1.1 302 "),
        "{answer}"
    );
    assert!(
        answer.contains("\r\nSet-Cookie: c_user=100001;"),
        "{answer}"
    );
    assert!(answer.contains("\r\nSet-Cookie: xs="), "{answer}");
    assert!(
        answer.contains("\r\nLocation: http://www.facebook.com/home.php\r\n"),
        "{answer}"
    );
    assert!(!answer.to_lowercase().contains("captcha"), "{answer}");
}

#[test]
fn http_1_0_is_answered_in_one_piece_and_closed() {
    let server = Server::demo();
    let answer = server.raw("GET /login.php HTTP/1.0\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length: usize = between(&format!("{head}\r\n"), "Content-Length: ", "\r\n")
        .parse()
        .unwrap();
    assert_eq!(length, body.len());
    assert!(!head.to_lowercase().contains("chunked"), "{head}");
    assert!(head.contains("\r\nSet-Cookie: test_cookie=1;"), "{head}");
    // A redirect without a host stays relative.
    assert!(
        server
            .raw("GET / HTTP/1.0\r\n\r\n")
            .contains("\r\nLocation: /login.php\r\n")
    );
}

#[test]
fn wrong_logins_get_the_form_again_with_the_reason() {
    let server = Server::demo();
    for (email, password) in [
        ("alice@example.org", "wrong"),
        ("nobody@example.org", "demo"),
        ("", ""),
        ("echo", "!"),
        ("echo", "demo"),
    ] {
        let error = Client::try_login(&server, email, password).err().unwrap();
        assert_eq!(
            error, "Incorrect e-mail address, user name or password.",
            "{email}"
        );
    }
    let login = |cookie: &str, lsd: &str| {
        let request = http()
            .post(format!("{}/login.php", server.url))
            .header("Cookie", cookie);
        let form = [("email", "\"><b>alice"), ("pass", "demo"), ("lsd", lsd)];
        request.body(encode(&form)).send().unwrap().text().unwrap()
    };
    let page = login("lsd=a", "b");
    assert!(
        between(&page, "standard_error\">", "</h2>").contains("out of date"),
        "{page}"
    );
    assert!(
        page.contains("value=\"&quot;&gt;&lt;b&gt;alice\""),
        "{page}"
    );
    let form = encode(&[("email", "alice"), ("pass", "demo")]);
    let page = http()
        .post(format!("{}/login.php", server.url))
        .body(form)
        .send()
        .unwrap()
        .text()
        .unwrap();
    assert!(page.contains("enable cookies"), "{page}");
    Client::login(&server, "ALICE", "demo");
}

#[test]
fn password_guessing_is_slowed_down() {
    let server = Server::demo();
    let told = until("the throttle", || {
        Client::try_login(&server, "bob", "guess")
            .err()
            .filter(|e| e.starts_with("Too many"))
    });
    assert!(
        told.starts_with("Too many attempts. Try again in ") && told.ends_with(" seconds."),
        "{told}"
    );
    let form = encode(&[("email", "bob"), ("pass", "demo")]);
    let answer = http()
        .post(format!("{}/login.php", server.url))
        .header("Cookie", "test_cookie=1")
        .body(form)
        .send()
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(
        answer.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
}

/// The program of 2008, step by step: first form, home page, its patterns, probe, list, send, one item per reply.
#[test]
fn the_ruby_program_works() {
    let server = Server::demo();
    let http = http();
    let form = http
        .get(format!("{}/login.php", server.url))
        .send()
        .unwrap();
    let jar: Vec<_> = form
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned())
        .collect();
    let page = form.text().unwrap();
    let first_form = between(&page, "<form", "</form>");
    assert!(
        first_form.contains("method=\"post\" action=\"/login.php\""),
        "{first_form}"
    );
    assert!(
        first_form.contains("name=\"email\"") && first_form.contains("name=\"pass\""),
        "{first_form}"
    );
    let lsd = between(first_form, "name=\"lsd\" value=\"", "\"");
    let login = http
        .post(format!("{}/login.php", server.url))
        .header("Cookie", jar.join("; "))
        .body(encode(&[
            ("lsd", lsd),
            ("email", "alice@example.org"),
            ("pass", "demo"),
        ]))
        .send()
        .unwrap();
    assert_eq!(
        login.headers()["location"],
        format!("{}/home.php", server.url)
    );
    let mut client = Client::login(&server, "alice@example.org", "demo");
    let page = client.get("/home.php").text().unwrap();
    let anchor = page
        .lines()
        .find(|line| line.ends_with("class=\"profile_nav_link\">Profile</a>"))
        .unwrap();
    assert_eq!(
        between(anchor, "/profile.php?id=", "\""),
        client.uid.to_string()
    );
    assert_eq!(between(&page, "\"channel", "\"").len(), 2);
    let hidden = "<input type=\"hidden\" id=\"post_form_id\" name=\"post_form_id\" value=\"";
    assert_eq!(between(&page, hidden, "\""), client.form_id);

    let seq = client.seq();
    let infos = client.buddies()["userInfos"].clone();
    assert_eq!(infos[ECHO.to_string()]["name"], "Echo");
    assert_eq!(infos[client.uid.to_string()]["firstName"], "Alice");
    assert_eq!(client.send(ECHO, "hey & 50% ä/😀")["error"], 0);
    let own = client.poll(seq);
    assert_eq!(own["ms"].as_array().unwrap().len(), 1);
    assert_eq!(own["c"], format!("p_{}", client.uid));
    assert_eq!(own["ms"][0]["from"], client.uid);
    assert_eq!(own["ms"][0]["msg"]["clientTime"], 1_209_558_664_256_i64);
    let (echo, _) = client.wait_for(seq + 1, |item| item["type"] == "msg");
    assert_eq!(echo["msg"]["text"], "hey & 50% ä/😀");
    assert_eq!(
        (&echo["from"], &echo["from_name"]),
        (&ECHO.into(), &"Echo".into())
    );
    assert!(echo["msg"]["msgID"].is_string());
}

/// Neither the answer nor its Retry-After may reveal who has an account.
#[test]
fn password_guessing_is_slowed_down_the_same_with_and_without_an_account() {
    let server = Server::demo();
    let slowed = |email: &str| {
        let error = Client::try_login(&server, email, "guess").err().unwrap();
        error.starts_with("Too many")
    };
    for (typed, other) in [
        ("alice@example.org", "alice"),
        ("nobody@example.org", "nobody"),
        ("bob", "bob@example.org"),
        ("none", "none@example.org"),
    ] {
        let mut tries = 0;
        until("the throttle", || {
            tries += 1;
            slowed(typed).then_some(())
        });
        assert!(tries > 10, "{typed}: {tries}");
        // If the wait is over already, the first of these attempts fails and makes the next wait longer.
        assert!((0..3).any(|_| slowed(other)), "{other}");
    }
    // All of this came from one address without a proxy; it does not lock out another account.
    Client::try_login(&server, "echo", "guess")
        .err()
        .filter(|error| error.starts_with("Incorrect"))
        .unwrap();
}

#[test]
fn pages_redirect_where_they_should() {
    let server = Server::demo();
    let client = Client::login(&server, "alice", "demo");
    let location = |path: &str, cookie: &str| {
        let answer = http()
            .get(format!("{}{path}", server.url))
            .header("Cookie", cookie)
            .send()
            .unwrap();
        answer.headers().get("location").map(|l| {
            l.to_str()
                .unwrap()
                .trim_start_matches(&server.url)
                .to_owned()
        })
    };
    for path in [
        "/",
        "/index.php",
        "/home.php",
        "/presence/popout.php",
        "/reqs.php",
        "/notifications.php",
    ] {
        assert_eq!(location(path, "").as_deref(), Some("/login.php"), "{path}");
    }
    assert_eq!(location("/", &client.cookie).as_deref(), Some("/home.php"));
    let home = client.get("/home.php").text().unwrap();
    assert_eq!(client.get("/presence/popout.php").text().unwrap(), home);
    let meta = between(&home, "<meta name=\"fbchat\" content=\"", "\" />").replace("&quot;", "\"");
    let meta: serde_json::Value = serde_json::from_str(&meta).unwrap();
    assert_eq!(
        (
            &meta["channel"],
            &meta["batch"],
            &meta["presence"],
            &meta["message_limit"]
        ),
        (&"/".into(), &100.into(), &true.into(), &20_000.into())
    );
    for path in ["/home.php", "/login.php", "/healthz"] {
        let head = client
            .http
            .head(format!("{}{path}", server.url))
            .header("Cookie", &client.cookie)
            .send()
            .unwrap();
        assert_eq!(head.status(), 200, "{path}");
    }
    assert_eq!(client.get("/nothing.php").status(), 404);
    assert_eq!(client.get("/x/0/true/p_me=1").status(), 404);
    let reconnect = json(client.get("/ajax/presence/reconnect.php?reason=6"))["payload"].clone();
    assert_eq!(
        (&reconnect["user_channel"], &reconnect["channel"]),
        (&format!("p_{}", client.uid).into(), &"/".into())
    );
    assert_eq!(reconnect["seq"].as_i64().unwrap(), client.seq());
}

#[test]
fn a_repeated_post_succeeds_whatever_has_changed() {
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    let post = |id: &str| alice.send_as(id, ECHO, "x").unwrap()["error"].clone();
    assert_eq!(post("1"), 0);
    assert_eq!(alice.settings("visibility", "false")["error"], 0);
    assert_eq!((post("1"), post("2")), (0.into(), 1_356_002.into()));
    assert_eq!(alice.settings("visibility", "true")["error"], 0);
    let uid = ECHO.to_string();
    alice.write("/ajax/profile/removefriend.php", &[("uid", &uid)]);
    assert_eq!((post("1"), post("2")), (0.into(), 1_356_003.into()));
    // A post is a repetition only with the same text and the same recipient.
    let other = |to, text| alice.send_as("1", to, text).unwrap()["error"].clone();
    assert_eq!(other(ECHO, "y"), 1_356_003);
    assert_eq!(other(7, "x"), 1_356_003);
}

#[test]
fn a_repeated_post_arrives_once() {
    let server = Server::demo();
    let (alice, bob) = (
        Client::login(&server, "alice", "demo"),
        Client::login(&server, "bob", "demo"),
    );
    let (own, other) = (alice.seq(), bob.seq());
    for _ in 0..3 {
        assert_eq!(alice.send_as("-77", bob.uid, "once").unwrap()["error"], 0);
    }
    assert_eq!(
        alice.send_as("-77", bob.uid, "another text").unwrap()["error"],
        0
    );
    for (client, seq) in [(&alice, own), (&bob, other)] {
        let items = client.items(seq, 100);
        let messages: Vec<_> = items.iter().filter(|item| item["type"] == "msg").collect();
        assert_eq!(messages.len(), 2, "{items:?}");
        assert_eq!(
            (&messages[0]["msg"]["text"], &messages[0]["msg"]["msgID"]),
            (&"once".into(), &"-77".into())
        );
        assert!(messages[0]["msg"]["time"].as_i64() < messages[1]["msg"]["time"].as_i64());
    }
    let history =
        json(bob.get(&format!("/ajax/chat/history.php?id={}", alice.uid)))["payload"]["history"]
            .clone();
    assert_eq!(history.as_array().unwrap().len(), 2);
    assert_eq!(
        (&history[0]["msg"]["msgID"], &history[0]["from_name"]),
        (&"-77".into(), &"Alice Example".into())
    );
    assert_eq!(history[1]["time"], history[1]["msg"]["time"]);
    // A message to oneself arrives once.
    let mut alice = alice;
    let seq = alice.items(own, 100).len() as i64 + own;
    assert_eq!(alice.send(alice.uid, "note")["error"], 0);
    assert_eq!(alice.items(seq, 100).len(), 1);
}
