//! What a session has accepted arrives: once, in order, and by the next session at the latest, however soon the program leaves.

use fbchat::client::{Client, ClientConfig, Polled, SessionId, SessionOptions};
use fbchat::status::Status;
use fbchat::types::{Connection, Event, RequestId, Secret, Uid};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use testkit::{LIMIT, Server};

/// Way from the client to the server, and back.
const DELAY: Duration = Duration::from_millis(25);

/// Passes on what one side sends, so much later.
fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let (sender, chunks) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        for (due, chunk) in chunks {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&chunk).is_err() {
                return;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let mut buffer = [0; 16 << 10];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        if sender
            .send((Instant::now() + DELAY, buffer[..len].into()))
            .is_err()
        {
            return;
        }
    }
}

/// The address of a long way to the server.
fn long_way(server: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(server) else {
                return;
            };
            let again = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
            let (client_too, server_too) = (again(&client), again(&server));
            std::thread::spawn(move || pass_on(client, server));
            std::thread::spawn(move || pass_on(server_too, client_too));
        }
    });
    url
}

fn client(url: &str, saved: Option<Secret>) -> Client {
    let mut session = SessionOptions {
        saved,
        ..SessionOptions::default()
    };
    url.clone_into(&mut session.server);
    let config = ClientConfig {
        session,
        ..ClientConfig::default()
    };
    Client::new(config).expect("a client")
}

fn next(client: &Client) -> Event {
    match client.poll(Some(LIMIT)) {
        Ok(Polled::Event(event)) => event.event,
        other => panic!("{other:?}"),
    }
}

fn log_in(client: &Client, name: &str) -> SessionId {
    let session = client.open(None, 0).expect("a session");
    let password = Secret::new("demo".to_owned());
    let email = format!("{name}@example.org");
    client.login(session, &email, password).expect("a login");
    connected(client);
    session
}

fn connected(client: &Client) {
    while next(client) != Event::Connection(Connection::Connected) {}
}

fn uid_of(client: &Client, session: SessionId, name: &str) -> Uid {
    let buddies = client.buddies(session).expect("a list");
    let found = buddies.iter().find(|buddy| buddy.name == name);
    found.expect("a friend").uid
}

fn send(client: &Client, session: SessionId, to: Uid, count: usize) -> Vec<String> {
    let texts: Vec<String> = (0..count).map(|n| format!("line {n}")).collect();
    for text in &texts {
        client.send(session, to, text).expect("room");
    }
    texts
}

/// The texts that arrive, up to and with the last one.
fn until_last(client: &Client, last: &str) -> Vec<String> {
    let mut got = Vec::new();
    while got.last().is_none_or(|text| text != last) {
        if let Event::Message(message) = next(client) {
            got.push(message.text);
        }
    }
    got
}

/// Alice at the end of a long way, and Bob at the server.
fn alice_and_bob(server: &Server, way: &str) -> (Client, SessionId, Client, Uid) {
    let bobs = client(&server.url, None);
    log_in(&bobs, "bob");
    let alices = client(way, None);
    let alice = log_in(&alices, "alice");
    let bob = uid_of(&alices, alice, "Bob Example");
    (alices, alice, bobs, bob)
}

#[test]
fn a_message_sent_right_before_a_close_arrives_while_the_client_lives() {
    let server = Server::demo();
    let way = long_way(server.address());
    let (alices, alice, bobs, bob) = alice_and_bob(&server, &way);
    let texts = send(&alices, alice, bob, 3);
    alices.close(alice).expect("a close");
    assert_eq!(until_last(&bobs, &texts[2]), texts);
}

#[test]
fn messages_left_by_a_program_that_quits_arrive_with_its_next_session() {
    let server = Server::demo();
    let way = long_way(server.address());
    let (alices, alice, bobs, bob) = alice_and_bob(&server, &way);
    let texts = send(&alices, alice, bob, 60);
    let saved = alices.saved(alice).expect("a saved session");
    drop(alices);

    // Some have arrived; the next session has all of them, and sends none a second time.
    let alices = client(&way, None);
    let alice = alices.open(None, 0).expect("a session");
    alices.resume(alice, saved.text).expect("a resume");
    connected(&alices);
    alices.send(alice, bob, "the last").expect("room");
    let mut wanted = texts;
    wanted.push("the last".to_owned());
    assert_eq!(until_last(&bobs, "the last"), wanted);
    // All are settled, and the next report says so.
    let saved = || alices.saved(alice).expect("a saved session").text;
    while saved().reveal().contains("line") {
        next(&alices);
    }
}

#[test]
fn messages_left_by_a_logout_arrive_after_a_login_with_the_password() {
    let server = Server::demo();
    let way = long_way(server.address());
    let (alices, alice, bobs, bob) = alice_and_bob(&server, &way);
    let texts = send(&alices, alice, bob, 30);
    let saved = alices.saved(alice).expect("a saved session");
    // The logout is under way and is cut short.
    alices.logout(alice).expect("a logout");
    drop(alices);

    let alices = client(&way, Some(saved.text));
    log_in(&alices, "alice");
    assert_eq!(until_last(&bobs, &texts[29]), texts);
}

#[test]
fn a_logout_sends_everything_first() {
    let server = Server::demo();
    let way = long_way(server.address());
    let (alices, alice, bobs, bob) = alice_and_bob(&server, &way);
    let texts = send(&alices, alice, bob, 30);
    alices.logout(alice).expect("a logout");
    let mut sent = 0;
    loop {
        match next(&alices) {
            Event::Sent { request, .. } => {
                assert_ne!(request, RequestId::NONE);
                sent += 1;
            }
            Event::Failed { problem, .. } => panic!("{problem:?}"),
            Event::Closed { problem, .. } => {
                assert_eq!(problem.map(|problem| problem.status), None::<Status>);
                break;
            }
            _ => {}
        }
    }
    assert_eq!(sent, texts.len());
    assert_eq!(until_last(&bobs, &texts[29]), texts);
}

#[test]
fn messages_that_the_server_does_not_take_yet_arrive_later_once_and_in_order() {
    let mut demo = Command::new(testkit::fbchatd());
    demo.args(["demo", "--listen", "127.0.0.1:0"]);
    let server = Server::start(demo.env("FBCHATD_MESSAGE_BURST", "10"));
    let (alices, alice, bobs, bob) = alice_and_bob(&server, &server.url);
    let texts = send(&alices, alice, bob, 25);
    assert_eq!(until_last(&bobs, &texts[24]), texts);
    let mut unanswered = texts.len();
    while unanswered > 0 {
        match next(&alices) {
            Event::Sent { .. } => unanswered -= 1,
            Event::Failed { problem, .. } => panic!("{problem}"),
            _ => {}
        }
    }
}
