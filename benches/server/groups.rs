//! How long a message to a group of fifty takes to all of them, compared with one to a friend.

use crate::chat::{Data, people};
use crate::http::Connection;
use crate::load::{Server, hold_and_send};
use crate::table::row;
use std::path::Path;

const MEMBERS: usize = 50;
/// Messages per second, and how many.
const RATE: usize = 20;
const COUNT: usize = 400;

/// Prints both. In both cases all members hold polls.
pub async fn compare(fbchatd: &Path) {
    let data = Data::new(fbchatd);
    data.befriend_first();
    let server = data.serve();
    let people = people(&server, MEMBERS).await;
    let [owner, others @ ..] = &people[..] else {
        return;
    };
    let mut connection = Connection::open(server.address()).await;
    let group = owner.group(&mut connection, others).await;
    let Some(friend) = others.first().cloned() else {
        return;
    };
    let recipients = [(group, MEMBERS - 1), (friend, 1)];
    let spreads = hold_and_send(&server, &people, recipients, RATE, COUNT).await;
    if let [to_group, to_friend] = spreads[..] {
        let ratio = to_group.median / to_friend.median;
        row("from send to receiver, 20/s", to_group, to_friend, ratio);
    }
}
