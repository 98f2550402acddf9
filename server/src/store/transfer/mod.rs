//! Copies everything from one store to another of the other kind: which side reads, and which one writes.
//!
//! One side reads, the other one writes, and a short queue between them bounds the memory.
//! The target takes everything in one transaction, so an interrupted transfer leaves nothing behind and can be started again.

pub mod direction;
pub mod parts;
pub mod tables;
pub mod tally;

use std::path::Path;

use tokio::sync::mpsc;

use super::{Address, StoreError, postgres, sqlite};
pub use direction::Direction;
pub use tally::Observer;

/// How many parts may wait between the two sides.
const PARTS: usize = 4;

/// Copies everything between a data directory and a database that nobody else uses at this time. The target must be empty. Returns how
/// many accounts and messages there are.
pub async fn transfer(
    direction: Direction,
    dir: &Path,
    address: &Address,
    observer: Box<dyn Observer>,
) -> Result<(i64, i64), StoreError> {
    if direction == Direction::ToServer && !super::Sqlite::file(dir).exists() {
        return Err(StoreError::Unusable(format!(
            "There are no accounts in {}. Nothing was changed.",
            dir.display()
        )));
    }
    if address.has_password()? {
        return Err(StoreError::Unusable(
            "Others can see a password on the command line. Leave it out of the URL, and put it into store_password_file or FBCHATD_STORE_PASSWORD. Nothing was changed."
                .to_owned(),
        ));
    }
    // Both sides are locked before anything is read or written.
    let database = postgres::transfer::Database::open(address, direction).await?;
    let directory = sqlite::transfer::Directory::open(dir, direction)?;
    let (parts, queue) = mpsc::channel(PARTS);
    let (read, written) = match direction {
        Direction::ToServer => {
            let reading = tokio::task::spawn_blocking(move || directory.read(&parts));
            let written = database.write(queue, observer).await;
            (reading.await, written)
        }
        Direction::ToDirectory => {
            let writing = tokio::task::spawn_blocking(move || directory.write(queue, observer));
            let read = database.read(parts).await;
            let written = writing.await.unwrap_or_else(|error| Err(panicked(&error)));
            (Ok(read), written)
        }
    };
    let read = read.unwrap_or_else(|error| Err(panicked(&error)));
    match (read, written?) {
        (_, Some(moved)) => Ok(moved),
        (Err(error), None) => Err(error),
        (Ok(()), None) => Err(StoreError::Closed),
    }
}

fn panicked(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Failed {
        why: error.to_string(),
        advice: "",
    }
}
