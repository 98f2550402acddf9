//! Where lines go: a terminal on which a line is being edited, or pipes.

use crossbeam_channel::Sender;
use rustyline::ExternalPrinter;
use std::io::{self, IsTerminal, Write};
use std::thread::Builder;
use std::time::Duration;

/// Enough for the lines that are queued; the printer may also be blocked for good when no line is being edited any more.
const FLUSH_LIMIT: Duration = Duration::from_millis(200);

/// The importance of a line: its stream in pipes, its look on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Messages, lists and answers.
    Content,
    /// Additional information.
    Notice,
    Error,
}

#[derive(Debug)]
pub enum Output {
    /// A terminal. A thread passes the lines to the line editor, which prints them above the line being edited.
    Terminal { lines: Sender<PrintItem>, dim: bool },
    /// Lines for people, without a terminal.
    Plain,
    /// JSON lines.
    Json,
}

/// An item for the printing thread.
#[derive(Debug)]
pub enum PrintItem {
    Line(String),
    /// A progress bar. It replaces the previous one if nothing was printed or entered since.
    Bar(String),
    /// The user has entered a line, which stays on the screen.
    Entered,
    /// Dropped when everything before it is printed, which closes the channel.
    Flush(#[expect(dead_code, reason = "only dropping it matters")] Sender<()>),
}

impl Output {
    /// Starts the printing thread. The printer blocks while the line editor is busy, so no other thread may call it.
    pub fn terminal(mut printer: impl ExternalPrinter + Send + 'static) -> io::Result<Output> {
        let (lines, queue) = crossbeam_channel::unbounded();
        Builder::new().spawn(move || {
            let mut after_bar = false;
            for item in queue {
                let line = match item {
                    PrintItem::Flush(_) => continue,
                    PrintItem::Entered => {
                        after_bar = false;
                        continue;
                    }
                    // Moves up one line and erases it.
                    PrintItem::Bar(bar) if std::mem::replace(&mut after_bar, true) => {
                        format!("\x1b[1A\x1b[2K{bar}\n")
                    }
                    PrintItem::Bar(bar) => format!("{bar}\n"),
                    PrintItem::Line(line) => {
                        after_bar = false;
                        line
                    }
                };
                // If the terminal is gone, the line editor ends, and with it the program.
                let _ = printer.print(line);
            }
        })?;
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dim = !is_set("NO_COLOR") && io::stdout().is_terminal();
        Ok(Output::Terminal { lines, dim })
    }

    pub fn is_terminal(&self) -> bool {
        matches!(self, Output::Terminal { .. })
    }

    /// Draws progress bars, on a terminal.
    pub fn bars(&self) -> Option<Bars> {
        match self {
            Output::Terminal { lines, .. } => Some(Bars(lines.clone())),
            _ => None,
        }
    }

    /// Prints a line. An error means that the reader is gone.
    pub fn print(&self, severity: Severity, line: &str) -> io::Result<()> {
        match (self, severity) {
            (Output::Terminal { lines, dim }, _) => {
                let line = match severity {
                    Severity::Notice if *dim => format!("\x1b[2m{line}\x1b[0m\n"),
                    _ => format!("{line}\n"),
                };
                lines.send(PrintItem::Line(line)).map_err(io::Error::other)
            }
            (Output::Json, _) | (Output::Plain, Severity::Content) => {
                print_to(&mut io::stdout().lock(), line)
            }
            (Output::Plain, Severity::Notice | Severity::Error) => {
                // A closed standard error means that notices are not wanted; it does not end the program.
                let _ = print_to(&mut io::stderr().lock(), line);
                Ok(())
            }
        }
    }

    /// Tells that the user has entered a line.
    pub fn entered(&self) {
        if let Output::Terminal { lines, .. } = self {
            let _ = lines.send(PrintItem::Entered);
        }
    }

    /// Waits until all lines are on the screen.
    pub fn flush(&self) {
        if let Output::Terminal { lines, .. } = self {
            let (barrier, done) = crossbeam_channel::bounded(0);
            if lines.send(PrintItem::Flush(barrier)).is_ok() {
                let _ = done.recv_timeout(FLUSH_LIMIT);
            }
        }
    }
}

/// Draws progress bars.
#[derive(Clone, Debug)]
pub struct Bars(Sender<PrintItem>);

impl Bars {
    pub fn draw(&self, bar: String) {
        let _ = self.0.send(PrintItem::Bar(bar));
    }
}

fn print_to(to: &mut impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{line}")?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::unbounded;

    struct Printed(Sender<String>);

    impl ExternalPrinter for Printed {
        fn print(&mut self, text: String) -> rustyline::Result<()> {
            self.0
                .send(text)
                .map_err(|error| io::Error::other(error).into())
        }
    }

    #[test]
    fn a_bar_replaces_a_bar_and_nothing_else() {
        let (sender, printed) = unbounded();
        let out = Output::terminal(Printed(sender)).unwrap();
        let bars = out.bars().unwrap();
        bars.draw("1 %".to_owned());
        bars.draw("2 %".to_owned());
        out.entered();
        bars.draw("3 %".to_owned());
        out.print(Severity::Content, "hello").unwrap();
        bars.draw("4 %".to_owned());
        drop((out, bars));
        let expected = ["1 %\n", "\x1b[1A\x1b[2K2 %\n", "3 %\n", "hello\n", "4 %\n"];
        assert_eq!(printed.iter().collect::<Vec<_>>(), expected);
    }
}
