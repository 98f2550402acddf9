//! The version of the loaded library, what a status or the last failed call means, and splitting a long text into messages.

use super::panic;
use super::pointers;
use super::types::fbchat_status;
use crate::status::{Problem, Status};
use crate::types::message_part;
use std::ffi::c_char;

/// Counts the incompatible changes of this interface. It is also the number in the name libfbchat.so.N.
pub const FBCHAT_ABI_VERSION: u32 = 0;

/// Gives the version of the loaded library.
///
/// @return the version, like "0.1.0"; static text
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Gives the ABI version of the loaded library, for programs that load it at run time.
///
/// @return a number; if it differs from FBCHAT_ABI_VERSION, the program must not call anything else
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_abi_version() -> u32 {
    FBCHAT_ABI_VERSION
}

/// Tells whether the loaded library was built with a feature.
///
/// @param name  the feature: "tls" (https servers), provided by "rustls" or by "native-tls" (the system's library); "pin"
///              (FBCHAT_CONFIG_PIN_SHA256, FBCHAT_FIELD_CERTIFICATE_SHA256), only with rustls
/// @return 1 if it has the feature; 0 if not, if the name is unknown, or for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_has_feature(name: *const c_char) -> i32 {
    panic::value(0, || {
        // SAFETY: the header asks for NULL or a C string.
        let name = unsafe { pointers::read(name, "feature's name") }?;
        let rustls = cfg!(feature = "rustls");
        Ok(i32::from(match name {
            "tls" => true,
            "rustls" | "pin" => rustls,
            "native-tls" => !rustls,
            // For the library's own tests.
            "fault-injection" => cfg!(feature = "fault-injection"),
            _ => false,
        }))
    })
}

/// Gives the name of a status, for logs and bug reports.
///
/// @param status  any number
/// @return the name of its constant, like "FBCHAT_ERR_DNS"; "FBCHAT_ERR_UNKNOWN" for other numbers; static text
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_status_name(status: fbchat_status) -> *const c_char {
    let known = Status::from_code(status);
    known.map_or(c"FBCHAT_ERR_UNKNOWN", Status::c_name).as_ptr()
}

/// Says in one sentence, meant for people, why this thread's last call failed.
///
/// Calls that return no status change it only if they fail.
///
/// @return the sentence, valid until this thread's next call into the library; "" if the last call did not fail
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_last_error() -> *const c_char {
    panic::last_error()
}

/// Measures how much of a long text fits into one message; call it again with the rest.
///
/// The cut is between two words where possible, and never inside what people see as one character (a letter with accents,
/// a flag, an emoji of several code points), unless that alone exceeds the limit.
///
/// @param text   the text
/// @param limit  the greatest length of a message in characters, FBCHAT_FIELD_MESSAGE_LIMIT; 1 or more
/// @param len    out: the length of the part in bytes; the whole length if everything fits
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a limit below 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_message_part(
    text: *const c_char,
    limit: i64,
    len: *mut usize,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a number.
        unsafe { pointers::clear(len, 0, "length") }?;
        // SAFETY: the header asks for NULL or a C string.
        let text = unsafe { pointers::read(text, "text") }?;
        let limit = usize::try_from(limit).ok().filter(|&limit| limit > 0);
        let limit = limit.ok_or_else(|| {
            Problem::new(
                Status::Argument,
                "The limit of a message must be at least 1",
            )
        })?;
        // SAFETY: as above; it is not NULL.
        unsafe { pointers::fill(len, message_part(text, limit)) };
        Ok(Status::Ok)
    })
}
