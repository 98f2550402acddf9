//! The program fbchatd.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match fbchatd::run(fbchatd::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fbchatd: {error}");
            ExitCode::FAILURE
        }
    }
}
