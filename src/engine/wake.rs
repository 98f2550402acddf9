//! Two things of the operating system: a thread that takes no signals, and a descriptor that is readable on demand.
//!
//! The only file outside of the C face with `unsafe`, and only for the signal mask.

use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// Runs `body` with every signal blocked in this thread, so that a thread started inside is born with them blocked:
/// signals stay the host's, from the first instruction on.
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

/// A descriptor that is readable while it is lit. Its owner's lock orders lighting and dimming.
#[derive(Debug)]
pub(super) struct Beacon {
    host: UnixStream,
    ours: UnixStream,
    lit: bool,
}

impl Beacon {
    /// Opens the pair; both ends are CLOEXEC and never block.
    pub(super) fn new() -> std::io::Result<Self> {
        let (host, ours) = UnixStream::pair()?;
        host.set_nonblocking(true)?;
        ours.set_nonblocking(true)?;
        Ok(Beacon {
            host,
            ours,
            lit: false,
        })
    }

    /// The end that the host watches.
    pub(super) fn fd(&self) -> RawFd {
        self.host.as_raw_fd()
    }

    /// Makes the descriptor readable or not. Costs a system call only on a change.
    pub(super) fn set(&mut self, lit: bool) {
        if lit == self.lit {
            return;
        }
        self.lit = lit;
        // Neither can block or be cut short: one byte travels, and only if none is there. A host that reads the
        // descriptor itself breaks only its own wake-ups.
        let _ = if lit {
            self.ours.write(&[1])
        } else {
            self.host.read(&mut [0])
        };
    }
}

/// Whether the descriptor becomes readable within this time.
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
    fn thread_started_inside_takes_no_signals_and_ours_stay_as_they_were() {
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
    fn beacon_is_readable_exactly_while_lit() {
        let mut beacon = Beacon::new().unwrap();
        for lit in [true, true, false, false, true, false] {
            beacon.set(lit);
            assert_eq!(wait_readable(beacon.fd(), 0), lit);
        }
    }
}
