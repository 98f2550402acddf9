//! Log lines on their way to the host: a bounded buffer per client, passed on while the host polls.
//!
//! Not the `log` crate, whose logger belongs to the whole process, and not a channel: the lines are under the event queue's
//! lock, which also controls its descriptor. No line contains a message, an address, a cookie or a password.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// The importance of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something is broken.
    Error = 1,
    /// Something failed and will be tried again.
    Warn = 2,
    /// Milestones of a session.
    Info = 3,
    /// Every exchange.
    Debug = 4,
    /// Everything.
    Trace = 5,
}

/// Receives log lines; called only on a thread that polls.
pub type LogSink = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// Which lines the host wants, and what receives them.
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

/// Greatest number of waiting lines; the oldest are dropped.
const MAX_LINES: usize = 1000;

/// The waiting lines.
#[derive(Debug, Default)]
pub(super) struct LogBuffer {
    lines: VecDeque<(Level, String)>,
    dropped: u64,
}

impl LogBuffer {
    pub(super) fn push(&mut self, level: Level, line: String) {
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.lines.push_back((level, line));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All waiting lines, oldest first, preceded by the number of lines that were dropped.
    pub(super) fn take(&mut self) -> VecDeque<(Level, String)> {
        let mut lines = std::mem::take(&mut self.lines);
        if self.dropped > 0 {
            lines.push_front((
                Level::Warn,
                format!("{} log lines were dropped", self.dropped),
            ));
            self.dropped = 0;
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_is_bounded_and_says_how_much_it_dropped() {
        let mut buffer = LogBuffer::default();
        for number in 0..MAX_LINES + 5 {
            buffer.push(Level::Info, number.to_string());
        }
        let lines = buffer.take();
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert_eq!(lines[0].1, "5 log lines were dropped");
        assert_eq!(lines[1].1, "5");
        assert!(buffer.is_empty() && buffer.take().is_empty());
    }
}
