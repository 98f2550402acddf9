//! Work that waits for the system, each on a thread of its own: name lookups, and reading the system's certificates.
//!
//! Not on the pool of the runtime, which panics if no thread can be started and whose end waits for a lookup that hangs.

#![forbid(unsafe_code)]

use std::io;
use tokio::sync::oneshot;

/// Does the work on a new thread. An error is the system's, which starts no thread. If the future is dropped, the thread goes on.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (sender, result) = oneshot::channel();
    let thread = std::thread::Builder::new().name("fbchat-dns".to_owned());
    thread.spawn(move || {
        // Fails if nobody waits any more.
        let _ = sender.send(work());
    })?;
    result.await.map_err(io::Error::other)
}
