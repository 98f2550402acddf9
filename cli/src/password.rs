//! Reads the password from a file, from standard input or from the terminal.

use crate::args::Args;
use crate::terminal::Terminal;
use fbchat::types::Secret;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Greatest length of a password in bytes; a longer first line means that it is the wrong file.
const MAX_LENGTH: u64 = 1024;

/// Reads the password; the error is a sentence.
pub fn obtain(args: &Args, terminal: &Terminal) -> Result<Secret, String> {
    if let Some(path) = &args.password_file {
        return from_file(path);
    }
    if args.password_stdin && !io::stdin().is_terminal() {
        // The lines after it stay in the buffer of standard input, from which the chat reads.
        return first_line(&mut io::stdin().lock(), "standard input");
    }
    ask(&args.email, terminal)
}

fn from_file(path: &Path) -> Result<Secret, String> {
    let name = path.display();
    let failed = |error| format!("The password file {name} cannot be read: {error}");
    let file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    // As fbchatd does it: a pipe of the shell is nobody else's, and a group is for administrators.
    if found.is_file() && found.permissions().mode() & 0o007 != 0 {
        return Err(format!(
            "The password file {name} can be read by others; run chmod 600 {name}"
        ));
    }
    first_line(
        &mut BufReader::new(file),
        &format!("the password file {name}"),
    )
}

fn first_line(from: &mut impl BufRead, name: &str) -> Result<Secret, String> {
    // Allocated at once: a growing buffer would leave copies behind.
    let mut line = Zeroizing::new(String::with_capacity(
        usize::try_from(MAX_LENGTH + 1).unwrap_or(0),
    ));
    from.take(MAX_LENGTH + 1)
        .read_line(&mut line)
        .map_err(|error| format!("No password could be read from {name}: {error}"))?;
    if line.len() as u64 > MAX_LENGTH {
        return Err(format!(
            "The first line of {name} is too long for a password"
        ));
    }
    let password = line.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        return Err(format!(
            "The first line of {name} is empty; it should be the password"
        ));
    }
    Ok(Secret::new(password.to_owned()))
}

fn ask(email: &str, terminal: &Terminal) -> Result<Secret, String> {
    let email = crate::sanitize::sanitize(email);
    terminal.hide_typing();
    let password = rpassword::prompt_password(format!("Password for {email}: "));
    if matches!(&password, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
        // Ctrl-C; nothing was started yet.
        terminal.restore_at_exit();
        std::process::exit(1);
    }
    terminal.restore();
    match password {
        Ok(password) if password.is_empty() => Err("No password was given".to_owned()),
        Ok(password) => Ok(Secret::new(password)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err("No password was given".to_owned()),
        Err(_) => Err("There is no terminal to ask for the password; use --password-file FILE or --password-stdin".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Secret, String> {
        first_line(&mut text.as_bytes(), "the file")
    }

    #[test]
    fn only_the_first_line_counts() {
        assert_eq!(read("se cret \r\nother\n").unwrap().reveal(), "se cret ");
        assert_eq!(read("x").unwrap().reveal(), "x");
    }

    #[test]
    fn empty_and_overlong_lines_are_refused() {
        assert!(read("").unwrap_err().contains("empty"));
        assert!(read("\nx").unwrap_err().contains("empty"));
        assert!(read(&"x".repeat(5000)).unwrap_err().contains("too long"));
    }

    #[test]
    fn what_follows_the_password_can_still_be_read() {
        let mut input = "demo\n1002 hello\n".as_bytes();
        first_line(&mut input, "x").unwrap();
        assert_eq!(input, b"1002 hello\n");
    }
}
