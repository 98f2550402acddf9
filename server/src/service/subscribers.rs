//! Connects the store to the hub.

use crate::hub::Hub;
use crate::store::{News, Subscribers};
use crate::types::{Published, Uid};

impl Subscribers for Hub {
    fn connected(&self, uids: Vec<Uid>) -> Vec<Uid> {
        Hub::connected(self, uids)
    }

    fn deliver(&self, items: Vec<Published>) {
        self.publish(items);
    }

    fn follow(&self, news: Vec<News>) {
        for news in news {
            match news {
                News::Item(item) => self.publish(vec![item]),
                News::Number(uid, seq) => self.skip(uid, seq),
                News::Elsewhere { node, uid, here } => self.set_elsewhere(node, uid, here),
                News::Visible(uid, visible) => self.set_visible_elsewhere(uid, visible),
                News::Ended(uid) => self.suspect(uid),
                News::Told(text) => self.tell(text),
                News::Reset {
                    channels,
                    elsewhere,
                    own,
                } => {
                    self.load(channels);
                    self.reset_elsewhere(elsewhere, &own);
                }
            }
        }
    }
}
