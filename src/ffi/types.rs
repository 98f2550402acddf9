//! Clients, configurations and events are opaque; sessions, requests and users are numbers. Statuses, kinds of events, fields
//! and settings travel as int32_t, and the enums below name their values.

use std::ffi::{c_char, c_void};

/// A worker thread with its sessions; made by fbchat_client_new, freed by fbchat_client_free.
pub struct fbchat_client {
    _opaque: [u8; 0],
}

/// Settings for clients and sessions; made by fbchat_config_new, freed by fbchat_config_free.
pub struct fbchat_config {
    _opaque: [u8; 0],
}

/// A session, which is one login; 0 = none. Numbers are never reused, so a stale one gives FBCHAT_ERR_NO_SESSION.
pub type fbchat_session = u64;

/// A request to the server; 0 = none. Numbers are never reused. The event that answers the request carries its number.
pub type fbchat_request = u64;

/// A user's number, or that of a group, which is no user's; 0 = nobody.
pub type fbchat_uid = u64;

/// One of the fbchat_statuses.
pub type fbchat_status = i32;

/// The kind of an event, one of the fbchat_event_kinds.
pub type fbchat_kind = i32;

/// A field of an event, one of the fbchat_fields.
pub type fbchat_field = i32;

/// A setting, one of the fbchat_config_keys.
pub type fbchat_config_key = i32;

/// Takes a line of the log: the pointer given to fbchat_config_set_log, one of the fbchat_log_levels, and the line (UTF-8,
/// valid during the call only).
///
/// Called only inside fbchat_client_poll and fbchat_request_wait, on the thread that calls them. It may call the library.
/// It must not throw.
pub type fbchat_log_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, level: i32, line: *const c_char)>;
