//! fbchatd: a small self-hosted server for the Facebook Chat protocol of 2008.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod accounts;
mod app;
mod cli;
mod config;
mod door;
mod echo;
mod edge;
mod hub;
mod item;
mod json;
mod logging;
mod metrics;
mod operator;
mod pace;
mod parked;
mod password;
mod run;
mod secrets;
mod serve;
mod store;
mod throttle;
mod tls;
mod types;
mod web;

use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::Parser;

/// Locks a mutex, whatever became of its last holder.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
