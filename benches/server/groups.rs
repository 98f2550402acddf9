//! How long a message to a group of fifty takes to reach all members, compared with one to a friend: at a low rate, and a thousand per second.

use crate::chat::{Data, people};
use crate::http::Connection;
use crate::load::{Server, Steady, Ways, hold_and_send};
use crate::table::row;
use std::path::Path;

const MEMBERS: usize = 50;
/// Groups, each with another sender; the same users are the members of all.
const GROUPS: usize = 10;
/// Messages per second, and how many.
const RATES: [(usize, usize); 2] = [(20, 400), (1000, 10_000)];

/// Everybody can be added to a group by a friend.
const FRIENDS: &[u8] = b"
INSERT OR IGNORE INTO friends(uid, friend)
    SELECT one.uid, other.uid FROM users AS one, users AS other
        WHERE one.uid BETWEEN 200000 AND 200049 AND other.uid BETWEEN 200000 AND 200049 AND one.uid <> other.uid;
";

/// Prints both. In both cases all members hold polls.
pub async fn compare(fbchatd: &Path) {
    let data = Data::new(fbchatd);
    data.sql(FRIENDS);
    let server = data.serve();
    let people = people(&server, MEMBERS).await;
    let mut connection = Connection::open(server.address()).await;
    let (mut to_groups, mut to_friends) = (Vec::new(), Vec::new());
    for place in 0..GROUPS {
        // The owner is the first.
        let mut members = people.clone();
        members.rotate_left(place);
        if let [owner, friend, ..] = &members[..] {
            let others = members.get(1..).unwrap_or_default();
            let group = owner.group(&mut connection, others).await;
            to_groups.push((owner.clone(), group));
            to_friends.push((owner.clone(), friend.clone()));
        }
    }
    let ways = [(to_groups, MEMBERS - 1), (to_friends, 1)];
    let ways = ways.map(|(pairs, receivers)| Ways { pairs, receivers });
    let results = hold_and_send(&server, &people, &ways, &RATES).await;
    for ((rate, _), results) in RATES.iter().zip(results.chunks_exact(ways.len())) {
        if let [to_group, to_friend] = results {
            let text = |steady: &Steady| format!("{}; {:.0}/s", steady.delivery, steady.rate);
            let ratio = to_group.delivery.median / to_friend.delivery.median;
            let what = format!("send to last receiver, {rate}/s");
            row(&what, text(to_group), text(to_friend), ratio);
        }
    }
}
