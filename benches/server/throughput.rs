//! What a message costs when messages are sent as fast as the server takes them, compared with nginx and nchan.

use crate::chat::{Data, people};
use crate::load::{Flood, flood, flood_one};
use crate::nchan::Nchan;
use crate::table::row;
use std::path::Path;

/// Pairs of users, one of whom sends while the other fetches.
const PAIRS: [usize; 4] = [1, 16, 64, 256];
/// Users who send to one at the same time.
const SENDERS: usize = 16;
/// Messages that they send. The peer passes on one with each answer, so it takes its time.
const TO_ONE: usize = 5_000;
/// Messages of each sender, and the most of all together.
const EACH: usize = 2_000;
const MESSAGES: usize = 20_000;
const ROUNDS: usize = 3;

/// Prints messages per second and CPU time per message, each the median of some rounds.
pub async fn compare(fbchatd: &Path, nginx: &Path) {
    let data = Data::new(fbchatd);
    data.befriend_first();
    let most = PAIRS.into_iter().max().unwrap_or_default() * 2;
    let persons = people(&data.serve(), most).await;
    let subscribers = Nchan::people(most);
    for pairs in PAIRS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let messages = MESSAGES.min(EACH * pairs);
        for _ in 0..ROUNDS {
            ours.push(flood(&data.serve(), &persons, pairs, messages).await);
            theirs.push(flood(&Nchan::start(nginx), &subscribers, pairs, messages).await);
        }
        print(&format!("{pairs} pairs, as fast as possible"), ours, theirs);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let persons = persons.get(..=SENDERS).unwrap_or_default();
        let subscribers = subscribers.get(..=SENDERS).unwrap_or_default();
        ours.push(flood_one(&data.serve(), persons, TO_ONE).await);
        theirs.push(flood_one(&Nchan::start(nginx), subscribers, TO_ONE).await);
    }
    print(&format!("{SENDERS} send to one"), ours, theirs);
}

/// Prints what does not depend on how busy the machine is: so many pairs send so many messages through fbchatd alone.
pub async fn count(fbchatd: &Path, [pairs, messages]: [usize; 2]) {
    let data = Data::new(fbchatd);
    let persons = people(&data.serve(), 2 * pairs).await;
    let flood = flood(&data.serve(), &persons, pairs, messages).await;
    println!(
        "{pairs} pairs, {messages} messages: {:.1} us of CPU, {:.2} waits of threads, {:.3} commits for each",
        flood.cpu, flood.waits, flood.commits
    );
}

fn print(what: &str, ours: Vec<Flood>, theirs: Vec<Flood>) {
    let (ours, theirs) = (median(ours), median(theirs));
    let text = |flood: &Flood| {
        format!(
            "{:.0} messages/s, {:.1} us of CPU each",
            flood.rate, flood.cpu
        )
    };
    let ratio = ours.rate / theirs.rate;
    row(what, text(&ours), text(&theirs), ratio);
    println!("  {:30} CPU ratio {:.2}", "", ours.cpu / theirs.cpu);
}

/// The medians of both figures.
pub fn median(floods: Vec<Flood>) -> Flood {
    let middle = |figures: Vec<f64>| {
        let mut figures = figures;
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Flood {
        rate: middle(floods.iter().map(|flood| flood.rate).collect()),
        cpu: middle(floods.iter().map(|flood| flood.cpu).collect()),
        waits: middle(floods.iter().map(|flood| flood.waits).collect()),
        commits: middle(floods.iter().map(|flood| flood.commits).collect()),
    }
}
