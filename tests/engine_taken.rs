//! A message is the host's only once the host has taken it: signing off in the middle of a backlog loses and doubles nothing.

mod support;

use fbchat::client::{Client, ClientConfig, Polled};
use fbchat::types::{Connection, Event, Secret, Uid};
use std::time::Duration;
use support::Server;

const BACKLOG: usize = 240;

fn client(server: &Server) -> Client {
    let mut config = ClientConfig::default();
    config.session.server = server.url.clone();
    Client::new(config).expect("a client")
}

fn next(client: &Client) -> Event {
    match client.poll(Some(Duration::from_secs(30))) {
        Ok(Polled::Event(event)) => event.event,
        other => panic!("{other:?}"),
    }
}

/// Signs on and takes messages until `enough`; then signs off as hosts do that are in a hurry.
fn take(client: &Client, email: &str, mut enough: impl FnMut(&str) -> bool) -> Vec<String> {
    let session = client.open(None, 0).expect("a session");
    let password = Secret::new("demo".to_owned());
    client.login(session, email, password).expect("a login");
    let mut taken = Vec::new();
    loop {
        if let Event::Message(message) = next(client) {
            taken.push(message.text);
            if enough(taken.last().expect("just pushed")) {
                client.logout(session).expect("a logout");
                client.close(session).expect("a close");
                return taken;
            }
        }
    }
}

#[test]
fn signing_off_in_a_backlog_loses_and_doubles_nothing() {
    let server = Server::demo();
    let alice = client(&server);
    let session = alice.open(None, 0).expect("a session");
    let password = Secret::new("demo".to_owned());
    alice
        .login(session, "alice@example.org", password)
        .expect("a login");
    let mut bob = None;
    loop {
        match next(&alice) {
            Event::BuddyList { buddies, .. } => {
                bob = buddies
                    .iter()
                    .find(|buddy| buddy.name == "Bob Example")
                    .map(|buddy| buddy.uid);
            }
            Event::Connection(Connection::Connected) => break,
            _ => {}
        }
    }
    let bob: Uid = bob.expect("alice knows bob");
    let texts: Vec<String> = (0..BACKLOG).map(|n| n.to_string()).collect();
    for text in &texts {
        alice.send(session, bob, text).expect("room for a message");
        while !matches!(next(&alice), Event::Sent { .. }) {}
    }
    // One client for all of bob's sessions, so that a logout goes on when its session is closed already.
    let bobs = client(&server);
    let mut got = Vec::new();
    for some in [1, 7, 100, 1, 50, 1] {
        let mut left = some;
        got.extend(take(&bobs, "bob@example.org", |_| {
            left -= 1;
            left == 0
        }));
        while online(&alice, session, bob) {
            next(&alice);
        }
    }
    got.extend(take(&bobs, "bob@example.org", |text| text == "239"));
    assert_eq!(got, texts);
}

fn online(alice: &Client, session: fbchat::client::SessionId, bob: Uid) -> bool {
    let buddies = alice.buddies(session).expect("a list");
    buddies
        .iter()
        .any(|buddy| buddy.uid == bob && buddy.presence != fbchat::types::Presence::Offline)
}
