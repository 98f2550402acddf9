//! Tells a forked child from its parent without a system call.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How often this process and its ancestors have forked since the library was loaded.
static FORKS: AtomicU32 = AtomicU32::new(0);
static WATCHED: AtomicBool = AtomicBool::new(false);

extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// A number that differs between a process and its forked children.
pub(crate) fn generation() -> u32 {
    // No lock, since a fork may happen meanwhile. Two threads may both register the handler, which only makes larger steps; one
    // that cannot be registered for want of memory is tried again.
    if !WATCHED.load(Ordering::Relaxed) {
        // SAFETY: the handler only changes an atomic number. The system forgets it when the library is unloaded.
        let error = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        WATCHED.store(error == 0, Ordering::Relaxed);
    }
    FORKS.load(Ordering::Relaxed)
}
