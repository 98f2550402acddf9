//! Tests of what programs read and write.

use super::*;
use crate::text::tests::state;
use serde_json::Value;

fn shown(event: &UiEvent) -> Value {
    serde_json::from_str(&render(event, &state()).unwrap()).unwrap()
}

#[test]
fn event_comes_first_and_names_what_it_is() {
    let line = render(
        &UiEvent::Sent {
            to: Uid(1002),
            text: "hi",
        },
        &state(),
    )
    .unwrap();
    assert_eq!(line, r#"{"event":"sent","to":1002,"text":"hi"}"#);
}

#[test]
fn messages_have_all_known_fields() {
    let message = types::Message {
        from: Uid(u64::MAX),
        to: Uid(1001),
        in_group: false,
        notice: None,
        files: Vec::new(),
        from_name: String::new(),
        to_name: "Alice Example".to_owned(),
        text: "a\n\"b\"\u{9b}\u{1b}".to_owned(),
        time: 1_209_557_234_412,
        message_id: "7".to_owned(),
        origin: Origin::Incoming,
        replayed: true,
    };
    let line = render(&UiEvent::Message(&message), &state()).unwrap();
    assert!(!line.chars().any(char::is_control), "{line}");
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["event"], "message");
    assert_eq!(value["from"], u64::MAX);
    assert_eq!(value["from_name"], Value::Null);
    assert_eq!(value["text"], "a\n\"b\"\u{9b}\u{1b}");
    assert_eq!(
        (&value["own"], &value["replayed"]),
        (&Value::from(false), &Value::from(true))
    );
}

#[test]
fn failures_have_status_and_reason() {
    let problem = Problem::new(Status::TooLong, "Too long: at most 1000 characters");
    let value = shown(&UiEvent::Failed {
        to: Uid(1),
        text: "x",
        problem: &problem,
    });
    assert_eq!(
        (&value["status"], &value["event"]),
        (&Value::from("too_long"), &Value::from("failed"))
    );
    let value: Value = serde_json::from_str(&login_failed(&problem)).unwrap();
    assert_eq!(value["event"], "login_failed");
}

#[test]
fn buddy_list_and_connection() {
    let value = shown(&UiEvent::BuddyList);
    assert_eq!(value["buddies"][0]["name"], "Bob Example");
    assert_eq!(value["buddies"][0]["presence"], "active");
    let problem = Problem::new(Status::Connect, "refused");
    let value = shown(&UiEvent::Connection(&Connection::Waiting {
        wait_ms: 3000,
        problem,
    }));
    assert_eq!(
        (&value["state"], &value["wait_ms"]),
        (&Value::from("waiting"), &Value::from(3000))
    );
}

#[test]
fn messages_from_scripts_are_read_strictly() {
    let message = parse_message(r#"{"to": 1002, "text": "a\nb"}"#).unwrap();
    assert_eq!(
        message,
        OutgoingMessage {
            to: 1002,
            text: "a\nb".to_owned()
        }
    );
    for bad in [
        r#"{"to": 1002}"#,
        r#"{"to": -1, "text": "x"}"#,
        r#"{"to":1,"text":" "}"#,
        "{",
        r#"{"to":1,"text":"x","cc":2}"#,
    ] {
        assert!(parse_message(bad).is_err(), "{bad}");
    }
}
