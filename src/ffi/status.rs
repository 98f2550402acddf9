//! What was loaded, and what the numbers mean.

use super::panic;
use super::pointers;
use crate::status::{Problem, Status};
use crate::types::message_part;
use std::ffi::c_char;

/// The outcome of a call or of an event: 0 or above is no failure.
///
/// Numbers come in blocks: -101 the caller's mistake, -201 network, -301 account, -401 protocol, -501 cancelled, -901 this
/// library. Later versions add numbers and never change one; treat one that you do not know by its block.
pub type fbchat_status = i32;
/// A user's number; 0 = nobody.
pub type fbchat_uid = u64;

/// All went well.
pub const FBCHAT_OK: fbchat_status = 0;
/// No event within the given time.
pub const FBCHAT_NO_EVENT: fbchat_status = 1;
/// The poll was ended by fbchat_client_wake.
pub const FBCHAT_WOKEN: fbchat_status = 2;
/// A required pointer was NULL.
pub const FBCHAT_ERR_NULL: fbchat_status = -101;
/// A string was not valid UTF-8.
pub const FBCHAT_ERR_UTF8: fbchat_status = -102;
/// An argument has a value that is not allowed.
pub const FBCHAT_ERR_ARGUMENT: fbchat_status = -103;
/// No option or field has this number, or it takes another kind of value.
pub const FBCHAT_ERR_KEY: fbchat_status = -104;
/// No such session: never opened by this client, or over.
pub const FBCHAT_ERR_NO_SESSION: fbchat_status = -105;
/// The session is not in a state for this call (sending before login, a second login).
pub const FBCHAT_ERR_STATE: fbchat_status = -106;
/// Too many requests are under way already.
pub const FBCHAT_ERR_QUEUE_FULL: fbchat_status = -107;
/// The process was forked after the handle was made; handles stay with their process.
pub const FBCHAT_ERR_FORKED: fbchat_status = -108;
/// The client is being freed, or was.
pub const FBCHAT_ERR_CLOSED: fbchat_status = -109;
/// The server's address is plain HTTP and not on this machine: a password would travel readable.
pub const FBCHAT_ERR_INSECURE: fbchat_status = -110;
/// No such request: never made, or its answer was taken already.
pub const FBCHAT_ERR_NO_REQUEST: fbchat_status = -111;
/// The server's name could not be resolved.
pub const FBCHAT_ERR_DNS: fbchat_status = -201;
/// No connection to the server.
pub const FBCHAT_ERR_CONNECT: fbchat_status = -202;
/// The TLS handshake or certificate check failed.
pub const FBCHAT_ERR_TLS: fbchat_status = -203;
/// The server took too long to answer.
pub const FBCHAT_ERR_TIMEOUT: fbchat_status = -204;
/// The connection broke.
pub const FBCHAT_ERR_IO: fbchat_status = -205;
/// The server answered with an HTTP error.
pub const FBCHAT_ERR_HTTP: fbchat_status = -206;
/// Wrong e-mail address or password.
pub const FBCHAT_ERR_CREDENTIALS: fbchat_status = -301;
/// The server asks for something that only a person in a browser can do (captcha, checkpoint).
pub const FBCHAT_ERR_CHALLENGE: fbchat_status = -302;
/// The session was ended by the server or from elsewhere.
pub const FBCHAT_ERR_LOGGED_OUT: fbchat_status = -303;
/// Too many messages or attempts; try again later.
pub const FBCHAT_ERR_RATE_LIMITED: fbchat_status = -304;
/// The server refused the request.
pub const FBCHAT_ERR_REFUSED: fbchat_status = -305;
/// The message is longer than the server allows.
pub const FBCHAT_ERR_TOO_LONG: fbchat_status = -306;
/// The recipient is offline or not a friend.
pub const FBCHAT_ERR_RECIPIENT_OFFLINE: fbchat_status = -307;
/// The server cannot do this at all; see FBCHAT_FIELD_FEATURES.
pub const FBCHAT_ERR_UNSUPPORTED: fbchat_status = -308;
/// The reply could not be understood.
pub const FBCHAT_ERR_BAD_REPLY: fbchat_status = -401;
/// The server is no fbchat server, or speaks a dialect that is not known here.
pub const FBCHAT_ERR_SERVER_CHANGED: fbchat_status = -402;
/// The request may or may not have been carried out.
pub const FBCHAT_ERR_OUTCOME_UNKNOWN: fbchat_status = -403;
/// Cancelled by the program, or by the end of its session.
pub const FBCHAT_ERR_CANCELLED: fbchat_status = -501;
/// A bug in this library was caught at the border.
pub const FBCHAT_ERR_PANIC: fbchat_status = -901;
/// Out of descriptors, threads or memory.
pub const FBCHAT_ERR_RESOURCES: fbchat_status = -902;
/// Something that cannot happen did.
pub const FBCHAT_ERR_INTERNAL: fbchat_status = -903;

/// Counts the incompatible changes of this interface; also the number in the name libfbchat.so.N.
pub const FBCHAT_ABI_VERSION: u32 = 0;

/// Says which version of the library was loaded.
///
/// @return the version, like "0.1.0"
///
/// Ownership: static text, never freed.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Says which interface the loaded library has, to be compared with FBCHAT_ABI_VERSION of the header.
///
/// @return a number; another one than the header's means that the program must not go on
///
/// Ownership: nothing changes hands.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_abi_version() -> u32 {
    FBCHAT_ABI_VERSION
}

/// Says whether the loaded library has a feature.
///
/// @param name  the feature: "tls" (https servers), by "rustls" or "native-tls" (the system's library); "pin"
///              (FBCHAT_CONFIG_PIN_SHA256, FBCHAT_FIELD_CERTIFICATE_SHA256), only with rustls
/// @return 1 if it has, 0 if not, if nobody knows the name, or if it is NULL
///
/// Ownership: name is borrowed for the call.
/// Threads: any.
/// Since: 0.1
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

/// Says how much of a text goes into one message, for sending what is too long for one in several. The rest does not begin
/// inside of a word, unless that is very long, nor inside of what a person sees as one character (a letter with its
/// accents, a flag, a family of emoji), unless that is too long by itself.
///
/// @param text   UTF-8
/// @param limit  how many characters a message can have, FBCHAT_FIELD_MESSAGE_LIMIT; 1 or more
/// @param len    out: how many bytes; all of a text that fits
/// @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for another limit
///
/// Ownership: text is borrowed for the call.
/// Threads: any.
/// Since: 0.1
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
            Problem::new(Status::Argument, "A message has at least one character")
        })?;
        // SAFETY: as above; it is not NULL.
        unsafe { pointers::fill(len, message_part(text, limit)) };
        Ok(Status::Ok)
    })
}

/// Names a status for a log or a bug report.
///
/// @param status  any number
/// @return the name of its constant, like "FBCHAT_ERR_DNS"; "FBCHAT_ERR_UNKNOWN" for a number without one
///
/// Ownership: static text, never freed.
/// Threads: any.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_status_name(status: fbchat_status) -> *const c_char {
    let known = Status::ALL.into_iter().find(|known| known.code() == status);
    known.map_or(c"FBCHAT_ERR_UNKNOWN", Status::c_name).as_ptr()
}

/// Says in a sentence for people what went wrong in this thread's last call, if it failed.
///
/// @return the sentence; "" if the last call did not fail. Calls that return no status change it only if they fail.
///
/// Ownership: borrowed; valid until this thread's next call into the library.
/// Threads: any; each thread has its own.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_last_error() -> *const c_char {
    panic::last_error()
}
