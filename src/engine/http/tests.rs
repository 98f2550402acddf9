//! Exchanges and their failures, against scripted servers.

use super::*;
use crate::protocol::{ExchangeId, ExchangeKind};
use crossbeam_channel::Receiver;
use std::io::{BufRead, BufReader, Write};

#[test]
fn equal_options_share_a_pool_that_is_dropped_with_its_last_session() {
    let pools = Pools::default();
    let network = |agent: &str| NetworkOptions {
        user_agent: agent.to_owned(),
        ..NetworkOptions::default()
    };
    let (one, again) = (network("one"), network("one"));
    let first = pools.get(&one).unwrap();
    assert!(Arc::ptr_eq(&first, &pools.get(&again).unwrap()));
    let other = pools.get(&network("other")).unwrap();
    assert!(!Arc::ptr_eq(&first, &other));
    let gone = Arc::downgrade(&first);
    drop(first);
    assert!(gone.upgrade().is_none());
    (0..100).for_each(|n| drop(pools.get(&network(&n.to_string())).unwrap()));
    assert!(lock(&pools.known).used.len() <= 3);
}

/// A server that answers every request with 204 and reports each connection.
fn server() -> (url::Url, Receiver<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (report, connections) = crossbeam_channel::unbounded();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = report.send(());
            std::thread::spawn(move || {
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    if line.unwrap().is_empty() {
                        stream
                            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                            .unwrap();
                    }
                }
            });
        }
    });
    (url.parse().unwrap(), connections)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn exchange(url: &url::Url) -> Exchange {
    Exchange {
        id: ExchangeId(1),
        kind: ExchangeKind::Call,
        method: Method::Get,
        url: url.clone(),
        cookie: None,
        body: None,
        stream: None,
        timeout: 30_000,
        body_limit: 0,
    }
}

#[test]
fn connections_of_another_network_are_not_used_again() {
    let (url, connections) = server();
    let pools = Pools::default();
    let http = pools.get(&NetworkOptions::default()).unwrap();
    let runtime = runtime();
    let fetch = || {
        let reply = runtime.block_on(async {
            let reply = http.execute(exchange(&url)).await;
            // Lets the connection return to the pool.
            tokio::task::yield_now().await;
            reply
        });
        assert_eq!(reply.unwrap().status, 204);
        connections.try_iter().count()
    };
    assert_eq!([fetch(), fetch()], [1, 0]);
    pools.forget_connections();
    assert_eq!([fetch(), fetch()], [1, 0]);
}

/// A server that answers the first `answers` requests and closes the connection at every later one; reports each request.
fn failing_server(answers: usize) -> (url::Url, Receiver<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (report, requests) = crossbeam_channel::unbounded();
    std::thread::spawn(move || {
        let mut left = answers;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                if !line.unwrap().is_empty() {
                    continue;
                }
                report.send(()).unwrap();
                if left == 0 {
                    break;
                }
                left -= 1;
                let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
                stream.write_all(answer).unwrap();
            }
        }
    });
    (url.parse().unwrap(), requests)
}

#[test]
fn request_whose_connection_is_closed_before_the_answer_is_sent_again_once() {
    let pools = Pools::default();
    let http = pools.get(&NetworkOptions::default()).unwrap();
    let runtime = runtime();
    let fetch = |url: &url::Url| {
        runtime.block_on(async {
            let reply = http.execute(exchange(url)).await;
            // Lets the connection return to the pool.
            tokio::task::yield_now().await;
            reply
        })
    };
    let (url, requests) = failing_server(0);
    assert_eq!(fetch(&url).unwrap_err().fault, TransportFault::Io);
    assert_eq!(requests.try_iter().count(), 2);
    let (url, requests) = failing_server(1);
    assert_eq!(fetch(&url).unwrap().status, 204);
    assert_eq!(requests.try_iter().count(), 1);
    assert_eq!(fetch(&url).unwrap_err().fault, TransportFault::Io);
    assert_eq!(requests.try_iter().count(), 2);
}
