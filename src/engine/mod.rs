//! The worker thread: runs the protocol sessions of one client over the network and queues their events.
//!
//! Knows nothing of C. The only state outside of the client that owns it is the counter that makes ids unique.

#![deny(unsafe_code)]

mod alarm;
mod answer_reader;
mod buddy_cache;
mod core;
mod dns;
mod driver;
mod error;
mod event_queue;
#[allow(unsafe_code)]
mod fork;
mod group_cache;
mod host_pace;
mod http;
mod id_hash;
mod log;
mod long_poll;
mod phase;
mod polled;
#[allow(unsafe_code)]
mod readiness;
mod request_wait;
mod requests;
mod sending;
mod session_handle;
mod staging;
mod superseded;
mod sync;
#[cfg(test)]
mod tests;
mod transfer;
mod transfers;
#[allow(unsafe_code)]
mod wake;
mod worker;

pub(crate) use crate::protocol::SavedState;
pub use crate::protocol::ServerAddressError;
pub use error::CallError;
pub(crate) use fork::generation;
pub use log::{Level, LogSettings};
pub use polled::{Polled, SessionEvent};
pub use session_handle::SessionId;
pub(crate) use worker::Engine;

use sync::lock;
