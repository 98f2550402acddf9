//! Held polls, byte by byte: other requests on the same connection, and a client that disconnects.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use testkit::{Client, Server, http, json, until};

/// A server that reports how many polls it holds, and two friends on it.
struct Fixture {
    server: Server,
    metrics: String,
    ann: Client,
    ben: Client,
    _dir: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        testkit::accounts(dir.path());
        let (server, operator) = Server::with_metrics(&mut Server::command(dir.path()));
        let ann = Client::login(&server, "ann", "secret");
        // She is online before Ben is, so that no item about it is sent to him.
        ann.buddies();
        Fixture {
            metrics: format!("{operator}/metrics"),
            ann,
            ben: Client::login(&server, "ben", "secret"),
            server,
            _dir: dir,
        }
    }

    fn connect(&self) -> TcpStream {
        let address = self.server.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).unwrap();
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).unwrap();
        stream
    }

    /// The request of Ben's next poll once there is nothing more for him.
    fn poll(&self) -> String {
        let (uid, cookie) = (self.ben.uid, &self.ben.cookie);
        let mut seq = -1;
        loop {
            let path = format!("/x/0/false/p_{uid}={seq}?batch=100");
            let answer = json(self.ben.get(&format!("{path}&wait=0")));
            match answer["t"].as_str() {
                Some("refresh") => seq = answer["seq"].as_i64().unwrap(),
                Some("msg") => seq += answer["ms"].as_array().unwrap().len() as i64,
                _ => return format!("GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n"),
            }
        }
    }

    fn until_held(&self, count: usize) {
        let line = format!("\nfbchatd_polls_held {count}\n");
        until(&line, || {
            let page = http().get(&self.metrics).send().unwrap();
            page.text().unwrap().contains(&line).then_some(())
        });
    }
}

/// The body of the next answer.
fn answer(stream: &mut impl BufRead) -> String {
    whole_answer(stream).1
}

/// The head and the body of the next answer.
fn whole_answer(stream: &mut impl BufRead) -> (String, String) {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
        if let Some(value) = head[from..].strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn requests_behind_a_held_poll_are_answered_in_order() {
    let mut fixture = Fixture::new();
    let stream = fixture.connect();
    let (mut writer, mut reader) = (stream.try_clone().unwrap(), BufReader::new(stream));
    type Write<'a> = &'a dyn Fn(&Fixture, &mut TcpStream, &str);
    let ways: [(&str, Write<'_>); 4] = [
        ("all at once", &|fixture, stream, poll| {
            stream
                .write_all(format!("{poll}{HEALTH}").as_bytes())
                .unwrap();
            fixture.until_held(1);
        }),
        ("after it is held", &|fixture, stream, poll| {
            stream.write_all(poll.as_bytes()).unwrap();
            fixture.until_held(1);
            stream.write_all(HEALTH.as_bytes()).unwrap();
        }),
        ("half of it while it is held", &|fixture, stream, poll| {
            let (begin, rest) = HEALTH.split_at(9);
            let (poll_begins, poll_ends) = poll.split_at(20);
            stream.write_all(poll_begins.as_bytes()).unwrap();
            // The server has answered another connection, so it has read this one.
            assert_eq!(fixture.ben.get("/healthz").status(), 200);
            stream
                .write_all(format!("{poll_ends}{begin}").as_bytes())
                .unwrap();
            fixture.until_held(1);
            stream.write_all(rest.as_bytes()).unwrap();
        }),
        ("with a body", &|fixture, stream, poll| {
            let poll = poll
                .replace("GET", "POST")
                .replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\n\r\n\r\n");
            stream.write_all(poll.as_bytes()).unwrap();
            fixture.until_held(1);
            stream.write_all(HEALTH.as_bytes()).unwrap();
        }),
    ];
    for (way, write) in ways {
        // Nothing was sent on the second one before.
        let new = fixture.connect();
        let (mut new_writer, mut new_reader) = (new.try_clone().unwrap(), BufReader::new(new));
        let both = [
            (&mut writer, &mut reader),
            (&mut new_writer, &mut new_reader),
        ];
        for (writer, reader) in both {
            let poll = fixture.poll();
            write(&fixture, writer, &poll);
            assert_eq!(fixture.ann.send(fixture.ben.uid, way)["error"], 0);
            let items = answer(reader);
            assert!(
                items.contains(&format!("\"text\":\"{way}\"")),
                "{way}: {items}"
            );
            assert_eq!(answer(reader), "ok\n", "{way}");
        }
    }
}

/// The HTTP library reads only those that arrive in parts.
#[test]
fn an_answer_does_not_depend_on_how_its_request_arrives() {
    let fixture = Fixture::new();
    let poll = fixture.poll().replace(" HTTP", "&wait=0 HTTP");
    let (uid, cookie) = (fixture.ben.uid, &fixture.ann.cookie);
    let send = |more: &str| {
        let form_id = &fixture.ann.form_id;
        let body = format!("msg_text=a+b&msg_id=7&to={uid}&post_form_id={form_id}");
        let length = body.len();
        format!(
            "POST /ajax/chat/send.php HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n{more}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let ask = |request: &str, parts: [&str; 2]| {
        let mut stream = fixture.connect();
        stream.set_nodelay(true).unwrap();
        for part in parts {
            stream.write_all(part.as_bytes()).unwrap();
            // The server has answered another connection, so it has read this part.
            assert_eq!(fixture.ben.get("/healthz").status(), 200);
        }
        let (head, body) = whole_answer(&mut BufReader::new(stream));
        assert!(head.contains("\r\nDate: "), "{request}: {head}");
        let head: Vec<_> = head.lines().map(str::to_owned).collect();
        let head = head.into_iter().filter(|line| !line.starts_with("Date: "));
        (head.collect::<Vec<_>>(), body)
    };
    for (request, expected) in [
        (poll.clone(), "{\"t\":\"continue\"}"),
        (poll.replace("p_", "p_9"), "{\"t\":\"refresh\"}"),
        (poll.replace("/x/0", "/x/0/1/2"), "no such page"),
        (poll.replace("Host: x", "Host: evil.example"), "hosts = ["),
        (
            poll.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n"),
            "{\"t\":\"continue\"}",
        ),
        (send(""), "{\"error\":0,"),
        (send("Origin: http://evil.example\r\n"), "another site"),
    ] {
        let whole = ask(&request, [&request, ""]);
        assert!(whole.1.contains(expected), "{request}: {whole:?}");
        let (begin, rest) = request.split_at(request.len() - 2);
        assert_eq!(whole, ask(&request, [begin, rest]), "{request}");
    }
}

/// A part of a request never becomes one of its own, and no byte is lost or read twice.
#[test]
fn the_segments_in_which_requests_arrive_make_no_difference() {
    let mut fixture = Fixture::new();
    let stream = fixture.connect();
    stream.set_nodelay(true).unwrap();
    let (mut writer, mut reader) = (stream.try_clone().unwrap(), BufReader::new(stream));
    let other = HEALTH.replace("healthz", "nowhere");
    let form = "POST /login.php HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na=b\n";
    let ends = [String::new(), format!("{other}{HEALTH}")];
    let whole = |poll: &str, end: &str| format!("{HEALTH}{form}{poll}{end}");
    for end in &ends {
        for at in 1..whole(&fixture.poll(), end).len() {
            let pipeline = whole(&fixture.poll(), end);
            let (begin, rest) = pipeline.split_at(at.min(pipeline.len() - 1));
            writer.write_all(begin.as_bytes()).unwrap();
            // The server has answered another connection, so it has read this one.
            assert_eq!(fixture.ben.get("/healthz").status(), 200);
            writer.write_all(rest.as_bytes()).unwrap();
            fixture.until_held(1);
            let text = format!("after {at}");
            assert_eq!(fixture.ann.send(fixture.ben.uid, &text)["error"], 0);
            assert_eq!(answer(&mut reader), "ok\n", "{at}");
            assert!(answer(&mut reader).contains("Cookies are not enabled"));
            let items = answer(&mut reader);
            let text = format!("\"text\":\"{text}\"");
            assert!(items.contains(&text), "{items}");
            if !end.is_empty() {
                assert!(answer(&mut reader).contains("no such page"), "{at}");
                assert_eq!(answer(&mut reader), "ok\n", "{at}");
            }
        }
    }
}

/// The end of a poll that would be a request by itself is not one, and the connection stays under the limit on requests.
#[test]
fn the_requests_after_a_held_poll_are_counted() {
    let mut fixture = Fixture::new();
    let stream = fixture.connect();
    stream.set_nodelay(true).unwrap();
    let (mut writer, mut reader) = (stream.try_clone().unwrap(), BufReader::new(stream));
    let from = "X-Forwarded-For: 10.0.0.1\r\n\r\n";
    let other = HEALTH.replace("healthz", "nowhere");
    let counted = other.replace("\r\n\r\n", &format!("\r\n{from}"));
    let begin = fixture
        .poll()
        .replace("Host: x\r\n", "")
        .replace("\r\n\r\n", "\r\nX-End: ");
    writer.write_all(HEALTH.as_bytes()).unwrap();
    writer.write_all(begin.as_bytes()).unwrap();
    assert_eq!(answer(&mut reader), "ok\n");
    writer.write_all(counted.as_bytes()).unwrap();
    fixture.until_held(1);
    assert_eq!(fixture.ann.send(fixture.ben.uid, "now")["error"], 0);
    let items = answer(&mut reader);
    assert!(items.contains("\"text\":\"now\""), "{items}");
    let ended = until("the limit", || {
        writer.write_all(counted.repeat(100).as_bytes()).ok()?;
        let mut answers = (0..100).map(|_| answer(&mut reader));
        answers.find(|answer| !answer.contains("no such page"))
    });
    assert!(ended.starts_with("Too many requests."), "{ended}");
}

#[test]
fn a_poll_ends_when_its_client_disconnects() {
    let fixture = Fixture::new();
    let poll = fixture.poll();
    let mut streams: Vec<_> = (0..3).map(|_| fixture.connect()).collect();
    for stream in &mut streams {
        stream.write_all(poll.as_bytes()).unwrap();
    }
    fixture.until_held(3);
    drop(streams.pop());
    fixture.until_held(2);
    drop(streams);
    fixture.until_held(0);
}
