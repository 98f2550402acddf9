//! The list of a user's sessions, and ending them from another one.

use serde_json::Value;
use testkit::{Client, Server, json};

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
        assert!(session["created"].as_i64().unwrap() > 1_700_000_000_000);
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
