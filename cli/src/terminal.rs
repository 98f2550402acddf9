//! The settings of the terminal, which are restored at the end whatever happens.

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// The settings at the start, if standard input is a terminal.
///
/// Failures to change them are ignored, since nothing could be done about them.
#[derive(Debug)]
pub struct Terminal(Option<Mutex<Termios>>);

impl Terminal {
    pub fn save() -> Self {
        Terminal(tcgetattr(io::stdin()).ok().map(Mutex::new))
    }

    /// Turns the echo off. Called before the password prompt, so that input typed early is hidden, too.
    pub fn hide_typing(&self) {
        if let (Some(_), Ok(mut settings)) = (&self.0, tcgetattr(io::stdin())) {
            settings.local_flags.remove(LocalFlags::ECHO);
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &settings);
        }
    }

    /// Restores the settings; true if they had changed.
    pub fn restore(&self) -> bool {
        let Some(saved) = &self.0 else { return false };
        let saved = saved.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = tcgetattr(io::stdin()).is_ok_and(|now| now.local_flags != saved.local_flags);
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &saved);
        changed
    }

    /// Restores the settings at the end of the program, which may have interrupted the line editor or the password prompt.
    pub fn restore_at_exit(&self) {
        let mut stdout = io::stdout();
        if self.restore() && stdout.is_terminal() {
            // Turns bracketed paste off and starts a new line for the shell's prompt.
            let _ = stdout
                .write_all(b"\x1b[?2004l\r\n")
                .and_then(|()| stdout.flush());
        }
    }
}
