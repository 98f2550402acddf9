//! What the tests and benchmarks of all crates share: fbchatd as a process, clients that talk to it, and what may stand
//! between the two. It knows fbchatd and the library only from outside, by their programs, files and protocol.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "only tests use this, and a test may panic"
)]

#[cfg(feature = "http")]
mod client;
pub mod cluster;
pub mod compile;
pub mod faulty_link;
pub mod http2;
pub mod limited_user;
#[cfg(feature = "manual")]
pub mod manual;
mod paths;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod relay;
pub mod routes;
pub mod scripted_server;
mod server;
mod text;
pub mod tls;
pub mod transcript;
mod wait;

#[cfg(feature = "http")]
pub use client::{Client, http, http_with, json};
pub use paths::{fbchatd, repository, target_dir};
pub use server::{
    Server, account, accounts, output, place, refusal, run, run_for_output, run_for_refusal,
};
pub use text::{between, encode, read_all};
pub use wait::{LIMIT, until};
