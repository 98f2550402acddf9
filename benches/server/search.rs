//! Whether somebody who logs in or sends a message has to wait while others search among many accounts.

use crate::chat::{Data, Person};
use crate::http::Connection;
use crate::load::{Server, User};
use crate::table::{Spread, row};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, spawn_local};

const ACCOUNTS: usize = 100_000;
/// Those who search; each may do so 100 times in ten minutes.
const SEARCHERS: usize = 64;
const SEARCHES_PER_SECOND: u64 = 20;
/// A name that one person has, words that everybody has, a word that nobody has, and an address.
const SEARCHES: [&str; 4] = [
    "number+77777",
    "user+num",
    "nobody",
    "user99999@example.org",
];
const RUNS: usize = 200;

/// What takes how long.
pub struct Spans {
    pub login: Spread,
    pub send: Spread,
}

/// Times of logins of the first account, and of a message after each. The numbers of the messages start at this one.
pub async fn measure(address: SocketAddr, first_number: usize) -> Spans {
    let (mut logins, mut sends) = (Vec::new(), Vec::new());
    let mut connection = Connection::open(address).await;
    let to = Person::login(&mut connection, 1, "").await;
    for number in first_number..first_number + RUNS {
        let start = Instant::now();
        let from = Person::login(&mut connection, 0, "").await;
        logins.push(start.elapsed());
        let start = Instant::now();
        let answer = connection.ask(&from.send(&to, number, "hello")).await;
        sends.push(start.elapsed());
        assert!(Person::accepted(&answer), "{}", answer.body);
    }
    Spans {
        login: Spread::of(logins),
        send: Spread::of(sends),
    }
}

/// Keeps searching at a steady rate; the time of each search goes into `spans`.
fn search(
    address: SocketAddr,
    searchers: Vec<Person>,
    spans: Rc<RefCell<Vec<Duration>>>,
) -> JoinHandle<()> {
    let searchers: Vec<_> = searchers.into_iter().map(Rc::new).collect();
    spawn_local(async move {
        let every = Duration::from_millis(1000 / SEARCHES_PER_SECOND);
        let mut clock = tokio::time::interval(every);
        for (searcher, text) in searchers.iter().cycle().zip(SEARCHES.iter().cycle()) {
            clock.tick().await;
            let (searcher, spans) = (searcher.clone(), spans.clone());
            spawn_local(async move {
                let mut connection = Connection::open(address).await;
                let start = Instant::now();
                searcher.search(&mut connection, text).await;
                spans.borrow_mut().push(start.elapsed());
            });
        }
    })
}

/// Prints what a login and a message take while others search, and below what they take when all is quiet.
pub async fn compare(fbchatd: &Path) {
    let data = Data::with_accounts(fbchatd, ACCOUNTS);
    let server = data.serve();
    let address = server.address();
    let mut connection = Connection::open(address).await;
    let mut searchers = Vec::new();
    for number in 2..2 + SEARCHERS {
        searchers.push(Person::login(&mut connection, number, "").await);
    }
    let quiet = measure(address, 0).await;
    let spans = Rc::default();
    let searching = search(address, searchers, Rc::clone(&spans));
    let busy = measure(address, RUNS).await;
    searching.abort();
    for (what, busy, quiet) in [
        ("login", busy.login, quiet.login),
        ("message", busy.send, quiet.send),
    ] {
        row(what, busy, quiet, busy.median / quiet.median);
    }
    println!("  {:30} {}", "search", Spread::of(spans.take()));
}
