//! Facebook Chat of 2008 (web login, Comet long-poll, JSON) as a client library.
//!
//! Three interfaces to one protocol:
//!
//! * C programs include `fbchat.h`; the exported functions are in [`ffi`].
//! * Rust programs that serve many accounts use [`client`]: one worker thread runs the long-polls of all sessions.
//! * Simple sequential Rust programs use [`blocking`]: log in, wait for messages, send, read the buddy list.
//!
//! [`protocol`] implements the protocol without sockets, clock or threads. Dependencies have one direction:
//! `ffi → client → engine → options → protocol → types`, and `blocking → options → protocol → types`.

#![deny(missing_docs)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)
)]

#[macro_use]
#[doc(hidden)]
pub mod c_enum;

mod background;
pub mod blocking;
pub mod client;
mod engine;
pub mod ffi;
mod http;
#[cfg(feature = "fault-injection")]
mod injection;
pub mod options;
pub mod protocol;
pub mod status;
mod tls;
mod transport_error;
pub mod types;
