//! The client through its Rust interface, against the real server and against servers that misbehave.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod blocking;
mod faulty_links;
mod files;
mod groups;
mod hostile_servers;
mod last_words;
mod sign_off;
mod user;
