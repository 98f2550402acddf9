//! Items as clients read them.

use super::*;
use crate::types::{Notice, NoticeKind};

/// Byte for byte, because old clients cut items apart with patterns.
#[test]
fn items_have_their_members_in_the_order_of_2008() {
    let message_with_id = Message {
        from: Uid(1),
        to: Uid(2),
        from_name: "Al Ex".into(),
        to_name: "Bo".into(),
        text: "hi".into(),
        msg_id: "-5".into(),
        notice: None,
        attachments: Vec::new(),
        client_time: 7,
        time: 9,
        id: 1,
    };
    let in_group = Message {
        to: Uid(1_000_000_000),
        ..message_with_id.clone()
    };
    let notice = Message {
        notice: Some(Notice {
            kind: NoticeKind::Added,
            uids: vec![Uid(2), Uid(3)],
        }),
        ..in_group.clone()
    };
    let in_group_text =
        r#""msg":{"text":"hi","time":9,"clientTime":7,"msgID":"-5"},"from":1,"to":1000000000"#;
    let group_names = r#""from_name":"Al Ex","to_name":"Bo","from_first_name":"Al""#;
    let news = GroupNews {
        added: vec![(Uid(3), "Cy D")],
        removed: vec![Uid(2)],
        ..GroupNews::default()
    };
    let gone = GroupNews {
        muted: Some(false),
        read: true,
        gone: true,
        ..GroupNews::default()
    };
    let text = r#""msg":{"text":"hi","time":9,"clientTime":7,"msgID":"-5"},"from":1,"to":2"#;
    let names =
        r#""from_name":"Al Ex","to_name":"Bo","from_first_name":"Al","to_first_name":"Bo"}"#;
    let user = User {
        uid: Uid(3),
        email: "c@x".into(),
        name: "Cy D".into(),
        visible: true,
        picture: None,
        status: None,
        since: None,
        username: String::new(),
    };
    for (made, expected) in [
        (
            message(&message_with_id),
            format!(r#"{{"type":"msg",{text},{names}"#),
        ),
        (
            json::to_string(&in_history(&message_with_id)).into(),
            format!(r#"{{"type":"msg",{text},"time":9,{names}"#),
        ),
        (
            typing(Uid(1), Uid(2), true),
            r#"{"type":"typ","st":1,"from":1,"to":2}"#.into(),
        ),
        (
            presence(Uid(1), Presence::Idle { since: 5 }),
            r#"{"type":"presence","uid":1,"state":"idle","idle_since":5}"#.into(),
        ),
        (
            presence(Uid(1), Presence::Active),
            r#"{"type":"presence","uid":1,"state":"active"}"#.into(),
        ),
        (
            friend_request(&user, "m", 4),
            r#"{"type":"friend_request","uid":3,"name":"Cy D","message":"m","time":4}"#.into(),
        ),
        (
            friend(Uid(3), "Cy D", true),
            r#"{"type":"friend","uid":3,"name":"Cy D","action":"added"}"#.into(),
        ),
        (
            picture(Uid(1), Some("ab")),
            r#"{"type":"picture","uid":1,"thumbSrc":"\/pics\/q1_ab.jpg"}"#.into(),
        ),
        (
            status(Uid(1), "s", 4),
            r#"{"type":"status","uid":1,"text":"s","time":4}"#.into(),
        ),
        (
            name(Uid(1), "Al Ex"),
            r#"{"type":"name","uid":1,"name":"Al Ex","firstName":"Al"}"#.into(),
        ),
        (
            poke(&user, 4),
            r#"{"type":"poke","uid":3,"name":"Cy D","time":4}"#.into(),
        ),
        (
            block(Uid(3), "Cy D", true),
            r#"{"type":"block","uid":3,"name":"Cy D","blocked":true}"#.into(),
        ),
        (inbox(2), r#"{"type":"inbox","unseen":2}"#.into()),
        (
            message(&in_group),
            format!(r#"{{"type":"group_msg",{in_group_text},{group_names}}}"#),
        ),
        (
            json::to_string(&in_history(&notice)).into(),
            format!(
                r#"{{"type":"group_msg",{in_group_text},"time":9,{group_names},"notice":"added","uids":[2,3]}}"#
            ),
        ),
        (
            group(Uid(1_000_000_000), "G", Some(Uid(1)), &news),
            r#"{"type":"group","gid":1000000000,"name":"G","owner":1,"added":[{"uid":3,"name":"Cy D"}],"removed":[2]}"#.into(),
        ),
        (
            group(Uid(1_000_000_000), "G", Some(Uid(1)), &gone),
            r#"{"type":"group","gid":1000000000,"name":"G","added":[],"removed":[],"muted":false,"unread":0,"gone":true}"#.into(),
        ),
        (
            typing(Uid(1), Uid(1_000_000_000), true),
            r#"{"type":"ttyp","st":1,"from":1,"to":1000000000}"#.into(),
        ),
    ] {
        assert_eq!(*made, *expected);
    }
}

#[test]
fn items_of_a_user_are_recognised() {
    let gone = [Uid(7), Uid(12)];
    for (item, about) in [
        (typing(Uid(12), Uid(1), true), true),
        (typing(Uid(1), Uid(7), true), true),
        (typing(Uid(1), Uid(72), true), false),
        (presence(Uid(7), Presence::Active), true),
        (friend(Uid(7), "A", false), false),
        (block(Uid(7), "A", false), false),
        (status(Uid(1), "x:7", 7), false),
        (inbox(7), false),
    ] {
        assert_eq!(is_about(&item, &gone), about, "{item}");
    }
}
