//! Flow control: nothing more is fetched and nothing is acknowledged before the host has taken what it was given.

use crate::types::Seq;
use std::collections::VecDeque;

/// What the host has yet to take.
#[derive(Debug, Default)]
pub struct FlowControl {
    paused: bool,
    /// For each message that the host has not taken, the channel's number behind it.
    untaken: VecDeque<Seq>,
}

impl FlowControl {
    /// The host does not keep up (true), or does again (false).
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// The host has yet to take this many messages; it has taken all others.
    pub fn set_untaken(&mut self, count: usize) {
        let taken = self.untaken.len().saturating_sub(count);
        self.untaken.drain(..taken);
    }

    /// A message is handed to the host; `next` is the number behind it.
    pub fn given(&mut self, next: Seq) {
        self.untaken.push_back(next);
    }

    /// True while the next long-poll has to wait for the host.
    pub fn is_held_back(&self) -> bool {
        self.paused || !self.untaken.is_empty()
    }

    /// True if the host is about to take messages that it was given.
    pub fn is_being_taken(&self) -> bool {
        !self.paused && !self.untaken.is_empty()
    }

    /// The number of the first item that the host may not have, where `next` is the number behind the last one.
    pub fn taken_up_to(&self, next: Option<Seq>) -> Option<Seq> {
        match self.untaken.front() {
            Some(Seq(behind)) => Some(Seq(behind.saturating_sub(1))),
            None => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_has_not_taken_is_not_acknowledged() {
        let mut flow = FlowControl::default();
        assert_eq!(flow.taken_up_to(Some(Seq(7))), Some(Seq(7)));
        flow.given(Seq(8));
        flow.given(Seq(9));
        assert!(flow.is_held_back() && flow.is_being_taken());
        assert_eq!(flow.taken_up_to(Some(Seq(9))), Some(Seq(7)));
        flow.set_untaken(1);
        assert_eq!(flow.taken_up_to(Some(Seq(9))), Some(Seq(8)));
        flow.set_untaken(0);
        assert!(!flow.is_held_back() && !flow.is_being_taken());
        flow.set_paused(true);
        assert!(flow.is_held_back());
        assert_eq!(flow.taken_up_to(Some(Seq(9))), Some(Seq(9)));
    }
}
