//! fbchatd: a small self-hosted server for the Facebook Chat protocol of 2008.

#![forbid(unsafe_code)]
// A program has no readers of its API; comments are for what the code does not say.
#![allow(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod cli;
mod clock;
mod commands;
mod config;
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
mod types;
mod web;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fbchatd: {error}");
            ExitCode::FAILURE
        }
    }
}
