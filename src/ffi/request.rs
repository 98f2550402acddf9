//! One request among many: waiting for its answer, giving it up.

use super::client::{fbchat_client, timeout};
use super::event_data::fbchat_event;
use super::handle;
use super::panic;
use super::pointers;
use super::session::fbchat_request;
use super::status::fbchat_status;
use crate::client::Client;
use crate::status::Status;
use crate::types::RequestId;

/// Waits for the event that answers a request, and leaves all others in the queue; for simple programs.
///
/// The log callback is called in here, too. fbchat_client_wake does not end it.
///
/// @param client      the client
/// @param request     what a call gave
/// @param timeout_ms  how long to wait, in milliseconds; 0 = not at all, -1 = for ever
/// @param event       out: the event, or NULL
/// @return FBCHAT_OK with an event; FBCHAT_NO_EVENT; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for a timeout below -1;
///         FBCHAT_ERR_NO_REQUEST if it was never made, or its answer was taken already; FBCHAT_ERR_NO_SESSION if its session
///         is closed meanwhile; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: the event is the caller's, also after fbchat_client_free; free it with fbchat_event_free.
/// Threads: any; a thread that polls may take the answer first.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_request_wait(
    client: *mut fbchat_client,
    request: fbchat_request,
    timeout_ms: i32,
    event: *mut *mut fbchat_event,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe { pointers::clear(event, std::ptr::null_mut(), "event") }?;
        let client = handle::find::<Client>(client)?;
        match client.wait(RequestId(request), timeout(timeout_ms)?)? {
            Some(found) => {
                // SAFETY: as above.
                unsafe { pointers::fill(event, fbchat_event::give(found)) };
                Ok(Status::Ok)
            }
            None => Ok(Status::NoEvent),
        }
    })
}

/// Gives a request up and drops what is under way for it.
///
/// It is answered all the same: by FAILED, or LOGIN_FAILED, with FBCHAT_ERR_CANCELLED; by FBCHAT_ERR_OUTCOME_UNKNOWN if a
/// message may have left already; or by what came just before. A logout goes on.
///
/// @param client   the client
/// @param request  what a call gave; one that is unknown or answered is harmless
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_request_cancel(
    client: *mut fbchat_client,
    request: fbchat_request,
) -> fbchat_status {
    panic::status(|| {
        handle::find::<Client>(client)?.cancel(RequestId(request))?;
        Ok(Status::Ok)
    })
}
