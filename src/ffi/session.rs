//! A session is one login: its connection, its messages and its requests. It ends with its CLOSED event or with
//! fbchat_session_close; a broken connection does not end it.

use super::config;
use super::event_data::fbchat_event;
use super::handle;
use super::panic;
use super::pointers;
use super::request::request;
use super::types::{fbchat_client, fbchat_config, fbchat_request, fbchat_session, fbchat_status};
use crate::client::{Client, SessionEvent, SessionId};
use crate::status::Status;
use crate::types::{Event, Secret};
use std::ffi::{c_char, c_void};

/// Makes a session; it opens no connection yet.
///
/// @param client     the client
/// @param config     the server and how to reach it; copied; NULL = the configuration of the client
/// @param user_data  stays the program's and comes back with every event of the session; may be NULL
/// @param session    out: the session, valid until fbchat_session_close or until its CLOSED event is taken
/// @return FBCHAT_OK; FBCHAT_ERR_INSECURE for plain HTTP to another machine without FBCHAT_CONFIG_ALLOW_INSECURE;
///         FBCHAT_ERR_ARGUMENT for a configuration that was freed; FBCHAT_ERR_RESOURCES
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_open(
    client: *mut fbchat_client,
    config: *const fbchat_config,
    user_data: *mut c_void,
    session: *mut fbchat_session,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a number.
        unsafe { pointers::clear(session, 0, "session") }?;
        let client = handle::find::<Client>(client)?;
        let settings = config::settings(config)?;
        let options = settings.as_ref().map(|settings| &settings.session);
        let opened = client.open(options, user_data.expose_provenance())?;
        // SAFETY: as above.
        unsafe { pointers::fill(session, opened.0) };
        Ok(Status::Ok)
    })
}

/// Logs in.
///
/// @param client    the client
/// @param session   a session without a login
/// @param email     the account's e-mail address or user name
/// @param password  the account's password; the copy is wiped when the session ends
/// @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a string that is empty or too long; FBCHAT_ERR_STATE if the session is logging in
///         or logged in
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_login(
    client: *mut fbchat_client,
    session: fbchat_session,
    email: *const c_char,
    password: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or C strings, and NULL or a place for a number.
    unsafe {
        self::request(client, request, |client| {
            let email = pointers::read(email, "e-mail address")?;
            let password = pointers::read(password, "password")?;
            Ok(client.login(SessionId(session), email, Secret::new(password.to_owned()))?)
        })
    }
}

/// Continues an earlier session without the password; what arrived in the meantime is delivered, in order.
///
/// Messages that the earlier session accepted and did not settle are sent first, with the same ids, so that one that had
/// arrived all the same does not arrive twice. Their SENT and FAILED events have request 0.
///
/// Messages taken after the SAVED_SESSION event was made are delivered again, with the same FBCHAT_FIELD_MESSAGE_ID. Two
/// sessions that are resumed from the same bytes receive the same messages.
///
/// @param client   the client
/// @param session  a session without a login, opened with the same server
/// @param saved    FBCHAT_FIELD_SAVED_SESSION of the last SAVED_SESSION event; the copy is wiped once used
/// @param len      its length in bytes
/// @param request  out: answered by LOGGED_IN, or by LOGIN_FAILED (with FBCHAT_ERR_LOGGED_OUT if the server has ended the
///                 session: log in with the password); may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for bytes that are not a saved session; FBCHAT_ERR_STATE if the session is logging in
///         or logged in
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_resume(
    client: *mut fbchat_client,
    session: fbchat_session,
    saved: *const c_void,
    len: usize,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or `len` bytes, and NULL or a place for a number.
    unsafe {
        self::request(client, request, |client| {
            // Bytes that are not text are not a saved session either; the empty text is refused as such.
            let saved = pointers::bytes(saved, len, "saved session")?;
            let saved = std::str::from_utf8(saved).unwrap_or_default();
            Ok(client.resume(SessionId(session), Secret::new(saved.to_owned()))?)
        })
    }
}

/// Gives the saved session as it is now, without asking the server. To be called before a session is closed: unlike the last
/// SAVED_SESSION event, it has every message for which fbchat_session_send was called and that has no answer yet.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param event    out: a SAVED_SESSION event; free it with fbchat_event_free
/// @return FBCHAT_OK; FBCHAT_ERR_STATE before the first SAVED_SESSION event was made
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_get_saved_session(
    client: *mut fbchat_client,
    session: fbchat_session,
    event: *mut *mut fbchat_event,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe { pointers::clear(event, std::ptr::null_mut(), "event") }?;
        let client = handle::find::<Client>(client)?;
        let session = SessionId(session);
        let saved = fbchat_event::give(SessionEvent {
            session,
            user_data: client.user_data(session)?,
            event: Event::State(client.saved(session)?),
        });
        // SAFETY: as above.
        unsafe { pointers::fill(event, saved) };
        Ok(Status::Ok)
    })
}

/// Creates an account on the server and logs in with it. The server decides who may register.
///
/// @param client    the client
/// @param session   a session without a login
/// @param email     the e-mail address of the new account
/// @param password  its password; servers want 8 characters or more; the copy is wiped when the session ends
/// @param name      the name that others see
/// @param invite    the invitation, which is the part behind "invite=" in its link; wiped once used; NULL = none
/// @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a string that is empty or too long; FBCHAT_ERR_STATE if the session is logging in
///         or logged in
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
    // SAFETY: see fbchat_session_login.
    unsafe {
        self::request(client, request, |client| {
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

/// Logs out: tells the server that the session is over, once the messages are sent.
///
/// The logout waits for as long as messages get through, so a program that cannot wait closes the session when its own time
/// is over. A message that was not sent fails with FBCHAT_ERR_KEPT. It is in the last SAVED_SESSION event, which comes before
/// CLOSED; give that to the next session with FBCHAT_CONFIG_SAVED_SESSION, since a session that was logged out cannot be
/// resumed.
///
/// @param client   the client
/// @param session  a session that is logged in or logging in; it is gone once CLOSED is taken
/// @param request  out: answered by CLOSED, the session's last event; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_STATE without a login, or if a logout is pending
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_logout(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a place for a number.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.logout(SessionId(session))?)
        })
    }
}

/// Drops a session at once: its connections are cut, and no later poll returns an event of it, not even CLOSED.
///
/// The user is not logged out, so fbchat_session_resume can continue the session. A logout requested before still reaches the
/// server: logout, then close, is the quickest way to leave.
///
/// Messages that were accepted are still sent in the background, for two seconds at most and only while the client exists;
/// fbchat_client_free leaves them less than 0.1 s. To lose none, store what fbchat_session_get_saved_session gives before the
/// close, and pass it to the next session: to fbchat_session_resume, or as FBCHAT_CONFIG_SAVED_SESSION to a login.
///
/// @param client   the client
/// @param session  the session; its user_data is not used again, except in events already taken
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_close(
    client: *mut fbchat_client,
    session: fbchat_session,
) -> fbchat_status {
    panic::status(|| {
        handle::find::<Client>(client)?.close(SessionId(session))?;
        Ok(Status::Ok)
    })
}
