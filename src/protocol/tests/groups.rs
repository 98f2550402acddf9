//! Group conversations.

use super::model::FIRST_GROUP;
use super::people_model::ALL;
use super::queries::world;
use super::*;
use crate::types::{Group, GroupChange};
use std::sync::Arc;

pub(super) const GID: Uid = Uid(FIRST_GROUP);
pub(super) const PATH: &str = "/ajax/fbchat/groups.php";
pub(super) const MEMBERS: &str =
    r#"{"uid":1,"name":"User 1","thumbSrc":"\/pics\/q_silhouette.gif"},{"uid":2,"name":"User 2"}"#;

/// A reply of groups.php with this group.
pub(super) fn list(gid: u64, more: &str) -> String {
    format!(
        r#"{{"groups":[{{"gid":{gid},"name":"Lunch","owner":1,"members":[{MEMBERS}],"muted":false,"unread":0,"time":5{more}}}]}}"#
    )
}

/// A session of user 1 who is in a group with user 2.
pub(super) fn in_group(seed: u64) -> World {
    let mut world = World::new(seed, 1);
    world.server.people.announced = ALL;
    world.server.people.say(PATH, &list(FIRST_GROUP, ""));
    logged_in(&mut world);
    world
}

pub(super) fn push(world: &mut World, item: &str) {
    world.server.push(1, item.to_owned());
    world.run(2_000);
}

/// The groups that the host was told, in this order: the names of their members, or `None` if they are gone.
fn told(world: &World) -> Vec<Option<Vec<String>>> {
    let names = |group: &Group| {
        let names = group.members.iter().map(|member| member.name.clone());
        names.collect::<Vec<_>>()
    };
    let events = world.clients[0].events.iter();
    let told = events.filter_map(|event| match event {
        Event::Group { gone: true, .. } => Some(None),
        Event::Group { group, .. } => Some(Some(names(group))),
        _ => None,
    });
    told.collect()
}

/// The last group that the host was told.
fn last(world: &World) -> Arc<Group> {
    let events = world.clients[0].events.iter().rev();
    let mut groups = events.filter_map(|event| match event {
        Event::Group { group, .. } => Some(group.clone()),
        _ => None,
    });
    groups.next().expect("a group")
}

pub(super) fn lists(world: &World) -> Vec<Vec<Uid>> {
    let events = world.clients[0].events.iter();
    let lists = events.filter_map(|event| match event {
        Event::GroupList { groups, .. } => Some(groups.iter().map(|group| group.gid).collect()),
        _ => None,
    });
    lists.collect()
}

pub(super) fn texts(world: &World) -> Vec<String> {
    let events = world.clients[0].events.iter();
    let texts = events.filter_map(|event| match event {
        Event::Message(message) => Some(message.text.clone()),
        _ => None,
    });
    texts.collect()
}

pub(super) fn item(id: u32, text: &str, time: i64) -> String {
    let time = EPOCH + time;
    format!(
        r#"{{"type":"group_msg","msg":{{"text":"{text}","time":{time},"msgID":"{id}"}},"from":2,"to":{FIRST_GROUP},"from_name":"User 2","to_name":"Lunch"}}"#
    )
}

#[test]
fn groups_are_told_after_the_login_and_before_their_messages() {
    let world = in_group(700);
    assert_eq!(lists(&world), [[GID]]);
    let asked = &world.clients[0].asked;
    let place = |path: &str| asked.iter().position(|it| it.contains(path)).unwrap();
    assert!(place("groups.php") < place("/x/"), "{asked:?}");
    // A server without groups is not asked for any, and one whose list cannot be read is asked later.
    let mut world = World::new(701, 1);
    logged_in(&mut world);
    assert_eq!((world.asked(0, "groups.php"), lists(&world).len()), (0, 0));
    let mut world = World::new(702, 1);
    world.server.people.announced = ALL;
    world.server.people.say_raw(PATH, 500, b"<html>");
    world.server.people.say(PATH, &list(FIRST_GROUP, ""));
    logged_in(&mut world);
    assert!(world.has(0, |event| matches!(
        event,
        Event::Connection(Connection::Connected)
    )));
    world.run(70_000);
    assert_eq!(lists(&world), [[GID]]);
}

#[test]
fn items_change_groups_and_may_come_twice() {
    let mut world = in_group(703);
    let added = r#"{"type":"group","gid":1000000000,"name":"Lunch","owner":1,"added":[{"uid":3,"name":"User 3"}],"removed":[]}"#;
    push(&mut world, added);
    push(&mut world, added);
    let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(told(&world), [names(&["User 1", "User 2", "User 3"])]);
    push(
        &mut world,
        r#"{"type":"group","gid":1000000000,"name":"Din\u202ener\n","owner":3,"added":[],"removed":[2],"muted":true}"#,
    );
    assert_eq!(told(&world).last().unwrap(), &names(&["User 1", "User 3"]));
    let group = last(&world);
    assert_eq!((group.name.as_str(), group.owner), ("Dinner", Uid(3)));
    assert!(group.muted);
    // Messages count as unread until another session has read them.
    push(&mut world, &item(1, "hello", 1));
    push(
        &mut world,
        r#"{"type":"group","gid":1000000000,"name":"Dinner","unread":0}"#,
    );
    assert_eq!((last(&world).unread, told(&world).len()), (0, 3));
    let gone =
        r#"{"type":"group","gid":1000000000,"name":"Dinner","added":[],"removed":[1],"gone":true}"#;
    push(&mut world, gone);
    push(&mut world, gone);
    assert_eq!((told(&world).len(), told(&world).last()), (4, Some(&None)));
    // A group that is new comes whole; for one that is not known, the list is asked for.
    let asked = world.asked(0, "groups.php");
    let new = format!(r#"{{"type":"group","gid":7,"name":"N","owner":2,"added":[{MEMBERS}]}}"#);
    push(&mut world, &new);
    assert_eq!(told(&world).last().unwrap(), &names(&["User 1", "User 2"]));
    assert_eq!(world.asked(0, "groups.php"), asked);
    world.server.people.says.remove(PATH);
    world.server.people.say(PATH, &list(8, ""));
    push(
        &mut world,
        r#"{"type":"group","gid":8,"name":"X","added":[{"uid":3,"name":"C"}]}"#,
    );
    world.run(5_000);
    assert!(world.asked(0, "groups.php") > asked);
    for odd in [
        r#"{"type":"group"}"#,
        r#"{"type":"group","gid":"x","gone":true}"#,
        r#"{"type":"group","gid":8,"added":7,"removed":{"a":"b"},"owner":[],"muted":"x","unread":-1}"#,
        r#"{"type":"group_msg","msg":{"text":"no group"},"from":2}"#,
        r#"{"type":"ttyp","st":1,"from":2}"#,
    ] {
        let before = world.clients[0].events.len();
        push(&mut world, odd);
        let news = &world.clients[0].events[before..];
        assert!(
            news.iter().all(|event| matches!(event, Event::State(_))),
            "{odd}: {news:?}"
        );
    }
}

#[test]
fn a_late_list_does_not_undo_what_came_after_it() {
    let mut world = in_group(704);
    world.delay = 5_000;
    world.command(0, |request| Command::RefreshGroups { request });
    world.delay = 0;
    // The answers of the first three are on their way while these things happen.
    push(
        &mut world,
        r#"{"type":"group","gid":1000000000,"name":"Dinner","owner":1,"added":[{"uid":3,"name":"User 3"}],"removed":[2]}"#,
    );
    let new = format!(r#"{{"type":"group","gid":7,"name":"N","owner":2,"added":[{MEMBERS}]}}"#);
    push(&mut world, &new);
    let before = told(&world).len();
    world.run(10_000);
    assert_eq!(lists(&world).last().unwrap(), &[Uid(7), GID]);
    assert_eq!(told(&world).len(), before);
    let groups = world.clients[0]
        .events
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::GroupList { groups, .. } => Some(groups.clone()),
            _ => None,
        });
    let group = &groups.unwrap()[1];
    let members: Vec<_> = group.members.iter().map(|member| member.uid.0).collect();
    assert_eq!((group.name.as_str(), &members[..]), ("Dinner", &[1, 3][..]));
    // Of two lists the one that was asked for last counts, whatever the order of the answers.
    world.delay = 5_000;
    world.server.people.says.remove(PATH);
    world.server.people.say(PATH, r#"{"groups":[]}"#);
    world.command(0, |request| Command::RefreshGroups { request });
    world.delay = 0;
    world.server.people.says.remove(PATH);
    world.server.people.say(PATH, &list(9, ""));
    world.command(0, |request| Command::RefreshGroups { request });
    world.run(10_000);
    assert_eq!(lists(&world).last().unwrap(), &[Uid(9)]);
}

#[test]
fn groups_are_created_and_changed() {
    let mut world = world(708);
    // A list from before the creation comes after it.
    world.server.people.say(PATH, r#"{"groups":[]}"#);
    world.delay = 700;
    world.command(0, |request| Command::RefreshGroups { request });
    world.delay = 0;
    world.server.people.says.remove(PATH);
    world.server.people.say(PATH, r#"{"gid":1000000000}"#);
    world.server.people.say(PATH, &list(FIRST_GROUP, ""));
    world.server.next_write_is_stale = true;
    let request = world.ask(
        0,
        Query::CreateGroup {
            name: "Lunch".into(),
            members: vec![Uid(2)],
            create_id: 77,
        },
    );
    world.run(500);
    let created = world.clients[0]
        .events
        .iter()
        .find_map(|event| match event {
            Event::Group {
                request: Some(answered),
                group,
                ..
            } if *answered == request => Some(group.clone()),
            _ => None,
        });
    let created = created.unwrap();
    assert_eq!((created.gid, created.owner), (GID, Uid(1)));
    assert_eq!(created.member(Uid(2)).unwrap().name, "User 2");
    let body = world.server.people.last(PATH).unwrap();
    assert!(
        body.starts_with("create=Lunch&create_id=77&ids%5B0%5D=2&"),
        "{body}"
    );
    // The list tells the rest.
    world.run(5_000);
    assert_eq!(lists(&world).last().unwrap(), &[GID]);
    assert!(!told(&world).contains(&None), "{:?}", told(&world));
    for (change, sent) in [
        (GroupChange::Add(Uid(3)), "add%5B0%5D=3"),
        (GroupChange::Remove(Uid(2)), "remove=2"),
        (GroupChange::Rename("A & B".into()), "name=A+%26+B"),
        (GroupChange::Mute(true), "mute=1"),
        (GroupChange::Mute(false), "mute=0"),
        (GroupChange::Leave, "leave=1"),
    ] {
        let request = world.ask(0, Query::ChangeGroup { gid: GID, change });
        world.run(1_000);
        assert!(world.has(0, |event| *event == Event::Done { request }));
        let body = world.server.people.last(PATH).unwrap();
        assert!(
            body.starts_with(&format!("gid=1000000000&{sent}&")),
            "{body}"
        );
    }
    world.server.people.says.remove(PATH);
    world
        .server
        .people
        .refuse(PATH, 1_357_005, "You are not in this group.");
    let change = GroupChange::Leave;
    let request = world.ask(0, Query::ChangeGroup { gid: GID, change });
    world.run(1_000);
    assert!(world.has(0, |event| matches!(event, Event::Failed { request: answered, problem }
        if *answered == request && problem.status == Status::Refused && problem.text.contains("not in this group"))));
    let request = world.command(0, |request| Command::RefreshGroups { request });
    world.run(1_000);
    assert!(world.has(
        0,
        |event| matches!(event, Event::Failed { request: answered, .. } if *answered == request)
    ));
}

#[test]
fn a_server_cannot_fill_the_memory_with_groups() {
    let mut world = in_group(709);
    world.server.people.says.remove(PATH);
    let name = "x".repeat(400);
    let members: Vec<_> = (1..2_000)
        .map(|uid| format!(r#"{{"uid":{uid},"name":"{name}"}}"#))
        .collect();
    let members = members.join(",");
    let group = format!(r#"{{"gid":5,"name":"{name}","members":[{members}]}}"#);
    world
        .server
        .people
        .say(PATH, &format!(r#"{{"groups":[{group}]}}"#));
    world.command(0, |request| Command::RefreshGroups { request });
    world.run(1_000);
    let new = |gid: u64| {
        format!(
            r#"{{"type":"group","gid":{gid},"name":"N","added":[{{"uid":1,"name":"User 1"}}]}}"#
        )
    };
    for gid in 10..1_000 {
        world.server.push(1, new(gid));
    }
    for uid in 5_000..8_000 {
        let item = format!(
            r#"{{"type":"group","gid":5,"name":"N","added":[{{"uid":{uid},"name":"{name}"}}]}}"#
        );
        world.server.push(1, item);
    }
    world.run(60_000);
    let mut groups = std::collections::BTreeMap::new();
    for event in &world.clients[0].events {
        if let Event::Group {
            group, gone: false, ..
        } = event
        {
            groups.insert(group.gid, group.clone());
        }
    }
    assert!(groups.len() <= 500, "{}", groups.len());
    for group in groups.values() {
        assert!(group.members.len() <= 200 && group.name.len() <= 256);
        assert!(group.members.iter().all(|member| member.name.len() <= 256));
    }
}
