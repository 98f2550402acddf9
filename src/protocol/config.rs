//! What a session needs to know before it starts.

use crate::protocol::connect::resume::SavedState;
use crate::protocol::wire::endpoints::ServerAddress;
use crate::types::{Millis, OwnPresence};

/// Default of [`SessionConfig::call_timeout`], in milliseconds.
pub const CALL_TIMEOUT: Millis = 30_000;

/// What a session needs to know before it starts.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// The server's address.
    pub server: ServerAddress,
    /// Randomness for message ids, nonces and jitter; must be different for each session.
    pub seed: u64,
    /// An ordinary call must be answered within this time.
    pub call_timeout: Millis,
    /// Greatest number of items in a reply of the channel; `None` = what the server announces.
    pub batch: Option<u32>,
    /// The presence that the user has at login.
    pub presence: OwnPresence,
    /// An earlier session of the same user, whose unsettled messages are sent after the login.
    pub saved: Option<SavedState>,
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
            saved: None,
        }
    }
}
