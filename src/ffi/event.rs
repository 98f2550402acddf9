//! Reading events.

use super::event_data::{Cell, fbchat_event};
use super::fields::{fbchat_field, fbchat_kind};
use super::panic;
use super::pointers;
use super::session::{fbchat_request, fbchat_session};
use super::status::{fbchat_status, fbchat_uid};
use crate::status::{Problem, Status};
use std::ffi::{c_char, c_void};

/// Borrows an event.
///
/// # Safety
/// `event` is NULL or an event that is not freed yet.
unsafe fn read<'a>(event: *const fbchat_event) -> Result<&'a fbchat_event, Problem> {
    // SAFETY: the caller's promise.
    unsafe { event.as_ref() }.ok_or_else(|| pointers::null("event"))
}

/// Says what an event tells.
///
/// @param event  the event
/// @return a FBCHAT_EVENT_ number; 0 for NULL
///
/// Ownership: nothing changes hands.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_kind(event: *const fbchat_event) -> fbchat_kind {
    // SAFETY: the header asks for NULL or a living event; so below.
    panic::value(0, || Ok(unsafe { read(event) }?.kind))
}

/// Says whose event it is.
///
/// @param event  the event
/// @return the session; 0 for NULL
///
/// Ownership: nothing changes hands.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_session(event: *const fbchat_event) -> fbchat_session {
    // SAFETY: see fbchat_event_kind.
    panic::value(0, || Ok(unsafe { read(event) }?.session))
}

/// Says which request an event answers.
///
/// @param event  the event
/// @return the request; 0 if it answers none, or for NULL
///
/// Ownership: nothing changes hands.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_request(event: *const fbchat_event) -> fbchat_request {
    // SAFETY: see fbchat_event_kind.
    panic::value(0, || Ok(unsafe { read(event) }?.request))
}

/// Says why something failed.
///
/// @param event  the event
/// @return FBCHAT_OK if the event tells of no failure, else why; FBCHAT_ERR_NULL for NULL
///
/// Ownership: nothing changes hands.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_status(event: *const fbchat_event) -> fbchat_status {
    panic::value(Status::Null.code(), || {
        // SAFETY: see fbchat_event_kind.
        Ok(unsafe { read(event) }?.status.code())
    })
}

/// Gives back what was given to fbchat_session_open.
///
/// @param event  the event
/// @return the pointer; NULL for NULL
///
/// Ownership: the host's own.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_user_data(event: *const fbchat_event) -> *mut c_void {
    panic::value(std::ptr::null_mut(), || {
        // SAFETY: see fbchat_event_kind.
        let event = unsafe { read(event) }?;
        Ok(std::ptr::with_exposed_provenance_mut(event.user_data))
    })
}

/// Counts the items of an event.
///
/// @param event  the event
/// @return how many items there are: any number for a list, 1 for other events, 0 for NULL
///
/// Ownership: nothing changes hands.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_count(event: *const fbchat_event) -> usize {
    // SAFETY: see fbchat_event_kind.
    panic::value(0, || Ok(unsafe { read(event) }?.items))
}

/// Reads an integer field.
///
/// @param event  the event
/// @param item   which item, from 0
/// @param field  a FBCHAT_FIELD_ number
/// @param value  out: the integer
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT if there is no such item; FBCHAT_ERR_KEY if this kind of event
///         has no such field, or it is a string
///
/// Ownership: nothing changes hands.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_int(
    event: *const fbchat_event,
    item: usize,
    field: fbchat_field,
    value: *mut i64,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: see fbchat_event_kind; the header asks for NULL or a place for an integer.
        let event = unsafe {
            pointers::clear(value, 0, "integer")?;
            read(event)?
        };
        let found = match event.cell(item, field)? {
            Cell::Int(found) => found,
            Cell::Uid(found) => found.cast_signed(),
            _ => {
                let text = format!("Field {field} is not an integer");
                return Err(Problem::new(Status::Key, text));
            }
        };
        // SAFETY: as above.
        unsafe { pointers::fill(value, found) };
        Ok(Status::Ok)
    })
}

/// Reads the number of a user.
///
/// @param event  the event
/// @param item   which item, from 0
/// @param field  a FBCHAT_FIELD_ number
/// @return the user's number; 0 if this kind of event has no such field, or it is no user, which fbchat_last_error then says
///
/// Ownership: nothing changes hands.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_uid(
    event: *const fbchat_event,
    item: usize,
    field: fbchat_field,
) -> fbchat_uid {
    panic::value(0, || {
        // SAFETY: see fbchat_event_kind.
        match unsafe { read(event) }?.cell(item, field)? {
            Cell::Uid(uid) => Ok(uid),
            _ => Err(Problem::new(
                Status::Key,
                format!("Field {field} is not the number of a user"),
            )),
        }
    })
}

/// Reads a string field.
///
/// @param event  the event
/// @param item   which item, from 0
/// @param field  a FBCHAT_FIELD_ number
/// @param len    out: its length in bytes without the NUL; may be NULL
/// @return UTF-8, NUL-terminated; NULL if it is absent or there is no such field, which fbchat_last_error then says
///
/// Ownership: borrowed; valid until fbchat_event_free.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_str(
    event: *const fbchat_event,
    item: usize,
    field: fbchat_field,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: same terms; what is there ends in NUL.
    unsafe { fbchat_event_bytes(event, item, field, len).cast() }
}

/// Reads a field of bytes, or a string field.
///
/// @param event  the event
/// @param item   which item, from 0
/// @param field  a FBCHAT_FIELD_ number
/// @param len    out: its length in bytes; may be NULL
/// @return the bytes; NULL if it is absent or there is no such field, which fbchat_last_error then says
///
/// Ownership: borrowed; valid until fbchat_event_free.
/// Threads: any, one at a time for one event.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_bytes(
    event: *const fbchat_event,
    item: usize,
    field: fbchat_field,
    len: *mut usize,
) -> *const c_void {
    panic::value(std::ptr::null(), || {
        // SAFETY: see fbchat_event_kind; the header asks for NULL or a place for a length.
        let event = unsafe {
            pointers::fill(len, 0);
            read(event)?
        };
        let Some(piece) = event.piece(item, field)? else {
            return Ok(std::ptr::null());
        };
        // SAFETY: as above.
        unsafe { pointers::fill(len, piece.len()) };
        Ok(piece.as_ptr().cast())
    })
}

/// Frees an event with all that was borrowed from it.
///
/// @param event  the event; NULL is harmless
///
/// Ownership: taken.
/// Threads: any, also after fbchat_client_free.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_free(event: *mut fbchat_event) {
    panic::value((), || {
        if !event.is_null() {
            // SAFETY: the header asks for an event that is not freed yet; all were boxed when they were given out.
            drop(unsafe { Box::from_raw(event) });
        }
        Ok(())
    });
}
