//! The real `fbchat` against a real server: in scripts, in a terminal, and through proxies and TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod features;
mod network;
mod pipe;
mod program;
mod start;
mod terminal;
