//! What the writing side counts, and reports to the command.

use std::io;

use super::tables::Table;
use crate::store::StoreError;

/// What the writing side reports and asks during the transfer.
pub trait Observer: Send {
    /// This many rows of a table are written.
    fn progress(&mut self, table: &str, rows: i64, of: i64);
    /// Everything is written, but not committed yet. `files` is the number of files in the database. After an error nothing has changed.
    fn before_commit(&mut self, files: i64) -> io::Result<()>;
}

/// What the writing side has received so far.
pub struct Tally {
    observer: Box<dyn Observer>,
    table: &'static str,
    rows: i64,
    expected: i64,
    accounts: i64,
    messages: i64,
    files: i64,
}

impl Tally {
    pub fn new(observer: Box<dyn Observer>) -> Self {
        Tally {
            observer,
            table: "",
            rows: 0,
            expected: 0,
            accounts: 0,
            messages: 0,
            files: 0,
        }
    }

    /// A table begins.
    pub fn begin(&mut self, table: &'static Table, expected: i64) {
        (self.table, self.rows, self.expected) = (table.name, 0, expected);
        match table.name {
            "users" => self.accounts = expected,
            "messages" => self.messages = expected,
            "files" => self.files = expected,
            _ => {}
        }
    }

    /// Rows were written.
    pub fn add(&mut self, rows: usize) {
        self.rows = self
            .rows
            .saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
        self.observer.progress(self.table, self.rows, self.expected);
    }

    /// A table is complete; `found` are the rows that the target counts.
    pub fn complete(&self, found: i64) -> Result<(), StoreError> {
        let Tally {
            table, expected, ..
        } = self;
        if found == *expected {
            return Ok(());
        }
        Err(StoreError::Unusable(format!(
            "The target has {found} rows in the table {table} where the source has {expected}. Nothing was changed."
        )))
    }

    /// Everything is there.
    pub fn finish(&mut self) -> Result<(i64, i64), StoreError> {
        let allowed = self.observer.before_commit(self.files);
        allowed.map_err(|error| StoreError::Unusable(error.to_string()))?;
        Ok((self.accounts, self.messages))
    }
}

/// The error for a target that is not empty.
pub fn not_empty(what: &str) -> StoreError {
    StoreError::Unusable(format!(
        "There are accounts in {what} already. Choose one that is empty. Nothing was changed."
    ))
}
