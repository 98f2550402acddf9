//! fbchatd on PostgreSQL compared with SQLite, and several on one database compared with one. `make bench-cluster` runs it.
//!
//! All servers, PostgreSQL and the load share this machine, so several servers show what they cost, not what more machines would bring:
//! compare CPU time.

use crate::chat::{Data, Fbchatd, Person, people_at};
use crate::load::{Flood, Server, deliver, flood_several, hold};
use crate::table::row;
use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::postgres::Postgres;

const NODES: usize = 3;
/// Pairs who send as fast as possible.
const PAIRS: usize = 64;
/// Users who log in and hold polls.
const HELD: usize = 2_000;
/// Messages per second between servers.
const RATE: usize = 100;
/// For how long messages are sent while polls are held, and for how long pgbench runs.
const SECONDS: usize = 5;
/// What the writer does for some messages between its `BEGIN` and its `COMMIT`. From `news.rs`, `message_batches.rs` and `telling.rs` of the
/// PostgreSQL store.
const BATCH: &str = include_str!("writer.sql");

/// Logins per second, and microseconds of CPU time of all servers for each.
struct Logins {
    rate: f64,
    cpu: f64,
}

async fn log_in(servers: &[Fbchatd], count: usize) -> (Vec<Rc<Person>>, Logins) {
    let used = || servers.iter().map(|server| server.process().cpu());
    let (before, start) = (used().sum::<Duration>(), Instant::now());
    let people = people_at(servers, count).await;
    let rate = count as f64 / start.elapsed().as_secs_f64();
    let cpu = (used().sum::<Duration>() - before).as_secs_f64() * 1e6 / count as f64;
    (people, Logins { rate, cpu })
}

fn login_text(logins: &Logins) -> String {
    format!("{:.0}/s, {:.0} us of CPU each", logins.rate, logins.cpu)
}

fn flood_text(flood: &Flood) -> String {
    let (rate, cpu, batch) = (flood.rate, flood.cpu, 1.0 / flood.commits);
    format!("{rate:.0} messages/s, {cpu:.0} us of CPU each, {batch:.1} in a commit")
}

/// Messages per second that PostgreSQL takes from one connection with the writer's statements, so many in each transaction.
fn pgbench(postgres: &Postgres, database: &str, batch: usize) -> f64 {
    let mut script = "\\set pair random(0, 4999)\n".to_owned();
    let (mut ids, mut senders) = (Vec::new(), Vec::new());
    for n in 0..batch {
        let set = "random(1000000000000, 9000000000000000000)";
        let _ = writeln!(script, "\\set id{n} {set}");
        let sender = format!("200000 + 2 * ((:pair + {n}) % 5000)");
        let _ = writeln!(script, "\\set sender{n} {sender}");
        ids.push(format!(":id{n}"));
        senders.push(format!(":sender{n}"));
    }
    let array = |values: Vec<String>| format!("ARRAY[{}]::bigint[]", values.join(","));
    let statements = BATCH.replace("IDS", &array(ids));
    let statements = statements.replace("SENDERS", &array(senders));
    script += "BEGIN;\nSELECT pg_advisory_xact_lock(1);\n\\startpipeline\n";
    script += &statements;
    script += "\\endpipeline\nCOMMIT;\n";
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("a file");
    let mut command = postgres.program("pgbench");
    let seconds = SECONDS.to_string();
    command.args(["-n", "-M", "prepared", "-c", "1", "-T", &seconds, "-f"]);
    let output = command
        .arg(file.path())
        .arg(database)
        .output()
        .expect("pgbench");
    let text = String::from_utf8_lossy(&output.stdout);
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    let tps = tps.unwrap_or_else(|| panic!("{output:?}"));
    tps * batch as f64
}

/// Prints all of it. So many messages are sent as fast as possible.
pub async fn compare(fbchatd: &Path, messages: usize) {
    let postgres = Postgres::start(true);
    let database = postgres.database();
    let sqlite = Data::new(fbchatd);
    let shared = sqlite.copy_to(postgres.url(&database));
    postgres.sql(&database, "ANALYZE");

    println!("fbchatd on PostgreSQL; below, on SQLite");
    let ours = [shared.serve()];
    let theirs = [sqlite.serve()];
    let (people, our_logins) = log_in(&ours, HELD).await;
    let (peers, their_logins) = log_in(&theirs, HELD).await;
    let ratio = our_logins.cpu / their_logins.cpu;
    row(
        "logins; CPU",
        login_text(&our_logins),
        login_text(&their_logins),
        ratio,
    );
    let (our_flood, their_flood) = (
        flood_several(&ours, &people, PAIRS, messages).await,
        flood_several(&theirs, &peers, PAIRS, messages).await,
    );
    let what = format!("{PAIRS} pairs, as fast as possible");
    row(
        &what,
        flood_text(&our_flood),
        flood_text(&their_flood),
        our_flood.rate / their_flood.rate,
    );
    // Memory is compared from the start.
    drop((ours, theirs));
    let ours = hold(&shared.serve(), &people, SECONDS).await;
    let theirs = hold(&sqlite.serve(), &peers, SECONDS).await;
    let text = |each: f64| format!("{each:.1} KiB each");
    row(
        "held polls",
        text(ours.each),
        text(theirs.each),
        ours.each / theirs.each,
    );
    let (ours, theirs) = (ours.delivery, theirs.delivery);
    row(
        "from send to receiver, 500/s",
        ours,
        theirs,
        ours.median / theirs.median,
    );

    println!(
        "fbchatd on PostgreSQL; below, pgbench with the statements for messages, on one connection"
    );
    let batch = (1.0 / our_flood.commits).round().max(1.0) as usize;
    let most = pgbench(&postgres, &database, batch);
    let text = format!("{most:.0} messages/s, {batch} in a commit");
    row(&what, flood_text(&our_flood), text, our_flood.rate / most);

    println!("several fbchatd on one PostgreSQL; below, one");
    for count in 2..=NODES {
        let nodes: Vec<_> = (0..count).map(|_| shared.serve()).collect();
        let (_, logins) = log_in(&nodes, HELD).await;
        let what_logins = format!("{count}: logins; CPU");
        row(
            &what_logins,
            login_text(&logins),
            login_text(&our_logins),
            logins.cpu / our_logins.cpu,
        );
        let flood = flood_several(&nodes, &people, PAIRS, messages).await;
        let what = format!("{count}: {what}");
        row(
            &what,
            flood_text(&flood),
            flood_text(&our_flood),
            flood.rate / our_flood.rate,
        );
        if let [one, other, ..] = &nodes[..] {
            let pairs = people.get(..2 * PAIRS).unwrap_or_default();
            let load = (RATE, RATE * SECONDS);
            let same = deliver([one, one], pairs, load).await;
            let across = deliver([one, other], pairs, load).await;
            let what = format!("{count}: to another server, {RATE}/s");
            row(&what, across, same, across.median / same.median);
        }
    }
}
