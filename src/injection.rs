//! Panics on demand, where bugs would be worst, to see that they stay inside. In the library only with the feature
//! `fault-injection`, which no library has that is given out.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicI32, Ordering};

/// Where a panic can be had.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(crate) enum Place {
    /// The next call of the C interface.
    Call = 1,
    /// The next session's task that does something.
    Session = 2,
    /// The next exchange with a server.
    Exchange = 3,
    /// The worker thread itself.
    Worker = 4,
}

static ARMED: AtomicI32 = AtomicI32::new(0);

/// The next that comes by at the place of this number panics.
pub(crate) fn arm(place: i32) {
    ARMED.store(place, Ordering::SeqCst);
}

/// Panics if this place is armed, once.
pub(crate) fn pass(place: Place) {
    let here = place as i32;
    let armed = ARMED.compare_exchange(here, 0, Ordering::SeqCst, Ordering::SeqCst);
    assert!(armed.is_err(), "injected: {place:?}");
}

/// Comes by at the worker's place again and again.
pub(crate) async fn haunt_worker() -> ! {
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        pass(Place::Worker);
    }
}
