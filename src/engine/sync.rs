//! The locks of the engine. The queue takes its from here, so that a test can put loom's in their place.

#![forbid(unsafe_code)]

pub(super) use std::sync::{Condvar, Mutex};

use std::sync::{MutexGuard, PoisonError};

/// Takes a lock. A panic under it is reported where it happens; the data stays usable, since no update spans two steps.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
