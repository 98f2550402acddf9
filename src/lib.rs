//! Facebook Chat of 2008 (web login, Comet long-poll, JSON) as a client library.
//!
//! Three ways in, one protocol underneath:
//!
//! * C programs include `fbchat.h`; the exported functions live in [`ffi`].
//! * Rust programs that serve many accounts use [`client`]: one worker thread runs the long-polls of all sessions.
//! * Straight-line Rust programs use [`blocking`]: log in, wait for messages, send, buddy list.
//!
//! [`protocol`] holds everything that the wire demands, without sockets, clock or threads. Arrows point one way only:
//! `ffi → client → engine → options → protocol → types`, and `blocking → options → protocol → types`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)
)]

#[macro_use]
#[doc(hidden)]
pub mod c_enum;

pub mod blocking;
pub mod client;
mod engine;
mod fault;
pub mod ffi;
mod http;
#[cfg(feature = "fault-injection")]
mod injection;
pub mod options;
pub mod protocol;
pub mod status;
mod tls;
pub mod types;
