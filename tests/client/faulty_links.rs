//! Two real clients and the real server, with a link between them that fails at random instants in every way: no message is
//! lost, none arrives twice, none changes its place, and nobody is signed off.
//!
//! `FBCHAT_CUTS` is the number of faults, and `FBCHAT_SEED` repeats a run.

use fbchat::client::{Client, ClientConfig, Polled, SessionId};
use fbchat::types::{Connection, Event, Origin, Presence, Secret, Uid};
use std::time::{Duration, Instant};
use testkit::faulty_link::{FAULTS, Fault, FaultyLink};
use testkit::{LIMIT, Server};

/// Few enough for every run of the tests.
const CUTS: usize = 48;
/// Pairs of users, each with a server of its own, that have their faults at the same time.
const PAIRS: usize = 8;
/// Longest time for which a fault lasts, in milliseconds.
const LONGEST: u64 = 40;

struct User {
    client: Client,
    session: SessionId,
    sent: Vec<String>,
    received: Vec<String>,
    unanswered: usize,
}

impl User {
    fn log_in(url: &str, name: &str) -> User {
        let mut config = ClientConfig::default();
        url.clone_into(&mut config.session.server);
        let client = Client::new(config).expect("a client");
        let session = client.open(None, 0).expect("a session");
        let password = Secret::new("demo".to_owned());
        let email = format!("{name}@example.org");
        client.login(session, &email, password).expect("a login");
        let mut user = User {
            client,
            session,
            sent: Vec::new(),
            received: Vec::new(),
            unanswered: 0,
        };
        while user.next(LIMIT) != Some(Event::Connection(Connection::Connected)) {}
        user
    }

    fn uid_of(&self, name: &str) -> Uid {
        let buddies = self.client.buddies(self.session).expect("a list");
        let found = buddies.iter().find(|buddy| buddy.name == name);
        found.expect("a friend").uid
    }

    fn send(&mut self, to: Uid) {
        let text = self.sent.len().to_string();
        let sent = self.client.send(self.session, to, &text);
        sent.expect("room for a message");
        self.sent.push(text);
        self.unanswered += 1;
    }

    fn next(&mut self, limit: Duration) -> Option<Event> {
        let event = match self.client.poll(Some(limit)) {
            Ok(Polled::Event(event)) => event.event,
            Ok(_) => return None,
            Err(error) => panic!("{error}"),
        };
        match &event {
            Event::Message(message) if message.origin == Origin::Incoming => {
                self.received.push(message.text.clone());
            }
            Event::Sent { .. } => self.unanswered -= 1,
            Event::Failed { .. } | Event::Closed { .. } | Event::LoginFailed { .. } => {
                panic!("{event:?}")
            }
            Event::Presence(buddy) if buddy.presence == Presence::Offline => {
                panic!("signed off: {event:?}")
            }
            _ => {}
        }
        Some(event)
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Takes events until everything that was sent is answered and has arrived.
fn settle(users: &mut [User; 2], what: &str) -> Duration {
    let start = Instant::now();
    while users.iter().any(|user| user.unanswered > 0)
        || users[0].received.len() < users[1].sent.len()
        || users[1].received.len() < users[0].sent.len()
    {
        assert!(start.elapsed() < LIMIT, "{what}");
        for user in &mut *users {
            while user.next(Duration::from_millis(1)).is_some() {}
        }
    }
    assert_eq!(users[0].received, users[1].sent, "{what}");
    assert_eq!(users[1].received, users[0].sent, "{what}");
    start.elapsed()
}

/// Writes in both directions while the link fails; returns the longest wait after a fault.
fn fail_at_random(seed: u64, cuts: usize) -> Option<(Duration, Fault)> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let server = Server::demo();
    let link = FaultyLink::start(server.address());
    let mut users = ["alice", "bob"].map(|name| User::log_in(&link.url, name));
    let friends = [
        users[0].uid_of("Bob Example"),
        users[1].uid_of("Alice Example"),
    ];
    let write = |users: &mut [User; 2]| {
        for (user, friend) in users.iter_mut().zip(friends) {
            user.send(friend);
        }
    };
    let mut waits = Vec::new();
    for cut in 0..cuts {
        let fault = FAULTS[rng.usize(..FAULTS.len())];
        let what = format!("seed {seed}, cut {cut}: {fault:?}");
        let mut pause = |most| std::thread::sleep(Duration::from_micros(rng.u64(0..most * 1_000)));
        write(&mut users);
        pause(10);
        link.set(fault);
        pause(LONGEST);
        link.set(Fault::None);
        waits.push((settle(&mut users, &what), fault));
        // The next fault meets sessions that work again.
        write(&mut users);
        settle(&mut users, &what);
    }
    waits.into_iter().max_by_key(|(wait, _)| *wait)
}

#[test]
fn nothing_is_lost_doubled_or_reordered_on_a_link_that_fails_at_random() {
    let seed = number("FBCHAT_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    let cuts = number("FBCHAT_CUTS").map_or(CUTS, |cuts| usize::try_from(cuts).unwrap());
    println!("FBCHAT_SEED={seed} FBCHAT_CUTS={cuts}");
    std::thread::scope(|scope| {
        let pairs = (0..PAIRS as u64).map(|pair| seed + pair);
        let pairs =
            pairs.map(|seed| scope.spawn(move || fail_at_random(seed, cuts.div_ceil(PAIRS))));
        for pair in pairs.collect::<Vec<_>>() {
            println!("the longest wait: {:?}", pair.join().expect("all arrived"));
        }
    });
}
