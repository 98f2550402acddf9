//! Connects the store to the hub.

use crate::hub::Hub;
use crate::store::Subscribers;
use crate::types::{Published, Uid};

impl Subscribers for Hub {
    fn connected(&self, uids: Vec<Uid>) -> Vec<Uid> {
        Hub::connected(self, uids)
    }

    fn deliver(&self, items: Vec<Published>) {
        self.publish(items);
    }
}
