//! `fbchatd move`

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::Failure;
use super::output::print;
use super::store::address;
use crate::cli::Move;
use crate::config::Config;
use crate::service::files::disk::Disk;
use crate::store::{self, Direction, Observer};

/// `fbchatd move`
pub async fn transfer(command: Move) -> Result<(), Failure> {
    let mut config = Config::load(command.config.as_deref())?;
    if command.data.is_some() {
        config.data = command.data;
    }
    let dir = config.data_dir()?;
    let (direction, url) = match (command.to, command.from) {
        (Some(url), _) => (Direction::ToServer, url),
        (None, from) => (Direction::ToDirectory, from.unwrap_or_default()),
    };
    let files = Copying {
        direction,
        data: Disk::at(&dir),
        shared: command.files.or(config.files_dir.clone()),
        is_shown: io::stderr().is_terminal(),
    };
    let database = address(&config, &url);
    let moved = store::transfer(direction, &dir, &database, Box::new(files)).await?;
    let (accounts, messages) = moved;
    let (dir, count) = (
        dir.display(),
        format!("{accounts} accounts and {messages} messages"),
    );
    print(match direction {
        Direction::ToServer => format!(
            "copied {count}; now set store to the database. {dir} is as it was: delete it when everything works, and do not serve both"
        ),
        Direction::ToDirectory => format!(
            "copied {count}; now serve {dir} without the setting store. The database is as it was: drop it when everything works, and do not serve both"
        ),
    })?;
    Ok(())
}

/// Copies the contents of files, and shows the progress.
struct Copying {
    direction: Direction,
    data: Disk,
    /// The directory of the server on PostgreSQL.
    shared: Option<PathBuf>,
    is_shown: bool,
}

impl Copying {
    /// Shows a line that replaces the previous one.
    fn show(&self, line: &str) {
        if self.is_shown {
            let mut out = io::stderr().lock();
            // If the output is closed, the work continues.
            let _ = write!(out, "\r\x1b[K{line}").and_then(|()| out.flush());
        }
    }
}

impl Observer for Copying {
    fn progress(&mut self, table: &str, rows: i64, of: i64) {
        self.show(&format!("{}: {rows} of {of}", table.replace('_', " ")));
    }

    fn before_commit(&mut self, files: i64) -> io::Result<()> {
        self.show("copying files");
        let shared = self.shared.as_deref().map(Disk::at);
        let copied = match (self.direction, shared) {
            (_, Some(shared)) if shared.path() == self.data.path() => Ok(()),
            (Direction::ToServer, Some(shared)) => shared.add_from(&self.data),
            (Direction::ToDirectory, Some(shared)) => self.data.add_from(&shared),
            (_, None) if files > 0 => Err(io::Error::other(
                "no directory is known for them with PostgreSQL. Name it with --files or files_dir",
            )),
            (_, None) => Ok(()),
        };
        self.show("");
        copied.map_err(|error| {
            let text = format!("Cannot copy {files} files: {error}. The accounts were not copied.");
            io::Error::new(error.kind(), text)
        })
    }
}
