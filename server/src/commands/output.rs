//! What commands print. The macros of the standard library panic if nobody reads it or the disk is full.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line to standard output.
pub fn print(line: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(failed)
}

/// Prints a line to standard error; if that is not possible, there is nobody to tell.
pub fn note(line: impl Display) {
    let _ = writeln!(io::stderr(), "fbchatd: {line}");
}

/// Says what it was that could not be written.
pub fn failed(error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("Cannot write to standard output: {error}."),
    )
}

/// Whether a command failed only because nobody reads what it prints, as `head` does after some lines.
pub fn is_unread(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
