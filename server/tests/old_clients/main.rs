//! Clients of 2008 to 2010, which nobody can change any more, against the real program.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod calls;
mod channel;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod ruby;
