//! fbchatd: a small self-hosted server for the Facebook Chat protocol of 2008.
//!
//! A library only so that fuzz targets can link it; `main.rs` is the program.

#![forbid(unsafe_code)]
// A program has no readers of its API; comments are for what the code does not say.
#![allow(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod attachment;
mod cli;
mod clock;
mod commands;
mod concurrency_limit;
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
mod username;
mod web;
mod xmpp;

use std::process::ExitCode;

use clap::Parser;

use commands::output;

/// Runs the command line; returns the exit status.
pub fn main() -> ExitCode {
    let done = match cli::Cli::try_parse() {
        Ok(cli) => run::run(cli),
        // Help and version come this way too.
        Err(usage) => match usage.print() {
            Err(error) if !usage.use_stderr() => Err(output::failed(error).into()),
            _ => return u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_unread(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(error);
            ExitCode::FAILURE
        }
    }
}
