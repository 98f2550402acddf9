//! The buddy list, friendships, and other people. What others do arrives unasked: changes of buddies as PRESENCE, new and ended
//! friendships as FRIEND and BUDDY_LIST, FRIEND_REQUEST and POKE, and as BLOCK whom the user has blocked in any session.

use super::event_data::fbchat_event;
use super::fields::FriendChange;
use super::handle;
use super::panic;
use super::pointers;
use super::request::request;
use super::types::{fbchat_client, fbchat_request, fbchat_session, fbchat_status, fbchat_uid};
use crate::client::{Client, SessionEvent, SessionId};
use crate::status::{Problem, Status};
use crate::types::{Event, FriendAction, Uid};
use std::ffi::c_char;

/// Gives the buddy list as last received, without asking the server.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param event    out: a BUDDY_LIST event with request 0; free it with fbchat_event_free
/// @return FBCHAT_OK; FBCHAT_ERR_STATE before the first list has arrived
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_get_buddy_list(
    client: *mut fbchat_client,
    session: fbchat_session,
    event: *mut *mut fbchat_event,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe { pointers::clear(event, std::ptr::null_mut(), "event") }?;
        let client = handle::find::<Client>(client)?;
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

/// Requests the buddy list from the server.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param request  out: answered by BUDDY_LIST or FAILED; may be NULL
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_buddy_list(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a place for a number; so below.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.refresh(SessionId(session))?)
        })
    }
}

/// Sends a friend request, answers one, or ends a friendship. The buddy lists of both users change accordingly.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      the other user
/// @param action   one of the fbchat_friend_actions
/// @param message  text that goes with FBCHAT_FRIEND_REQUEST, NULL = none; must be NULL for other actions
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0, an unknown action, or a message that is too long or not allowed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_change_friendship(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    action: i32,
    message: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a C string, and NULL or a place for a number; so below.
    unsafe {
        self::request(client, request, |client| {
            let message = pointers::maybe(message, "message")?;
            let action = match (FriendChange::from_code(action), message) {
                (Some(FriendChange::Request), message) => {
                    FriendAction::Request(message.unwrap_or_default().to_owned())
                }
                (Some(FriendChange::Accept), None) => FriendAction::Accept,
                (Some(FriendChange::Decline), None) => FriendAction::Decline,
                (Some(FriendChange::Remove), None) => FriendAction::Remove,
                (_, Some(_)) => {
                    let text = "Only FBCHAT_FRIEND_REQUEST takes a message; pass NULL";
                    return Err(Problem::new(Status::Argument, text));
                }
                (None, None) => {
                    let text = format!("There is no friend action {action}");
                    return Err(Problem::new(Status::Argument, text));
                }
            };
            Ok(client.friend(SessionId(session), Uid(uid), action)?)
        })
    }
}

/// Pokes a friend: once a day, or until they poke back.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      the friend
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_poke(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_buddy_list.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.poke(SessionId(session), Uid(uid))?)
        })
    }
}

/// Blocks or unblocks somebody. To those who are blocked the user is offline and cannot be reached; they are not told. A friendship
/// stays, so unblocking restores everything; a friend request of theirs that waits is declined.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      the other user
/// @param blocked  1 = block, 0 = unblock
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0, or a value that is neither 0 nor 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_block(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    blocked: i32,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_buddy_list.
    unsafe {
        self::request(client, request, |client| {
            let blocked = match blocked {
                0 => false,
                1 => true,
                _ => {
                    let text = format!("1 blocks and 0 unblocks; there is no {blocked}");
                    return Err(Problem::new(Status::Argument, text));
                }
            };
            Ok(client.block(SessionId(session), Uid(uid), blocked)?)
        })
    }
}

/// Requests those whom the user has blocked. BLOCK tells of later changes.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param request  out: answered by BLOCKED or FAILED; may be NULL
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_blocked(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_buddy_list.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.blocked(SessionId(session))?)
        })
    }
}

/// Searches for people.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param query    beginnings of names, or a complete e-mail address or user name
/// @param request  out: answered by SEARCH or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a query that is empty or too long
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_search(
    client: *mut fbchat_client,
    session: fbchat_session,
    query: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_change_friendship.
    unsafe {
        self::request(client, request, |client| {
            let query = pointers::read(query, "query")?;
            Ok(client.search(SessionId(session), query)?)
        })
    }
}

/// Requests somebody's profile. The server tells strangers little.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      any user, including the session's own
/// @param request  out: answered by PROFILE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_profile(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_buddy_list.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.profile(SessionId(session), Uid(uid))?)
        })
    }
}

/// Requests somebody's picture. It is unchanged as long as its FBCHAT_FIELD_PICTURE_HASH is.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param uid      any user, including the session's own
/// @param request  out: answered by PICTURE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_picture(
    client: *mut fbchat_client,
    session: fbchat_session,
    uid: fbchat_uid,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_buddy_list.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.picture(SessionId(session), Uid(uid))?)
        })
    }
}
