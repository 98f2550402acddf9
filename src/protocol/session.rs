//! The state machine of one session: skeleton, being filled in.

use super::endpoints::ServerAddress;
use super::exchange::{Exchange, ExchangeId, Reply, TransportError};
use crate::types::{Command, Event, Millis, UnixMillis};

/// The driver's clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// A clock that never goes back, from any start.
    pub monotonic: Millis,
    /// The wall clock.
    pub unix: UnixMillis,
}

/// What a session needs to know before it starts.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Where the server is.
    pub server: ServerAddress,
    /// Randomness for message ids, nonces and jitter; must differ from session to session.
    pub seed: u64,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// The host asks for something.
    Command(Command),
    /// An exchange ended.
    Reply(ExchangeId, Result<Reply, TransportError>),
}

/// Something to be done.
#[derive(Debug)]
pub enum Output {
    /// Carry out an exchange and hand back its [`Input::Reply`].
    Exchange(Exchange),
    /// Drop an exchange; its reply is no longer wanted.
    Cancel(ExchangeId),
    /// Tell the host.
    Event(Event),
}

/// One login and all that belongs to it.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// A session that waits for [`Command::Login`].
    pub fn new(config: SessionConfig) -> Self {
        let _ = config;
        todo!()
    }

    /// Takes in what happened. Outputs may be due afterwards.
    pub fn handle(&mut self, now: Now, input: Input) {
        let _ = (now, input);
        todo!()
    }

    /// The next thing to be done; call until `None` after every `handle` and `handle_timeout`.
    pub fn poll_output(&mut self) -> Option<Output> {
        todo!()
    }

    /// When `handle_timeout` is due, on the monotonic clock.
    pub fn poll_timeout(&self) -> Option<Millis> {
        todo!()
    }

    /// Does what is due at this time. Harmless when called early.
    pub fn handle_timeout(&mut self, now: Now) {
        let _ = now;
        todo!()
    }

    /// Holds back (true) or lets go on (false) the next long-poll, for a host that does not keep up: the server keeps the messages.
    pub fn set_paused(&mut self, now: Now, paused: bool) {
        let _ = (now, paused);
        todo!()
    }

    /// True once [`Event::Closed`] was given out: nothing more will come.
    pub fn is_closed(&self) -> bool {
        todo!()
    }
}
