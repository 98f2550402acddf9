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
mod requests;
mod roster;
mod seat;
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

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock. A panic under it is reported where it happens; the data stays usable, since no update spans two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
