//! Group conversations, on servers with FBCHAT_FEATURE_GROUPS. GROUP_LIST arrives after login and tells which groups there are, GROUP
//! when one is new, has changed or is gone. Messages of a group are MESSAGE events with GROUP, and sent and read with the calls for
//! messages; those with NOTICE tell what happened to the group. Leaving is the only way out of a group: messages arrive however the
//! program shows them.

use super::event_data::fbchat_event;
use super::handle;
use super::panic;
use super::pointers;
use super::request::request;
use super::types::{fbchat_client, fbchat_request, fbchat_session, fbchat_status, fbchat_uid};
use crate::client::{Client, MAX_MEMBERS, SessionEvent, SessionId};
use crate::status::{Problem, Status};
use crate::types::{Event, GroupAction, GroupChange, Uid};
use std::ffi::c_char;

/// Gives a group with its members as last received, without asking the server.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param group    the group
/// @param event    out: a GROUP event with request 0; free it with fbchat_event_free
/// @return FBCHAT_OK; FBCHAT_ERR_STATE before the first list has arrived; FBCHAT_ERR_ARGUMENT if the user is in no such group, as
///         far as the program was told
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_get_group(
    client: *mut fbchat_client,
    session: fbchat_session,
    group: fbchat_uid,
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
            event: Event::Group {
                request: None,
                group: client.group(session, Uid(group))?,
                gone: false,
            },
        });
        // SAFETY: as above.
        unsafe { pointers::fill(event, snapshot) };
        Ok(Status::Ok)
    })
}

/// Requests the groups from the server.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param request  out: answered by GROUP_LIST or FAILED; may be NULL
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_request_groups(
    client: *mut fbchat_client,
    session: fbchat_session,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for NULL or a place for a number; so below.
    unsafe {
        self::request(client, request, |client| {
            Ok(client.groups(SessionId(session))?)
        })
    }
}

/// Creates a group of the user and these friends, who are members at once. After FBCHAT_ERR_OUTCOME_UNKNOWN the same call with
/// the same create_id does not create a second one.
///
/// @param client     the client
/// @param session    a session that is logged in
/// @param name       the name of the group, one line
/// @param members    uids of friends; NULL if there are none
/// @param count      their number
/// @param create_id  a number that is different for each group, at most 2^63 - 1; 0 = the library draws one
/// @param request    out: answered by GROUP or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a name that is empty or too long, more than 1000 members, user 0 among them, or a
///         create_id out of range
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_create_group(
    client: *mut fbchat_client,
    session: fbchat_session,
    name: *const c_char,
    members: *const fbchat_uid,
    count: usize,
    create_id: u64,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for a C string, for an array of that length, and for NULL or a place for a number.
    unsafe {
        self::request(client, request, |client| {
            let name = pointers::read(name, "name")?;
            let members = pointers::numbers(members, count, MAX_MEMBERS, "members")?;
            let members = members.into_iter().map(Uid).collect();
            Ok(client.create_group(SessionId(session), name, members, create_id)?)
        })
    }
}

/// Adds a friend to a group, removes a member, leaves, mutes or unmutes it.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param group    the group
/// @param action   one of the fbchat_group_actions
/// @param uid      whom to add or to remove; 0 for other actions
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for group 0, an unknown action, or a uid that is missing or not allowed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_change_group(
    client: *mut fbchat_client,
    session: fbchat_session,
    group: fbchat_uid,
    action: i32,
    uid: fbchat_uid,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_request_groups.
    unsafe {
        self::request(client, request, |client| {
            let wrong = |text: String| Err(Problem::new(Status::Argument, text));
            let change = match (GroupAction::from_code(action), uid) {
                (None, _) => return wrong(format!("There is no group action {action}")),
                (Some(GroupAction::Add), uid) => GroupChange::Add(Uid(uid)),
                (Some(GroupAction::Remove), uid) => GroupChange::Remove(Uid(uid)),
                (Some(GroupAction::Leave), 0) => GroupChange::Leave,
                (Some(GroupAction::Mute), 0) => GroupChange::Mute(true),
                (Some(GroupAction::Unmute), 0) => GroupChange::Mute(false),
                (Some(_), _) => {
                    let text = "Only FBCHAT_GROUP_ADD and FBCHAT_GROUP_REMOVE take a uid; pass 0";
                    return wrong(text.to_owned());
                }
            };
            Ok(client.change_group(SessionId(session), Uid(group), change)?)
        })
    }
}

/// Gives a group another name.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param group    the group
/// @param name     the new name, one line
/// @param request  out: answered by DONE or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for group 0, or a name that is empty or too long
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_rename_group(
    client: *mut fbchat_client,
    session: fbchat_session,
    group: fbchat_uid,
    name: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_create_group.
    unsafe {
        self::request(client, request, |client| {
            let name = pointers::read(name, "name")?.to_owned();
            Ok(client.change_group(SessionId(session), Uid(group), GroupChange::Rename(name))?)
        })
    }
}
