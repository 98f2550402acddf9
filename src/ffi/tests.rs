mod settings;

use super::*;
use crate::client::{SessionEvent, SessionId};
use crate::status::{Distrust, Problem, Status, Untrusted};
use crate::types::{
    Buddy, Connection, Event, Feature, Image, Message, Origin, Picture, Presence, RequestId, Uid,
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
fn status_numbers_of_the_header_are_those_of_the_library() {
    let source = include_str!("status.rs");
    let declared: Vec<_> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "))
        .filter_map(|line| line.split_once(": fbchat_status = "))
        .map(|(name, number)| {
            (
                name.to_owned(),
                number.trim_end_matches(';').parse().unwrap(),
            )
        })
        .collect();
    let known: Vec<(String, i32)> = Status::ALL
        .iter()
        .map(|status| (status.c_name().to_str().unwrap().to_owned(), status.code()))
        .collect();
    assert_eq!(declared, known);
}

#[test]
fn message_fields_can_be_read() {
    let event = made(Event::Message(Message {
        from: Uid(1 << 40),
        to: Uid(2),
        from_name: "Bob".into(),
        to_name: String::new(),
        text: "a\0b \u{1F389}".into(),
        time: 1_209_557_234_412,
        message_id: "77".into(),
        origin: Origin::OwnElsewhere,
        replayed: true,
    }));
    // SAFETY: a living event.
    unsafe {
        assert_eq!(fbchat_event_kind(event), FBCHAT_EVENT_MESSAGE);
        assert_eq!(fbchat_event_session(event), 3);
        assert_eq!(fbchat_event_request(event), 0);
        assert_eq!(fbchat_event_status(event), FBCHAT_OK);
        assert_eq!(fbchat_event_user_data(event).addr(), 5);
        assert_eq!(fbchat_event_count(event), 1);
    }
    assert_eq!(int(event, 0, FBCHAT_FIELD_FROM), Ok(1 << 40));
    assert_eq!(int(event, 0, FBCHAT_FIELD_TIME_MS), Ok(1_209_557_234_412));
    let flags = FBCHAT_MESSAGE_OWN | FBCHAT_MESSAGE_REPLAYED;
    assert_eq!(int(event, 0, FBCHAT_FIELD_FLAGS), Ok(i64::from(flags)));
    assert_eq!(
        text(event, 0, FBCHAT_FIELD_TEXT).unwrap(),
        "a\u{FFFD}b \u{1F389}"
    );
    assert_eq!(text(event, 0, FBCHAT_FIELD_TO_NAME).unwrap(), "");
    assert_eq!(int(event, 0, FBCHAT_FIELD_TEXT), Err(FBCHAT_ERR_KEY));
    assert_eq!(int(event, 0, FBCHAT_FIELD_UID), Err(FBCHAT_ERR_KEY));
    assert_eq!(int(event, 1, FBCHAT_FIELD_FROM), Err(FBCHAT_ERR_ARGUMENT));
    assert_eq!(
        int(event, usize::MAX, FBCHAT_FIELD_FROM),
        Err(FBCHAT_ERR_ARGUMENT)
    );
    assert_eq!(text(event, 0, FBCHAT_FIELD_FROM), None);
    assert_eq!(last_error(), "Field 7 is an integer");
    free(event);
}

#[test]
fn fields_of_a_whole_event_are_read_with_any_item() {
    let history = |messages| Event::History {
        request: RequestId(4),
        with: Uid(77),
        messages,
        more: true,
    };
    let message = Message {
        from: Uid(1),
        to: Uid(77),
        from_name: String::new(),
        to_name: String::new(),
        text: "first".into(),
        time: 5,
        message_id: String::new(),
        origin: Origin::Incoming,
        replayed: true,
    };
    for messages in [
        vec![],
        vec![message.clone()],
        vec![message.clone(), message],
    ] {
        let count = messages.len();
        let event = made(history(messages));
        for item in [0, 1, 2, usize::MAX] {
            assert_eq!(int(event, item, FBCHAT_FIELD_PEER), Ok(77));
            assert_eq!(int(event, item, FBCHAT_FIELD_MORE), Ok(1));
            let first = text(event, item, FBCHAT_FIELD_TEXT);
            assert_eq!(first.as_deref(), (item < count).then_some("first"));
        }
        free(event);
    }
}

#[test]
fn picture_is_given_as_it_is() {
    let bytes: Vec<u8> = (0..=255).collect();
    let event = made(Event::Picture {
        request: RequestId(4),
        picture: Picture {
            uid: Uid(7),
            url: Some("http://x/pics/q7_beef.jpg".into()),
            image: Some(Image {
                content_type: "image/png",
                bytes: bytes.as_slice().into(),
            }),
        },
    });
    let mut len = 0;
    // SAFETY: a living event, and as many bytes as it says.
    unsafe {
        let start = fbchat_event_bytes(event, 0, FBCHAT_FIELD_PICTURE, &mut len);
        assert_eq!(std::slice::from_raw_parts(start.cast::<u8>(), len), bytes);
    }
    let hash = text(event, 0, FBCHAT_FIELD_PICTURE_HASH);
    assert_eq!(hash.as_deref(), Some("beef"));
    free(event);
}

#[test]
fn features_of_the_header_are_those_of_the_library() {
    for (flag, feature) in [
        (FBCHAT_FEATURE_FRIENDS, Feature::Friends),
        (FBCHAT_FEATURE_PICTURES, Feature::Pictures),
        (FBCHAT_FEATURE_STATUS, Feature::Status),
        (FBCHAT_FEATURE_PROFILE, Feature::Profile),
        (FBCHAT_FEATURE_SEARCH, Feature::Search),
        (FBCHAT_FEATURE_NOTIFICATIONS, Feature::Notifications),
        (FBCHAT_FEATURE_HISTORY, Feature::History),
        (FBCHAT_FEATURE_POKE, Feature::Poke),
        (FBCHAT_FEATURE_PASSWORD, Feature::Password),
        (FBCHAT_FEATURE_REGISTRATION, Feature::Registration),
        (FBCHAT_FEATURE_NAME, Feature::Name),
    ] {
        assert_eq!(flag.cast_unsigned(), feature as u32, "{feature:?}");
    }
}

#[test]
fn buddy_list_has_a_row_for_each_buddy() {
    let buddy = |uid, status: Option<&str>| Buddy {
        uid: Uid(uid),
        name: format!("Buddy {uid}"),
        first_name: "Buddy".into(),
        presence: Presence::Idle,
        idle_since: 1_227_312_000_000,
        status_text: status.map(str::to_owned),
        status_time: 0,
        picture_url: None,
    };
    let event = made(Event::BuddyList {
        request: Some(RequestId(9)),
        buddies: [buddy(1, None), buddy(2, Some("away"))]
            .map(Into::into)
            .into(),
    });
    // SAFETY: a living event.
    unsafe {
        assert_eq!(fbchat_event_count(event), 2);
        assert_eq!(fbchat_event_request(event), 9);
    }
    assert_eq!(text(event, 0, FBCHAT_FIELD_STATUS_TEXT), None);
    assert_eq!(text(event, 1, FBCHAT_FIELD_STATUS_TEXT).unwrap(), "away");
    assert_eq!(text(event, 1, FBCHAT_FIELD_NAME).unwrap(), "Buddy 2");
    assert_eq!(
        int(event, 1, FBCHAT_FIELD_PRESENCE),
        Ok(i64::from(FBCHAT_PRESENCE_IDLE))
    );
    assert_eq!(
        int(event, 1, FBCHAT_FIELD_IDLE_SINCE_MS),
        Ok(1_227_312_000_000)
    );
    assert_eq!(int(event, 2, FBCHAT_FIELD_UID), Err(FBCHAT_ERR_ARGUMENT));
    free(event);
}

#[test]
fn long_buddy_list_can_be_read_in_any_order() {
    let buddy = |uid: usize| Buddy {
        uid: Uid(uid as u64),
        name: format!("Buddy {uid}"),
        first_name: String::new(),
        presence: Presence::Offline,
        idle_since: 0,
        status_text: None,
        status_time: 0,
        picture_url: None,
    };
    let event = made(Event::BuddyList {
        request: None,
        buddies: (0..1000).map(|uid| buddy(uid).into()).collect(),
    });
    // SAFETY: a living event.
    let last = unsafe { fbchat_event_str(event, 999, FBCHAT_FIELD_NAME, null_mut()) };
    for item in 0..1000 {
        let name = format!("Buddy {item}");
        assert_eq!(text(event, item, FBCHAT_FIELD_NAME), Some(name));
        assert_eq!(int(event, item, FBCHAT_FIELD_UID), Ok(item as i64));
    }
    // SAFETY: borrowed from the event, which is not freed yet.
    assert_eq!(unsafe { CStr::from_ptr(last) }, c"Buddy 999");
    assert_eq!(int(event, 999, FBCHAT_FIELD_TEXT), Err(FBCHAT_ERR_KEY));
    for item in [1000, 1023, 1024, usize::MAX] {
        assert_eq!(int(event, item, FBCHAT_FIELD_UID), Err(FBCHAT_ERR_ARGUMENT));
        let words = format!("The event has 1000 items; there is no item {item}");
        assert_eq!(text(event, item, FBCHAT_FIELD_NAME), None);
        assert_eq!(last_error(), words);
    }
    free(event);
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
fn numbers_of_distrust_are_those_of_the_header() {
    for (why, number) in [
        (Distrust::Expired, FBCHAT_CERTIFICATE_EXPIRED),
        (Distrust::NotYetValid, FBCHAT_CERTIFICATE_NOT_YET_VALID),
        (Distrust::UnknownIssuer, FBCHAT_CERTIFICATE_UNKNOWN_ISSUER),
        (Distrust::WrongName, FBCHAT_CERTIFICATE_WRONG_NAME),
        (Distrust::Revoked, FBCHAT_CERTIFICATE_REVOKED),
        (Distrust::NotPinned, FBCHAT_CERTIFICATE_NOT_PINNED),
        (Distrust::Other, FBCHAT_CERTIFICATE_OTHER),
    ] {
        assert_eq!(why as i32, number);
    }
}

#[test]
fn panic_becomes_a_status() {
    assert_eq!(panic::status(|| panic!("injected")), FBCHAT_ERR_PANIC);
    assert!(last_error().contains("bug in fbchat"));
    assert_eq!(panic::value(7, || panic!("injected")), 7);
    assert_eq!(panic::status(|| Ok(Status::Ok)), FBCHAT_OK);
    assert_eq!(last_error(), "");
}
