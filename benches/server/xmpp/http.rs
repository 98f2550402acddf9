//! What the service costs those who do not use it.

use crate::chat::{self, Data};
use crate::load::{self, Flood};
use crate::table::row;
use crate::throughput::median;
use crate::xmpp::ours;
use std::path::Path;

const PAIRS: usize = 64;
const MESSAGES: usize = 10_000;
const ROUNDS: usize = 3;

/// Prints held polls and messages over HTTP, with the service and without.
pub async fn compare(fbchatd: &Path, polls: usize) {
    let data = Data::with_accounts(fbchatd, polls);
    let people = chat::people(&data.serve(), polls).await;
    let off = load::hold(&data.serve(), &people, load::SECONDS).await;
    let on = load::hold(&ours::serve(&data).server, &people, load::SECONDS).await;
    let text = |held: &load::Holding| format!("{:.1} KiB each; {}", held.each, held.delivery);
    row(
        "held polls, 500 messages/s",
        text(&on),
        text(&off),
        on.each / off.each,
    );
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        with.push(load::flood(&ours::serve(&data).server, &people, PAIRS, MESSAGES).await);
        without.push(load::flood(&data.serve(), &people, PAIRS, MESSAGES).await);
    }
    let (on, off) = (median(with), median(without));
    let text = |flood: &Flood| format!("{:.1} us of CPU each", flood.cpu);
    row(
        "64 pairs, as fast as possible",
        text(&on),
        text(&off),
        on.cpu / off.cpu,
    );
}
