//! The C face: `include/fbchat.h` is made from the files in here. The only place with `unsafe` besides the signal mask.
//!
//! Every export is written out plainly, since cbindgen does not see functions that macros make. Each body runs inside
//! `panic`, looks its handle up in `handle` and reads its strings through `pointers`; what happens then is `client`'s.

#![allow(non_camel_case_types)]
// What a caller must keep to stands in each comment's own parts and in the header's opening, where C reads it.
#![allow(clippy::missing_safety_doc)]
// The comments are written for the header.
#![allow(rustdoc::bare_urls)]

mod account;
mod client;
mod config;
mod event;
mod event_data;
mod event_data_social;
mod fields;
mod handle;
#[cfg(feature = "fault-injection")]
mod injection;
mod panic;
mod pointers;
mod request;
mod session;
mod social;
mod status;

pub use account::*;
pub use client::*;
pub use config::*;
pub use event::*;
pub use event_data::fbchat_event;
pub use fields::*;
#[cfg(feature = "fault-injection")]
pub use injection::*;
pub use request::*;
pub use session::*;
pub use social::*;
pub use status::*;

#[cfg(test)]
mod tests;
