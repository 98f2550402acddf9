//! A message counts as received only when the host has taken it: signing off in the middle of a backlog neither loses nor
//! duplicates a message.

use fbchat::client::{Client, ClientConfig, Polled, SessionId};
use fbchat::types::{Connection, Event, Secret, Uid};
use testkit::{LIMIT, Server};

const BACKLOG: usize = 240;
const LAST: &str = "239";

fn client(server: &Server) -> Client {
    let mut config = ClientConfig::default();
    config.session.server = server.url.clone();
    Client::new(config).expect("a client")
}

fn next(client: &Client) -> Event {
    match client.poll(Some(LIMIT)) {
        Ok(Polled::Event(event)) => event.event,
        other => panic!("{other:?}"),
    }
}

/// Signs off without waiting for the answer.
fn sign_off(client: &Client, session: SessionId) {
    client.logout(session).expect("a logout");
    client.close(session).expect("a close");
}

/// Signs on, takes messages until `enough`, and leaves at once.
fn take(
    client: &Client,
    leave: impl FnOnce(&Client, SessionId),
    mut enough: impl FnMut(&str) -> bool,
) -> Vec<String> {
    let session = client.open(None, 0).expect("a session");
    let password = Secret::new("demo".to_owned());
    client
        .login(session, "bob@example.org", password)
        .expect("a login");
    let mut taken = Vec::new();
    loop {
        if let Event::Message(message) = next(client) {
            taken.push(message.text);
            if enough(taken.last().expect("just pushed")) {
                leave(client, session);
                return taken;
            }
        }
    }
}

/// Signs alice on and sends the backlog to bob, who is offline.
fn send_backlog(alice: &Client) -> (SessionId, Uid, Vec<String>) {
    let session = alice.open(None, 0).expect("a session");
    let password = Secret::new("demo".to_owned());
    alice
        .login(session, "alice@example.org", password)
        .expect("a login");
    let mut bob = None;
    loop {
        match next(alice) {
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
        while !matches!(next(alice), Event::Sent { .. }) {}
    }
    (session, bob, texts)
}

#[test]
fn signing_off_in_a_backlog_loses_and_duplicates_nothing() {
    let server = Server::demo();
    let alice = client(&server);
    let (session, bob, texts) = send_backlog(&alice);
    // One client for all sessions of bob, so that a logout continues after its session was closed.
    let bobs = client(&server);
    let mut got = Vec::new();
    for some in [1, 7, 100, 1, 50, 1] {
        let mut left = some;
        got.extend(take(&bobs, sign_off, |_| {
            left -= 1;
            left == 0
        }));
        while online(&alice, session, bob) {
            next(&alice);
        }
    }
    got.extend(take(&bobs, sign_off, |text| text == LAST));
    assert_eq!(got, texts);
}

#[test]
fn closing_without_a_logout_loses_and_duplicates_nothing() {
    let server = Server::demo();
    let alice = client(&server);
    let texts = send_backlog(&alice).2;
    let mut got = Vec::new();
    // As with fbchat_client_free, and as with fbchat_session_close while the client lives on.
    for some in [1, 2, 70, 1, 1] {
        for by_close in [true, false] {
            let bob = client(&server);
            let mut left = some;
            let enough = |_: &str| {
                left -= 1;
                left == 0
            };
            let leave = |client: &Client, session| match by_close {
                true => client.close(session).expect("a close"),
                false => client.shut_down(),
            };
            got.extend(take(&bob, leave, enough));
        }
    }
    let bob = client(&server);
    got.extend(take(&bob, sign_off, |text| text == LAST));
    assert_eq!(got, texts);
}

fn online(alice: &Client, session: SessionId, bob: Uid) -> bool {
    let buddies = alice.buddies(session).expect("a list");
    buddies
        .iter()
        .any(|buddy| buddy.uid == bob && buddy.presence != fbchat::types::Presence::Offline)
}
