//! Log lines on their way to the host: a bounded ring per client, handed over while the host polls.
//!
//! Not the `log` crate, whose logger belongs to the whole process. No line holds text, address, cookie or password.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something is broken.
    Error = 1,
    /// Something failed and is tried again.
    Warn = 2,
    /// Milestones of a session.
    Info = 3,
    /// Every exchange.
    Debug = 4,
    /// Everything.
    Trace = 5,
}

/// What takes a log line; called only on a thread that polls.
pub type LogSink = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// Which lines the host wants, and where.
#[derive(Clone)]
pub struct LogSettings {
    /// The least important level still wanted.
    pub level: Level,
    /// Called on the thread that polls, without a lock held.
    pub sink: LogSink,
}

impl fmt::Debug for LogSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSettings({:?})", self.level)
    }
}

/// Greatest number of waiting lines; older ones give way.
const RING: usize = 1000;

/// The waiting lines.
#[derive(Debug, Default)]
pub(super) struct Ring {
    lines: VecDeque<(Level, String)>,
    lost: u64,
}

impl Ring {
    pub(super) fn push(&mut self, level: Level, line: String) {
        if self.lines.len() >= RING {
            self.lines.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        self.lines.push_back((level, line));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All waiting lines, oldest first, with a word about those that gave way.
    pub(super) fn take(&mut self) -> VecDeque<(Level, String)> {
        let mut lines = std::mem::take(&mut self.lines);
        if self.lost > 0 {
            lines.push_front((Level::Warn, format!("{} log lines were dropped", self.lost)));
            self.lost = 0;
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_is_bounded_and_says_what_it_dropped() {
        let mut ring = Ring::default();
        for number in 0..RING + 5 {
            ring.push(Level::Info, number.to_string());
        }
        let lines = ring.take();
        assert_eq!(lines.len(), RING + 1);
        assert_eq!(lines[0].1, "5 log lines were dropped");
        assert_eq!(lines[1].1, "5");
        assert!(ring.is_empty() && ring.take().is_empty());
    }
}
