//! Panics on demand, where bugs would do most harm, for tests that a panic does not leave the library. Compiled only with the
//! feature `fault-injection`, which no release has.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicI32, Ordering};

/// Where a panic can be injected.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(crate) enum Place {
    /// The next call of the C interface.
    Call = 1,
    /// The next session's task that processes commands.
    Session = 2,
    /// The next exchange with a server.
    Exchange = 3,
    /// The worker thread itself.
    Worker = 4,
}

static ARMED: AtomicI32 = AtomicI32::new(0);

/// Makes the next pass of the place with this number panic.
pub(crate) fn arm(place: i32) {
    ARMED.store(place, Ordering::SeqCst);
}

/// Panics once if this place is armed.
pub(crate) fn pass(place: Place) {
    let here = place as i32;
    let armed = ARMED.compare_exchange(here, 0, Ordering::SeqCst, Ordering::SeqCst);
    assert!(armed.is_err(), "injected: {place:?}");
}

/// Passes the worker's place every millisecond.
pub(crate) async fn watch_worker() -> ! {
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        pass(Place::Worker);
    }
}
