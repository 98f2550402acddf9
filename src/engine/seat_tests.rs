use super::*;
use crate::status::{Problem, Status};
use crate::types::{Features, Secret};

fn note(seat: &Seat, event: Event) -> Noted {
    let mut noted = None;
    seat.note(event, |_, found| noted = Some(found));
    noted.unwrap()
}

fn online() -> Seat {
    let seat = Seat::new(0);
    let request = seat
        .login("alice@example.org".into(), Secret::new("demo".into()))
        .unwrap();
    let logged_in = Event::LoggedIn {
        request,
        uid: Uid(1),
        name: String::new(),
        message_limit: 5,
        features: Features::default(),
    };
    note(&seat, logged_in);
    seat.take_work();
    seat
}

#[test]
fn calls_are_refused_in_the_wrong_phase() {
    let seat = Seat::new(0);
    let text = || "hi".to_owned();
    assert!(matches!(
        seat.send(Uid(2), text()),
        Err(CallError::State(_))
    ));
    assert!(matches!(seat.logout(), Err(CallError::State(_))));
    assert!(matches!(seat.buddies(), Err(CallError::State(_))));
    let seat = online();
    let again = seat.login("a".into(), Secret::new("b".into()));
    assert!(matches!(again, Err(CallError::State(_))));
    seat.send(Uid(2), text()).unwrap();
    seat.logout().unwrap();
    assert!(matches!(
        seat.send(Uid(2), text()),
        Err(CallError::State(_))
    ));
    seat.end(Duration::ZERO);
    assert_eq!(seat.send(Uid(2), text()), Err(CallError::NoSession));
}

#[test]
fn failed_login_may_be_repeated() {
    let seat = Seat::new(0);
    let request = seat.login("a".into(), Secret::new("b".into())).unwrap();
    let problem = Problem::new(Status::Credentials, "no");
    note(&seat, Event::LoginFailed { request, problem });
    assert!(seat.login("a".into(), Secret::new("c".into())).is_ok());
}

#[test]
fn message_length_counts_characters_and_names_the_limit() {
    let seat = online();
    assert!(seat.send(Uid(2), "中文🎉éé".into()).is_ok());
    let error = seat.send(Uid(2), "123456".into()).unwrap_err();
    assert_eq!(error.status(), Status::TooLong);
    assert_eq!(
        error.to_string(),
        "The message has 6 characters; this server allows 5"
    );
}

#[test]
fn requests_without_an_answer_are_bounded_and_answered_once() {
    let seat = online();
    let requests: Vec<_> = std::iter::from_fn(|| seat.send(Uid(2), "hi".into()).ok()).collect();
    assert_eq!(requests.len(), MAX_REQUESTS);
    assert_eq!(seat.send(Uid(2), "hi".into()), Err(CallError::QueueFull));
    let failed = |request| Event::Failed {
        request,
        problem: Problem::new(Status::Io, "gone"),
    };
    assert!(note(&seat, failed(requests[0])).wanted);
    assert!(!note(&seat, failed(requests[0])).wanted);
    assert!(seat.send(Uid(2), "hi".into()).is_ok());
    let closed = Event::Closed {
        request: None,
        problem: None,
    };
    let closed = note(&seat, closed);
    assert_eq!(closed.unanswered.len(), MAX_REQUESTS);
}

#[test]
fn nothing_follows_closed() {
    let seat = online();
    let closed = || Event::Closed {
        request: None,
        problem: None,
    };
    assert!(note(&seat, closed()).wanted);
    let state = Event::State(Secret::new("late".into()));
    for late in [closed(), state] {
        seat.note(late, |event, _| panic!("{event:?}"));
    }
}
