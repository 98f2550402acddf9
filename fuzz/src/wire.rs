//! Replies of the server: the envelope of ajax calls with every payload, and the channel with every item.

use fbchat::protocol::fuzzing;
use fbchat::types::Uid;

const OWN: Uid = Uid(2);
const LIMIT: usize = 50;

pub fn run(data: &[u8]) {
    assert!(fuzzing::channel_reply(super::server(), data, OWN, LIMIT) <= LIMIT);
    fuzzing::ajax_reply(super::server(), data, OWN);
}
