//! Files: uploading and reading them (docs/protocol.md, Files).

mod arriving;
mod content;
mod download;
mod range;
mod upload;

use super::envelope::AjaxError;
use crate::service::files::FileError;

pub use arriving::Arriving;
pub use download::download;
pub use upload::upload;

/// What a download holds in memory, at most, and a quarter of what an upload holds.
pub const CHUNK: usize = 128 << 10;
impl From<FileError> for AjaxError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooOften(error) => error.into(),
            FileError::Store(error) => error.into(),
            FileError::DayUsedUp(_) => AjaxError::TooMany(error.to_string()),
            FileError::Disk => AjaxError::NotStored,
            error => AjaxError::Invalid(error.to_string()),
        }
    }
}
