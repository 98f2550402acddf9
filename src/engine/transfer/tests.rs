//! Downloads from servers that send wrong data, and uploads to a server that reads only part of them.

#![forbid(unsafe_code)]

use super::super::http::Pools;
use super::*;
use crate::options::NetworkOptions;
use crate::protocol::{Body, Exchange, ExchangeId, ExchangeKind, Method, Reply, Stream};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

const OK: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nETag: \"a\"\r\nConnection: close\r\n";

/// Answers each request with the next of these and closes the connection; the heads of the requests.
fn server(answers: Vec<Vec<u8>>) -> (url::Url, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (report, requests) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let mut stream = listener.accept().unwrap().0;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let _ = report.send(String::from_utf8(head).unwrap());
            let _ = stream.write_all(&answer);
        }
    });
    (url.parse().unwrap(), requests)
}

fn exchange(url: &url::Url, stream: Stream) -> Exchange {
    Exchange {
        id: ExchangeId(1),
        kind: ExchangeKind::Call,
        method: Method::Get,
        url: url.clone(),
        cookie: None,
        body: None,
        timeout: 30_000,
        stream: Some(stream),
        body_limit: 10,
    }
}

fn run(exchange: Exchange, transfer: &Arc<Transfer>) -> Result<Reply, TransportError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let http = Pools::default().get(&NetworkOptions::default()).unwrap();
    runtime.block_on(http.transfer(exchange, transfer.clone(), || {}))
}

fn download(answers: &[String], most: u64) -> Result<Reply, TransportError> {
    let answers: Vec<_> = answers
        .iter()
        .map(|answer| answer.clone().into_bytes())
        .collect();
    let attempts = answers.len();
    let (url, requests) = server(answers);
    let request = RequestId(5);
    let transfer = Arc::new(Transfer::download(request, Sink::memory()));
    let mut outcome = None;
    for attempt in 0..attempts {
        outcome = Some(run(
            exchange(&url, Stream::Download { request, most }),
            &transfer,
        ));
        let head = requests.recv().unwrap().to_ascii_lowercase();
        let asks_for_rest = head.contains("range: bytes=") && head.contains("if-range: \"a\"");
        assert_eq!(asks_for_rest, attempt > 0, "{head}");
    }
    outcome.unwrap()
}

#[test]
fn a_file_arrives_over_several_attempts() {
    let first = format!("{OK}Content-Length: 10\r\n\r\n01234");
    for rest in [
        OK.replace("200 OK", "206 Partial Content")
            + "Content-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n56789",
        format!("{OK}Content-Length: 10\r\n\r\n0123456789"),
    ] {
        let reply = download(&[first.clone(), rest], 10).unwrap();
        assert_eq!(reply.body, b"0123456789");
        assert_eq!(reply.content_type.as_deref(), Some("image/png"));
    }
}

#[test]
fn servers_that_lie_are_not_believed() {
    let part = |more: &str| OK.replace("200 OK", "206 Partial Content") + more;
    let first = || format!("{OK}Content-Length: 10\r\n\r\n01234");
    for (answers, fault) in [
        // More than requested, endless or not.
        (
            vec![format!("{OK}Content-Length: 11\r\n\r\n")],
            TransportFault::TooLarge,
        ),
        (
            vec![format!("{OK}\r\n{}", "x".repeat(1 << 20))],
            TransportFault::Unusable,
        ),
        // Less than announced.
        (vec![first()], TransportFault::Io),
        // Another file, or another part of it.
        (
            vec![first(), format!("{OK}Content-Length: 9\r\n\r\n012345678")],
            TransportFault::Unusable,
        ),
        (
            vec![
                first(),
                part("Content-Range: bytes 6-9/10\r\nContent-Length: 4\r\n\r\n6789"),
            ],
            TransportFault::Unusable,
        ),
        (
            vec![
                first(),
                part("Content-Range: bytes 5-9/10\r\nContent-Length: 6\r\n\r\n56789x"),
            ],
            TransportFault::Unusable,
        ),
        // Not a file at all, and endless.
        (
            vec![format!(
                "HTTP/1.1 404 Not Found\r\n\r\n{}",
                "x".repeat(1 << 20)
            )],
            TransportFault::TooLarge,
        ),
    ] {
        let error = download(&answers, 10).unwrap_err();
        assert_eq!(error.fault, fault, "{answers:.200?}: {error}");
    }
    let refused = download(
        &["HTTP/1.1 410 Gone\r\nContent-Length: 2\r\n\r\nno".to_owned()],
        10,
    );
    let refused = refused.unwrap();
    assert_eq!((refused.status, refused.content_type), (410, None));
    assert_eq!(refused.body, b"no");
}

#[test]
fn a_pipe_is_sent_once_and_a_silent_one_ends() {
    let refused = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, _requests) = server(vec![refused.to_vec()]);
    let (from_us, _to_us) = std::io::pipe().unwrap();
    let source = Source::from_fd(from_us.into()).unwrap();
    let request = RequestId(5);
    let transfer = Arc::new(Transfer::upload(request, source));
    let upload = |url: &url::Url| Exchange {
        method: Method::Post,
        body: Some(Body {
            content_type: "text/plain".to_owned(),
            bytes: b"head".to_vec().into(),
        }),
        ..exchange(
            url,
            Stream::Upload {
                request,
                tail: b"tail".to_vec(),
            },
        )
    };
    assert_eq!(run(upload(&url), &transfer).unwrap().status, 408);
    let again = run(upload(&url), &transfer).unwrap_err();
    assert_eq!(again.fault, TransportFault::Host);
    assert!(again.detail.contains("only a file"), "{again}");

    let (url, _requests) = server(vec![Vec::new()]);
    let (from_us, _to_us) = std::io::pipe().unwrap();
    let transfer = Transfer::upload(request, Source::from_fd(from_us.into()).unwrap());
    let silent = Exchange {
        timeout: 1,
        ..upload(&url)
    };
    let fault = run(silent, &Arc::new(transfer)).unwrap_err().fault;
    assert!(matches!(
        fault,
        TransportFault::Timeout | TransportFault::Io
    ));
}
