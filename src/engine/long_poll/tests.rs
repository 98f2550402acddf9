//! The long-poll, against scripted servers.

use super::super::http::Pools;
use super::*;
use crossbeam_channel::Receiver;
use std::io::{BufRead, BufReader, Write};
use tokio::runtime::{Builder, Runtime};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers each request with the next of these texts, and closes the connection after an empty one and after one that
/// begins with "CUT ".
/// Reports of each request the number of its connection and the head.
fn server(answers: &'static [&'static str]) -> (Url, Receiver<(usize, String)>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://{}/x/1/false/p_1=7?batch=100",
        listener.local_addr().unwrap()
    );
    let (report, requests) = crossbeam_channel::unbounded();
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            loop {
                let head = lines.by_ref().map_while(Result::ok);
                let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
                if head.is_empty() {
                    break;
                }
                let _ = report.send((number, head.join("\n")));
                let answer = answers.next().copied().unwrap_or_default();
                let text = answer.strip_prefix("CUT ").unwrap_or(answer);
                stream.write_all(text.as_bytes()).unwrap();
                if answer.is_empty() || text != answer {
                    break;
                }
            }
        }
    });
    (url.parse().unwrap(), requests)
}

fn exchange(url: &Url) -> Exchange {
    Exchange {
        id: ExchangeId(3),
        kind: ExchangeKind::LongPoll,
        method: Method::Get,
        url: url.clone(),
        cookie: Some("c_user=1; xs=2".to_owned()),
        body: None,
        stream: None,
        timeout: 60_000,
        body_limit: 100,
    }
}

struct Client {
    runtime: Runtime,
    pools: Pools,
    http: Arc<Http>,
    poll: LongPoll,
}

impl Client {
    fn new() -> Self {
        let mut runtime = Builder::new_current_thread();
        let pools = Pools::default();
        Client {
            runtime: runtime.enable_all().build().unwrap(),
            http: pools.get(&NetworkOptions::default()).unwrap(),
            pools,
            poll: LongPoll::default(),
        }
    }

    fn poll(&mut self, url: &Url) -> Outcome {
        assert!(self.poll.start(&self.http, exchange(url)).is_none());
        let (id, outcome) = self.runtime.block_on(self.poll.finished());
        assert_eq!(id, ExchangeId(3));
        outcome
    }
}

#[test]
fn request_is_the_one_of_the_http_library() {
    let (url, requests) = server(&[ANSWER, ANSWER]);
    let mut client = Client::new();
    assert_eq!(client.poll(&url).unwrap().body, b"ok");
    client.poll.kept = None;
    let by_library = client.runtime.block_on(client.http.execute(exchange(&url)));
    assert_eq!(by_library.unwrap().body, b"ok");
    let fields = |head: String| {
        let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let heads: Vec<_> = requests.try_iter().map(|(_, head)| fields(head)).collect();
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn connection_is_kept_until_the_network_changes() {
    let (url, requests) = server(&[ANSWER; 4]);
    let mut client = Client::new();
    for _ in 0..3 {
        assert_eq!(client.poll(&url).unwrap().status, 200);
    }
    client.pools.forget_connections();
    assert_eq!(client.poll(&url).unwrap().status, 200);
    let used: Vec<_> = requests
        .try_iter()
        .map(|(connection, _)| connection)
        .collect();
    assert_eq!(used, [0, 0, 0, 1]);
    assert!(client.poll.expire(Instant::now()).is_none());
    assert!(client.poll.kept.is_some());
    client.poll.expire(client.poll.due().unwrap());
    assert!(client.poll.kept.is_none() && client.poll.due().is_none());
}

#[test]
fn request_whose_connection_is_closed_before_the_answer_is_sent_again_once() {
    let (url, requests) = server(&[ANSWER, "", ANSWER, "", ""]);
    let mut client = Client::new();
    assert_eq!(client.poll(&url).unwrap().status, 200);
    assert_eq!(client.poll(&url).unwrap().status, 200);
    let used: Vec<_> = requests
        .try_iter()
        .map(|(connection, _)| connection)
        .collect();
    assert_eq!(used, [0, 0, 1]);
    assert_eq!(client.poll(&url).unwrap_err().fault, TransportFault::Io);
    assert_eq!(requests.try_iter().count(), 2);
}

#[test]
fn long_poll_without_an_answer_ends_in_its_time() {
    let (url, _requests) = server(&[]);
    let mut client = Client::new();
    assert!(client.poll.start(&client.http, exchange(&url)).is_none());
    let end = client.poll.due().unwrap();
    assert!(client.poll.expire(Instant::now()).is_none());
    let (id, outcome) = client.poll.expire(end).unwrap();
    assert_eq!(
        (id, outcome.unwrap_err().fault),
        (ExchangeId(3), TransportFault::Timeout)
    );
    assert!(!client.poll.is_under_way() && client.poll.due().is_none());
}

#[test]
fn answer_that_is_cut_is_not_asked_for_again() {
    let (url, requests) = server(&["CUT HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"]);
    let mut client = Client::new();
    let error = client.poll(&url).unwrap_err();
    assert_eq!(error.fault, TransportFault::Io);
    assert_eq!(error.detail, "the server closed the connection");
    assert_eq!(requests.try_iter().count(), 1);
    assert!(client.poll.kept.is_none());
}

#[test]
fn what_needs_the_http_library_is_left_to_it() {
    let url: Url = "http://127.0.0.1:1/x".parse().unwrap();
    let mut client = Client::new();
    let mut is_left = |change: &dyn Fn(&mut Exchange)| {
        let mut exchange = exchange(&url);
        change(&mut exchange);
        let left = client.poll.start(&client.http, exchange).is_some();
        client.poll.abort(|_, _| true);
        left
    };
    assert!(!is_left(&|_| {}));
    assert!(is_left(&|it| it.kind = ExchangeKind::Call));
    assert!(is_left(
        &|it| it.url = "https://127.0.0.1:1/x".parse().unwrap()
    ));
    assert!(is_left(
        &|it| it.url = "http://a:b@127.0.0.1:1/x".parse().unwrap()
    ));
    assert!(is_left(&|it| it.cookie = Some("a=b\r\nx: y".to_owned())));
    let proxy = NetworkOptions {
        proxy: crate::options::Proxy::parse("http://127.0.0.1:2").unwrap(),
        ..NetworkOptions::default()
    };
    client.http = client.pools.get(&proxy).unwrap();
    assert!(client.poll.start(&client.http, exchange(&url)).is_some());
}
