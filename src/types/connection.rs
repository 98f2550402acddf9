//! What hosts are told of the connection to the server.

#![forbid(unsafe_code)]

use super::Millis;
use crate::status::Problem;

/// The state of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The password is being sent.
    LoggingIn,
    /// Logged in; reading the page that names the channel and the tokens.
    LoadingPage,
    /// Requesting the buddy list and the channel's sequence number.
    OpeningChannel,
    /// The long-poll is held: messages arrive.
    Connected,
    /// Something failed; the next attempt follows.
    Waiting {
        /// Time until the next attempt; 0 = at once.
        wait_ms: Millis,
        /// The failure.
        problem: Problem,
    },
}
