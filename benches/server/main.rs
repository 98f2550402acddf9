//! The load that fbchatd can carry, compared with nginx and nchan, which also holds polls but keeps messages in memory only.
//! `make bench` runs it. Each server is a process of its own; the load comes from this one.

mod attack;
mod chat;
mod cluster;
mod files;
mod groups;
mod growth;
mod http;
mod load;
mod nchan;
mod pictures;
mod search;
mod stored;
mod table;
mod throughput;
mod transfers;
mod xmpp;

use chat::Data;
use load::Server;
use nchan::Nchan;
use std::path::Path;
use table::{Spread, row};
use tokio::task::LocalSet;

const PEOPLE: usize = 10_000;
const STARTS: usize = 20;

fn start_up(data: &Data, nginx: &Path) {
    let ours = (0..STARTS).map(|_| data.serve().start_up());
    let theirs = (0..STARTS).map(|_| Nchan::start(nginx).start_up());
    let (ours, theirs) = (Spread::of(ours.collect()), Spread::of(theirs.collect()));
    let ratio = ours.median / theirs.median;
    row("from start to first answer", ours, theirs, ratio);
}

async fn hold_and_deliver(data: &Data, nginx: &Path) {
    // Sessions survive a restart; the server that holds the polls was just started.
    let people = chat::people(&data.serve(), PEOPLE).await;
    let ours = load::hold(&data.serve(), &people, load::SECONDS).await;
    let theirs = load::hold(&Nchan::start(nginx), &Nchan::people(PEOPLE), load::SECONDS).await;
    let memory = |holding: &load::Holding| {
        let (each, all) = (holding.each, holding.all / 1024.0);
        format!("{each:.1} KiB each, {all:.0} MiB in all")
    };
    let ratio = ours.each / theirs.each;
    row("held polls", memory(&ours), memory(&theirs), ratio);
    let (ours, theirs) = (ours.delivery, theirs.delivery);
    let ratio = ours.median / theirs.median;
    row("from send to receiver, 500/s", ours, theirs, ratio);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    // Cargo adds --bench.
    let (fbchatd, nginx) = match arguments[..] {
        ["--fbchatd", fbchatd, "--nginx", nginx, "--throughput", ..] => {
            let (fbchatd, nginx) = (Path::new(fbchatd), Path::new(nginx));
            LocalSet::new().block_on(&runtime, throughput::compare(fbchatd, nginx));
            return;
        }
        ["--fbchatd", fbchatd, "--nginx", nginx, "--files", ..] => {
            let (fbchatd, nginx) = (Path::new(fbchatd), Path::new(nginx));
            LocalSet::new().block_on(&runtime, files::compare(fbchatd, nginx));
            return;
        }
        ["--fbchatd", fbchatd, "--nginx", nginx, "--growth", ..] => {
            let (fbchatd, nginx) = (Path::new(fbchatd), Path::new(nginx));
            LocalSet::new().block_on(&runtime, growth::measure(fbchatd, nginx));
            return;
        }
        ["--fbchatd", fbchatd, "--cluster", messages, ..] => {
            let (fbchatd, messages) = (Path::new(fbchatd), messages.parse());
            let compared = cluster::compare(fbchatd, messages.expect("a number of messages"));
            LocalSet::new().block_on(&runtime, compared);
            return;
        }
        ["--fbchatd", fbchatd, "--groups", ..] => {
            LocalSet::new().block_on(&runtime, groups::compare(Path::new(fbchatd)));
            return;
        }
        ["--fbchatd", fbchatd, "--pictures", ..] => {
            LocalSet::new().block_on(&runtime, pictures::compare(Path::new(fbchatd)));
            return;
        }
        ["--transfers", server, sessions, file] => {
            transfers::run(server, sessions.parse().expect("a number"), Path::new(file));
            return;
        }
        ["--fbchatd", fbchatd, "--pairs", pairs, messages, ..] => {
            let numbers = [pairs, messages].map(|number| number.parse().expect("a number"));
            LocalSet::new().block_on(&runtime, throughput::count(Path::new(fbchatd), numbers));
            return;
        }
        ["--fbchatd", fbchatd, "--xmpp", ref rest @ ..] => {
            let part = rest.first().copied().filter(|part| !part.starts_with("--"));
            let streams = rest.get(1).and_then(|streams| streams.parse().ok());
            let streams = streams.unwrap_or(xmpp::STREAMS);
            let compare = xmpp::compare(Path::new(fbchatd), part, streams);
            LocalSet::new().block_on(&runtime, compare);
            return;
        }
        ["--fbchatd", fbchatd, "--nginx", nginx, ..] => (Path::new(fbchatd), Path::new(nginx)),
        ["--fbchatd", fbchatd, "--attack", ..] => {
            println!(
                "from send to receiver, and the memory of fbchatd, while one address attacks it"
            );
            LocalSet::new().block_on(&runtime, attack::withstand(Path::new(fbchatd)));
            return;
        }
        _ => {
            println!("server: run this by `make bench`, which fetches the peer");
            return;
        }
    };
    let data = Data::new(fbchatd);
    println!(
        "fbchatd with {PEOPLE} accounts; the peer is nginx with nchan, which stores nothing on disk"
    );
    start_up(&data, nginx);
    LocalSet::new().block_on(&runtime, hold_and_deliver(&data, nginx));
    LocalSet::new().block_on(&runtime, throughput::compare(fbchatd, nginx));
    println!("files; the peer is nginx, which waits for no disk");
    LocalSet::new().block_on(&runtime, files::compare(fbchatd, nginx));
    println!("fbchatd while 8 users upload pictures, one after the other; below without them");
    LocalSet::new().block_on(&runtime, pictures::compare(fbchatd));
    println!("fbchatd with groups of 50 who hold polls; below, messages to one friend");
    LocalSet::new().block_on(&runtime, groups::compare(fbchatd));
    println!("fbchatd with 100000 accounts while 20 searches a second come in; below without them");
    LocalSet::new().block_on(&runtime, search::compare(fbchatd));
}
