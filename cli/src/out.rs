//! Where lines go: a terminal with a line being typed, or pipes.

use crate::human::Tone;
use rustyline::ExternalPrinter;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

/// Enough for what is already queued; the printer may also be stuck for good when nobody edits a line any more.
const FLUSH_LIMIT: Duration = Duration::from_millis(200);

/// Where lines go.
#[derive(Debug)]
pub enum Out {
    /// A terminal; a thread hands the lines to the line editor, which prints them above the line being typed.
    Terminal { lines: Sender<Item>, dim: bool },
    /// Lines for people, without a terminal.
    Plain,
    /// JSON lines.
    Json,
}

/// What the printing thread takes.
#[derive(Debug)]
pub enum Item {
    Line(String),
    /// Everything before this is printed when the sender is dropped.
    Flush(#[expect(dead_code, reason = "only its end matters")] Sender<()>),
}

impl Out {
    /// Starts the printing thread. The printer blocks while the line editor is busy, so nobody else may call it.
    pub fn terminal(mut printer: impl ExternalPrinter + Send + 'static) -> Out {
        let (lines, queue) = mpsc::channel();
        std::thread::spawn(move || {
            for item in queue {
                if let Item::Line(line) = item {
                    // A terminal that went away also ends the line editor, and with it the program.
                    let _ = printer.print(line);
                }
            }
        });
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dim = !set("NO_COLOR") && io::stdout().is_terminal();
        Out::Terminal { lines, dim }
    }

    /// True if a person sits before it.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Out::Terminal { .. })
    }

    /// Prints. An error means that nobody reads any more.
    pub fn print(&self, tone: Tone, line: &str) -> io::Result<()> {
        match (self, tone) {
            (Out::Terminal { lines, dim }, _) => {
                let line = match tone {
                    Tone::Notice if *dim => format!("\x1b[2m{line}\x1b[0m\n"),
                    _ => format!("{line}\n"),
                };
                lines.send(Item::Line(line)).map_err(io::Error::other)
            }
            (Out::Json, _) | (Out::Plain, Tone::Plain) => print_to(&mut io::stdout().lock(), line),
            (Out::Plain, Tone::Notice | Tone::Error) => {
                // Whoever closes standard error wants no notices; that is no reason to end.
                let _ = print_to(&mut io::stderr().lock(), line);
                Ok(())
            }
        }
    }

    /// Waits until what was printed stands on the screen.
    pub fn flush(&self) {
        if let Out::Terminal { lines, .. } = self {
            let (done, wait) = mpsc::channel();
            if lines.send(Item::Flush(done)).is_ok() {
                let _ = wait.recv_timeout(FLUSH_LIMIT);
            }
        }
    }
}

fn print_to(to: &mut impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{line}")?;
    to.flush()
}
