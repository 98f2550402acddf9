//! Servers that are slow, broken or not chat servers at all: always a clear event, never a busy loop or a silent stop.

use fbchat::client::{Client, ClientConfig, Polled, SessionId};
use fbchat::status::{Problem, Status};
use fbchat::types::{Connection, Event, Secret};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use testkit::relay::fixed_answer;
use testkit::scripted_server::{Answer, ScriptedServer};
use testkit::{LIMIT, until};

fn client(server: &str, queue_limit: usize) -> Client {
    let mut config = ClientConfig {
        queue_limit,
        ..ClientConfig::default()
    };
    config.session.server = server.to_owned();
    Client::new(config).expect("a client")
}

fn log_in(client: &Client) -> SessionId {
    let session = client.open(None, 0).expect("a session");
    let password = Secret::new("secret".to_owned());
    client
        .login(session, "alice@example.org", password)
        .expect("a login");
    session
}

fn next(client: &Client) -> Event {
    match client.poll(Some(LIMIT)) {
        Ok(Polled::Event(event)) => event.event,
        other => panic!("{other:?} instead of an event"),
    }
}

fn wait_for(client: &Client, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = next(client);
        if wanted(&event) {
            return event;
        }
    }
}

fn until_connected(client: &Client) {
    wait_for(client, |event| {
        *event == Event::Connection(Connection::Connected)
    });
}

fn login_problem(server: &str) -> Problem {
    let client = client(server, 1000);
    log_in(&client);
    loop {
        match next(&client) {
            Event::LoginFailed { problem, .. } => return problem,
            Event::Connection(_) => {}
            other => panic!("{other:?} instead of a failed login"),
        }
    }
}

#[track_caller]
fn eventually(what: &str, condition: impl Fn() -> bool) {
    until(what, || condition().then_some(()));
}

#[test]
fn unknown_host_is_named() {
    let problem = login_problem("https://no-such-host.invalid");
    assert_eq!(problem.status, Status::Dns);
    assert!(
        problem.text.contains("no-such-host.invalid"),
        "{}",
        problem.text
    );
}

#[test]
fn refused_connection_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("bound");
    drop(free);
    let problem = login_problem(&format!("http://{address}"));
    assert_eq!(problem.status, Status::Connect);
    assert!(
        problem.text.contains("connection refused"),
        "{}",
        problem.text
    );
}

#[test]
fn localhost_needs_no_name_server() {
    let script = ScriptedServer::channel(|_| Answer::Hold);
    let port = script.url.rsplit(':').next().expect("a port");
    let client = client(&format!("http://chat.localhost:{port}"), 1000);
    log_in(&client);
    until_connected(&client);
}

fn fixed(answer: &[u8]) -> String {
    fixed_answer(answer.to_vec())
}

#[test]
fn web_page_is_not_a_chat_server() {
    let page = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html><body>Welcome to our hotel!</body></html>";
    assert_eq!(login_problem(&fixed(page)).status, Status::ServerChanged);
}

/// The worst pages for the patterns that are looked for.
#[test]
fn a_page_that_would_take_long_to_read_is_refused_and_other_sessions_go_on() {
    let script = ScriptedServer::channel(|_| Answer::Hold);
    let client = client(&script.url, 1000);
    for unit in ["<input ", "channel0", r#"id="standard_error">"#] {
        let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
        answer.extend_from_slice(unit.repeat((8 << 20) / unit.len()).as_bytes());
        let options = fbchat::options::SessionOptions {
            server: fixed(&answer),
            ..fbchat::options::SessionOptions::default()
        };
        let hostile = client.open(Some(&options), 0).expect("a session");
        let password = Secret::new("secret".to_owned());
        client
            .login(hostile, "alice@example.org", password)
            .expect("a login");
        let friendly = log_in(&client);
        let (mut refused, mut connected) = (false, false);
        while !(refused && connected) {
            let Ok(Polled::Event(event)) = client.poll(Some(LIMIT)) else {
                panic!("no event: {unit}");
            };
            match event.event {
                Event::LoginFailed { problem, .. } => {
                    assert_eq!(event.session, hostile);
                    assert_eq!(problem.status, Status::BadReply);
                    assert!(problem.text.contains("sent too much"), "{}", problem.text);
                    refused = true;
                }
                Event::Connection(Connection::Connected) => {
                    assert_eq!(event.session, friendly);
                    connected = true;
                }
                _ => {}
            }
        }
        client.close(friendly).expect("open");
    }
}

#[test]
fn plain_text_instead_of_tls_is_named() {
    let server = fixed(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let problem = login_problem(&server.replace("http:", "https:"));
    assert_eq!(problem.status, Status::Tls, "{}", problem.text);
}

#[test]
fn something_that_is_not_http_ends_the_login() {
    let problem = login_problem(&fixed(b"220 mail.example.org ESMTP\r\n"));
    assert!(problem.status.code() < 0, "{problem:?}");
}

/// A session whose long-polls are all answered like this must not poll in a busy loop and, if `reported`, must report a problem.
fn answer_always(name: &str, body: &[u8], reported: bool) {
    let body = body.to_vec();
    let script = ScriptedServer::channel(move |_| Answer::Body(body.clone()));
    let client = client(&script.url, 1000);
    log_in(&client);
    if reported {
        let event = wait_for(&client, |event| {
            matches!(
                event,
                Event::Connection(Connection::Waiting { .. }) | Event::Closed { .. }
            )
        });
        let problem = match event {
            Event::Connection(Connection::Waiting { problem, .. }) => Some(problem),
            Event::Closed { problem, .. } => problem,
            _ => None,
        };
        assert!(
            problem.is_some_and(|problem| problem.status.code() < 0),
            "{name}"
        );
    } else {
        until_connected(&client);
    }
    let before = script.polls.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(300));
    let polls = script.polls.load(Ordering::SeqCst) - before;
    assert!(polls < 10, "{name}: {polls} polls in 300 ms");
}

#[test]
fn garbage_from_the_channel_is_reported_and_polled_slowly() {
    answer_always(
        "html",
        b"<html><body>Log in to the hotel</body></html>",
        true,
    );
    answer_always("nothing", b"", true);
    answer_always("null", b"for (;;);null", true);
    answer_always("list", b"for (;;);[]", true);
    answer_always("bytes", &[0xff, 0, 0xfe, b'{'], true);
    answer_always("5 MB", &b"[".repeat(5 << 20), true);
    // An unknown type of reply is not a failure (PROTOCOL §5.3), but the client does not poll again at once.
    answer_always("nulls", br#"for (;;);{"t":null,"ms":null}"#, false);
    answer_always(
        "no items",
        br#"for (;;);{"t":"msg","ms":[null,[],0]}"#,
        false,
    );
}

#[test]
fn closing_a_session_cuts_its_held_poll() {
    let script = ScriptedServer::channel(|_| Answer::Hold);
    let client = client(&script.url, 1000);
    let session = log_in(&client);
    until_connected(&client);
    eventually("the poll", || script.polls.load(Ordering::SeqCst) == 1);
    client.close(session).expect("open");
    eventually("the end of the poll", || {
        script.dropped.load(Ordering::SeqCst) == 1
    });
    assert!(matches!(
        client.poll(Some(Duration::from_millis(50))),
        Ok(Polled::Nothing)
    ));
}

#[test]
fn logout_reaches_the_server_even_if_the_host_closes_the_session_at_once() {
    let script = ScriptedServer::channel(|_| Answer::Hold);
    let client = client(&script.url, 1000);
    let session = log_in(&client);
    until_connected(&client);
    eventually("the poll", || script.polls.load(Ordering::SeqCst) == 1);
    client.logout(session).expect("logged in");
    client.close(session).expect("open");
    eventually("the logout", || script.logouts.load(Ordering::SeqCst) == 1);
    eventually("the end of the poll", || {
        script.dropped.load(Ordering::SeqCst) == 1
    });
    assert!(matches!(
        client.poll(Some(Duration::from_millis(50))),
        Ok(Polled::Nothing)
    ));
}

#[test]
fn client_ends_quickly_while_a_handshake_stalls() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound");
    let client = client(&format!("https://{address}"), 1000);
    log_in(&client);
    let connection = silent.accept().expect("the client connects");
    let start = Instant::now();
    drop(client);
    // 250 ms are promised; a loaded test machine gets four times as much.
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    drop(connection);
}

#[test]
fn host_that_does_not_poll_pauses_the_session_and_loses_nothing() {
    const MESSAGES: i64 = 1000;
    let script = ScriptedServer::channel(|seq| match seq {
        MESSAGES => Answer::Hold,
        _ => {
            let items: Vec<_> = (seq..seq + 20)
                .map(|seq| {
                    format!(
                        r#"{{"type":"msg","msg":{{"text":"{seq}","time":{seq},"clientTime":0,"msgID":"{seq}"}},"from":2,"to":1,"from_name":"Bob","to_name":"Alice"}}"#
                    )
                })
                .collect();
            let body = format!(
                r#"for (;;);{{"t":"msg","c":"p_1","ms":[{}]}}"#,
                items.join(",")
            );
            Answer::Body(body.into_bytes())
        }
    });
    let client = client(&script.url, 100);
    log_in(&client);
    // Nobody polls: the session stops fetching by itself.
    let seen = AtomicUsize::new(0);
    eventually("a pause", || {
        let polls = script.polls.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(200));
        polls > 0 && seen.swap(polls, Ordering::SeqCst) == polls
    });
    assert!(
        seen.load(Ordering::SeqCst) < 10,
        "{seen:?} polls for a host that takes no events"
    );
    for number in 0..MESSAGES {
        let event = wait_for(&client, |event| matches!(event, Event::Message(_)));
        let Event::Message(message) = event else {
            unreachable!()
        };
        assert_eq!(message.text, number.to_string());
    }
}

#[test]
fn a_compressed_answer_is_not_asked_for_and_its_encoding_is_named() {
    let (asked, requests) = std::sync::mpsc::channel();
    let asked = std::sync::Mutex::new(asked);
    let server = testkit::relay::serve(move |mut stream| {
        let asked = asked.lock().expect("no panic").clone();
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut head = vec![0; 4096];
            let len = stream.read(&mut head).await.ok()?;
            let _ = asked.send(String::from_utf8_lossy(&head[..len]).to_lowercase());
            let answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x1f\x8b\x08";
            stream.write_all(answer).await.ok()
        }
    });
    let problem = login_problem(&format!("http://{server}"));
    assert_eq!(problem.status, Status::BadReply);
    assert!(problem.text.contains("encoded as gzip"), "{}", problem.text);
    let request = requests.recv().expect("a request");
    assert!(
        request.contains("accept-encoding: identity\r\n"),
        "{request}"
    );
    let options = fbchat::options::SessionOptions {
        server: format!("http://{server}"),
        ..fbchat::options::SessionOptions::default()
    };
    let password = Secret::new("secret".to_owned());
    let problem =
        fbchat::blocking::Session::login(&options, "a@example.org", password).unwrap_err();
    assert!(problem.text.contains("encoded as gzip"), "{}", problem.text);
    let requests: Vec<_> = requests.try_iter().collect();
    assert!(
        requests
            .iter()
            .all(|it| it.contains("accept-encoding: identity\r\n"))
    );
}
