//! Whether a login or a page of history takes longer on a server with many messages than on one with few.

use crate::chat::{Data, Fbchatd, Person};
use crate::http::Connection;
use crate::load::{Server, fill};
use crate::table::{Spread, row};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

const FEW: usize = 100;
const MANY: usize = 100_000;
const RUNS: usize = 300;
/// Messages on a page.
const PAGE: usize = 100;

struct Side {
    server: Fbchatd,
    sender: Rc<Person>,
}

/// Times of the two operations.
#[derive(Default)]
struct Spans {
    login: Vec<Duration>,
    history: Vec<Duration>,
}

impl Side {
    /// All messages are in one conversation and none has been fetched: the worst case.
    async fn with(fbchatd: &Path, messages: usize) -> (Data, Side) {
        let data = Data::new(fbchatd);
        let server = data.serve();
        let mut connection = Connection::open(server.address()).await;
        // Without an address of its own, since the number of requests from one address is limited.
        let sender = Rc::new(Person::login(&mut connection, 0, "").await);
        let receiver = Rc::new(Person::login(&mut connection, 1, "").await);
        fill(&server, &sender, &receiver, messages).await;
        (data, Side { server, sender })
    }

    async fn once(&self, spans: &mut Spans) {
        let mut connection = Connection::open(self.server.address()).await;
        let start = Instant::now();
        let person = Person::login(&mut connection, 1, "").await;
        person.settle(&mut connection).await;
        spans.login.push(start.elapsed());
        let start = Instant::now();
        let found = person.history(&mut connection, &self.sender).await;
        spans.history.push(start.elapsed());
        assert_eq!(found, PAGE, "messages on a page");
    }
}

/// Prints both, with many messages and with few. They take turns, so that other load on the machine affects both.
pub async fn compare(fbchatd: &Path) {
    let (_data, few) = Side::with(fbchatd, FEW).await;
    let (_more_data, many) = Side::with(fbchatd, MANY).await;
    let (mut with_few, mut with_many) = (Spans::default(), Spans::default());
    for _ in 0..RUNS {
        few.once(&mut with_few).await;
        many.once(&mut with_many).await;
    }
    for (what, few, many) in [
        ("login", with_few.login, with_many.login),
        ("page of history", with_few.history, with_many.history),
    ] {
        let (few, many) = (Spread::of(few), Spread::of(many));
        row(what, many, few, many.median / few.median);
    }
}
