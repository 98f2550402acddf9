//! What a poll returns.

#![forbid(unsafe_code)]

use super::session_handle::SessionId;
use crate::types::Event;

/// An event with its origin.
#[derive(Debug)]
pub struct SessionEvent {
    /// The session that reported it.
    pub session: SessionId,
    /// The value that the host passed when it opened the session.
    pub user_data: usize,
    /// What happened.
    pub event: Event,
}

/// The result of a poll.
#[derive(Debug)]
pub enum Polled {
    /// The next event.
    Event(SessionEvent),
    /// `wake` was called.
    Woken,
    /// No event within the given time.
    Nothing,
}
