//! What a session needs to know before it starts.

use super::endpoints::ServerAddress;
use crate::types::{Millis, OwnPresence};

/// What [`SessionConfig::call_timeout`] is unless told otherwise, in milliseconds.
pub const CALL_TIMEOUT: Millis = 30_000;

/// What a session needs to know before it starts.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Where the server is.
    pub server: ServerAddress,
    /// Randomness for message ids, nonces and jitter; must differ from session to session.
    pub seed: u64,
    /// An ordinary call must be answered within this time.
    pub call_timeout: Millis,
    /// Greatest number of items in a reply of the channel; `None` = what the server announces.
    pub batch: Option<u32>,
    /// How the user comes in.
    pub presence: OwnPresence,
}

impl SessionConfig {
    /// With the defaults.
    pub fn new(server: ServerAddress, seed: u64) -> Self {
        SessionConfig {
            server,
            seed,
            call_timeout: CALL_TIMEOUT,
            batch: None,
            presence: OwnPresence::default(),
        }
    }
}
