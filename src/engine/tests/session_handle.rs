//! Which calls a session accepts in which phase, and its limits.

use super::super::error::CallError;
use super::super::sending::MAX_MESSAGES;
use super::super::session_handle::{Effect, MAX_REQUESTS, SessionHandle};
use crate::status::{Problem, Status};
use crate::types::{Command, Event, Features, RequestId, Saved, Secret, Uid};
use std::time::Duration;

fn apply(handle: &SessionHandle, event: Event) -> Effect {
    let mut effect = None;
    handle.apply(event, |_, found| effect = Some(found));
    effect.unwrap()
}

fn failed(request: RequestId) -> Event {
    Event::Failed {
        request,
        problem: Problem::new(Status::Io, "gone"),
    }
}

fn online() -> SessionHandle {
    let handle = SessionHandle::new(0, 1);
    let request = handle
        .login("alice@example.org".into(), Secret::new("demo".into()))
        .unwrap();
    let logged_in = Event::LoggedIn {
        request,
        uid: Uid(1),
        name: String::new(),
        message_limit: 5,
        file_limit: 0,
        features: Features::default(),
    };
    apply(&handle, logged_in);
    handle.take_work();
    handle
}

#[test]
fn calls_are_refused_in_the_wrong_phase() {
    let handle = SessionHandle::new(0, 1);
    let text = || "hi".to_owned();
    assert!(matches!(
        handle.send(Uid(2), text(), None),
        Err(CallError::State(_))
    ));
    assert!(matches!(handle.logout(), Err(CallError::State(_))));
    assert!(matches!(handle.buddies(), Err(CallError::State(_))));
    let handle = online();
    let again = handle.login("a".into(), Secret::new("b".into()));
    assert!(matches!(again, Err(CallError::State(_))));
    handle.send(Uid(2), text(), None).unwrap();
    handle.logout().unwrap();
    assert!(matches!(
        handle.send(Uid(2), text(), None),
        Err(CallError::State(_))
    ));
    handle.close(Duration::ZERO);
    assert_eq!(handle.send(Uid(2), text(), None), Err(CallError::NoSession));
}

#[test]
fn failed_login_may_be_repeated() {
    let handle = SessionHandle::new(0, 1);
    let request = handle.login("a".into(), Secret::new("b".into())).unwrap();
    let problem = Problem::new(Status::Credentials, "no");
    apply(&handle, Event::LoginFailed { request, problem });
    assert!(handle.login("a".into(), Secret::new("c".into())).is_ok());
}

#[test]
fn message_length_counts_characters_and_names_the_limit() {
    let handle = online();
    assert!(handle.send(Uid(2), "中文🎉éé".into(), None).is_ok());
    let error = handle.send(Uid(2), "123456".into(), None).unwrap_err();
    assert_eq!(error.status(), Status::TooLong);
    assert_eq!(
        error.to_string(),
        "The message has 6 characters; this server allows 5"
    );
}

#[test]
fn requests_without_an_answer_are_bounded_and_answered_once() {
    let handle = online();
    let ask = || handle.submit_online(|request| Command::Refresh { request });
    let requests: Vec<_> = std::iter::from_fn(|| ask().ok()).collect();
    assert_eq!(requests.len(), MAX_REQUESTS);
    assert_eq!(ask(), Err(CallError::QueueFull));
    assert!(apply(&handle, failed(requests[0])).wanted);
    assert!(!apply(&handle, failed(requests[0])).wanted);
    assert!(ask().is_ok());
    let closed = Event::Closed {
        request: None,
        problem: None,
    };
    let closed = apply(&handle, closed);
    assert_eq!(closed.unanswered.len(), MAX_REQUESTS);
}

#[test]
fn messages_are_bounded_and_leave_no_holes() {
    let handle = online();
    let send = |text: &str| handle.send(Uid(2), text.into(), None);
    let sent: Vec<_> = std::iter::from_fn(|| send("hi").ok()).collect();
    assert_eq!(sent.len(), MAX_MESSAGES);
    // Other requests have room of their own.
    assert!(
        handle
            .submit_online(|request| Command::Refresh { request })
            .is_ok()
    );
    for request in sent {
        assert_eq!(send("later"), Err(CallError::MessagesFull));
        apply(&handle, failed(request));
    }
    assert!(send("hi").is_ok());
}

#[test]
fn nothing_follows_closed() {
    let handle = online();
    let closed = || Event::Closed {
        request: None,
        problem: None,
    };
    assert!(apply(&handle, closed()).wanted);
    let state = Event::State(Saved {
        text: Secret::new("late".into()),
        unsettled: 0,
    });
    for late in [closed(), state] {
        handle.apply(late, |event, _| panic!("{event:?}"));
    }
}
