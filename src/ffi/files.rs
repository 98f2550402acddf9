//! Files, including pictures, on servers with FBCHAT_FEATURE_FILES. A file is uploaded first, which returns its FILE_ID, and then sent
//! with a message. Received files are fields of MESSAGE and HISTORY: FILE_ID is for the downloads here, FILE_URL for the user.
//!
//! A session runs a few uploads and downloads at a time, and the others wait; they do not delay messages. They survive broken
//! connections, and PROGRESS reports how far they are. A descriptor is duplicated before the call returns, so the program may close
//! its own at once; the two share their position and their modes. Do not use the file before the answer has arrived.

use super::pointers;
use super::request::request;
use super::types::{fbchat_client, fbchat_request, fbchat_session, fbchat_status, fbchat_uid};
use crate::client::SessionId;
use crate::types::Uid;
use std::ffi::{c_char, c_void};

/// Uploads a file from memory.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param bytes    the file; copied before the call returns
/// @param len      its length: 1 byte to FBCHAT_FIELD_FILE_LIMIT
/// @param name     its name; directories in it are removed
/// @param request  out: answered by FILE or FAILED; may be NULL. PROGRESS comes first
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for an empty file, or a name that is empty or longer than 4096 bytes;
///         FBCHAT_ERR_TOO_LONG for more than the limit, which is in fbchat_last_error
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_upload(
    client: *mut fbchat_client,
    session: fbchat_session,
    bytes: *const c_void,
    len: usize,
    name: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: the header asks for bytes of that length, a C string, and NULL or a place for a number; so below.
    unsafe {
        self::request(client, request, |client| {
            let bytes = pointers::bytes(bytes, len, "file")?;
            let name = pointers::read(name, "name")?;
            Ok(client.upload(SessionId(session), bytes, name)?)
        })
    }
}

/// Uploads what can be read from a descriptor, from its current position to the end: a file, or a pipe or a socket.
///
/// If the connection breaks, a file is sent again from that position; the position of the descriptor does not change. Pipes and sockets
/// cannot be read twice, so then the upload fails. A pipe or socket that delivers nothing delays only this upload, which
/// fails after a minute or two without progress; the server may end it earlier.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param fd       a descriptor that can be read; duplicated before the call returns
/// @param name     the file's name; directories in it are removed
/// @param request  out: answered by FILE or FAILED; may be NULL. PROGRESS comes first. FAILED has FBCHAT_ERR_DESCRIPTOR if the
///                 descriptor cannot be read, or the file becomes shorter during the upload
/// @return FBCHAT_OK; FBCHAT_ERR_DESCRIPTOR if fd is not open or is a directory; FBCHAT_ERR_ARGUMENT for a file that is
///         empty, or a name that is empty or longer than 4096 bytes; FBCHAT_ERR_TOO_LONG for a file of more than
///         FBCHAT_FIELD_FILE_LIMIT bytes; FBCHAT_ERR_RESOURCES if no descriptor is left
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_upload_fd(
    client: *mut fbchat_client,
    session: fbchat_session,
    fd: isize,
    name: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_upload.
    unsafe {
        self::request(client, request, |client| {
            let name = pointers::read(name, "name")?;
            Ok(client.upload_fd(SessionId(session), pointers::descriptor(fd)?, name)?)
        })
    }
}

/// Sends a message with a file, in order with those of fbchat_session_send.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param to       the recipient: a user or a group
/// @param file_id  the FILE_ID of FILE: only files that the user has uploaded can be sent, each any number of times
/// @param text     plain text, as for fbchat_session_send; may be empty or NULL
/// @param request  out: answered exactly once, by SENT or FAILED; may be NULL
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for recipient 0 or if file_id is not a FILE_ID; FBCHAT_ERR_TOO_LONG, with the limit in
///         fbchat_last_error
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_send_file(
    client: *mut fbchat_client,
    session: fbchat_session,
    to: fbchat_uid,
    file_id: *const c_char,
    text: *const c_char,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_upload.
    unsafe {
        self::request(client, request, |client| {
            let file = pointers::read(file_id, "file id")?;
            let text = pointers::maybe(text, "text")?.unwrap_or_default();
            Ok(client.send_file(SessionId(session), Uid(to), file, text)?)
        })
    }
}

/// Downloads a file, or the preview of a photo, into memory.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param file_id  the FILE_ID of a message, or of the user's own upload
/// @param preview  1 = a preview of at most 320 by 320 pixels, which only FBCHAT_FILE_PHOTO has; 0 = the file
/// @param limit    the maximum size in bytes, at most 8388608 (8 MiB); a larger file fails with FBCHAT_ERR_TOO_LONG
/// @param request  out: answered by FILE with CONTENT, or FAILED; may be NULL. PROGRESS comes first
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT if file_id is not a FILE_ID, or for another value of preview, or limit 0 or above 8 MiB
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_download(
    client: *mut fbchat_client,
    session: fbchat_session,
    file_id: *const c_char,
    preview: i32,
    limit: usize,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_upload.
    unsafe {
        self::request(client, request, |client| {
            let file = pointers::read(file_id, "file id")?;
            let preview = pointers::flag(i64::from(preview), "preview must be 0 or 1")?;
            Ok(client.download(SessionId(session), file, preview, limit)?)
        })
    }
}

/// Downloads a file and writes it to a descriptor, in order from its current position: a file, or a pipe or a socket.
///
/// After a broken connection the download continues where it stopped. After FAILED the descriptor has received the beginning of the
/// file, or nothing: remove or truncate what was written. Write to a new file and rename it once DONE has arrived, so that
/// an incomplete file is not mistaken for the whole.
///
/// A pipe or socket with a slow reader delays only this download, which fails after a minute or two
/// without progress.
///
/// @param client   the client
/// @param session  a session that is logged in
/// @param file_id  the FILE_ID of a message, or of the user's own upload
/// @param fd       a descriptor that can be written; duplicated before the call returns
/// @param request  out: answered by DONE or FAILED; may be NULL. PROGRESS comes first. FAILED has FBCHAT_ERR_DESCRIPTOR if the
///                 descriptor cannot be written, for instance because the disk is full
/// @return FBCHAT_OK; FBCHAT_ERR_DESCRIPTOR if fd is not open; FBCHAT_ERR_ARGUMENT if file_id is not a FILE_ID;
///         FBCHAT_ERR_RESOURCES if no descriptor is left
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_session_download_fd(
    client: *mut fbchat_client,
    session: fbchat_session,
    file_id: *const c_char,
    fd: isize,
    request: *mut fbchat_request,
) -> fbchat_status {
    // SAFETY: see fbchat_session_upload.
    unsafe {
        self::request(client, request, |client| {
            let file = pointers::read(file_id, "file id")?;
            Ok(client.download_fd(SessionId(session), file, pointers::descriptor(fd)?)?)
        })
    }
}
