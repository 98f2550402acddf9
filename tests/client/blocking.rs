//! The blocking client against a real server: the four calls of the 2008 program, from one thread and from several.

use fbchat::blocking::Session;
use fbchat::options::SessionOptions;
use fbchat::status::{Problem, Status};
use fbchat::types::{Event, Message, Presence, Secret, Uid};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use testkit::relay::fixed_answer;
use testkit::{LIMIT, Server};

fn try_login(url: &str, who: &str, password: &str) -> Result<Session, Problem> {
    let options = SessionOptions {
        server: url.to_owned(),
        ..SessionOptions::default()
    };
    Session::login(
        &options,
        &format!("{who}@example.org"),
        Secret::new(password.to_owned()),
    )
}

fn login(server: &Server, who: &str) -> Session {
    try_login(&server.url, who, "demo").unwrap()
}

/// Waits until `count` messages are there.
fn receive(session: &Session, count: usize) -> Vec<Message> {
    let deadline = Instant::now() + LIMIT;
    let mut messages = Vec::new();
    while messages.len() < count {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "only {messages:?}");
        messages.extend(session.wait_for_messages(left).unwrap());
    }
    messages
}

fn buddy(session: &Session, name: &str) -> Uid {
    let buddies = session.buddy_list().unwrap();
    buddies
        .iter()
        .find(|buddy| buddy.name.starts_with(name))
        .unwrap()
        .uid
}

#[test]
fn two_users_write_to_each_other() {
    let server = Server::demo();
    let (alice, bob) = (login(&server, "alice"), login(&server, "bob"));
    assert!(alice.account().name.starts_with("Alice"));
    assert!(alice.account().message_limit > 0);
    let text = "héllo <b>&amp;</b> 100% 中文 🎉\nand a second line";
    for (from, to) in [(&alice, &bob), (&bob, &alice)] {
        from.send(to.account().uid, text).unwrap();
        let messages = receive(to, 1);
        assert_eq!(messages.len(), 1);
        assert_eq!(
            (messages[0].text.as_str(), messages[0].from),
            (text, from.account().uid)
        );
    }
    let past = alice.history(bob.account().uid).unwrap();
    let authors: Vec<Uid> = past.iter().map(|message| message.from).collect();
    assert_eq!(authors, [alice.account().uid, bob.account().uid]);
    alice.logout(LIMIT).unwrap();
    bob.logout(LIMIT).unwrap();
}

#[test]
fn one_thread_waits_while_others_send() {
    let server = Server::demo();
    let (alice, bob) = (login(&server, "alice"), login(&server, "bob"));
    let to = bob.account().uid;
    let (threads, each) = (4, 10);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| receive(&bob, threads * each));
        for thread in 0..threads {
            let alice = &alice;
            scope.spawn(move || {
                for number in 0..each {
                    alice.send(to, &format!("{thread} {number}")).unwrap();
                }
            });
        }
        let mut next = vec![0; threads];
        for message in waiting.join().unwrap() {
            let (thread, number) = message.text.split_once(' ').unwrap();
            let next: &mut usize = &mut next[thread.parse::<usize>().unwrap()];
            assert_eq!(
                number.parse::<usize>().unwrap(),
                *next,
                "in order, none lost, none twice"
            );
            *next += 1;
        }
    });
}

#[test]
fn messages_that_arrive_while_nobody_waits_are_kept() {
    let server = Server::demo();
    let (alice, bob) = (login(&server, "alice"), login(&server, "bob"));
    let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for text in &texts {
        alice.send(bob.account().uid, text).unwrap();
    }
    let received = receive(&bob, texts.len());
    assert_eq!(
        received
            .into_iter()
            .map(|message| message.text)
            .collect::<Vec<_>>(),
        texts
    );
    // A second time: the long-poll of the login may have brought the first messages.
    for text in &texts {
        alice.send(bob.account().uid, text).unwrap();
    }
    assert_eq!(receive(&bob, texts.len()).len(), texts.len());
}

#[test]
fn waiting_ends_after_its_time_and_at_logout() {
    let server = Server::demo();
    let bob = login(&server, "bob");
    let start = Instant::now();
    assert_eq!(
        bob.wait_for_messages(Duration::from_millis(300)).unwrap(),
        []
    );
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| bob.wait_for_messages(Duration::MAX));
        bob.logout(LIMIT).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap_err().status, Status::Closed);
    });
    assert_eq!(bob.send(Uid(1), "x").unwrap_err().status, Status::Closed);
    bob.logout(LIMIT).unwrap();
}

#[test]
fn buddies_sign_on_and_off() {
    let server = Server::demo();
    let alice = login(&server, "alice");
    let bob_uid = buddy(&alice, "Bob");
    let wait_for = |wanted: Presence| {
        let deadline = Instant::now() + LIMIT;
        loop {
            let events = alice
                .wait_for_events(deadline.saturating_duration_since(Instant::now()))
                .unwrap();
            assert!(!events.is_empty(), "Bob is never {wanted:?}");
            let fits = |event: &Event| matches!(event, Event::Presence(buddy) if buddy.uid == bob_uid && buddy.presence == wanted);
            if events.iter().any(fits) {
                break;
            }
        }
    };
    let bob = login(&server, "bob");
    wait_for(Presence::Active);
    bob.logout(LIMIT).unwrap();
    wait_for(Presence::Offline);
}

#[test]
fn dropping_a_session_takes_no_time() {
    let server = Server::demo();
    let bob = login(&server, "bob");
    bob.wait_for_messages(Duration::from_millis(50)).unwrap();
    let start = Instant::now();
    drop(bob);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn names_under_localhost_are_this_machine() {
    let server = Server::demo();
    let port = server.url.rsplit(':').next().unwrap();
    let session = try_login(&format!("http://chat.localhost:{port}"), "bob", "demo").unwrap();
    session.logout(LIMIT).unwrap();
}

#[test]
fn too_long_messages_are_refused_with_the_limit_named() {
    let server = Server::demo();
    let alice = login(&server, "alice");
    let limit = alice.account().message_limit;
    let problem = alice
        .send(buddy(&alice, "Bob"), &"x".repeat(limit + 1))
        .unwrap_err();
    assert_eq!(problem.status, Status::TooLong);
    assert!(problem.text.contains(&limit.to_string()), "{problem}");
}

#[test]
fn failed_logins_say_why() {
    let server = Server::demo();
    let problem = try_login(&server.url, "alice", "wrong").unwrap_err();
    assert_eq!(problem.status, Status::Credentials, "{problem}");

    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let problem = try_login(&format!("http://{free}"), "alice", "demo").unwrap_err();
    assert_eq!(problem.status, Status::Connect, "{problem}");
    assert!(problem.text.contains("connection refused"), "{problem}");
    assert!(problem.text.contains(&free.to_string()), "{problem}");

    let problem = try_login("http://192.0.2.1", "alice", "demo").unwrap_err();
    assert_eq!(problem.status, Status::Insecure, "{problem}");
}

fn page(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

#[test]
fn servers_of_another_kind_are_recognized() {
    let web = fixed_answer(page(
        "<html><body>It works! <form action=/search><input name=q></form></body></html>",
    ));
    let problem = try_login(&web, "alice", "demo").unwrap_err();
    assert!(
        matches!(problem.status, Status::ServerChanged | Status::BadReply),
        "{problem}"
    );

    let mail = fixed_answer(b"220 mail.example.org ESMTP\r\n".to_vec());
    let problem = try_login(&mail, "alice", "demo").unwrap_err();
    assert_eq!(problem.status, Status::Io, "{problem}");

    let endless = fixed_answer(page(&"<p>".repeat(3_000_000)));
    let problem = try_login(&endless, "alice", "demo").unwrap_err();
    assert_eq!(problem.status, Status::BadReply, "{problem}");
}
