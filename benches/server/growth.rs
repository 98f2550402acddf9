//! How the costs of fbchatd grow with accounts, stored messages and held polls. `make bench-growth` runs it.

use crate::chat::{self, Data};
use crate::load::{Server, idle};
use crate::nchan::Nchan;
use crate::table::row;
use crate::{search, stored};
use std::path::Path;
use std::time::Duration;

const ACCOUNTS: [usize; 3] = [100, 10_000, 100_000];
/// Polls that are held, and for how long. The server renews each within this time, as its peer does.
const POLLS: usize = 10_000;
const IDLE: Duration = Duration::from_secs(60);

async fn accounts(fbchatd: &Path) {
    println!("fbchatd with more and more accounts");
    for accounts in ACCOUNTS {
        let data = Data::with_accounts(fbchatd, accounts);
        let server = data.serve();
        let spans = search::measure(server.address(), 0).await;
        println!(
            "  {:30} login    {}",
            format!("{accounts} accounts"),
            spans.login
        );
        println!("  {:30} message  {}", "", spans.send);
    }
}

async fn polls(fbchatd: &Path, nginx: &Path) {
    println!("{POLLS} held polls for a minute without messages; the peer is nginx with nchan");
    let data = Data::with_accounts(fbchatd, POLLS);
    let people = chat::people(&data.serve(), POLLS).await;
    let ours = idle(&data.serve(), &people, IDLE).await;
    let theirs = idle(&Nchan::start(nginx), &Nchan::people(POLLS), IDLE).await;
    let text = |cpu: Duration| format!("{} ms of CPU", cpu.as_millis());
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    row("idle", text(ours), text(theirs), ratio);
}

/// Prints all of it.
pub async fn measure(fbchatd: &Path, nginx: &Path) {
    accounts(fbchatd).await;
    let (many, few) = (stored::MANY, stored::FEW);
    println!("fbchatd with {many} messages of one conversation; below, with {few}");
    stored::compare(fbchatd).await;
    polls(fbchatd, nginx).await;
}
