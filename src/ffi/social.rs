//! People: history, pictures, profiles, search, friendships, status lines, notifications, pokes.

use super::client::fbchat_client;
use super::fields;
use super::panic;
use super::pointers;
use super::session::{ask, fbchat_request, fbchat_session, found};
use super::status::{fbchat_status, fbchat_uid};
use crate::client::{MAX_PICTURE, SessionId};
use crate::status::{Problem, Status};
use crate::types::{FriendAction, Uid};
use std::ffi::{c_char, c_void};

/// Asks for messages of one conversation, those that this user wrote among them.
///
/// One answer has at most 1,000 messages, or some MiB of text; FBCHAT_FIELD_MORE says whether there are more. To go on,
/// ask again with the TIME_MS of the last message.
///
/// @param client    the client
/// @param session   a session that is logged in
/// @param with      the other side's number
/// @param since_ms  0 = the most recent messages, up to 100; else those that the server accepted later than this, in
///                  milliseconds since 1970 UTC, from the first one on (1 = from the beginning)
/// @param request   out: answered by HISTORY or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number or a negative time; FBCHAT_ERR_STATE
///         before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_history(
    client: *mut fbchat_client,
    session: fbchat_session,
    with: fbchat_uid,
    since_ms: i64,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a place for a number; so below.
    unsafe {
        ask(client, request, |client| {
            Ok(client.history(SessionId(session), Uid(with), since_ms)?)
        })
    }
}

/// Asks for somebody's picture. One whose FBCHAT_FIELD_PICTURE_HASH is known need not be asked for again.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      whose
/// @param request  out: answered by PICTURE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number; FBCHAT_ERR_STATE before LOGGED_IN;
///         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_picture(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_history.
    unsafe {
        ask(client, request, |client| {
            Ok(client.picture(SessionId(session), Uid(uid))?)
        })
    }
}

/// Sets the user's own picture, or takes it away.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param bytes    a PNG, JPEG or GIF file as it is; NULL with len 0 = no picture any more
/// @param len      its length in bytes; servers take 1 MiB as a rule, and more than 8 MiB are refused at once
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL for NULL with another len; FBCHAT_ERR_ARGUMENT for an empty or overlong picture;
///         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
///         FBCHAT_ERR_FORKED
///
/// Ownership: the bytes are copied.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_picture(
    client: *mut fbchat_client,
    session: fbchat_session,
    bytes: *const c_void,
    len: usize,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or so many bytes, and NULL or a place for a number.
    unsafe {
        ask(client, request, |client| {
            let picture = match (bytes.is_null(), len) {
                (true, 0) => None,
                // One byte more than is taken, so that the length is refused and no more is read.
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

/// Asks what somebody tells about themselves. Strangers are told little.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      who; the user's own number is allowed
/// @param request  out: answered by PROFILE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number; FBCHAT_ERR_STATE before LOGGED_IN;
///         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_profile(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_history.
    unsafe {
        ask(client, request, |client| {
            Ok(client.profile(SessionId(session), Uid(uid))?)
        })
    }
}

/// Looks for people.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param query    beginnings of names, or an e-mail address in full; UTF-8
/// @param request  out: answered by SEARCH or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong query;
///         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
///         FBCHAT_ERR_FORKED
///
/// Ownership: query is copied.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_search(
    client: *mut fbchat_client,
    session: fbchat_session,
    query: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a C string, and NULL or a place for a number; so below.
    unsafe {
        ask(client, request, |client| {
            let query = pointers::read(query, "query")?;
            Ok(client.search(SessionId(session), query)?)
        })
    }
}

/// Begins or ends a friendship. The buddy list follows by itself, here and at the other side.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      with whom
/// @param action   FBCHAT_FRIEND_REQUEST, FBCHAT_FRIEND_ACCEPT, FBCHAT_FRIEND_DECLINE or FBCHAT_FRIEND_REMOVE
/// @param message  some words with a request, UTF-8; NULL for none; other actions take none
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for nobody's number, an unknown action, or a
///         message that is overlong or with another action; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL;
///         FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: message is copied.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_change_friendship(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    action: i32,
    message: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_search.
    unsafe {
        ask(client, request, |client| {
            let message = pointers::maybe(message, "message")?;
            let action = match (action, message) {
                (fields::FBCHAT_FRIEND_REQUEST, message) => {
                    FriendAction::Request(message.unwrap_or_default().to_owned())
                }
                (fields::FBCHAT_FRIEND_ACCEPT, None) => FriendAction::Accept,
                (fields::FBCHAT_FRIEND_DECLINE, None) => FriendAction::Decline,
                (fields::FBCHAT_FRIEND_REMOVE, None) => FriendAction::Remove,
                (_, Some(_)) => {
                    let text = "Only a friend request takes a message; give NULL";
                    return Err(Problem::new(Status::Argument, text));
                }
                _ => {
                    let text = format!("There is no action {action} for friends");
                    return Err(Problem::new(Status::Argument, text));
                }
            };
            Ok(client.friend(SessionId(session), Uid(uid), action)?)
        })
    }
}

/// Sets the user's status line, or takes it away. Friends see it at once.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param message  the text, one line of UTF-8; NULL or "" = none any more
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for more than 64 KiB; FBCHAT_ERR_STATE before
///         LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: message is copied.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_set_status_text(
    client: *mut fbchat_client,
    session: fbchat_session,
    message: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_search.
    unsafe {
        ask(client, request, |client| {
            let message = pointers::maybe(message, "status")?;
            Ok(client.set_status_text(SessionId(session), message)?)
        })
    }
}

/// Says that the user has seen what somebody wrote, or the notifications: they are no longer unread. Not answered.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param with     the other side of the conversation; 0 = the notifications
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
///         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_session_mark_read(
    client: *mut fbchat_client,
    session: fbchat_session,
    with: fbchat_uid,
) -> fbchat_status {
    panic::status(|| {
        let what = Some(Uid(with)).filter(|uid| uid.0 != 0);
        found(client)?.mark_read(SessionId(session), what)?;
        Ok(Status::Ok)
    })
}

/// Asks what is unread: conversations, friend requests, pokes.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param request  out: answered by NOTIFICATIONS or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
///         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_notifications(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_history.
    unsafe {
        ask(client, request, |client| {
            Ok(client.notifications(SessionId(session))?)
        })
    }
}

/// Pokes a friend: once a day, or until they poke back.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      the friend's number
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number; FBCHAT_ERR_STATE before LOGGED_IN;
///         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_poke(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_history.
    unsafe {
        ask(client, request, |client| {
            Ok(client.poke(SessionId(session), Uid(uid))?)
        })
    }
}
