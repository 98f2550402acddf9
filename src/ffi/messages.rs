//! Sending and reading messages, and what is unread. Messages arrive as MESSAGE events. The number of a group stands wherever that
//! of a user stands for a conversation.

use super::handle;
use super::panic;
use super::pointers;
use super::request::request;
use super::types::{fbchat_client, fbchat_request, fbchat_session, fbchat_status, fbchat_uid};
use crate::client::{Client, SessionId};
use crate::status::Status;
use crate::types::Uid;
use std::ffi::c_char;

/// Sends a message. Messages of one session are delivered in the order of the calls.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param to       the recipient: a user or a group
/// @param message  plain text, not empty, of at most FBCHAT_FIELD_MESSAGE_LIMIT characters; see fbchat_message_part
/// @param request  out: answered exactly once, by SENT or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for an empty text or recipient 0; FBCHAT_ERR_TOO_LONG, with the limit in
///         fbchat_last_error
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_send(
    client: *mut fbchat_client,
    session: fbchat_session,
    to: fbchat_uid,
    message: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a C string, and NULL or a place for a number; so below.
    unsafe {
        self::request(client, request, |client| {
            let message = pointers::read(message, "message")?;
            Ok(client.send(SessionId(session), Uid(to), message)?)
        })
    }
}

/// Tells a friend or a group that the user is typing or has stopped; repeat it every 7 seconds while they type. Not answered.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param to       the friend or the group
/// @param typing   1 = typing, 0 = stopped
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for friend 0 or another value of typing
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_set_typing(
    client: *mut fbchat_client,
    session: fbchat_session,
    to: fbchat_uid,
    typing: i32,
) -> fbchat_status {
    panic::status(|| {
        let client = handle::find::<Client>(client)?;
        let typing = pointers::flag(i64::from(typing), "typing must be 0 or 1")?;
        client.set_typing(SessionId(session), Uid(to), typing)?;
        Ok(Status::Ok)
    })
}

/// Requests messages of one conversation, in both directions.
///
/// One answer holds at most 1,000 messages or a few MiB of text, and FBCHAT_FIELD_MORE tells whether there are more. To
/// continue, call again with the TIME_MS of the last message.
///
/// @param client    the client
/// @param session   a session that is logged in
/// @param with      the other side of the conversation: a user or a group
/// @param since_ms  0 = the most recent messages, up to 100; else the messages that the server accepted after this time, in
///                  milliseconds since 1970 UTC, oldest first (1 = from the beginning)
/// @param request   out: answered by HISTORY or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0 or a negative time
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_history(
    client: *mut fbchat_client,
    session: fbchat_session,
    with: fbchat_uid,
    since_ms: i64,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_send.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.history(SessionId(session), Uid(with), since_ms)?)
        })
    }
}

/// Marks a conversation, or the notifications, as read. Not answered.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param with     the other side of the conversation, a user or a group; 0 = the notifications
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_mark_read(
    client: *mut fbchat_client,
    session: fbchat_session,
    with: fbchat_uid,
) -> fbchat_status {
    panic::status(|| {
        let what = Some(Uid(with)).filter(|uid| uid.0 != 0);
        handle::find::<Client>(client)?.mark_read(SessionId(session), what)?;
        Ok(Status::Ok)
    })
}

/// Requests what is unread: conversations, groups, friend requests, pokes.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param request  out: answered by NOTIFICATIONS or FAILED; may be NULL
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_notifications(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_send.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.notifications(SessionId(session))?)
        })
    }
}
