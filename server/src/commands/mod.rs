//! The commands with which an operator works on the data directory, with or without a running server.

pub mod accounts;
pub mod operator;
