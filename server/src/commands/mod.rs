//! The operator's commands. They work on the data directory or database, with or without a running server.

pub mod accounts;
pub mod moving;
pub mod operator;
pub mod output;
pub mod store;
