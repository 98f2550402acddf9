//! What errors of SQLite mean to the store, and what the operator can do about them.

use rusqlite::ErrorCode;

use crate::store::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::Failed {
            advice: advice(&error),
            why: error.to_string(),
        }
    }
}

/// What the operator can do about it.
fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            " Stop the server and go back to a backup with `fbchatd restore`, which keeps the damaged files."
        }
        Some(ErrorCode::DiskFull) => " Make room on the disk; the server then continues by itself.",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            " Check owner and permissions of the data directory, and that its disk can be written."
        }
        Some(ErrorCode::SystemIoFailure) => " Check the disk, and the room on it.",
        _ => "",
    }
}
