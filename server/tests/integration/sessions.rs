//! The list of a user's sessions, and ending them from another one.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::blocking::Response;
use serde_json::Value;
use testkit::{Client, Server, json, until};

const PATH: &str = "/ajax/fbchat/sessions.php";

fn ids(client: &Client) -> Vec<String> {
    let sessions = client.read(PATH)["sessions"].clone();
    let sessions = sessions.as_array().unwrap().clone();
    let id = |session: &Value| session["id"].as_str().unwrap().to_owned();
    sessions.iter().map(id).collect()
}

/// The id of the session that asks.
fn own(client: &Client) -> String {
    let sessions = client.read(PATH)["sessions"].clone();
    let mut own = sessions.as_array().unwrap().iter();
    let own = own.find(|session| session["own"] == true).unwrap();
    own["id"].as_str().unwrap().to_owned()
}

#[test]
fn logins_are_listed_and_ended_one_by_one_or_all() {
    let server = Server::demo();
    let login = || Client::login(&server, "alice", "demo");
    let (here, there, third) = (login(), login(), login());
    let bob = Client::login(&server, "bob", "demo");
    assert_eq!(ids(&here).len(), 3);
    assert!(ids(&bob).iter().all(|id| !ids(&here).contains(id)));
    there.buddies();
    let sessions = here.read(PATH)["sessions"].clone();
    for session in sessions.as_array().unwrap() {
        assert_eq!(session["own"], session["id"] == own(&here), "{session}");
        let online = session["id"] == own(&there);
        assert_eq!(session["online"], online, "{session}");
        let created = session["created"].as_i64().unwrap();
        assert!(created > 1_700_000_000_000);
        let lasts = session["ends"].as_i64().unwrap() - created;
        assert_eq!((lasts + 30_000) / 86_400_000, 30, "{session}");
        assert_eq!(session["address"], Value::Null);
    }

    // The held poll of the ended session is answered.
    let seq = there.seq();
    let ended = there.clone();
    let polling = std::thread::spawn(move || ended.poll(seq));
    let left = here.write(PATH, &[("end", &own(&there))]);
    assert_eq!(
        left["payload"]["sessions"].as_array().unwrap().len(),
        2,
        "{left}"
    );
    let told = polling.join().unwrap();
    assert_eq!(
        (&told["t"], &told["seq"]),
        (&"refresh".into(), &Value::Null)
    );
    assert_eq!(json(there.get(PATH))["error"], 1_357_001);

    // Not the own session, not one that has ended, not that of another user; and not without the token.
    for id in [
        own(&here),
        own(&bob),
        "0123456789abcdef".into(),
        String::new(),
    ] {
        assert_eq!(
            here.write(PATH, &[("end", &id)])["error"],
            1_357_005,
            "{id}"
        );
    }
    assert_eq!(
        json(here.post(PATH, &[("end", "others")]))["error"],
        1_357_004
    );
    assert_eq!(here.write(PATH, &[])["error"], 1_356_004);
    assert_eq!(ids(&here).len(), 2);
    assert_eq!(here.write(PATH, &[("end", "others")])["error"], 0);
    assert_eq!(ids(&here), [own(&here)]);
    assert_eq!(json(third.get(PATH))["error"], 1_357_001);
    assert_eq!(ids(&bob).len(), 1);
}

/// The head of a request arrives while the session lasts, the body when it has ended.
#[test]
fn a_request_counts_only_if_its_session_lasts_until_it_has_arrived() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let ben = Client::login(&server, "ben", "secret");
    let seq = ben.seq();
    let to = ben.uid.to_string();
    let here = Client::login(&server, "ann", "secret");
    for path in [
        "/ajax/chat/send.php",
        "/ajax/fbchat/name.php",
        "/pic_upload.php",
    ] {
        let ended = Client::login(&server, "ann", "secret");
        let token = ended.form_id.as_str();
        let (kind, body) = if path == "/pic_upload.php" {
            let part = "--b\r\nContent-Disposition: form-data; name=";
            let body = format!(
                "{part}\"post_form_id\"\r\n\r\n{token}\r\n{part}\"remove\"\r\n\r\n1\r\n--b--\r\n"
            );
            ("multipart/form-data; boundary=b", body)
        } else {
            let form = [
                ("to", to.as_str()),
                ("msg_id", "1"),
                ("msg_text", "too late"),
                ("name", "Too Late"),
                ("post_form_id", token),
            ];
            ("application/x-www-form-urlencoded", testkit::encode(&form))
        };
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\nConnection: close\r\n\r\n",
            ended.cookie,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // This comes when the server begins to read the body.
        let mut wanted = [0; 25];
        stream.read_exact(&mut wanted).unwrap();
        assert_eq!(&wanted, b"HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(here.write(PATH, &[("end", "others")])["error"], 0);
        stream.write_all(body.as_bytes()).unwrap();
        let answer = testkit::read_all(stream);
        assert!(answer.contains(r#""error":1357001,"#), "{path}: {answer}");
    }
    assert_eq!(ben.seq(), seq);
}

#[test]
fn a_session_records_its_address_and_user_agent() {
    let server = Server::demo();
    let long = format!("Some{}", "x".repeat(1000));
    for (agent, shown) in [
        ("Tin Can/2.0 <b>", "Tin Can/2.0 <b>"),
        (&long, &long[..200]),
    ] {
        let form = testkit::encode(&[("email", "alice"), ("pass", "demo")]);
        let login = testkit::http()
            .post(format!("{}/login.php", server.url))
            .header("Cookie", "test_cookie=1")
            .header("User-Agent", agent);
        assert_eq!(login.body(form).send().unwrap().status(), 302);
        let alice = Client::login(&server, "alice", "demo");
        let clients = alice.read(PATH)["sessions"].clone();
        let mut clients = clients.as_array().unwrap().iter();
        assert!(clients.any(|session| session["client"] == shown), "{shown}");
    }
    let alice = Client::try_login_from(&server, Some("192.0.2.7"), "alice", "demo").unwrap();
    assert_eq!(alice.read(PATH)["sessions"][0]["address"], "192.0.2.7");
}

/// The cookies that a login with this form and these headers sets.
fn cookies(server: &Server, form: &[(&str, &str)], header: (&str, &str)) -> Vec<String> {
    let form = [&[("email", "ann"), ("pass", "secret"), ("lsd", "a")], form].concat();
    let login = testkit::http()
        .post(format!("{}/login.php", server.url))
        .header("Cookie", "test_cookie=1; lsd=a")
        .header(header.0, header.1);
    let answer = login.body(testkit::encode(&form)).send().unwrap();
    assert_eq!(answer.status(), 302);
    set_cookies(&answer)
}

fn set_cookies(answer: &Response) -> Vec<String> {
    let cookies = answer.headers().get_all("set-cookie").iter();
    cookies
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_browser_keeps_a_login_if_its_user_wants_that() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut command = Server::command(dir.path());
    let server = Server::start(command.env("FBCHATD_SESSION_DAYS", "90"));
    let (old, browser) = (("User-Agent", "Pidgin"), ("Sec-Fetch-Mode", "navigate"));
    // What clients of 2010 send asks for nothing.
    for (form, header) in [
        (&[][..], old),
        (&[], browser),
        (&[("persistent", "1")], old),
        (&[("keep", "0")], browser),
        (&[("keep", "<b>")], browser),
    ] {
        let cookies = cookies(&server, form, header);
        assert!(cookies[0].starts_with("c_user=") && cookies[1].starts_with("xs="));
        for cookie in &cookies {
            assert!(
                cookie.ends_with("; path=/; HttpOnly; SameSite=Lax"),
                "{cookie}"
            );
        }
        let pairs: Vec<_> = cookies.iter().filter_map(|c| c.split(';').next()).collect();
        let home = testkit::http().get(format!("{}/home.php", server.url));
        let home = home.header("Cookie", pairs.join("; ")).send().unwrap();
        assert_eq!(set_cookies(&home), [""; 0]);
    }
    let kept = cookies(&server, &[("keep", "1")], browser);
    let pairs: Vec<_> = kept.iter().filter_map(|c| c.split(';').next()).collect();
    for cookie in &kept {
        assert!(cookie.contains("; Max-Age=7776000; "), "{cookie}");
    }
    // Renewed by what a page loads.
    for path in ["/home.php", "/ajax/presence/reconnect.php"] {
        let page = testkit::http().get(format!("{}{path}", server.url));
        let page = page.header("Cookie", pairs.join("; ")).send().unwrap();
        assert_eq!(set_cookies(&page), kept, "{path}");
    }
    // The box stays ticked when the form comes back.
    let wrong = [("email", "ann"), ("pass", "wrong"), ("keep", "1")];
    let again = testkit::http()
        .post(format!("{}/login.php", server.url))
        .header("Cookie", "test_cookie=1");
    let again = again.body(testkit::encode(&wrong)).send().unwrap();
    let page = again.text().unwrap();
    assert!(
        page.contains(r#"name="keep" value="1" checked="checked""#),
        "{page}"
    );
}

#[test]
fn a_login_that_is_not_used_ends_and_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut command = Server::command(dir.path());
    let server = Server::start(command.env("FBCHATD_SESSION_DAYS", "40"));
    let login = || Client::login(&server, "ann", "secret");
    let (used, unused) = (login(), login());
    let disk = rusqlite::Connection::open(dir.path().join("fbchatd.db")).unwrap();
    disk.busy_timeout(testkit::LIMIT).unwrap();
    let lasts = |header: (&str, &str), form: &[(&str, &str)]| {
        cookies(&server, form, header);
        let newest = "SELECT lasts / 86400000 FROM sessions ORDER BY created DESC LIMIT 1";
        disk.query_one(newest, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let (old, browser) = (("User-Agent", "Pidgin"), ("Sec-Fetch-Mode", "navigate"));
    assert_eq!(lasts(browser, &[]), 3);
    assert_eq!(lasts(old, &[]), 40);
    assert_eq!(lasts(browser, &[("keep", "1")]), 40);
    assert_eq!(ids(&used).len(), 5);

    // Some days later: all of them would end within a second, but one is used.
    let soon = "UPDATE sessions SET ends = CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 60000";
    disk.execute(soon, []).unwrap();
    assert_eq!(json(used.get(PATH))["error"], 0);
    let passed = "UPDATE sessions SET ends = 1 WHERE ends < CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 86400000";
    assert_eq!(disk.execute(passed, []).unwrap(), 4);
    assert_eq!(ids(&used), [own(&used)]);
    assert_eq!(json(unused.get(PATH))["error"], 1_357_001);
    assert_eq!(unused.get("/home.php").status(), 302);

    // A server that starts deletes them.
    drop(server);
    let server = Server::serve(dir.path(), &[]);
    until("the ended logins to be deleted", || {
        let count = "SELECT count(*) FROM sessions";
        let left = disk.query_one(count, [], |row| row.get::<_, i64>(0));
        (left.unwrap() == 1).then_some(())
    });
    assert_eq!(json(used.moved(&server).get(PATH))["error"], 0);
}
