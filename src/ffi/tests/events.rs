//! What C programs read of events.

use super::*;

#[test]
fn message_fields_can_be_read() {
    let event = made(Event::Message(Message {
        from: Uid(1 << 40),
        to: Uid(2),
        in_group: false,
        notice: None,
        files: Vec::new(),
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
    assert_eq!(last_error(), "Field 7 is a user's number, not a string");
    assert_eq!(text(event, 0, FBCHAT_FIELD_TIME_MS), None);
    assert_eq!(last_error(), "Field 12 is an integer, not a string");
    assert_eq!(int(event, 0, FBCHAT_FIELD_TEXT), Err(FBCHAT_ERR_KEY));
    assert_eq!(last_error(), "Field 11 is a string, not an integer");
    free(event);
}

#[test]
fn a_message_with_several_files_has_an_item_for_each() {
    let file = |id: &str| File {
        id: id.into(),
        name: format!("{id}.txt"),
        size: 3,
        kind: FileKind::Other,
        content_type: String::new(),
        url: "http://x/".into(),
        width: 0,
        height: 0,
    };
    let message = |files| Message {
        from: Uid(1),
        to: Uid(2),
        in_group: false,
        notice: None,
        files,
        from_name: String::new(),
        to_name: String::new(),
        text: "look".into(),
        time: 5,
        message_id: "7".into(),
        origin: Origin::Incoming,
        replayed: false,
    };
    let event = made(Event::History {
        request: RequestId(4),
        with: Uid(1),
        messages: vec![message(vec![file("a"), file("b")]), message(vec![])],
        more: false,
    });
    // SAFETY: a living event.
    assert_eq!(unsafe { fbchat_event_count(event) }, 3);
    for (item, said, id, index) in [
        (0, "look", Some("a"), 0),
        (1, "", Some("b"), 1),
        (2, "look", None, 0),
    ] {
        assert_eq!(text(event, item, FBCHAT_FIELD_TEXT).unwrap(), said);
        assert_eq!(text(event, item, FBCHAT_FIELD_FILE_ID).as_deref(), id);
        assert_eq!(int(event, item, FBCHAT_FIELD_FILE_INDEX), Ok(index));
        assert_eq!(text(event, item, FBCHAT_FIELD_MESSAGE_ID).unwrap(), "7");
        assert_eq!(text(event, item, FBCHAT_FIELD_CONTENT_TYPE), None);
    }
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
        in_group: false,
        notice: None,
        files: Vec::new(),
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
fn user_is_read_without_a_cast() {
    let event = made(Event::Typing {
        from: Uid(u64::MAX),
        group: None,
        typing: true,
    });
    let uid = |item, field| {
        // SAFETY: a living event.
        unsafe { fbchat_event_uid(event, item, field) }
    };
    assert_eq!(uid(0, FBCHAT_FIELD_FROM), u64::MAX);
    assert_eq!(int(event, 0, FBCHAT_FIELD_FROM), Ok(-1), "the same bits");
    assert_eq!(uid(0, FBCHAT_FIELD_TYPING), 0);
    assert_eq!(last_error(), "Field 15 is an integer, not a user's number");
    assert_eq!(uid(0, FBCHAT_FIELD_TO), 0);
    assert_eq!(last_error(), "An event of kind 8 has no field 8");
    assert_eq!(uid(1, FBCHAT_FIELD_FROM), 0);
    assert_eq!(last_error(), "The event has 1 items; there is no item 1");
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { fbchat_event_uid(null(), 0, FBCHAT_FIELD_FROM) }, 0);
    free(event);
}

#[test]
fn bytes_are_never_given_as_text() {
    let picture = made(Event::Picture {
        request: RequestId(4),
        picture: Picture {
            uid: Uid(7),
            url: None,
            image: Some(Image {
                content_type: "image/png",
                bytes: b"\x89PNG\0\xff".as_slice().into(),
            }),
        },
    });
    let saved = made(Event::State(Saved {
        text: Secret::new("secret".into()),
        unsettled: 0,
    }));
    for (event, field) in [
        (picture, FBCHAT_FIELD_PICTURE),
        (saved, FBCHAT_FIELD_SAVED_SESSION),
    ] {
        assert_eq!(text(event, 0, field), None);
        let refusal = format!("Field {field} is bytes, not a string");
        assert_eq!(last_error(), refusal);
        let mut len = 0;
        // SAFETY: a living event.
        let bytes = unsafe { fbchat_event_bytes(event, 0, field, &mut len) };
        assert!(!bytes.is_null() && len == 6);
    }
    free(picture);
    free(saved);
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
