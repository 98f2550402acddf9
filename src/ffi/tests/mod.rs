mod documented;
mod events;
mod settings;

use super::*;
use crate::client::{SessionEvent, SessionId};
use crate::status::{Distrust, Problem, Status, Untrusted};
use crate::types::{
    Buddy, Connection, Event, File, FileKind, Image, Message, Origin, Picture, Presence, RequestId,
    Saved, Secret, Uid,
};
use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

fn made(event: Event) -> *mut fbchat_event {
    Box::into_raw(Box::new(fbchat_event::from(SessionEvent {
        session: SessionId(3),
        user_data: 5,
        event,
    })))
}

fn text(event: *const fbchat_event, item: usize, field: fbchat_field) -> Option<String> {
    let mut len = usize::MAX;
    // SAFETY: a living event.
    let text = unsafe { fbchat_event_str(event, item, field, &mut len) };
    if text.is_null() {
        assert_eq!(len, 0);
        return None;
    }
    // SAFETY: borrowed from the event, NUL-terminated.
    let text = unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
    assert_eq!(text.len(), len);
    Some(text)
}

fn int(event: *const fbchat_event, item: usize, field: fbchat_field) -> Result<i64, fbchat_status> {
    let mut value = -1;
    // SAFETY: a living event.
    match unsafe { fbchat_event_int(event, item, field, &mut value) } {
        FBCHAT_OK => Ok(value),
        status => Err(status),
    }
}

fn last_error() -> String {
    // SAFETY: NUL-terminated, valid until the next call.
    unsafe { CStr::from_ptr(fbchat_last_error()) }
        .to_str()
        .unwrap()
        .to_owned()
}

fn free(event: *mut fbchat_event) {
    // SAFETY: made above, freed once.
    unsafe { fbchat_event_free(event) }
}

#[test]
fn failures_carry_status_and_reason() {
    let waiting = made(Event::Connection(Connection::Waiting {
        wait_ms: 3000,
        problem: Problem::new(Status::Connect, "No connection"),
    }));
    assert_eq!(int(waiting, 0, FBCHAT_FIELD_WAIT_MS), Ok(3000));
    assert_eq!(
        int(waiting, 0, FBCHAT_FIELD_CONNECTION),
        Ok(i64::from(FBCHAT_CONNECTION_WAITING))
    );
    assert_eq!(
        text(waiting, 0, FBCHAT_FIELD_REASON).unwrap(),
        "No connection"
    );
    // SAFETY: a living event.
    assert_eq!(unsafe { fbchat_event_status(waiting) }, FBCHAT_ERR_CONNECT);
    free(waiting);
    let closed = made(Event::Closed {
        request: None,
        problem: None,
    });
    assert_eq!(text(closed, 0, FBCHAT_FIELD_REASON), None);
    assert_eq!(last_error(), "", "an absent field is no failure");
    free(closed);
}

#[test]
fn certificate_that_is_not_trusted_can_be_asked_about() {
    let mut problem = Problem::new(Status::Tls, "No secure connection");
    problem.untrusted = Some(Untrusted {
        why: Distrust::WrongName,
        sha256: Some([0xAB; 32]),
    });
    let failed = Event::LoginFailed {
        request: RequestId(9),
        problem: problem.clone(),
    };
    let waiting = Event::Connection(Connection::Waiting {
        wait_ms: 3000,
        problem,
    });
    for event in [failed, waiting] {
        let event = made(event);
        let sha256 = text(event, 0, FBCHAT_FIELD_CERTIFICATE_SHA256).unwrap();
        assert_eq!(sha256, ["AB"; 32].join(":"));
        let why = i64::from(FBCHAT_CERTIFICATE_WRONG_NAME);
        assert_eq!(int(event, 0, FBCHAT_FIELD_CERTIFICATE_PROBLEM), Ok(why));
        free(event);
    }
    let other = made(Event::LoginFailed {
        request: RequestId(9),
        problem: Problem::new(Status::Dns, "no such name"),
    });
    assert_eq!(text(other, 0, FBCHAT_FIELD_CERTIFICATE_SHA256), None);
    assert_eq!(int(other, 0, FBCHAT_FIELD_CERTIFICATE_PROBLEM), Ok(0));
    free(other);
}

#[test]
fn panic_becomes_a_status() {
    assert_eq!(
        super::panic::status(|| panic!("injected")),
        FBCHAT_ERR_PANIC
    );
    assert!(last_error().contains("bug in fbchat"));
    assert_eq!(super::panic::value(7, || panic!("injected")), 7);
    assert_eq!(super::panic::status(|| Ok(Status::Ok)), FBCHAT_OK);
    assert_eq!(last_error(), "");
}
