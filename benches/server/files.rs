//! How fast a large file is uploaded and downloaded, and how much memory each of many transfers takes, compared with nginx.

use crate::chat::{Data, Fbchatd, Person, people};
use crate::http::Connection;
use crate::load::Server;
use crate::nchan::Nchan;
use crate::table::row;
use crate::transfers;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::process::Process;
use tokio::task::JoinSet;
use tokio::time::timeout;

const SIZE: usize = 25 << 20;
/// How often the file is transferred alone.
const ROUNDS: usize = 9;
/// Transfers at the same time, each of another user, and those of the library.
const AT_ONCE: usize = 50;
const OF_LIBRARY: usize = 20;
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

/// The same, made durable after the upload as fbchatd does: the file, and then its name.
struct Durable {
    directory: Directory,
    /// Where nginx keeps it.
    place: PathBuf,
}

impl Owner for Durable {
    async fn upload(&self, connection: &mut Connection, number: usize, content: &[u8]) -> String {
        let request = self.directory.upload(connection, number, content).await;
        for path in [&self.place.join(number.to_string()), &self.place] {
            let synced = File::open(path).and_then(|file| file.sync_all());
            synced.expect("a file of nginx");
        }
        request
    }
}

/// Figures of the two directions.
struct Transfers {
    upload: f64,
    download: f64,
}

/// One transfer at a time.
struct Alone<'a, O> {
    owner: &'a O,
    connection: Connection,
    uploads: Vec<Duration>,
    downloads: Vec<Duration>,
}

impl<'a, O: Owner> Alone<'a, O> {
    async fn new(server: &impl Server, owner: &'a O) -> Self {
        Alone {
            owner,
            connection: Connection::open(server.address()).await,
            uploads: Vec::new(),
            downloads: Vec::new(),
        }
    }

    async fn round(&mut self, number: usize, content: &[u8]) {
        let start = Instant::now();
        let request = self
            .owner
            .upload(&mut self.connection, number, content)
            .await;
        self.uploads.push(start.elapsed());
        let start = Instant::now();
        let length = self.connection.download(&request).await;
        self.downloads.push(start.elapsed());
        assert_eq!(length, content.len(), "bytes of the file");
    }

    /// MiB per second, the medians.
    fn rates(self) -> Transfers {
        let rate = |mut spans: Vec<Duration>| {
            spans.sort();
            let median = spans
                .get(ROUNDS / 2)
                .map_or(f64::NAN, Duration::as_secs_f64);
            SIZE as f64 / MIB / median
        };
        Transfers {
            upload: rate(self.uploads),
            download: rate(self.downloads),
        }
    }
}

/// All servers take turns, so that other load on the machine affects each of them.
async fn compare_alone(data: &Data, person: &Person, nginx: &Path, content: &[u8]) {
    let (server, peer) = (serve(data), Nchan::start(nginx));
    let [plain, durable] = [0, 1].map(|number| peer.files().join(number.to_string()));
    let (directory, durable) = (
        Directory(0),
        Durable {
            directory: Directory(1),
            place: durable,
        },
    );
    let mut ours = Alone::new(&server, person).await;
    let mut theirs = Alone::new(&peer, &directory).await;
    let mut synced = Alone::new(&peer, &durable).await;
    for number in 0..ROUNDS {
        ours.round(number, content).await;
        theirs.round(number, content).await;
        // Otherwise the system would write it to the disk while the others are measured.
        std::fs::remove_file(plain.join(number.to_string())).expect("a file of nginx");
        synced.round(number, content).await;
    }
    let rate = |rate: f64| format!("{rate:.0} MiB/s");
    let (ours, theirs, synced) = (ours.rates(), theirs.rates(), synced.rates());
    for (what, ours, theirs) in [
        ("upload", ours.upload, theirs.upload),
        ("upload, both durable", ours.upload, synced.upload),
        ("download", ours.download, theirs.download),
    ] {
        let what = format!("{what}, {} MiB", SIZE >> 20);
        row(&what, rate(ours), rate(theirs), ours / theirs);
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

/// Memory of the library, in a process of its own.
fn compare_library(data: &Data, content: &[u8]) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let file = dir.path().join("bench.bin");
    std::fs::write(&file, content).expect("a file");
    let growth = transfers::measure(serve(data).address(), OF_LIBRARY, &file);
    for (what, each) in [("uploads", growth.upload), ("downloads", growth.download)] {
        let what = format!("{OF_LIBRARY} {what} of the library");
        println!("  {what:30} {each:.0} KiB each (goal {GOAL})");
    }
}

/// Prints both. Memory is that of servers which have transferred nothing before.
pub async fn compare(fbchatd: &Path, nginx: &Path) {
    let data = Data::new(fbchatd);
    let people = people(&serve(&data), AT_ONCE).await;
    let directories: Vec<_> = (0..AT_ONCE).map(|each| Rc::new(Directory(each))).collect();
    let Some(person) = people.first() else {
        return;
    };
    // Not a picture, and nothing that a file system could store sparsely.
    let content: Rc<[u8]> = (0..SIZE).map(|at| ((at * at) >> 7) as u8).collect();

    compare_alone(&data, person, nginx, &content).await;

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
    compare_library(&data, &content);
}
