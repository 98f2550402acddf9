//! Two operating system primitives: a signal mask for new threads, and a descriptor that is readable on demand.
//!
//! `unsafe` is needed for the signal mask.

use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// Runs `body` with every signal blocked in this thread. A thread that it starts inherits the mask, so that all signals
/// are delivered to the host's own threads.
pub(super) fn with_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises `all`; pthread_sigmask reads it and initialises `before`. Neither can fail with a
    // valid `how` and valid pointers.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let result = body();
    // SAFETY: `before` was initialised above.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
    }
    result
}

/// A descriptor whose readability is set from code. The owner's lock orders the changes.
#[derive(Debug)]
pub(super) struct WakeFd {
    host: UnixStream,
    ours: UnixStream,
    readable: bool,
}

impl WakeFd {
    /// Opens the pair; both ends are CLOEXEC and never block.
    pub(super) fn new() -> std::io::Result<Self> {
        let (host, ours) = UnixStream::pair()?;
        host.set_nonblocking(true)?;
        ours.set_nonblocking(true)?;
        Ok(WakeFd {
            host,
            ours,
            readable: false,
        })
    }

    /// The end that the host watches.
    pub(super) fn fd(&self) -> RawFd {
        self.host.as_raw_fd()
    }

    /// Makes the descriptor readable or not. Only a change costs a system call.
    pub(super) fn set_readable(&mut self, readable: bool) {
        if readable == self.readable {
            return;
        }
        self.readable = readable;
        // Neither call can block or be partial: at most one byte is in the socket. A host that reads the descriptor itself
        // only breaks its own wake-ups.
        let _ = if readable {
            self.ours.write(&[1])
        } else {
            self.host.read(&mut [0])
        };
    }
}

/// True if the descriptor becomes readable within this time.
#[cfg(test)]
pub(super) fn wait_readable(fd: RawFd, timeout_ms: i32) -> bool {
    let mut pollfd = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&mut pollfd, 1, timeout_ms) == 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked_signals() -> String {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("SigBlk"))
            .unwrap();
        line.trim_start_matches("SigBlk:").trim().to_owned()
    }

    #[test]
    fn thread_started_inside_takes_no_signals_and_the_own_mask_is_restored() {
        let before = blocked_signals();
        let thread = with_signals_blocked(|| std::thread::spawn(blocked_signals));
        assert_eq!(before, blocked_signals());
        let mask = u64::from_str_radix(&thread.join().unwrap(), 16).unwrap();
        for signal in [libc::SIGTERM, libc::SIGCHLD, libc::SIGPIPE, libc::SIGUSR1] {
            assert_ne!(
                mask & (1 << (signal - 1)),
                0,
                "signal {signal} is not blocked"
            );
        }
    }

    #[test]
    fn descriptor_is_readable_exactly_when_set() {
        let mut wake_fd = WakeFd::new().unwrap();
        for readable in [true, true, false, false, true, false] {
            wake_fd.set_readable(readable);
            assert_eq!(wait_readable(wake_fd.fd(), 0), readable);
        }
    }
}
