//! Contains panics at the border, and keeps the sentence of each thread's last failure.

use crate::status::{Problem, Status};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Runs a call that returns a status.
pub(super) fn status(body: impl FnOnce() -> Result<Status, Problem>) -> i32 {
    match run(body) {
        Ok(status) => {
            forget();
            status.code()
        }
        Err(problem) => {
            remember(&problem);
            problem.status.code()
        }
    }
}

/// Runs a call that returns a value; `fallback` is returned on failure.
pub(super) fn value<T>(fallback: T, body: impl FnOnce() -> Result<T, Problem>) -> T {
    run(body).unwrap_or_else(|problem| {
        remember(&problem);
        fallback
    })
}

fn run<T>(body: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    // Unwind safety: what a body can leave unfinished is behind locks, and consistent at every step.
    let guarded = AssertUnwindSafe(|| {
        #[cfg(feature = "fault-injection")]
        crate::injection::pass(crate::injection::Place::Call);
        body()
    });
    catch_unwind(guarded).unwrap_or_else(|payload| {
        // Dropping a foreign payload could panic again; that second payload is leaked.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
        let text = "A bug in fbchat was caught; please report what the program did";
        Err(Problem::new(Status::Panic, text))
    })
}

fn remember(problem: &Problem) {
    let text = problem.text.replace('\0', "\u{FFFD}");
    set(CString::new(text).unwrap_or_default());
}

fn forget() {
    let _ = LAST_ERROR.try_with(|last| {
        if !last.borrow().is_empty() {
            last.take();
        }
    });
}

fn set(text: CString) {
    // Fails only while the thread is ending, when nothing can read it any more.
    let _ = LAST_ERROR.try_with(|last| last.replace(text));
}

/// The sentence, valid until this thread's next call; empty if the last call did not fail.
pub(super) fn last_error() -> *const c_char {
    const NONE: &CStr = c"";
    LAST_ERROR
        .try_with(|last| last.borrow().as_ptr())
        .unwrap_or(NONE.as_ptr())
}
