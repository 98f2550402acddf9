//! The load, the same for both servers: users who hold polls, and users who send.

use crate::http::{Answer, Connection};
use crate::table::Spread;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::process::Process;
use tokio::task::{JoinSet, spawn_local};

/// Messages per second while every user holds a poll, and usually for how long.
const RATE: usize = 500;
pub const SECONDS: usize = 30;
/// How long memory may take to be given back; jemalloc takes up to ten seconds.
pub const MEMORY_IS_BACK: Duration = Duration::from_secs(12);
/// A message that has not arrived by then is lost.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A server that is measured.
pub trait Server {
    fn process(&self) -> &Process;
    fn address(&self) -> SocketAddr;
    /// From its start to its first answer.
    fn start_up(&self) -> Duration;
    /// The address, the page and the text before the number of polls that it holds.
    fn polls_held(&self) -> (SocketAddr, &'static str, &'static str);
    /// How often it has written to the disk so far.
    async fn commits(&self) -> usize;
}

/// A user of a server, with the requests of its clients.
pub trait User: 'static {
    /// The request that waits for what comes next.
    fn poll(&self) -> String;
    /// The messages of others in an answer to it.
    fn heard(&self, answer: &Answer) -> Vec<String>;
    /// The request that sends a text, which is the sender's message of this number.
    fn send(&self, to: &Self, number: usize, text: &str) -> String;
    fn accepted(answer: &Answer) -> bool;
}

/// The messages that have arrived, and how long they took.
pub struct Log {
    start: Instant,
    /// When each was sent, and how long it took to one of its receivers.
    heard: RefCell<Vec<(Duration, Duration)>>,
    number: Cell<usize>,
}

impl Log {
    pub fn new() -> Rc<Log> {
        Rc::new(Log {
            start: Instant::now(),
            heard: RefCell::default(),
            number: Cell::default(),
        })
    }

    /// Every text contains the time at which it was sent.
    pub fn text(&self) -> (usize, String) {
        let number = self.number.get();
        self.number.set(number + 1);
        let now = self.start.elapsed().as_nanos();
        (
            number,
            format!("{now} Are you coming to the lake on Sunday?"),
        )
    }

    /// How many messages have arrived.
    pub fn count(&self) -> usize {
        self.heard.borrow().len()
    }

    pub fn heard(&self, text: &str) {
        let sent = text.split(' ').next().and_then(|word| word.parse().ok());
        let sent = Duration::from_nanos(sent.expect("a text of ours"));
        let span = self.start.elapsed() - sent;
        self.heard.borrow_mut().push((sent, span));
    }

    /// How long each message took to the last of its receivers. The log is empty then.
    pub fn take_spans(&self) -> Vec<Duration> {
        let mut heard = self.heard.take();
        heard.sort();
        let messages = heard.chunk_by(|(sent, _), (other, _)| sent == other);
        let last = messages.filter_map(|message| message.last());
        last.map(|(_, span)| *span).collect()
    }

    /// Waits until everything that was sent has arrived.
    pub async fn complete(&self, sent: usize) {
        let patience = Instant::now();
        while self.heard.borrow().len() < sent {
            let heard = self.heard.borrow().len();
            assert!(patience.elapsed() < LIMIT, "{heard} of {sent} arrived");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.heard.borrow().len(), sent, "something came twice");
    }
}

pub async fn listen<U: User>(mut connection: Connection, user: Rc<U>, log: Rc<Log>) {
    loop {
        let answer = connection.ask(&user.poll()).await;
        for text in user.heard(&answer) {
            log.heard(&text);
        }
    }
}

pub async fn send<U: User>(connection: &mut Connection, from: &U, to: &U, log: &Log) {
    let (number, text) = log.text();
    let answer = connection.ask(&from.send(to, number, &text)).await;
    assert!(U::accepted(&answer), "{} {}", answer.status, answer.body);
}

async fn held(server: &impl Server) -> usize {
    let (address, path, words) = server.polls_held();
    number(address, path, words).await
}

/// The number behind these words in a page.
pub async fn number(address: SocketAddr, path: &str, words: &str) -> usize {
    let mut connection = Connection::open(address).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
    let answer = connection.ask(&request).await;
    let count = answer.body.split(words).nth(1).map(str::split_whitespace);
    let count = count.and_then(|mut rest| rest.next()?.parse().ok());
    count.expect("a number")
}

async fn until_held(server: &impl Server, count: usize) {
    let patience = Instant::now();
    loop {
        let held = held(server).await;
        if held == count {
            return;
        }
        assert!(patience.elapsed() < LIMIT, "{held} polls are held");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every one of these users holds a poll, until what is returned is dropped.
async fn listen_all<U: User>(server: &impl Server, users: &[Rc<U>], log: &Rc<Log>) -> JoinSet<()> {
    let mut listening = JoinSet::new();
    for user in users {
        let connection = Connection::open(server.address()).await;
        listening.spawn_local(listen(connection, user.clone(), log.clone()));
    }
    until_held(server, users.len()).await;
    listening
}

/// Until the items about users who came online have been fetched.
async fn until_quiet() {
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// The server's CPU time for so long, while every user holds a poll and nothing happens.
pub async fn idle<U: User>(server: &impl Server, users: &[Rc<U>], span: Duration) -> Duration {
    let _listening = listen_all(server, users, &Log::new()).await;
    until_quiet().await;
    let before = server.process().cpu();
    tokio::time::sleep(span).await;
    server.process().cpu() - before
}

/// Neighbours in the list are friends.
fn pairs<U>(users: &[Rc<U>]) -> impl Iterator<Item = (Rc<U>, Rc<U>)> + Clone {
    users.chunks_exact(2).filter_map(|pair| match pair {
        [from, to] => Some((from.clone(), to.clone())),
        _ => None,
    })
}

/// The results of the first part.
pub struct Holding {
    /// KiB of memory for each poll.
    pub each: f64,
    /// KiB of memory in all.
    pub all: f64,
    /// From the moment of sending to the receiver's answer.
    pub delivery: Spread,
}

/// Every user holds a poll; then some send to their neighbours, as many messages as in so many seconds.
pub async fn hold<U: User>(server: &impl Server, users: &[Rc<U>], seconds: usize) -> Holding {
    let (process, log) = (server.process(), Log::new());
    let before = process.rss();
    let _listening = listen_all(server, users, &log).await;
    tokio::time::sleep(MEMORY_IS_BACK).await;
    let all = process.rss();
    let pairs = pairs(users).cycle().take(RATE * seconds);
    let steady = at_a_steady_rate(server.address(), pairs, RATE, 1, &log).await;
    Holding {
        each: (all - before) / users.len() as f64,
        all,
        delivery: steady.delivery,
    }
}

/// How long messages take that are sent at one server, at a steady rate, to users whose polls are held at another one.
pub async fn deliver<U: User>(
    [from, to]: [&impl Server; 2],
    users: &[Rc<U>],
    (rate, count): (usize, usize),
) -> Spread {
    let log = Log::new();
    let receivers: Vec<_> = pairs(users).map(|(_, to)| to).collect();
    let _listening = listen_all(to, &receivers, &log).await;
    until_quiet().await;
    let pairs = pairs(users).cycle().take(count);
    let steady = at_a_steady_rate(from.address(), pairs, rate, 1, &log).await;
    steady.delivery
}

/// What became of messages that were to be sent at a steady rate.
pub struct Steady {
    /// From the moment of sending to the answer of the last receiver.
    pub delivery: Spread,
    /// Messages per second, from the first that was sent to the last that arrived.
    pub rate: f64,
}

/// Sends a message for each pair, so many per second, of which each reaches so many.
async fn at_a_steady_rate<U: User>(
    address: SocketAddr,
    pairs: impl Iterator<Item = (Rc<U>, Rc<U>)>,
    rate: usize,
    receivers: usize,
    log: &Rc<Log>,
) -> Steady {
    let start = Instant::now();
    let idle: Rc<RefCell<Vec<Connection>>> = Rc::default();
    let mut clock = tokio::time::interval(Duration::from_secs(1) / rate as u32);
    let mut sent = 0;
    for (from, to) in pairs {
        clock.tick().await;
        sent += 1;
        let (idle, log) = (idle.clone(), log.clone());
        let connection = idle.borrow_mut().pop();
        spawn_local(async move {
            let mut connection = match connection {
                Some(connection) => connection,
                None => Connection::open(address).await,
            };
            send(&mut connection, &*from, &*to, &log).await;
            idle.borrow_mut().push(connection);
        });
    }
    log.complete(sent * receivers).await;
    Steady {
        rate: sent as f64 / start.elapsed().as_secs_f64(),
        delivery: Spread::of(log.take_spans()),
    }
}

/// Senders and recipients, who get messages in turn, each of which reaches so many.
pub struct Ways<U> {
    pub pairs: Vec<(Rc<U>, Rc<U>)>,
    pub receivers: usize,
}

/// Every user holds a poll, and so many messages are sent on each of these ways, one way after the other, at each rate.
pub async fn hold_and_send<U: User>(
    server: &impl Server,
    users: &[Rc<U>],
    ways: &[Ways<U>],
    rates: &[(usize, usize)],
) -> Vec<Steady> {
    let log = Log::new();
    let _listening = listen_all(server, users, &log).await;
    let mut results = Vec::new();
    for (rate, count) in rates {
        for Ways { pairs, receivers } in ways {
            let pairs = pairs.iter().cycle().take(*count).cloned();
            let steady = at_a_steady_rate(server.address(), pairs, *rate, *receivers, &log).await;
            results.push(steady);
        }
    }
    results
}

/// What it takes to pass on messages that are sent as fast as possible.
pub struct Flood {
    /// Messages per second.
    pub rate: f64,
    /// Microseconds of the server's CPU time for each.
    pub cpu: f64,
    /// How often a thread of the server waits for each.
    pub waits: f64,
    /// Commits for each; 0 if the server stores nothing.
    pub commits: f64,
}

/// So many pairs of neighbours: one of each sends as fast as the server takes it, the other fetches.
pub async fn flood<U: User>(
    server: &impl Server,
    users: &[Rc<U>],
    count: usize,
    messages: usize,
) -> Flood {
    flood_several(std::slice::from_ref(server), users, count, messages).await
}

/// The same with several servers: the sender of each pair is at one, and the receiver at the next.
pub async fn flood_several<U: User>(
    servers: &[impl Server],
    users: &[Rc<U>],
    count: usize,
    messages: usize,
) -> Flood {
    let pairs: Vec<_> = pairs(users).take(count).collect();
    let receivers = pairs.iter().map(|(_, to)| to.clone()).collect();
    flood_pairs(servers, pairs, receivers, messages).await
}

/// All but the first of these users send to the first, who is a friend of each.
pub async fn flood_one<U: User>(server: &impl Server, users: &[Rc<U>], messages: usize) -> Flood {
    let Some((to, senders)) = users.split_first() else {
        unreachable!("there are users");
    };
    let pairs = senders.iter().map(|from| (from.clone(), to.clone()));
    let receivers = vec![to.clone()];
    flood_pairs(
        std::slice::from_ref(server),
        pairs.collect(),
        receivers,
        messages,
    )
    .await
}

async fn flood_pairs<U: User>(
    servers: &[impl Server],
    pairs: Vec<(Rc<U>, Rc<U>)>,
    receivers: Vec<Rc<U>>,
    messages: usize,
) -> Flood {
    let log = Log::new();
    let mut listening = Vec::new();
    for (at, server) in servers.iter().enumerate() {
        let places = receivers.iter().enumerate();
        let here = places.filter(|(place, _)| (place + 1) % servers.len() == at);
        let here: Vec<_> = here.map(|(_, user)| user.clone()).collect();
        listening.push(listen_all(server, &here, &log).await);
    }
    let (commits, waits, before) = used(servers).await;
    let addresses: Vec<_> = servers.iter().map(Server::address).collect();
    let rate = send_all(&addresses, pairs, messages, &log).await;
    log.complete(messages).await;
    let (commits_after, waits_after, cpu) = used(servers).await;
    let (commits, waits, cpu) = (commits_after - commits, waits_after - waits, cpu - before);
    let each = |count: f64| count / log.number.get() as f64;
    Flood {
        rate,
        cpu: each(cpu.as_secs_f64() * 1e6),
        waits: each(waits as f64),
        commits: each(commits as f64),
    }
}

/// Commits, waits and CPU time of servers so far.
async fn used(servers: &[impl Server]) -> (usize, u64, Duration) {
    let mut used = (0, 0, Duration::ZERO);
    for server in servers {
        used.0 += server.commits().await;
        used.1 += server.process().waits();
        used.2 += server.process().cpu();
    }
    used
}

async fn send_all<U: User>(
    addresses: &[SocketAddr],
    pairs: Vec<(Rc<U>, Rc<U>)>,
    count: usize,
    log: &Rc<Log>,
) -> f64 {
    let (start, mut sending) = (Instant::now(), JoinSet::new());
    for ((from, to), address) in pairs.into_iter().zip(addresses.iter().cycle()) {
        let (log, mut connection) = (log.clone(), Connection::open(*address).await);
        sending.spawn_local(async move {
            while log.number.get() < count {
                send(&mut connection, &*from, &*to, &log).await;
            }
        });
    }
    while let Some(ended) = sending.join_next().await {
        ended.expect("a sender");
    }
    count as f64 / start.elapsed().as_secs_f64()
}
