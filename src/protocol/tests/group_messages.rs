//! Messages to groups, and those that tell what happened to a group.

use super::groups::{GID, MEMBERS, PATH, in_group, item, list, lists, push, texts};
use super::model::FIRST_GROUP;
use super::people_model::ALL;
use super::*;
use crate::types::NoticeKind;

#[test]
fn messages_of_a_gap_are_found_in_groups_too() {
    let mut world = in_group(705);
    world.server.people.says.remove(PATH);
    let two = format!(
        r#"{{"groups":[{{"gid":{FIRST_GROUP},"name":"Lunch","owner":1,"members":[{MEMBERS}],"time":{}}},{{"gid":7,"name":"Quiet","members":[{MEMBERS}],"time":4}}]}}"#,
        EPOCH + 2_000_000
    );
    world.server.people.say(PATH, &two);
    world.command(0, |request| Command::RefreshGroups { request });
    world.run(1_000);
    let before = lists(&world).len();
    // Nobody has written to the group in this session.
    for (id, text) in ["one", "two"].iter().enumerate() {
        let time = 1_900_000 + id as i64;
        let item = item(id as u32, text, time);
        world
            .server
            .history
            .push((2, FIRST_GROUP, EPOCH + time, item.clone()));
        world.server.push(1, item);
    }
    world.server.forget_events(1);
    world.run(2_000);
    assert_eq!(texts(&world), ["one", "two"]);
    assert_eq!(lists(&world).len(), before, "the groups are the same");
    push(&mut world, &item(9, "three", 1_900_010));
    world.server.push(1, item(10, "lost", 1));
    world.server.forget_events(1);
    world.run(2_000);
    assert_eq!(
        texts(&world),
        ["one", "two", "three"],
        "nothing comes twice"
    );
    let message =
        |event: &Event| matches!(event, Event::Message(it) if it.in_group && it.peer() == GID);
    assert!(world.has(0, message));
}

#[test]
fn messages_to_a_group_arrive_exactly_once_and_in_order() {
    let mut world = World::new(706, 2);
    world.server.people.announced = ALL;
    world.server.people.say(PATH, &list(FIRST_GROUP, ""));
    logged_in(&mut world);
    world.login(1);
    world.run(5_000);
    world.faults = Faults {
        lost_requests: 200,
        lost_replies: 300,
    };
    let sent: Vec<String> = (0..30).map(|n| format!("message {n}")).collect();
    for text in &sent {
        world.send(1, FIRST_GROUP, text);
    }
    world.run(900_000);
    world.faults = Faults::default();
    world.run(120_000);
    assert_eq!(texts(&world), sent);
    let events = world.clients[1].events.iter();
    let answers = events.filter(|event| matches!(event, Event::Sent { .. }));
    assert_eq!(answers.count(), 30);
    assert!(!world.has(1, |event| matches!(
        event,
        Event::Message(_) | Event::Failed { .. }
    )));
}

#[test]
fn what_happens_to_a_group_is_told_with_its_messages() {
    let mut world = in_group(707);
    push(
        &mut world,
        r#"{"type":"group_msg","msg":{"text":"User 2 added User 3.","time":1,"msgID":"4294967311"},"from":2,"to":1000000000,"to_name":"Lunch","notice":"added","uids":[3,"4",null]}"#,
    );
    push(
        &mut world,
        r#"{"type":"group_msg","msg":{"text":"?","time":2,"msgID":"4294967312"},"from":2,"to":1000000000,"notice":"pinned"}"#,
    );
    let notices = world.clients[0]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Message(message) => message.notice.as_ref(),
            _ => None,
        });
    let notices: Vec<_> = notices
        .map(|notice| (notice.kind, notice.uids.clone()))
        .collect();
    assert_eq!(
        notices,
        [
            (NoticeKind::Added, vec![Uid(3), Uid(4)]),
            (NoticeKind::Other, vec![])
        ]
    );
    push(
        &mut world,
        r#"{"type":"ttyp","st":1,"from":2,"to":1000000000}"#,
    );
    let typing = Event::Typing {
        from: Uid(2),
        group: Some(GID),
        typing: true,
    };
    assert!(world.has(0, |event| *event == typing));
}
