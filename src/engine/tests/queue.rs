//! Order, fairness, limits and the descriptor of the event queue.

use super::super::error::CallError;
use super::super::event_queue::EventQueue;
use super::super::log::{Level, LogSettings};
use super::super::polled::{Polled, SessionEvent};
use super::super::session_handle::{SessionHandle, SessionId};
use super::super::wake::wait_readable;
use crate::status::{Problem, Status};
use crate::types::{Buddy, Event, Message, Origin, Presence, RequestId, Saved, Secret, Uid};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn queue(limit: usize) -> (EventQueue, SessionId) {
    let queue = EventQueue::new(limit).unwrap();
    let id = open(&queue);
    (queue, id)
}

fn open(queue: &EventQueue) -> SessionId {
    let handle = Arc::new(SessionHandle::new(7, 1));
    let id = handle.id;
    queue.add_session(handle).unwrap();
    id
}

fn is_paused(queue: &EventQueue, id: SessionId) -> bool {
    queue.session(id).unwrap().pace.is_paused()
}

fn message(number: usize) -> Event {
    Event::Message(Message {
        from: Uid(1),
        to: Uid(2),
        in_group: false,
        notice: None,
        files: Vec::new(),
        from_name: String::new(),
        to_name: String::new(),
        text: number.to_string(),
        time: 0,
        message_id: String::new(),
        origin: Origin::Incoming,
        replayed: false,
    })
}

fn presence(uid: u64, presence: Presence) -> Event {
    Event::Presence(Arc::new(Buddy {
        uid: Uid(uid),
        name: String::new(),
        first_name: String::new(),
        presence,
        idle_since: 0,
        status_text: None,
        status_time: 0,
        picture_url: None,
    }))
}

const CLOSED: Event = Event::Closed {
    request: None,
    problem: None,
};

fn poll(queue: &EventQueue) -> Option<SessionEvent> {
    match queue.poll(Some(Duration::ZERO), None).unwrap() {
        Polled::Event(event) => Some(event),
        Polled::Woken => panic!("woken"),
        Polled::Nothing => None,
    }
}

fn readable(queue: &EventQueue) -> bool {
    wait_readable(queue.fd(), 0)
}

#[test]
fn events_of_a_session_keep_their_order_and_carry_its_data() {
    let (queue, id) = queue(100);
    (0..3).for_each(|number| queue.push(id, message(number)));
    for number in 0..3 {
        let event = poll(&queue).unwrap();
        assert_eq!((event.session, event.user_data), (id, 7));
        assert_eq!(event.event, message(number));
    }
    assert!(poll(&queue).is_none());
}

#[test]
fn only_the_latest_progress_of_a_request_waits() {
    let (queue, id) = queue(100);
    let progress = |request, done| Event::Progress {
        request: RequestId(request),
        done,
        total: None,
    };
    for (request, done) in [(1, 5), (2, 1), (1, 6), (1, 7)] {
        queue.push(id, progress(request, done));
    }
    assert_eq!(poll(&queue).unwrap().event, progress(2, 1));
    assert_eq!(poll(&queue).unwrap().event, progress(1, 7));
    assert!(poll(&queue).is_none() && !readable(&queue));
}

#[test]
fn sessions_take_turns() {
    let (queue, noisy) = queue(100);
    let quiet = open(&queue);
    (0..10).for_each(|number| queue.push(noisy, message(number)));
    queue.push(quiet, message(0));
    poll(&queue).unwrap();
    assert_eq!(poll(&queue).unwrap().session, quiet);
}

#[test]
fn descriptor_is_readable_exactly_while_something_waits() {
    let (queue, id) = queue(100);
    assert!(!readable(&queue));
    queue.push(id, message(0));
    queue.push(id, message(1));
    poll(&queue).unwrap();
    assert!(readable(&queue));
    poll(&queue).unwrap();
    assert!(!readable(&queue));
    queue.wake().unwrap();
    assert!(readable(&queue));
    assert!(matches!(queue.poll(None, None), Ok(Polled::Woken)));
    assert!(!readable(&queue));
    queue.log(Level::Info, "a line".into());
    assert!(readable(&queue));
    assert!(poll(&queue).is_none());
    assert!(!readable(&queue));
    queue.push(id, message(2));
    queue.remove(id).unwrap();
    assert!(!readable(&queue));
}

#[test]
fn removed_session_is_silent_and_unknown() {
    let (queue, id) = queue(100);
    let other = open(&queue);
    queue.push(id, message(0));
    queue.push(other, message(1));
    queue.remove(id).unwrap();
    queue.push(id, message(2));
    assert_eq!(poll(&queue).unwrap().session, other);
    assert!(poll(&queue).is_none());
    assert_eq!(queue.remove(id).unwrap_err(), CallError::NoSession);
    assert_eq!(queue.session(id).unwrap_err(), CallError::NoSession);
}

#[test]
fn closed_event_is_the_end_of_the_session() {
    let (queue, id) = queue(100);
    queue.push(id, CLOSED);
    assert!(queue.session(id).is_ok());
    poll(&queue).unwrap();
    assert_eq!(queue.session(id).unwrap_err(), CallError::NoSession);
}

#[test]
fn session_above_its_share_pauses_keeps_the_newest_presence_and_loses_no_message() {
    let (queue, id) = queue(100);
    let other = open(&queue);
    for number in 0..25 {
        assert!(!is_paused(&queue, id), "paused after {number}");
        queue.push(id, message(number));
    }
    assert!(is_paused(&queue, id) && !is_paused(&queue, other));
    for _ in 0..1000 {
        queue.push(id, presence(5, Presence::Idle));
        queue.push(id, presence(5, Presence::Active));
        queue.push(
            id,
            Event::Typing {
                from: Uid(5),
                group: None,
                typing: true,
            },
        );
        queue.push(id, Event::Connection(crate::types::Connection::Connected));
    }
    queue.push(id, message(25));
    queue.push(id, CLOSED);
    let events: Vec<_> = std::iter::from_fn(|| poll(&queue))
        .map(|event| event.event)
        .collect();
    assert_eq!(events.len(), 1 + 25 + 3 + 2);
    assert_eq!(events[26], presence(5, Presence::Active));
    assert_eq!(events[29..], [message(25), CLOSED]);
}

#[test]
fn paused_session_continues_once_the_host_has_drained_it() {
    let (queue, id) = queue(100);
    (0..25).for_each(|number| queue.push(id, message(number)));
    // OVERLOAD and the first messages.
    for _ in 0..13 {
        poll(&queue).unwrap();
        assert!(is_paused(&queue, id));
    }
    poll(&queue).unwrap();
    assert!(!is_paused(&queue, id));
}

#[test]
fn full_queue_pauses_all_sessions_and_resumes_them() {
    let (queue, _) = queue(100);
    let ids: Vec<_> = (0..20).map(|_| open(&queue)).collect();
    for id in &ids {
        (0..5).for_each(|number| queue.push(*id, message(number)));
    }
    assert!(is_paused(&queue, ids[19]));
    while is_paused(&queue, ids[19]) {
        poll(&queue).expect("resumes before the queue is empty");
    }
    assert!(ids.iter().all(|id| !is_paused(&queue, *id)));
    assert!(poll(&queue).is_some());
}

#[test]
fn buddy_list_replaces_older_presence_and_lists() {
    let (queue, id) = queue(64);
    let list = || Event::BuddyList {
        request: None,
        buddies: [].into(),
    };
    (0..16).for_each(|number| queue.push(id, message(number)));
    queue.push(id, presence(1, Presence::Idle));
    queue.push(id, list());
    queue.push(id, presence(2, Presence::Idle));
    queue.push(id, list());
    let kinds = std::iter::from_fn(|| poll(&queue)).filter(|event| event.event == list());
    assert_eq!(kinds.count(), 1);
}

#[test]
fn log_lines_are_passed_on_during_a_poll_without_the_lock() {
    let (queue, _) = queue(100);
    let queue = Arc::new(queue);
    queue.log(Level::Warn, "careful".into());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (inner, lines) = (queue.clone(), seen.clone());
    let log = LogSettings {
        level: Level::Info,
        sink: Arc::new(move |level, line| {
            inner.wake().unwrap();
            lines.lock().unwrap().push((level, line.to_owned()));
        }),
    };
    assert!(matches!(
        queue.poll(Some(Duration::ZERO), Some(&log)),
        Ok(Polled::Woken)
    ));
    assert_eq!(*seen.lock().unwrap(), [(Level::Warn, "careful".to_owned())]);
}

#[test]
fn close_ends_a_waiting_poll() {
    let (queue, id) = queue(100);
    let queue = Arc::new(queue);
    let waiting = std::thread::spawn({
        let queue = queue.clone();
        move || queue.poll(None, None).unwrap_err()
    });
    assert_eq!(queue.close().len(), 1);
    assert_eq!(waiting.join().unwrap(), CallError::Closed);
    queue.push(id, message(0));
    assert_eq!(queue.session(id).unwrap_err(), CallError::Closed);
    assert_eq!(queue.wake().unwrap_err(), CallError::Closed);
}

#[test]
fn overload_is_reported_first_and_once() {
    let (queue, id) = queue(100);
    (0..30).for_each(|number| queue.push(id, message(number)));
    let first = poll(&queue).unwrap().event;
    assert_eq!(first, Event::Overload { waiting: 25 });
    let rest: Vec<_> = std::iter::from_fn(|| poll(&queue)).collect();
    assert_eq!(rest.len(), 30);
    assert!(!is_paused(&queue, id) && !readable(&queue));
}

#[test]
fn newest_state_replaces_the_one_before() {
    let (queue, id) = queue(100);
    let state = |text: &str| {
        Event::State(Saved {
            text: Secret::new(text.into()),
            unsettled: 0,
        })
    };
    queue.push(id, state("old"));
    queue.push(id, message(1));
    queue.push(id, state("new"));
    let events: Vec<_> = std::iter::from_fn(|| poll(&queue))
        .map(|it| it.event)
        .collect();
    assert_eq!(events, [message(1), state("new")]);
    assert!(!readable(&queue));
}

fn login(queue: &EventQueue, id: SessionId) -> (Arc<SessionHandle>, RequestId) {
    let handle = queue.session(id).unwrap();
    let request = handle.login("a".into(), Secret::new("b".into())).unwrap();
    (handle, request)
}

fn fail(queue: &EventQueue, handle: &SessionHandle, request: RequestId) {
    let problem = Problem::new(Status::Io, "gone");
    handle.apply(Event::LoginFailed { request, problem }, |event, _| {
        queue.push(handle.id, event);
    });
}

#[test]
fn answer_is_taken_out_of_turn_and_once() {
    let (queue, id) = queue(100);
    let (handle, request) = login(&queue, id);
    queue.push(id, message(1));
    assert!(
        queue
            .wait_for_answer(request, Some(Duration::ZERO), None)
            .unwrap()
            .is_none()
    );
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| queue.wait_for_answer(request, None, None));
        fail(&queue, &handle, request);
        let found = waiter.join().unwrap().unwrap().unwrap();
        assert_eq!((found.session, found.event.answers()), (id, Some(request)));
    });
    let again = queue.wait_for_answer(request, None, None);
    assert_eq!(again.unwrap_err(), CallError::NoRequest);
    assert_eq!(poll(&queue).unwrap().event, message(1));
    assert!(!readable(&queue));
}

#[test]
fn answer_that_cannot_come_any_more_is_not_waited_for() {
    let (queue, id) = queue(100);
    let (_, request) = login(&queue, id);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| queue.wait_for_answer(request, None, None));
        queue.remove(id).unwrap();
        let error = waiter.join().unwrap().unwrap_err();
        assert!(matches!(error, CallError::NoSession | CallError::NoRequest));
    });
    let id = open(&queue);
    let (_, request) = login(&queue, id);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| queue.wait_for_answer(request, None, None));
        queue.close();
        assert_eq!(waiter.join().unwrap().unwrap_err(), CallError::Closed);
    });
}

#[test]
fn closed_taken_out_of_turn_leaves_the_messages_before_it() {
    let (queue, id) = queue(100);
    let (handle, login) = login(&queue, id);
    fail(&queue, &handle, login);
    poll(&queue).unwrap();
    let request = handle
        .resume(Secret::new("x".into()))
        .and_then(|_| handle.logout())
        .unwrap();
    queue.push(id, message(1));
    let closed = Event::Closed {
        request: Some(request),
        problem: None,
    };
    handle.apply(closed, |event, _| queue.push(id, event));
    assert!(
        queue
            .wait_for_answer(request, None, None)
            .unwrap()
            .is_some()
    );
    assert_eq!(poll(&queue).unwrap().event, message(1));
    assert!(
        queue.session(id).is_err(),
        "the session is removed with its last event"
    );
}
