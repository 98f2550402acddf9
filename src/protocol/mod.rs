//! The wire, sans I/O: no socket, clock, thread, randomness or environment in here.
//!
//! A driver owns a [`Session`] and moves data between it and the network with four verbs, after quinn-proto's model:
//! [`Session::handle`] takes what happened, [`Session::poll_output`] gives what is to be done, [`Session::poll_timeout`]
//! says when to call [`Session::handle_timeout`]. `now` is always an argument, so tests run on a simulated clock.

#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod backoff;
mod buddy_list;
mod call;
mod calls;
mod channel;
mod commands;
mod config;
mod cookies;
mod endpoints;
mod exchange;
mod flights;
mod flow;
mod history;
mod html;
mod json;
mod link;
mod login;
mod outbox;
mod own_presence;
mod page;
#[cfg(test)]
mod pair;
mod past;
mod picture;
mod presence;
mod pushed;
mod questions;
mod read_marks;
mod recovery;
mod register;
mod resume;
mod session;
mod sign_on;
mod social;
mod wire;

pub use channel::MOST_ITEMS;
pub use config::{CALL_TIMEOUT, SessionConfig};
pub use endpoints::{ServerAddress, ServerAddressError};
pub use exchange::{
    Body, Exchange, ExchangeId, ExchangeKind, Method, Reply, TransportError, TransportFault,
    USER_AGENT,
};
pub use resume::SavedState;
pub use session::{Input, Now, Output, Session};
