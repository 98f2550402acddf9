//! Waiting for descriptors of the host until they can be read or written, without changing their modes.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, BorrowedFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The direction of the transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

/// True if the system would not let the calling thread wait. Descriptors of the host may be in blocking mode, and changing that
/// would change it for the host, too.
pub(super) fn is_ready(fd: BorrowedFd<'_>, direction: Direction) -> bool {
    let mut asked = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: match direction {
            Direction::Read => libc::POLLIN,
            Direction::Write => libc::POLLOUT,
        },
        revents: 0,
    };
    // SAFETY: one entry, which lives during the call; the descriptor is open, since it is borrowed.
    let found = unsafe { libc::poll(&raw mut asked, 1, 0) };
    // An end of file or an error can be read at once, too.
    found > 0
}

/// A file of the host that is used without blocking the thread.
#[derive(Debug)]
pub(super) enum Watched {
    /// A pipe, a socket or a device, which may not be ready.
    Watched(AsyncFd<File>),
    /// What the system cannot watch: files, and devices such as `/dev/null`. They are always ready.
    Direct(File),
}

/// Watches a descriptor; to be called on the worker's thread.
///
/// # Errors
/// The system has no room for it.
pub(super) fn watch(file: File, direction: Direction) -> io::Result<Watched> {
    if file.metadata()?.is_file() {
        return Ok(Watched::Direct(file));
    }
    let interest = match direction {
        Direction::Read => Interest::READABLE,
        Direction::Write => Interest::WRITABLE,
    };
    // SAFETY: the file owns its open descriptor, and stays in there until it is not watched any more.
    match unsafe { AsyncFd::register_with_interest(file, interest) } {
        Ok(watched) => Ok(Watched::Watched(watched)),
        Err(error) => match error.into_parts() {
            (file, error) if error.kind() == ErrorKind::PermissionDenied => {
                Ok(Watched::Direct(file))
            }
            (_, error) => Err(error),
        },
    }
}
