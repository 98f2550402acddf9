//! The protocol, sans I/O: no socket, clock, thread, randomness or environment in here.
//!
//! A driver owns a [`Session`] and moves data between it and the network with four verbs, after the model of quinn-proto:
//! [`Session::handle`] takes what happened, [`Session::poll_output`] gives what is to be done, [`Session::poll_timeout`]
//! says when to call [`Session::handle_timeout`]. `now` is always an argument, so tests run on a simulated clock.
//!
//! A session consists of parts that own their state: `connect` (the way to the long-poll), `channel`, `buddies`, `groups` and
//! `requests`.
//! A part does not know the others; it returns actions (`action`), which the session carries out or passes to another part.
//! Formats are in `wire`.

#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod action;
mod answer;
mod backoff;
mod buddies;
mod channel;
mod config;
mod connect;
mod error_code;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod groups;
mod purpose;
mod requests;
mod session;
mod timers;
mod wire;

pub use channel::MOST_ITEMS;
pub use config::{CALL_TIMEOUT, SessionConfig};
pub use connect::resume::SavedState;
pub use requests::message_rule::{MessageError, check_message};
pub use requests::unsettled::Unsettled;
pub use session::{Input, Now, Output, Session};
pub use wire::download::{ContentHead, Received};
pub use wire::endpoints::{ServerAddress, ServerAddressError};
pub use wire::exchange::{
    Body, Exchange, ExchangeId, ExchangeKind, Method, Outcome, Reply, Stream, TransportError,
    TransportFault, USER_AGENT,
};

#[cfg(test)]
mod tests;
