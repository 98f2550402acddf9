//! An event is taken with fbchat_client_poll, read field by field, and freed with fbchat_event_free. One thread at a time may
//! use an event.

use super::event_data::{Value, fbchat_event};
use super::panic;
use super::pointers;
use super::types::{
    fbchat_field, fbchat_kind, fbchat_request, fbchat_session, fbchat_status, fbchat_uid,
};
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

/// The refusal to read a field as something that it is not.
fn mismatch(field: fbchat_field, found: Value<'_>, wanted: &str) -> Problem {
    let text = format!("Field {field} is {}, not {wanted}", found.describe());
    Problem::new(Status::Key, text)
}

/// Gives the kind of an event.
///
/// @param event  the event
/// @return one of the fbchat_event_kinds; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_kind(event: *const fbchat_event) -> fbchat_kind {
    // SAFETY: the header asks for NULL or a living event; so below.
    panic::value(0, || Ok(unsafe { read(event) }?.kind.code()))
}

/// Gives the session that an event belongs to.
///
/// @param event  the event
/// @return the session; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_session(event: *const fbchat_event) -> fbchat_session {
    // SAFETY: see fbchat_event_kind.
    panic::value(0, || Ok(unsafe { read(event) }?.session))
}

/// Gives the request that an event answers, or that a PROGRESS is about.
///
/// @param event  the event
/// @return the request; 0 if it answers none, and for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_request(event: *const fbchat_event) -> fbchat_request {
    // SAFETY: see fbchat_event_kind.
    panic::value(0, || Ok(unsafe { read(event) }?.request))
}

/// Gives the failure that an event reports; the field REASON has a sentence for people.
///
/// @param event  the event
/// @return FBCHAT_OK if the event reports no failure, else the reason; FBCHAT_ERR_NULL for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_status(event: *const fbchat_event) -> fbchat_status {
    panic::value(Status::Null.code(), || {
        // SAFETY: see fbchat_event_kind.
        Ok(unsafe { read(event) }?.status.code())
    })
}

/// Gives the pointer that was passed to fbchat_session_open.
///
/// @param event  the event
/// @return the pointer; NULL for NULL
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
/// @return the length of a list; 1 for other events; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_count(event: *const fbchat_event) -> usize {
    // SAFETY: see fbchat_event_kind.
    panic::value(0, || Ok(unsafe { read(event) }?.items))
}

/// Reads an int field. A uid field is accepted too.
///
/// @param event  the event
/// @param item   the item, from 0; 0 for events that are not lists
/// @param field  one of the fbchat_fields
/// @param value  out: the integer; 0 on failure
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT if there is no such item; FBCHAT_ERR_KEY if this kind of event has no such field, or
///         the field has another type
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
        let found = match event.value(item, field)? {
            Value::Int(found) => found,
            // Numbers beyond 63 bits do not exist; one that a server makes up keeps its bits.
            Value::Uid(found) => found.cast_signed(),
            other => return Err(mismatch(field, other, "an integer")),
        };
        // SAFETY: as above.
        unsafe { pointers::fill(value, found) };
        Ok(Status::Ok)
    })
}

/// Reads a uid field.
///
/// @param event  the event
/// @param item   the item, from 0; 0 for events that are not lists
/// @param field  one of the fbchat_fields
/// @return the user; 0 on failure: fbchat_last_error says whether there is no such item or field, or it has another type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_uid(
    event: *const fbchat_event,
    item: usize,
    field: fbchat_field,
) -> fbchat_uid {
    panic::value(0, || {
        // SAFETY: see fbchat_event_kind.
        match unsafe { read(event) }?.value(item, field)? {
            Value::Uid(found) => Ok(found),
            other => Err(mismatch(field, other, "a user's number")),
        }
    })
}

/// Reads a str field. Bytes are refused, because they are not text.
///
/// @param event  the event
/// @param item   the item, from 0; 0 for events that are not lists
/// @param field  one of the fbchat_fields
/// @param len    out: the length in bytes, without the NUL; may be NULL
/// @return UTF-8 that ends in NUL, valid until fbchat_event_free; NULL if the field is absent, and on failure:
///         fbchat_last_error says whether there is no such item or field, or it has another type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_str(
    event: *const fbchat_event,
    item: usize,
    field: fbchat_field,
    len: *mut usize,
) -> *const c_char {
    panic::value(std::ptr::null(), || {
        // SAFETY: see fbchat_event_kind; the header asks for NULL or a place for a length.
        let event = unsafe {
            pointers::fill(len, 0);
            read(event)?
        };
        let text = match event.value(item, field)? {
            Value::Absent => return Ok(std::ptr::null()),
            Value::Text(text) => text,
            other => return Err(mismatch(field, other, "a string")),
        };
        // SAFETY: as above.
        unsafe { pointers::fill(len, text.len()) };
        // It ends in NUL, see `fbchat_event::text`.
        Ok(text.as_ptr().cast())
    })
}

/// Reads a bytes field. A str field is accepted too.
///
/// @param event  the event
/// @param item   the item, from 0; 0 for events that are not lists
/// @param field  one of the fbchat_fields
/// @param len    out: the length in bytes; may be NULL
/// @return the bytes, valid until fbchat_event_free; NULL if the field is absent, and on failure: fbchat_last_error says
///         whether there is no such item or field, or it has another type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_event_bytes(
    event: *const fbchat_event,
    item: usize,
    field: fbchat_field,
    len: *mut usize,
) -> *const c_void {
    panic::value(std::ptr::null(), || {
        // SAFETY: see fbchat_event_str.
        let event = unsafe {
            pointers::fill(len, 0);
            read(event)?
        };
        let bytes = match event.value(item, field)? {
            Value::Absent => return Ok(std::ptr::null()),
            Value::Text(bytes) | Value::Bytes(bytes) => bytes,
            other => return Err(mismatch(field, other, "bytes")),
        };
        // SAFETY: as above.
        unsafe { pointers::fill(len, bytes.len()) };
        Ok(bytes.as_ptr().cast())
    })
}

/// Frees an event with everything that was borrowed from it.
///
/// @param event  the event, freed; NULL is ignored; also after fbchat_client_free
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
