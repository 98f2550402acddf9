//! Reading arguments and writing results through the pointers of C programs.

use crate::status::{Problem, Status};
use std::ffi::{CStr, c_char, c_void};
use std::os::fd::{FromRawFd, OwnedFd};

/// The problem of a required pointer that is NULL.
pub(super) fn null(what: &str) -> Problem {
    Problem::new(Status::Null, format!("The {what} is NULL"))
}

/// Borrows a string of the program for the length of a call.
///
/// # Safety
/// `text` is NULL or NUL-terminated, and stays as it is during the call.
pub(super) unsafe fn read<'a>(text: *const c_char, what: &str) -> Result<&'a str, Problem> {
    if text.is_null() {
        return Err(null(what));
    }
    // SAFETY: not NULL, and NUL-terminated by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    let utf8 = text.to_str();
    utf8.map_err(|_| Problem::new(Status::Utf8, format!("The {what} is not valid UTF-8")))
}

/// Like [`read`], for a string that may be NULL.
///
/// # Safety
/// As for [`read`].
pub(super) unsafe fn maybe<'a>(
    text: *const c_char,
    what: &str,
) -> Result<Option<&'a str>, Problem> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { read(text, what) }.map(Some)
}

/// Borrows bytes of the program for the length of a call.
///
/// # Safety
/// `bytes` is NULL or `len` bytes long, and stays as it is during the call.
pub(super) unsafe fn bytes<'a>(
    bytes: *const c_void,
    len: usize,
    what: &str,
) -> Result<&'a [u8], Problem> {
    if bytes.is_null() {
        return Err(null(what));
    }
    if isize::try_from(len).is_err() {
        let text = format!("The {what} cannot be {len} bytes long");
        return Err(Problem::new(Status::Argument, text));
    }
    // SAFETY: not NULL, of this length by the caller's promise, and no longer than an object can be.
    Ok(unsafe { std::slice::from_raw_parts(bytes.cast(), len) })
}

/// Duplicates a descriptor of the program.
pub(super) fn descriptor(fd: isize) -> Result<OwnedFd, Problem> {
    let closed = || {
        Problem::new(
            Status::Descriptor,
            format!("{fd} is not an open descriptor"),
        )
    };
    let fd = i32::try_from(fd).map_err(|_| closed())?;
    // SAFETY: the kernel checks the number.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 {
        let error = std::io::Error::last_os_error();
        return Err(match error.raw_os_error() {
            Some(libc::EBADF) => closed(),
            _ => Problem::new(
                Status::Resources,
                format!("The descriptor cannot be duplicated: {error}"),
            ),
        });
    }
    // SAFETY: the kernel has made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Copies at most so many numbers of the program.
///
/// # Safety
/// `numbers` is NULL or has so many numbers, and stays as it is during the call.
pub(super) unsafe fn numbers(
    numbers: *const u64,
    count: usize,
    most: usize,
    what: &str,
) -> Result<Vec<u64>, Problem> {
    if count > most {
        let text = format!("There can be at most {most} {what}, not {count}");
        return Err(Problem::new(Status::Argument, text));
    }
    if numbers.is_null() && count > 0 {
        return Err(null(&format!("array of {what}")));
    }
    let places = (0..count).map(|place| numbers.wrapping_add(place));
    // SAFETY: not NULL, and of this length by the caller's promise; whether it is aligned does not matter.
    Ok(places
        .map(|place| unsafe { place.read_unaligned() })
        .collect())
}

/// Sets a required place for a result to its empty value.
///
/// # Safety
/// `place` is NULL or may be written.
pub(super) unsafe fn clear<T>(place: *mut T, empty: T, what: &str) -> Result<(), Problem> {
    if place.is_null() {
        return Err(null(&format!("place for the {what}")));
    }
    // SAFETY: not NULL, and writable by the caller's promise.
    unsafe { place.write(empty) };
    Ok(())
}

/// Writes a result, unless its place is NULL.
///
/// # Safety
/// `place` is NULL or may be written.
pub(super) unsafe fn fill<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not NULL, and writable by the caller's promise.
        unsafe { place.write(value) };
    }
}

/// An integer that must be 0 or 1.
pub(super) fn flag(value: i64, range: &str) -> Result<bool, Problem> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Problem::new(
            Status::Argument,
            format!("{range}, not {value}"),
        )),
    }
}
