//! The worker thread: runs the protocol sessions of one client over the network and queues what they tell.
//!
//! Knows nothing of C, and holds no state outside of the client that owns it but the counter that makes ids unique.

#![deny(unsafe_code)]

mod answers;
mod dns;
mod driver;
mod error;
mod http;
mod log;
mod queue;
#[cfg(test)]
mod queue_hammer_tests;
#[cfg(test)]
mod queue_model_tests;
#[cfg(test)]
mod queue_tests;
mod requests;
mod roster;
mod seat;
mod sync;
#[allow(unsafe_code)]
mod wake;
mod worker;

pub(crate) use crate::protocol::SavedState;
pub use crate::protocol::ServerAddressError;
pub use error::CallError;
pub use log::{Level, LogSettings};
pub use queue::{Polled, SessionEvent};
pub use seat::SessionId;
pub(crate) use worker::Engine;

use sync::lock;
