//! Whether a login, a message or a page of history takes longer on a server with many messages than on one with few.

use crate::chat::{Data, Fbchatd, Person};
use crate::http::Connection;
use crate::load::{Server, User};
use crate::table::{Spread, row};
use std::path::Path;
use std::time::{Duration, Instant};

pub const FEW: usize = 1_000;
pub const MANY: usize = 1_000_000;
/// All messages are in one conversation and none has been fetched: the worst case. The client's numbers differ from those that this program uses.
const MESSAGES: &str = "
CREATE TEMP TABLE now AS SELECT unixepoch() * 1000 - COUNT AS ms;
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < COUNT)
INSERT INTO messages(id, time, sender, recipient, msg_id, client_time, text, text_hash)
    SELECT ms + n, ms + n, 200000, 200001, 'stored' || n, ms + n, 'Are you coming to the lake on Sunday?', n FROM numbers, now;
INSERT INTO deliveries(owner, seq, message) SELECT 200001, id - ms, id FROM messages, now;
INSERT INTO unread(owner, peer, messages, time) SELECT 200001, 200000, COUNT, max(time) FROM messages;
UPDATE users SET seq = COUNT WHERE uid = 200001;
";
const RUNS: usize = 300;
/// Messages on a page.
const PAGE: usize = 100;

struct Side {
    server: Fbchatd,
    sender: Person,
}

/// Times of the operations.
#[derive(Default)]
struct Spans {
    login: Vec<Duration>,
    send: Vec<Duration>,
    history: Vec<Duration>,
}

impl Side {
    async fn with(fbchatd: &Path, messages: usize) -> (Data, Side) {
        let data = Data::new(fbchatd);
        data.sql(MESSAGES.replace("COUNT", &messages.to_string()).as_bytes());
        let server = data.serve();
        let mut connection = Connection::open(server.address()).await;
        // Without an address of its own, since the number of requests from one address is limited.
        let sender = Person::login(&mut connection, 0, "").await;
        (data, Side { server, sender })
    }

    async fn once(&self, number: usize, spans: &mut Spans) {
        let mut connection = Connection::open(self.server.address()).await;
        let start = Instant::now();
        let person = Person::login(&mut connection, 1, "").await;
        person.settle(&mut connection).await;
        spans.login.push(start.elapsed());
        let start = Instant::now();
        let found = person.history(&mut connection, &self.sender).await;
        spans.history.push(start.elapsed());
        assert_eq!(found, PAGE, "messages on a page");
        let request = self.sender.send(&person, number, "hello");
        let start = Instant::now();
        let answer = connection.ask(&request).await;
        spans.send.push(start.elapsed());
        assert!(Person::accepted(&answer), "{}", answer.body);
    }
}

/// Prints them, with many messages and with few. They take turns, so that other load on the machine affects both.
pub async fn compare(fbchatd: &Path) {
    let (_data, few) = Side::with(fbchatd, FEW).await;
    let (_more_data, many) = Side::with(fbchatd, MANY).await;
    let (mut with_few, mut with_many) = (Spans::default(), Spans::default());
    for number in 0..RUNS {
        few.once(number, &mut with_few).await;
        many.once(number, &mut with_many).await;
    }
    for (what, few, many) in [
        ("login", with_few.login, with_many.login),
        ("message", with_few.send, with_many.send),
        ("page of history", with_few.history, with_many.history),
    ] {
        let (few, many) = (Spread::of(few), Spread::of(many));
        row(what, many, few, many.median / few.median);
    }
}
