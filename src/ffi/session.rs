//! Sessions: one login each, known by number.

use super::client::fbchat_client;
use super::config::{self, fbchat_config};
use super::event_data::fbchat_event;
use super::handle;
use super::panic;
use super::status::{fbchat_status, fbchat_uid};
use super::{fields, pointers};
use crate::client::{Client, SessionEvent, SessionId};
use crate::status::{Problem, Status};
use crate::types::{Event, OwnPresence, RequestId, Secret, Uid};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// A session; 0 = none. A number is never used twice, so a stale one gives FBCHAT_ERR_NO_SESSION and no harm.
pub type fbchat_session = u64;
/// A request on its way; 0 = none. Never used twice; the event that answers it carries it.
pub type fbchat_request = u64;

pub(super) fn found(client: *mut fbchat_client) -> Result<Arc<Client>, Problem> {
    handle::find::<Client>(client)
}

/// The whole of a call that makes a request: reports its number where the host wants it, and 0 after a failure.
///
/// # Safety
/// `request` is NULL or may be written.
pub(super) unsafe fn ask(
    client: *mut fbchat_client,
    request: *mut fbchat_request,
    call: impl FnOnce(&Client) -> Result<RequestId, Problem>,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the caller's promise.
        unsafe { pointers::fill(request, 0) };
        let number = call(&*found(client)?)?;
        // SAFETY: the caller's promise.
        unsafe { pointers::fill(request, number.0) };
        Ok(Status::Ok)
    })
}

/// Makes a session; no network yet.
///
/// @param client     the client
/// @param config     the server and how to reach it; NULL = what the client was made with
/// @param user_data  comes back with every event of the session; may be NULL
/// @param session    out: the session
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_INSECURE for plain HTTP to another machine without
///         FBCHAT_CONFIG_ALLOW_INSECURE; FBCHAT_ERR_ARGUMENT for a configuration that was freed; FBCHAT_ERR_CLOSED;
///         FBCHAT_ERR_FORKED; FBCHAT_ERR_RESOURCES
///
/// Ownership: config is copied; user_data stays the host's. The session lives until fbchat_session_close, or until its
///            CLOSED event is taken.
/// Threads: any.
/// Since: 0.1
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
        let client = found(client)?;
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
/// @param session   a session in which nobody is logged in
/// @param email     the account's e-mail address, UTF-8
/// @param password  the account's password, UTF-8
/// @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
///         FBCHAT_ERR_STATE if a login is under way or done; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: the strings are copied; the password's copy is wiped when the session ends.
/// Threads: any.
/// Since: 0.1
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
        ask(client, request, |client| {
            let email = pointers::read(email, "e-mail address")?;
            let password = pointers::read(password, "password")?;
            Ok(client.login(SessionId(session), email, Secret::new(password.to_owned()))?)
        })
    }
}

/// Goes on with a session of earlier, without the password: what came meanwhile arrives, in order.
///
/// Messages that were taken after the state was given come again, with the same FBCHAT_FIELD_MESSAGE_ID. Two sessions that
/// go on from one state get the same messages.
///
/// @param client   the client
/// @param session  a session in which nobody is logged in, opened with the same server
/// @param state    FBCHAT_FIELD_SAVED_SESSION of the last FBCHAT_EVENT_SAVED_SESSION
/// @param len      its length, in bytes
/// @param request  out: answered by LOGGED_IN, or by LOGIN_FAILED (with FBCHAT_ERR_LOGGED_OUT if the server has ended the
///                 session: log in with the password); may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for what is no saved state; FBCHAT_ERR_STATE if a login is under
///         way or done; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: state is copied; the copy is wiped when the session has it.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_resume(
    client: *mut fbchat_client,
    session: fbchat_session,
    state: *const c_void,
    len: usize,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or so many bytes, and NULL or a place for a number.
    unsafe {
        ask(client, request, |client| {
            // Bytes that are no text are no saved state either; the empty one says so.
            let state =
                std::str::from_utf8(pointers::bytes(state, len, "state")?).unwrap_or_default();
            Ok(client.resume(SessionId(session), Secret::new(state.to_owned()))?)
        })
    }
}

/// Sends a message. Messages of one session leave in order.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param to       the recipient's number
/// @param message  plain UTF-8 text, not empty, of at most FBCHAT_FIELD_MESSAGE_LIMIT characters
/// @param request  out: answered exactly once, by SENT or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty text or recipient 0;
///         FBCHAT_ERR_TOO_LONG with the limit in fbchat_last_error; FBCHAT_ERR_STATE before LOGGED_IN;
///         FBCHAT_ERR_QUEUE_FULL if 256 requests have no answer yet; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
///         FBCHAT_ERR_FORKED
///
/// Ownership: message is copied.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_send(
    client: *mut fbchat_client,
    session: fbchat_session,
    to: fbchat_uid,
    message: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a C string, and NULL or a place for a number.
    unsafe {
        ask(client, request, |client| {
            let message = pointers::read(message, "message")?;
            Ok(client.send(SessionId(session), Uid(to), message)?)
        })
    }
}

/// Tells a friend that the user is writing, or has stopped; repeat every 7 seconds while it goes on. Not answered.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param to       the friend's number
/// @param typing   1 = writing, 0 = stopped
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL;
///         FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_set_typing(
    client: *mut fbchat_client,
    session: fbchat_session,
    to: fbchat_uid,
    typing: i32,
) -> fbchat_status {
    panic::status(|| {
        let client = found(client)?;
        let typing = pointers::flag(i64::from(typing), "typing must be 0 or 1")?;
        client.set_typing(SessionId(session), Uid(to), typing)?;
        Ok(Status::Ok)
    })
}

/// Shows the user to friends as active, idle or invisible; before login it says how the user will come in. Not answered.
///
/// @param client    the client
/// @param session   the session
/// @param presence  FBCHAT_PRESENCE_ACTIVE, FBCHAT_PRESENCE_IDLE or FBCHAT_PRESENCE_INVISIBLE
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
///         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_set_presence(
    client: *mut fbchat_client,
    session: fbchat_session,
    presence: i32,
) -> fbchat_status {
    panic::status(|| {
        let client = found(client)?;
        let presence = match presence {
            fields::FBCHAT_PRESENCE_ACTIVE => OwnPresence::Active,
            fields::FBCHAT_PRESENCE_IDLE => OwnPresence::Idle,
            fields::FBCHAT_PRESENCE_INVISIBLE => OwnPresence::Invisible,
            _ => {
                let text = format!("A user cannot be shown with presence {presence}");
                return Err(Problem::new(Status::Argument, text));
            }
        };
        client.set_presence(SessionId(session), presence)?;
        Ok(Status::Ok)
    })
}

/// Gives the buddy list as last heard of, without asking the server.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param event    out: a BUDDY_LIST event with request 0
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before the first list has come; FBCHAT_ERR_NO_SESSION;
///         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: the event is the caller's; free it with fbchat_event_free.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_get_buddy_list(
    client: *mut fbchat_client,
    session: fbchat_session,
    event: *mut *mut fbchat_event,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe { pointers::clear(event, std::ptr::null_mut(), "event") }?;
        let client = found(client)?;
        let session = SessionId(session);
        let snapshot = fbchat_event::give(SessionEvent {
            session,
            user_data: client.user_data(session)?,
            event: Event::BuddyList {
                request: None,
                buddies: client.buddies(session)?,
            },
        });
        // SAFETY: as above.
        unsafe { pointers::fill(event, snapshot) };
        Ok(Status::Ok)
    })
}

/// Asks the server for the buddy list now.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param request  out: answered by BUDDY_LIST or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
///         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_buddy_list(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a place for a number.
    unsafe {
        ask(client, request, |client| {
            Ok(client.refresh(SessionId(session))?)
        })
    }
}

/// Logs out: tells the server that the session is over.
///
/// @param client   the client
/// @param session  a session that is logged in or about to be
/// @param request  out: answered by CLOSED, the session's last event; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE if nobody is logged in, or a logout is under way;
///         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands; the session is gone once CLOSED is taken.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_logout(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a place for a number.
    unsafe {
        ask(client, request, |client| {
            Ok(client.logout(SessionId(session))?)
        })
    }
}

/// Drops a session at once: no later poll returns an event of it, not even CLOSED, and its connections are cut.
///
/// The user is not logged out, so that fbchat_session_resume can go on; but a logout asked for before still reaches the
/// server: logout, then close, is a quick farewell.
///
/// @param client   the client
/// @param session  the session
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_NO_SESSION if it is gone already; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: the session is gone; user_data will not be used again, but for events already taken.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_close(
    client: *mut fbchat_client,
    session: fbchat_session,
) -> fbchat_status {
    panic::status(|| {
        found(client)?.close(SessionId(session))?;
        Ok(Status::Ok)
    })
}
