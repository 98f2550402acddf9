//! What both sides of a stream have counted (XEP-0198), and the stanzas that the client has not acknowledged yet.

use std::collections::VecDeque;

use crate::types::Seq;

/// While this many stanzas or bytes are not acknowledged, the channel is not read.
const STANZAS: usize = 250;
const BYTES: usize = 256 << 10;
/// So many times as much is never kept: a client that asks and asks and acknowledges nothing loses its connection.
const FLOOD: usize = 8;

struct Sent {
    stanza: String,
    /// All items of the channel below this number were sent before.
    below: Seq,
}

/// What both sides have counted since the client has asked for it.
#[derive(Default)]
pub struct Management {
    /// The name under which the session can be resumed.
    pub id: Option<String>,
    /// Stanzas from the client, and stanzas that it has acknowledged.
    pub received: u32,
    acknowledged: u32,
    unacknowledged: VecDeque<Sent>,
    bytes: usize,
    /// Whether the client has been asked what has arrived.
    is_asked: bool,
}

impl Management {
    /// Nothing is counted yet.
    pub fn new(id: Option<String>) -> Self {
        Management {
            id,
            ..Management::default()
        }
    }

    /// All items of the channel below this number are acknowledged; `None` if all that were sent are.
    pub fn first(&self) -> Option<Seq> {
        self.unacknowledged.front().map(|sent| sent.below)
    }

    /// What has to be sent again over another connection.
    pub fn again(&mut self) -> String {
        self.is_asked = false;
        let stanzas = self.unacknowledged.iter();
        stanzas.map(|sent| sent.stanza.as_str()).collect()
    }

    /// Counts a stanza to the client.
    pub fn sent(&mut self, stanza: String, below: Seq) {
        self.bytes += stanza.len();
        self.unacknowledged.push_back(Sent { stanza, below });
    }

    /// Whether more items of the channel can be sent.
    pub fn has_room(&self) -> bool {
        self.unacknowledged.len() < STANZAS && self.bytes < BYTES
    }

    /// Whether the client lets it get too much.
    pub fn is_flooded(&self) -> bool {
        self.unacknowledged.len() > STANZAS * FLOOD || self.bytes > BYTES * FLOOD
    }

    /// Whether the client is to be asked now; true once for everything that was sent meanwhile.
    pub fn asks(&mut self) -> bool {
        !self.unacknowledged.is_empty() && !std::mem::replace(&mut self.is_asked, true)
    }

    /// The client has `count` stanzas; false if it never got as many.
    pub fn acknowledge(&mut self, count: u32) -> bool {
        let more = count.wrapping_sub(self.acknowledged) as usize;
        if more > self.unacknowledged.len() {
            return false;
        }
        for sent in self.unacknowledged.drain(..more) {
            self.bytes -= sent.stanza.len();
        }
        self.acknowledged = count;
        self.is_asked = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_is_forgotten_and_nothing_else() {
        let mut management = Management {
            acknowledged: u32::MAX,
            ..Management::default()
        };
        for number in 0..3 {
            management.sent("x".repeat(10), Seq(number));
        }
        assert!(management.asks() && !management.asks());
        assert!(!management.acknowledge(3));
        // Counts go on from 0 after the greatest.
        assert!(management.acknowledge(0));
        assert_eq!(management.unacknowledged.front().unwrap().below, Seq(1));
        assert!(management.asks() && management.bytes == 20);
        assert!(management.acknowledge(2) && !management.asks());
        assert_eq!(management.bytes, 0);
        assert!(!management.acknowledge(1));
        while management.has_room() {
            management.sent("x".repeat(2000), Seq(9));
        }
        assert!(management.bytes <= BYTES + 2000 && !management.is_flooded());
    }
}
