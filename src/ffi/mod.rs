//! The C API. `include/fbchat.h` is generated from these files; besides them only two small files of the engine use `unsafe`.
//!
//! Every exported function is written out, because cbindgen does not see functions that macros make. Each body runs inside
//! `panic`, looks its handle up in `handle`, reads its arguments through `pointers`, and calls `client`.

#![allow(non_camel_case_types)]
// The comments are written for the header, which says at its top what a caller must keep to.
#![allow(clippy::missing_safety_doc)]
#![allow(rustdoc::bare_urls)]

mod account;
mod client;
mod config;
mod event;
mod event_data;
mod event_fields;
mod event_kinds;
mod fields;
mod file_fields;
mod files;
mod group_fields;
mod groups;
mod handle;
#[cfg(feature = "fault-injection")]
mod injection;
mod message_fields;
mod messages;
mod panic;
mod people;
mod pointers;
mod request;
mod session;
mod status;
mod types;

pub use crate::status::fbchat_certificate_problems::*;
pub use crate::status::fbchat_statuses::*;
pub use crate::types::fbchat_features::*;
pub use crate::types::fbchat_file_kinds::*;
pub use crate::types::fbchat_group_actions::*;
pub use crate::types::fbchat_group_notices::*;
pub use crate::types::fbchat_notification_kinds::*;
pub use crate::types::fbchat_relations::*;
pub use account::*;
pub use client::*;
pub use config::fbchat_config_keys::*;
pub use config::fbchat_log_levels::*;
pub use config::*;
pub use event::*;
pub use event_data::fbchat_event;
pub use event_kinds::EventKind;
pub use event_kinds::fbchat_event_kinds::*;
pub use fields::fbchat_connection_states::*;
pub use fields::fbchat_fields::*;
pub use fields::fbchat_friend_actions::*;
pub use fields::fbchat_message_flags::*;
pub use fields::fbchat_presences::*;
pub use fields::*;
pub use files::*;
pub use groups::*;
#[cfg(feature = "fault-injection")]
pub use injection::*;
pub use messages::*;
pub use people::*;
pub use request::*;
pub use session::*;
pub use status::*;
pub use types::*;

#[cfg(test)]
mod tests;
