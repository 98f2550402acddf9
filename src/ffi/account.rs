//! What the user shows to others, and their password. Friends see changes at once.

use super::fields::ShownPresence;
use super::handle;
use super::panic;
use super::pointers;
use super::request::request;
use super::types::{fbchat_client, fbchat_request, fbchat_session, fbchat_status};
use crate::client::{Client, MAX_PICTURE, SessionId};
use crate::status::{Problem, Status};
use crate::types::{OwnPresence, Secret};
use std::ffi::{c_char, c_void};

/// Shows the user to friends as active, idle or invisible; before login, chooses how the user appears. Not answered.
///
/// @param client    the client
/// @param session   a session, logged in or not
/// @param presence  FBCHAT_PRESENCE_ACTIVE, FBCHAT_PRESENCE_IDLE or FBCHAT_PRESENCE_INVISIBLE
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for another value
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_set_presence(
    client: *mut fbchat_client,
    session: fbchat_session,
    presence: i32,
) -> fbchat_status {
    panic::status(|| {
        let client = handle::find::<Client>(client)?;
        let presence = match ShownPresence::from_code(presence) {
            Some(ShownPresence::Active) => OwnPresence::Active,
            Some(ShownPresence::Idle) => OwnPresence::Idle,
            Some(ShownPresence::Invisible) => OwnPresence::Invisible,
            Some(ShownPresence::Offline) | None => {
                let text = format!("A user cannot be shown with presence {presence}");
                return Err(Problem::new(Status::Argument, text));
            }
        };
        client.set_presence(SessionId(session), presence)?;
        Ok(Status::Ok)
    })
}

/// Sets or removes the user's status line.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param message  the status line, one line of plain text; NULL or "" = none
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for more than 64 KiB
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_status_text(
    client: *mut fbchat_client,
    session: fbchat_session,
    message: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a C string, and NULL or a place for a number; so below.
    unsafe {
        self::request(client, request, |client| {
            let message = pointers::maybe(message, "status")?;
            Ok(client.set_status_text(SessionId(session), message)?)
        })
    }
}

/// Sets or removes the user's picture.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param bytes    a PNG, JPEG or GIF file; NULL with len 0 = no picture
/// @param len      its length in bytes; most servers accept 1 MiB, and this call at most 8 MiB
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL for NULL with another len; FBCHAT_ERR_ARGUMENT for a picture that is empty or too long
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_picture(
    client: *mut fbchat_client,
    session: fbchat_session,
    bytes: *const c_void,
    len: usize,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or `len` bytes, and NULL or a place for a number.
    unsafe {
        self::request(client, request, |client| {
            let picture = match (bytes.is_null(), len) {
                (true, 0) => None,
                // One byte more than is accepted, so that the length is refused without reading everything.
                _ => Some(pointers::bytes(
                    bytes,
                    len.min(MAX_PICTURE.saturating_add(1)),
                    "picture",
                )?),
            };
            Ok(client.set_picture(SessionId(session), picture)?)
        })
    }
}

/// Changes the name that others see.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param name     the new name; servers want one line of 1 to 100 characters
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a name that is empty or too long
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_name(
    client: *mut fbchat_client,
    session: fbchat_session,
    name: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_set_status_text.
    unsafe {
        self::request(client, request, |client| {
            let name = pointers::read(name, "name")?;
            Ok(client.set_name(SessionId(session), name)?)
        })
    }
}

/// Changes the account's password. All other sessions of the account end.
///
/// @param client        the client
/// @param session       a session that is logged in
/// @param old_password  the current password; the copy is wiped once used
/// @param new_password  the new password; servers want 8 characters or more; the copy is wiped when the session ends
/// @param request       out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a string that is empty or too long
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_password(
    client: *mut fbchat_client,
    session: fbchat_session,
    old_password: *const c_char,
    new_password: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_set_status_text.
    unsafe {
        self::request(client, request, |client| {
            let old = pointers::read(old_password, "old password")?;
            let new = pointers::read(new_password, "new password")?;
            let (old, new) = (Secret::new(old.to_owned()), Secret::new(new.to_owned()));
            Ok(client.set_password(SessionId(session), old, new)?)
        })
    }
}
