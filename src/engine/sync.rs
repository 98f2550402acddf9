//! The locks of the engine. The event queue imports them from here, so that a test can replace them by loom's.

#![forbid(unsafe_code)]

pub(super) use std::sync::{Condvar, Mutex, MutexGuard};

use std::sync::PoisonError;

/// Takes a lock, poisoned or not: a panic is reported where it happens, and no update leaves the data half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
