//! Signing up, invitations, changing the password, and resuming a session.

use std::path::Path;

use serde_json::Value;
use testkit::{Client, Server, between, encode, http, json, read_all, run};

const PASSWORD: &str = "long enough";

fn sign_up(server: &Server, email: &str, invite: &str) -> Value {
    let form = [
        ("email", email),
        ("name", "Cid C"),
        ("pass", PASSWORD),
        ("invite", invite),
    ];
    let request = http().post(format!("{}/ajax/fbchat/register.php", server.url));
    json(request.body(encode(&form)).send().unwrap())
}

fn new_invitation(data: &Path, more: &[&str]) -> String {
    let output = run(&[&["invite"], more].concat(), data, "");
    assert!(output.status.success(), "{output:?}");
    let link = String::from_utf8(output.stdout).unwrap();
    link.trim()
        .split_once("/register.php?invite=")
        .unwrap()
        .1
        .to_owned()
}

fn serve(data: &Path, registration: &str) -> Server {
    let config = data.join("config.toml");
    std::fs::write(&config, format!("registration = \"{registration}\"\n")).unwrap();
    Server::serve(data, &["--config", config.to_str().unwrap()])
}

#[test]
fn registration_in_the_demo_is_open_and_bad_forms_get_a_reason() {
    let server = Server::demo();
    let post = |form: &[(&str, &str)]| {
        let request = http().post(format!("{}/register.php", server.url));
        request.body(encode(form)).send().unwrap()
    };
    let form = http()
        .get(format!("{}/register.php", server.url))
        .send()
        .unwrap()
        .text()
        .unwrap();
    assert!(
        form.contains("name=\"pass\"") && !form.contains("standard_error"),
        "{form}"
    );
    let good = [
        ("email", "Dan@Example.org"),
        ("name", "Dan <D>"),
        ("pass", PASSWORD),
    ];
    let long = "x".repeat(1001);
    for (at, value, reason) in [
        (0, "dan", "not an e-mail address"),
        (0, "<script>@x.org", "not an e-mail address"),
        (0, "alice@example.org", "already"),
        (1, "", "name must have"),
        (1, "a\nb", "name must have"),
        (2, "1234567", "8 characters"),
        (2, &long, "8 characters"),
    ] {
        let mut form = good;
        form[at].1 = value;
        let page = post(&form).text().unwrap();
        let told = between(&page, "<h2 id=\"standard_error\">", "</h2>");
        assert!(told.contains(reason), "{value}: {told}");
        assert!(
            !page.contains("<script>") && !page.contains(PASSWORD),
            "{page}"
        );
    }
    let welcome = post(&good);
    assert_eq!(welcome.status(), 302);
    assert_eq!(
        welcome.headers()["location"],
        format!("{}/home.php", server.url)
    );
    let dan = Client::login(&server, "dan@example.org", PASSWORD);
    assert_eq!(dan.read("/ajax/fbchat/profile.php")["name"], "Dan <D>");
    // Programs get the same as JSON, and the number of registrations is limited.
    let told = testkit::until("the throttle", || {
        let told = sign_up(&server, &format!("{}@x.org", rand()), "");
        (told["error"] != 0).then_some(told)
    });
    let sentence = told["errorDescription"].as_str().unwrap();
    assert!(sentence.starts_with("Too many attempts."), "{told}");
    // The limit does not stop logins.
    Client::login(&server, "bob", "demo");
}

fn rand() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()
}

#[test]
fn an_invitation_works_once_and_makes_a_friend() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    testkit::accounts(data);
    let mut server = serve(data, "invite");
    let ann = Client::login(&server, "ann", "secret");
    let seq = ann.seq();
    assert_eq!(sign_up(&server, "cid@example.org", "")["error"], 1_357_005);
    assert_eq!(
        sign_up(&server, "cid@example.org", "0123")["error"],
        1_357_005
    );
    let invite = new_invitation(data, &["--friend", "ann@example.org"]);
    let form = |invite: &str| {
        let url = format!("{}/register.php?invite={invite}", server.url);
        http().get(url).send().unwrap()
    };
    assert_eq!(form(&invite).status(), 200);
    assert_eq!(form("0123").status(), 403);
    // A mistake does not use up the invitation.
    assert_eq!(
        sign_up(&server, "ben@example.org", &invite)["error"],
        1_357_005
    );
    let told = sign_up(&server, "cid@example.org", &invite);
    let uid = told["payload"]["uid"].as_i64().unwrap();
    let (item, _) = ann.wait_for(seq, |item| item["type"] == "friend");
    assert_eq!(
        (&item["uid"], &item["name"]),
        (&uid.into(), &"Cid C".into())
    );
    assert_eq!(ann.sees(uid), "offline");
    let cid = Client::login(&server, "cid", PASSWORD);
    assert!(cid.seq() > 0);
    assert_eq!(ann.sees(uid), "active");
    assert_eq!(
        sign_up(&server, "dan@example.org", &invite)["error"],
        1_357_005
    );
    assert_eq!(form(&invite).status(), 403);

    // Without the setting, registration is closed, even with an invitation.
    let invite = new_invitation(data, &[]);
    server.kill();
    let server = Server::serve(data, &[]);
    assert_eq!(
        sign_up(&server, "eve@example.org", &invite)["error"],
        1_357_005
    );
    assert!(Client::try_login(&server, "eve", PASSWORD).is_err());
    let unknown = run(&["invite", "--friend", "x@y"], data, "");
    assert!(
        String::from_utf8(unknown.stderr)
            .unwrap()
            .contains("no account x@y")
    );
    let link = run(&["invite", "--url", "https://chat.example.org/"], data, "");
    let link = String::from_utf8(link.stdout).unwrap();
    assert!(
        link.starts_with("https://chat.example.org/register.php?invite="),
        "{link}"
    );
}

#[test]
fn a_new_password_ends_every_other_login() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let (here, there) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ann", "secret"),
    );
    let held = there.hold_ten(there.seq());
    let change = |old: &str, new: &str| {
        here.write("/ajax/fbchat/password.php", &[("old", old), ("new", new)])
    };
    for (old, new) in [
        ("wrong", PASSWORD),
        ("", PASSWORD),
        ("secret", "short"),
        ("secret", ""),
    ] {
        assert_eq!(change(old, new)["error"], 1_357_005, "{old} {new}");
    }
    let form = [("old", "secret"), ("new", PASSWORD)];
    assert_eq!(
        json(here.post("/ajax/fbchat/password.php", &form))["error"],
        1_357_004
    );
    there.read("/ajax/fbchat/profile.php");
    assert_eq!(change("secret", PASSWORD)["error"], 0);
    here.read("/ajax/fbchat/profile.php");
    for poll in held {
        assert!(read_all(poll).ends_with(r#"{"t":"refresh"}"#));
    }
    assert_eq!(
        json(there.get("/ajax/fbchat/profile.php"))["error"],
        1_357_001
    );
    assert!(Client::try_login(&server, "ann", "secret").is_err());
    Client::login(&server, "ann", PASSWORD);
}

/// A stopped client keeps nothing but its cookies and the sequence number of the next item.
#[test]
fn cookies_and_sequence_number_are_enough_to_resume() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut server = Server::serve(dir.path(), &[]);
    let mut ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    let (uid, cookie) = (ben.uid, ben.cookie.clone());
    assert_eq!(ann.send(uid, "before")["error"], 0);
    let (_, mut seq) = ben.wait_for(ben.seq(), |item| item["msg"]["text"] == "before");
    for round in 0..4 {
        // However the server ends, and whether a message was sent before or after that.
        assert_eq!(ann.send(uid, &format!("{round} early"))["error"], 0);
        if round % 2 == 0 {
            server.kill();
        } else {
            assert_eq!(server.stop().code(), Some(0));
        }
        server = Server::serve(dir.path(), &[]);
        ann = ann.moved(&server);
        assert_eq!(ann.send(uid, &format!("{round} late"))["error"], 0);
        let poll = |seq: i64| {
            let request = http().get(format!("{}/x/0/true/p_{uid}={seq}?batch=100", server.url));
            json(request.header("Cookie", &cookie).send().unwrap())
        };
        let mut texts = Vec::new();
        testkit::until("both messages", || {
            let answer = poll(seq);
            if answer["t"] == "refresh" {
                let next = answer["seq"].as_i64().unwrap();
                assert!(next > seq, "{next} after {seq}");
                seq = next;
                return None;
            }
            for item in answer["ms"].as_array().unwrap() {
                texts.extend(item["msg"]["text"].as_str().map(str::to_owned));
                seq += 1;
            }
            (texts.len() >= 2).then_some(())
        });
        assert_eq!(texts, [format!("{round} early"), format!("{round} late")]);
        let page = http()
            .get(format!("{}/home.php", server.url))
            .header("Cookie", &cookie);
        let page = page.send().unwrap().text().unwrap();
        assert_eq!(between(&page, "post_form_id:\"", "\""), ben.form_id);
        assert!(page.contains("&quot;resume&quot;:true"));
    }
}
