//! fbchatd: a small self-hosted server for the Facebook Chat protocol of 2008.
//!
//! A library only so that fuzz targets can link it; `main.rs` is the program.

#![forbid(unsafe_code)]
// A program has no readers of its API; comments are for what the code does not say.
#![allow(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod cli;
mod clock;
mod commands;
mod config;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hub;
mod item;
mod json;
mod logging;
mod metrics;
mod net;
mod rate_limit;
mod run;
mod secrets;
mod serve;
mod service;
mod store;
mod sync;
mod text;
mod types;
mod web;

pub use cli::Cli;
pub use run::run;
