//! What a message costs: how long it takes, and how many the server passes on.

use crate::chat::Data;
use crate::load::{LIMIT, Log, Server};
use crate::table::{Spread, row};
use crate::xmpp::idle::all;
use crate::xmpp::prosody::{Accounts, Archive};
use crate::xmpp::stream::{Listening, Stream, Writer};
use crate::xmpp::{Security, Service, ours};
use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Pairs of users in the part with many, of whom one sends.
const PAIRS: usize = 64;
/// How often the disk is measured before each part, and with how many bytes.
const SYNCS: usize = 100;
const PAGE: usize = 4096;

/// How messages are sent.
struct Scene {
    what: &'static str,
    pairs: usize,
    messages: usize,
    /// Messages of a pair that have not arrived yet.
    window: usize,
    /// Messages per second, all pairs together.
    rate: Option<u32>,
}

/// Beside an archive for which nobody waits.
const SCENES: [Scene; 4] = [
    Scene {
        what: "one pair, one at a time",
        pairs: 1,
        messages: 1000,
        window: 1,
        rate: None,
    },
    Scene {
        what: "64 pairs, 500/s",
        pairs: PAIRS,
        messages: 5000,
        window: 1000,
        rate: Some(500),
    },
    Scene {
        what: "one pair, 16 at a time",
        pairs: 1,
        messages: 1600,
        window: 16,
        rate: None,
    },
    Scene {
        what: "64 pairs, 16 each at a time",
        pairs: PAIRS,
        messages: 20_480,
        window: 16,
        rate: None,
    },
];
/// Beside one that waits for the disk, which takes its time.
const ON_DISK: [Scene; 2] = [
    Scene {
        what: "one pair, one at a time",
        pairs: 1,
        messages: 200,
        window: 1,
        rate: None,
    },
    Scene {
        what: "64 pairs, 4 each at a time",
        pairs: PAIRS,
        messages: 1280,
        window: 4,
        rate: None,
    },
];

/// What became of the messages.
struct Sent {
    delivery: Spread,
    /// Messages per second.
    rate: f64,
    /// Microseconds of the server's CPU time for each.
    cpu: f64,
}

/// Two users who are online, of whom the first sends.
struct Pair {
    from: Writer,
    /// The address of the other.
    to: String,
    room: Rc<Semaphore>,
    /// The last error that came in place of a message.
    error: Rc<RefCell<String>>,
    _listening: [Listening; 2],
}

impl Pair {
    fn new(from: Stream, to: Stream, log: &Rc<Log>) -> Pair {
        let (writer, bare) = (from.writer(), to.bare().to_owned());
        let room = Rc::new(Semaphore::new(0));
        let error: Rc<RefCell<String>> = Rc::default();
        let (log, more, told) = (log.clone(), room.clone(), error.clone());
        let hear = move |element: &str| {
            if let Some((_, body)) = element.split_once("<body>") {
                log.heard(body);
                more.add_permits(1);
            }
        };
        let hear_errors = move |element: &str| {
            if element.contains("<error ") {
                element.clone_into(&mut told.borrow_mut());
            }
        };
        Pair {
            from: writer,
            to: bare,
            room,
            error,
            _listening: [from.listen_with(hear_errors), to.listen_with(hear)],
        }
    }

    async fn send(&self, log: &Log) {
        let permit = timeout(LIMIT, self.room.acquire()).await;
        let permit = permit.unwrap_or_else(|_| {
            let (count, error) = (log.count(), self.error.borrow());
            panic!(
                "{} gets no messages; {count} of all have arrived; the last error: {error:?}",
                self.to
            )
        });
        permit.expect("it is never closed").forget();
        let (number, text) = log.text();
        // Most clients name their messages so.
        let id = format!("{number:08x}-0000-4000-8000-000000000000");
        let stanza = format!(
            "<message to='{}' type='chat' id='{id}'><body>{text}</body><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/></message>",
            self.to
        );
        self.from.send(&stanza).await;
    }
}

async fn measure(service: &impl Service, scene: &Scene) -> Sent {
    let log = Log::new();
    let door = service.door(Security::Clear);
    let mut streams = all(2 * scene.pairs, |user| {
        let door = door.clone();
        async move { (user, Stream::log_in(&door, user).await) }
    })
    .await;
    streams.sort_by_key(|(user, _)| *user);
    let (mut streams, mut pairs) = (streams.into_iter(), Vec::new());
    while let (Some((_, from)), Some((_, to))) = (streams.next(), streams.next()) {
        let pair = Rc::new(Pair::new(from, to, &log));
        // So that all have arrived that are sent at the beginning.
        pair.room.add_permits(scene.window);
        pairs.push(pair);
    }
    let (start, cpu) = (Instant::now(), service.process().cpu());
    match scene.rate {
        Some(rate) => {
            let mut clock = tokio::time::interval(Duration::from_secs(1) / rate);
            for pair in pairs.iter().cycle().take(scene.messages) {
                clock.tick().await;
                pair.send(&log).await;
            }
        }
        None => {
            let mut sending = JoinSet::new();
            for pair in &pairs {
                let (pair, log) = (pair.clone(), log.clone());
                let count = scene.messages / scene.pairs;
                sending.spawn_local(async move {
                    for _ in 0..count {
                        pair.send(&log).await;
                    }
                });
            }
            while let Some(ended) = sending.join_next().await {
                ended.expect("a sender");
            }
        }
    }
    let count = scene.messages;
    log.complete(count).await;
    let span = start.elapsed();
    let cpu = service.process().cpu() - cpu;
    Sent {
        delivery: Spread::of(log.take_spans()),
        rate: count as f64 / span.as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / count as f64,
    }
}

/// How long it takes until what is written over a file is on the disk of the servers.
fn disk() -> Spread {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let file = File::create(directory.path().join("pages")).expect("a file");
    let sync = |number: usize| {
        let start = Instant::now();
        file.write_all_at(&[1; PAGE], (number * PAGE) as u64)
            .and_then(|()| file.sync_data())
            .expect("room on the disk");
        start.elapsed()
    };
    // The file has its size afterwards.
    (0..SYNCS).map(sync).for_each(drop);
    Spread::of((0..SYNCS).map(sync).collect())
}

/// Prints both; Prosody with each archive.
pub async fn compare(fbchatd: &Path) {
    let files = "its archive in files, for which nobody waits";
    let database = "its archive in SQLite, and waits for the disk";
    for (archive, name, scenes) in [
        (Archive::Files, files, &SCENES[..]),
        (Archive::Sqlite, database, &ON_DISK[..]),
    ] {
        println!("messages; Prosody has {name}");
        for scene in scenes {
            println!("  {:30} one fdatasync {}", "", disk());
            let data = Data::with_accounts(fbchatd, 2 * PAIRS);
            let server = ours::serve(&data);
            let commits = server.server.commits().await;
            let ours = measure(&server, scene).await;
            let commits = server.server.commits().await - commits;
            drop(server);
            let accounts = Accounts::new(2 * PAIRS);
            let theirs = measure(&accounts.serve(archive), scene).await;
            let text = |sent: &Sent| {
                let Sent {
                    delivery,
                    rate,
                    cpu,
                } = sent;
                format!("{delivery}; {rate:.0}/s, {cpu:.0} us of CPU each")
            };
            let ratio = ours.delivery.median / theirs.delivery.median;
            row(scene.what, text(&ours), text(&theirs), ratio);
            let ratio = ours.rate / theirs.rate;
            let commits = commits as f64 / scene.messages as f64;
            println!(
                "  {:30} messages/s ratio {ratio:.2}; fbchatd has made {commits:.2} commits for each",
                ""
            );
        }
    }
}
