//! Calls that ask the server return at once and give a request. Exactly one event answers it.

use super::client::timeout;
use super::event_data::fbchat_event;
use super::handle;
use super::panic;
use super::pointers;
use super::types::{fbchat_client, fbchat_request, fbchat_status};
use crate::client::Client;
use crate::status::{Problem, Status};
use crate::types::RequestId;

/// The body of a call that makes a request: stores its number where the host wants it, and 0 after a failure.
///
/// # Safety
/// `request` is NULL or may be written.
pub(super) unsafe fn request(
    client: *mut fbchat_client,
    request: *mut fbchat_request,
    call: impl FnOnce(&Client) -> Result<RequestId, Problem>,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the caller's promise.
        unsafe { pointers::fill(request, 0) };
        let number = call(&*handle::find::<Client>(client)?)?;
        // SAFETY: the caller's promise.
        unsafe { pointers::fill(request, number.0) };
        Ok(Status::Ok)
    })
}

/// Waits for the event that answers a request, and leaves all others in the queue; for simple programs.
///
/// The log callback runs inside this call. fbchat_client_wake does not end it. A thread that polls may take the answer first.
///
/// @param client      the client
/// @param request     the request
/// @param timeout_ms  how long to wait, in milliseconds; 0 = do not wait, -1 = no limit
/// @param event       out: the event, or NULL; free it with fbchat_event_free, at any time
/// @return FBCHAT_OK with an event; FBCHAT_NO_EVENT; FBCHAT_ERR_ARGUMENT for a timeout below -1; FBCHAT_ERR_NO_REQUEST if the
///         request was never made, or its answer was already taken; FBCHAT_ERR_NO_SESSION if its session is closed meanwhile
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

/// Cancels a request and drops the exchange with the server.
///
/// The request is still answered: by FAILED or LOGIN_FAILED with FBCHAT_ERR_CANCELLED, by FBCHAT_ERR_OUTCOME_UNKNOWN if a
/// message may have been sent already, or by the answer that arrived just before. A logout is not stopped.
///
/// @param client   the client
/// @param request  the request; unknown and answered ones are ignored
/// @return FBCHAT_OK
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
