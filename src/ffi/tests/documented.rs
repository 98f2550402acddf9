//! What the header says of each kind of event is what such an event has.

use super::super::event_kinds::EventKind;
use super::super::fields::Field;
use super::*;
use crate::types::{
    Features, File, FileKind, FriendRequest, Group, GroupNotice, Member, NoticeKind, Notification,
    NotificationKind, Notifications, Person, Profile, Relation, Saved,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A saved session with a message.
const UNSENT: &str = r#"{"fbchat":1,"server":"http://127.0.0.1:1/","uid":5,"seq":7,"cookies":[],"unsettled":[{"to":6,"text":"hi","message_id":"8","client_time":9}]}"#;

/// One event of each kind, with every field present. All text ends in `end`.
fn samples(end: &str) -> Vec<Event> {
    let says = |text: &str| format!("{text}{end}");
    let request = RequestId(4);
    let mut problem = Problem::new(Status::Tls, says("No secure connection"));
    problem.untrusted = Some(Untrusted {
        why: Distrust::WrongName,
        sha256: Some([0xAB; 32]),
    });
    let url = || Some(says("http://x/pics/q7_beef.jpg"));
    let buddy = Buddy {
        uid: Uid(1),
        name: says("Bob B"),
        first_name: says("Bob"),
        presence: Presence::Idle,
        idle_since: 1,
        status_text: Some(says("away")),
        status_time: 1,
        picture_url: url(),
    };
    let file = File {
        id: says("f1"),
        name: says("beach.jpg"),
        size: 1,
        kind: FileKind::Photo,
        content_type: says("image/jpeg"),
        url: says("http://x/files/f1/beach.jpg"),
        width: 1,
        height: 1,
    };
    let message = Message {
        from: Uid(1),
        to: Uid(2),
        in_group: true,
        notice: Some(Box::new(GroupNotice {
            kind: NoticeKind::Added,
            uids: vec![Uid(3), Uid(4)],
        })),
        files: vec![file.clone(), file.clone()],
        from_name: says(""),
        to_name: says(""),
        text: says("hello"),
        time: 5,
        message_id: says("7"),
        origin: Origin::Incoming,
        replayed: true,
    };
    let group = Arc::new(Group {
        gid: Uid(5),
        name: says("Our group"),
        owner: Uid(1),
        members: vec![Arc::new(Member {
            uid: Uid(1),
            name: says("Bob B"),
            picture_url: url(),
        })],
        muted: true,
        unread: 1,
        time: 1,
    });
    let person = Person {
        uid: Uid(1),
        name: says("Bob B"),
        picture_url: url(),
        relation: Relation::Friend,
    };
    vec![
        Event::LoggedIn {
            request,
            uid: Uid(1),
            name: says("Alice"),
            message_limit: 1000,
            file_limit: 1,
            features: Features(3),
        },
        Event::LoginFailed {
            request,
            problem: problem.clone(),
        },
        Event::Challenge {
            request,
            problem: problem.clone(),
        },
        Event::Connection(Connection::Waiting {
            wait_ms: 1,
            problem: problem.clone(),
        }),
        Event::Message(message.clone()),
        Event::Sent {
            request,
            to: Uid(1),
            message_id: says("7"),
        },
        Event::EarlierFailed {
            to: Uid(1),
            text: says("left"),
            file: Some(says("f1")),
            problem: problem.clone(),
        },
        Event::Typing {
            from: Uid(1),
            group: Some(Uid(5)),
            typing: true,
        },
        Event::BuddyList {
            request: None,
            buddies: [buddy.clone().into()].into(),
        },
        Event::GroupList {
            request: None,
            groups: [group.clone()].into(),
        },
        Event::Group {
            request: Some(request),
            group,
            gone: false,
        },
        Event::Presence(buddy.into()),
        Event::Closed {
            request: None,
            problem: Some(problem),
        },
        Event::History {
            request,
            with: Uid(1),
            messages: vec![message],
            more: true,
        },
        Event::Notifications {
            request,
            notifications: Notifications {
                list: vec![Notification {
                    kind: NotificationKind::Poke,
                    uid: Uid(1),
                    name: says("Bob B"),
                    time: 1,
                    new: true,
                    unread: 0,
                }],
                unseen: 1,
                inbox: 1,
            },
        },
        Event::FriendRequest(FriendRequest {
            name: says(""),
            ..FriendRequest::default()
        }),
        Event::Picture {
            request,
            picture: Picture {
                uid: Uid(7),
                url: url(),
                image: Some(Image {
                    content_type: "image/png",
                    bytes: b"png".as_slice().into(),
                }),
            },
        },
        Event::File {
            request,
            file: Box::new(file),
            content: Some(b"jpeg".as_slice().into()),
        },
        Event::Progress {
            request,
            done: 1,
            total: Some(2),
        },
        Event::Profile {
            request,
            profile: Box::new(Profile {
                person: person.clone(),
                first_name: says("Bob"),
                email: Some(says("bob@example.org")),
                status_text: Some(says("away")),
                status_time: 1,
                member_since: 1,
            }),
        },
        Event::Search {
            request,
            people: vec![person.clone()],
        },
        Event::Blocked {
            request,
            people: vec![person],
        },
        Event::Block {
            uid: Uid(1),
            name: says("Bob"),
            blocked: true,
        },
        Event::Friend {
            uid: Uid(1),
            name: says("Bob"),
            began: true,
        },
        Event::Done { request },
        Event::Poke {
            from: Uid(1),
            name: says("Bob"),
            time: 1,
        },
        Event::State(Saved {
            text: Secret::new(UNSENT.into()),
            unsettled: 1,
        }),
        Event::Overload { waiting: 5 },
    ]
}

/// A field of a list in the header: its constant, its type, and whether it belongs to the whole event.
fn listed(line: &str) -> Option<(String, String, bool)> {
    let mut words = line.strip_prefix("     ")?.split_whitespace();
    let name = format!("FBCHAT_FIELD_{}", words.next()?);
    let kind = words.next()?;
    let whole = kind.ends_with('*');
    Some((name, kind.trim_end_matches(['*', '?']).to_owned(), whole))
}

/// The type of a field that is present, by what reads it.
fn type_of(event: *const fbchat_event, field: fbchat_field) -> &'static str {
    // SAFETY: a living event.
    let (uid, bytes) = unsafe {
        (
            fbchat_event_uid(event, 0, field),
            fbchat_event_bytes(event, 0, field, null_mut()),
        )
    };
    match (int(event, 0, field), text(event, 0, field)) {
        (Ok(_), None) if uid != 0 => "uid",
        (Ok(_), None) => "int",
        (Err(_), Some(_)) => "str",
        (Err(_), None) if !bytes.is_null() => "bytes",
        other => panic!("field {field}: {other:?}"),
    }
}

#[test]
fn fields_of_events_are_those_that_the_header_lists() {
    let mut seen = BTreeSet::new();
    for sample in samples("") {
        let words = format!("{sample:?}");
        let event = made(sample);
        // SAFETY: a living event.
        let (kind, head, columns) = unsafe { ((*event).kind, (*event).head, (*event).columns) };
        seen.insert(kind.code());
        let header = EventKind::HEADER;
        let mut values = header.values.iter();
        let value = values.find(|value| value.number == kind.code()).unwrap();
        let documented: Vec<_> = value.doc.iter().filter_map(|line| listed(line)).collect();
        let fields = head.iter().chain(columns).map(|field: &Field| {
            let name = field.c_name().to_str().unwrap().to_owned();
            // A friend request without a sender stands for a user whose number is 0.
            let kind = match (words.starts_with("FriendRequest"), *field) {
                (true, Field::Uid) => "uid",
                _ => type_of(event, field.code()),
            };
            (name, kind.to_owned(), head.contains(field))
        });
        assert_eq!(fields.collect::<Vec<_>>(), documented, "{words}");
        free(event);
    }
    let all: BTreeSet<_> = EventKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(seen, all, "there is a sample of each kind");
}

/// The header's comments on fields begin with their type, which must be that of the lists.
#[test]
fn a_field_has_one_type() {
    let mut used = BTreeSet::new();
    for value in EventKind::HEADER.values {
        for (name, kind, _) in value.doc.iter().filter_map(|line| listed(line)) {
            let mut fields = Field::HEADER.values.iter();
            let field = fields.find(|field| field.name == name).unwrap();
            let first = field.doc.first().unwrap();
            assert!(
                first.starts_with(&format!(" {kind}: ")),
                "{name} in {}",
                value.name
            );
            used.insert(name);
        }
    }
    assert_eq!(used.len(), Field::ALL.len(), "each field is in an event");
}

/// Hosts keep names and messages in XML files, and lose them all if a file cannot be read again.
#[test]
fn every_string_is_text_that_xml_can_hold() {
    let mut strings = 0;
    for sample in samples("\u{0}\u{1}\u{b}\u{1b}\u{FFFE}\u{FFFF}") {
        let event = made(sample);
        for field in Field::ALL {
            // SAFETY: a living event.
            let text = unsafe { fbchat_event_str(event, 0, field.code(), null_mut()) };
            if text.is_null() {
                continue;
            }
            // SAFETY: borrowed from the event, NUL-terminated.
            let text = unsafe { CStr::from_ptr(text) }.to_str().unwrap();
            let odd = ['\u{1}', '\u{b}', '\u{1b}', '\u{FFFE}', '\u{FFFF}'];
            assert!(!text.contains(odd), "{field:?}: {text:?}");
            strings += usize::from(text.ends_with(&"\u{FFFD}".repeat(6)));
        }
        free(event);
    }
    assert_eq!(strings, 55, "none was cut short");
}
