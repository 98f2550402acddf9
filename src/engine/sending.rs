//! Messages of one session that were accepted and have no answer yet.

#![forbid(unsafe_code)]

use super::error::CallError;
use crate::protocol::Unsettled;
use crate::types::RequestId;
use std::collections::VecDeque;

/// Greatest number of messages, which do not count as requests; and of bytes in them. They also bound the saved session.
pub(super) const MAX_MESSAGES: usize = 4_096;
const MAX_BYTES: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Sending {
    /// Oldest first.
    messages: VecDeque<(RequestId, Unsettled)>,
    /// A message was refused because too many wait. Later ones would leave a hole, so they are refused until none waits.
    refusing: bool,
}

impl Sending {
    /// Whether there is room for a message of this length.
    pub(super) fn check(&mut self, bytes: usize) -> Result<(), CallError> {
        let waiting = self.messages().map(|message| message.text.len());
        let bytes = waiting.fold(bytes, usize::saturating_add);
        self.refusing |= self.messages.len() >= MAX_MESSAGES || bytes > MAX_BYTES;
        match self.refusing {
            true => Err(CallError::MessagesFull),
            false => Ok(()),
        }
    }

    /// A message was accepted.
    pub(super) fn add(&mut self, request: RequestId, message: Unsettled) {
        self.messages.push_back((request, message));
    }

    /// A request is answered; it may be one of these.
    pub(super) fn answered(&mut self, request: RequestId) {
        self.messages.retain(|(sent, _)| *sent != request);
        self.refusing &= !self.messages.is_empty();
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Unsettled> {
        self.messages.iter().map(|(_, message)| message)
    }
}
