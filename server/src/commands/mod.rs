//! The operator's commands. They work on the data directory or database, with or without a running server.

pub mod accounts;
pub mod backup;
pub mod export;
pub mod moving;
pub mod output;
pub mod sessions;
pub mod stats;
pub mod store;

use std::error::Error;

/// Why a command failed, in a sentence for the operator.
pub type Failure = Box<dyn Error>;
