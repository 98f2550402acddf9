//! Making an account, its name and its password.

use super::client::fbchat_client;
use super::pointers;
use super::session::{ask, fbchat_request, fbchat_session};
use super::status::fbchat_status;
use crate::client::SessionId;
use crate::types::Secret;
use std::ffi::c_char;

/// Makes an account on the server and logs in with it.
///
/// Whether one may do that is the server's decision; if not, LOGIN_FAILED says why.
///
/// @param client    the client
/// @param session   a session in which nobody is logged in
/// @param email     the e-mail address to log in with from now on, UTF-8
/// @param password  the password from now on, UTF-8; servers want 8 characters or more
/// @param name      the name that others see, UTF-8
/// @param invite    the invitation, that is what stands behind "invite=" in its link; NULL for none
/// @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
///         FBCHAT_ERR_STATE if a login is under way or done; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: the strings are copied; the password's copy is wiped when the session ends, the invitation's once used.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_register(
    client: *mut fbchat_client,
    session: fbchat_session,
    email: *const c_char,
    password: *const c_char,
    name: *const c_char,
    invite: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or C strings, and NULL or a place for a number; so below.
    unsafe {
        ask(client, request, |client| {
            let email = pointers::read(email, "e-mail address")?;
            let password = pointers::read(password, "password")?;
            let name = pointers::read(name, "name")?;
            let invite = pointers::maybe(invite, "invitation")?;
            let secret = |text: &str| Secret::new(text.to_owned());
            let (password, invite) = (secret(password), invite.map(secret));
            Ok(client.register(SessionId(session), email, password, name, invite)?)
        })
    }
}

/// Changes the name that others see. Friends see the new one at once.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param name     the name from now on, UTF-8; servers want one line of 1 to 100 characters
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
///         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
///         FBCHAT_ERR_FORKED
///
/// Ownership: name is copied.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_name(
    client: *mut fbchat_client,
    session: fbchat_session,
    name: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_register.
    unsafe {
        ask(client, request, |client| {
            let name = pointers::read(name, "name")?;
            Ok(client.set_name(SessionId(session), name)?)
        })
    }
}

/// Changes the account's password. All its other sessions end.
///
/// @param client        the client
/// @param session       a session that is logged in
/// @param old_password  the present one, UTF-8
/// @param new_password  the one from now on, UTF-8; servers want 8 characters or more
/// @param request       out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
///         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
///         FBCHAT_ERR_FORKED
///
/// Ownership: the strings are copied; the copies are wiped, that of the new password when the session ends.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_password(
    client: *mut fbchat_client,
    session: fbchat_session,
    old_password: *const c_char,
    new_password: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_register.
    unsafe {
        ask(client, request, |client| {
            let old = pointers::read(old_password, "old password")?;
            let new = pointers::read(new_password, "new password")?;
            let (old, new) = (Secret::new(old.to_owned()), Secret::new(new.to_owned()));
            Ok(client.set_password(SessionId(session), old, new)?)
        })
    }
}
