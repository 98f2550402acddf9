//! The terminal as it was found, to be left like that whatever happens.

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// The settings at the start, if standard input is a terminal.
///
/// That changing them fails is nowhere an error: there would be nothing better to do.
#[derive(Debug)]
pub struct Terminal(Option<Mutex<Termios>>);

impl Terminal {
    pub fn save() -> Self {
        Terminal(tcgetattr(io::stdin()).ok().map(Mutex::new))
    }

    /// What is typed from now on does not show. Must come before a password is asked for, or fast fingers are seen.
    pub fn hide_typing(&self) {
        if let (Some(_), Ok(mut settings)) = (&self.0, tcgetattr(io::stdin())) {
            settings.local_flags.remove(LocalFlags::ECHO);
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &settings);
        }
    }

    /// Undoes whatever was changed; true if something was.
    pub fn restore(&self) -> bool {
        let Some(saved) = &self.0 else { return false };
        let saved = saved.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = tcgetattr(io::stdin()).is_ok_and(|now| now.local_flags != saved.local_flags);
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &saved);
        changed
    }

    /// The same at the end of the program, which may have interrupted the line editor or the password prompt.
    pub fn give_back(&self) {
        let mut stdout = io::stdout();
        if self.restore() && stdout.is_terminal() {
            // Bracketed paste off, and a line of its own for the shell's prompt.
            let _ = stdout
                .write_all(b"\x1b[?2004l\r\n")
                .and_then(|()| stdout.flush());
        }
    }
}
