//! How fast a large file is uploaded and downloaded, and how much memory each of many transfers takes, compared with nginx.

use crate::chat::{Data, Fbchatd, Person, people};
use crate::http::Connection;
use crate::load::Server;
use crate::nchan::Nchan;
use crate::table::row;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::process::Process;
use tokio::task::JoinSet;
use tokio::time::timeout;

const SIZE: usize = 25 << 20;
/// How often the file is transferred alone.
const ROUNDS: usize = 9;
/// Transfers at the same time, each of another user.
const AT_ONCE: usize = 50;
/// How often memory is read during the transfers.
const EVERY: Duration = Duration::from_millis(2);
/// KiB that a transfer may take.
const GOAL: usize = 1024;
const MIB: f64 = (1 << 20) as f64;

/// A user who has files on a server.
trait Owner: 'static {
    /// Uploads this content under this number; returns the request that downloads it.
    async fn upload(&self, connection: &mut Connection, number: usize, content: &[u8]) -> String;
}

impl Owner for Person {
    async fn upload(&self, connection: &mut Connection, number: usize, content: &[u8]) -> String {
        let (request, end) = Person::upload(self, number, content.len());
        let answer = connection.upload(&request, content, &end).await;
        assert!(answer.body.contains("\"file_id\""), "{}", answer.body);
        self.download(&answer)
    }
}

/// A directory of nginx.
struct Directory(usize);

impl Owner for Directory {
    async fn upload(&self, connection: &mut Connection, number: usize, content: &[u8]) -> String {
        let (directory, length) = (self.0, content.len());
        let path = format!("/files/{directory}/{number}");
        let request =
            format!("PUT {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\n\r\n");
        let answer = connection.upload(&request, content, "").await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n")
    }
}

/// Figures of the two directions.
struct Transfers {
    upload: f64,
    download: f64,
}

/// MiB per second of one transfer at a time, the median of the rounds.
async fn alone(server: &impl Server, owner: &impl Owner, content: &[u8]) -> Transfers {
    let mut connection = Connection::open(server.address()).await;
    let (mut uploads, mut downloads) = (Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        let start = Instant::now();
        let request = owner.upload(&mut connection, number, content).await;
        uploads.push(start.elapsed());
        let start = Instant::now();
        let length = connection.download(&request).await;
        downloads.push(start.elapsed());
        assert_eq!(length, content.len(), "bytes of the file");
    }
    let rate = |mut spans: Vec<Duration>| {
        spans.sort();
        let median = spans
            .get(ROUNDS / 2)
            .map_or(f64::NAN, Duration::as_secs_f64);
        content.len() as f64 / MIB / median
    };
    Transfers {
        upload: rate(uploads),
        download: rate(downloads),
    }
}

/// The most memory in KiB that the process takes more than before, until all have ended, and what they return.
async fn growth<T: 'static>(process: &Process, mut tasks: JoinSet<T>) -> (f64, Vec<T>) {
    let before = process.rss();
    let (mut most, mut results) = (before, Vec::new());
    loop {
        match timeout(EVERY, tasks.join_next()).await {
            Ok(Some(ended)) => results.push(ended.expect("a transfer")),
            Ok(None) => return (most - before, results),
            Err(_) => {}
        }
        most = process.rss().max(most);
    }
}

/// KiB of memory for each transfer while every owner has one.
async fn together<O: Owner>(
    server: &impl Server,
    owners: &[Rc<O>],
    content: &Rc<[u8]>,
) -> Transfers {
    let (address, mut uploads) = (server.address(), JoinSet::new());
    for owner in owners {
        let (owner, content) = (owner.clone(), content.clone());
        let mut connection = Connection::open(address).await;
        uploads.spawn_local(async move {
            let request = owner.upload(&mut connection, ROUNDS, &content).await;
            (connection, request)
        });
    }
    let (upload, uploaded) = growth(server.process(), uploads).await;
    let mut downloads = JoinSet::new();
    for (mut connection, request) in uploaded {
        downloads.spawn_local(async move { connection.download(&request).await });
    }
    let (download, lengths) = growth(server.process(), downloads).await;
    assert_eq!(
        lengths,
        vec![content.len(); owners.len()],
        "bytes of the files"
    );
    let each = |all: f64| all / owners.len() as f64;
    Transfers {
        upload: each(upload),
        download: each(download),
    }
}

fn serve(data: &Data) -> Fbchatd {
    data.serve_with(&[
        ("FBCHATD_FILES_PER_DAY_MIB", "0"),
        ("FBCHATD_FILES_TOTAL_MIB", "0"),
    ])
}

/// Prints both. Memory is that of servers which have transferred nothing before.
pub async fn compare(fbchatd: &Path, nginx: &Path) {
    let data = Data::new(fbchatd);
    let people = people(&data.serve(), AT_ONCE).await;
    let directories: Vec<_> = (0..AT_ONCE).map(|each| Rc::new(Directory(each))).collect();
    let ([person, ..], [directory, ..]) = (&people[..], &directories[..]) else {
        return;
    };
    // Not a picture, and nothing that a file system could store sparsely.
    let content: Rc<[u8]> = (0..SIZE).map(|at| ((at * at) >> 7) as u8).collect();

    let ours = alone(&serve(&data), &**person, &content).await;
    let theirs = alone(&Nchan::start(nginx), &**directory, &content).await;
    let rate = |rate: f64| format!("{rate:.0} MiB/s");
    for (what, ours, theirs) in [
        ("upload", ours.upload, theirs.upload),
        ("download", ours.download, theirs.download),
    ] {
        let what = format!("{what} of {} MiB", SIZE >> 20);
        row(&what, rate(ours), rate(theirs), ours / theirs);
    }

    let ours = together(&serve(&data), &people, &content).await;
    let theirs = together(&Nchan::start(nginx), &directories, &content).await;
    // No ratio: the peer may need nothing.
    for (what, ours, theirs) in [
        ("uploads", ours.upload, theirs.upload),
        ("downloads", ours.download, theirs.download),
    ] {
        let what = format!("{AT_ONCE} {what} at once");
        println!("  {what:30} {ours:.0} KiB each (goal {GOAL}), nginx {theirs:.0}");
    }
}
