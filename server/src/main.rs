//! The program fbchatd.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    fbchatd::main()
}
