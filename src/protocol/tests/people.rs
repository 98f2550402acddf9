//! Notices about people, and read marks.

use super::people_model::ALL;
use super::queries::world;
use super::*;
use crate::types::{Feature, Features, FriendRequest, Notification, NotificationKind, Relation};

fn push(world: &mut World, item: &str) {
    world.server.push(1, item.to_owned());
    world.run(2_000);
}

fn count(world: &World, wanted: impl Fn(&Event) -> bool) -> usize {
    world.clients[0]
        .events
        .iter()
        .filter(|event| wanted(event))
        .count()
}

#[test]
fn login_tells_what_the_server_can_do() {
    for (announced, features) in [(ALL, 8191), ("", 0)] {
        let mut world = World::new(300, 1);
        world.server.people.announced = announced;
        logged_in(&mut world);
        assert!(world.has(0, |event| matches!(event, Event::LoggedIn { features: told, .. } if *told == Features(features))));
    }
    assert!(Features(1023).has(Feature::Registration) && !Features(511).has(Feature::Registration));
}

#[test]
fn changes_of_friends_reach_the_buddy_list() {
    let mut world = world(301);
    push(
        &mut world,
        r#"{"type":"status","uid":2,"text":"reads","time":1227312345678}"#,
    );
    assert!(world.has(
        0,
        |event| matches!(event, Event::Presence(buddy) if buddy.uid == Uid(2)
        && buddy.status_text.as_deref() == Some("reads") && buddy.status_time == 1_227_312_345_000)
    ));
    push(
        &mut world,
        r#"{"type":"status","uid":2,"text":"","time":1227312345999}"#,
    );
    assert!(world.has(
        0,
        |event| matches!(event, Event::Presence(buddy) if buddy.uid == Uid(2)
        && buddy.status_text.is_none() && buddy.status_time == 0)
    ));
    push(
        &mut world,
        r#"{"type":"picture","uid":2,"thumbSrc":"\/pics\/q2_aa.jpg"}"#,
    );
    assert!(world.has(0, |event| matches!(event, Event::Presence(buddy)
        if buddy.picture_url.as_deref() == Some("http://127.0.0.1:8080/pics/q2_aa.jpg"))));
    push(
        &mut world,
        r#"{"type":"name","uid":2,"name":"\u00c4nn B","firstName":"\u00c4nn"}"#,
    );
    assert!(world.has(0, |event| matches!(event, Event::Presence(buddy)
        if buddy.uid == Uid(2) && buddy.name == "Änn B" && buddy.first_name == "Änn")));
    let news = |event: &Event| !matches!(event, Event::State(_));
    let told = count(&world, news);
    for nothing_new in [
        r#"{"type":"picture","uid":2,"thumbSrc":"\/pics\/q2_aa.jpg"}"#,
        r#"{"type":"status","uid":1,"text":"I, elsewhere","time":5}"#,
        r#"{"type":"status","uid":"x","text":[]}"#,
        r#"{"type":"name","uid":1,"name":"I, elsewhere","firstName":"I,"}"#,
        r#"{"type":"name","uid":2,"name":null}"#,
        r#"{"type":"friend_request","uid":null}"#,
        r#"{"type":"friend","uid":2,"name":"User 2","action":"blocked"}"#,
    ] {
        push(&mut world, nothing_new);
    }
    assert_eq!(count(&world, news), told, "{:?}", world.clients[0].events);
}

/// How many buddies the last list has.
fn last_list(world: &World) -> Option<usize> {
    let mut events = world.clients[0].events.iter().rev();
    events.find_map(|event| match event {
        Event::BuddyList { buddies, .. } => Some(buddies.len()),
        _ => None,
    })
}

#[test]
fn friendships_that_begin_or_end_change_the_list() {
    let mut world = world(302);
    let lists = |world: &World| count(world, |event| matches!(event, Event::BuddyList { .. }));
    let (asked, before) = (world.asked(0, "update.php"), lists(&world));
    push(
        &mut world,
        r#"{"type":"friend","uid":2,"name":"User 2","action":"removed"}"#,
    );
    let ended = Event::Friend {
        uid: Uid(2),
        name: "User 2".into(),
        began: false,
    };
    assert!(world.has(0, |event| *event == ended));
    let last = last_list(&world);
    assert!(last == Some(1), "{last:?}");
    assert_eq!(lists(&world), before + 1);
    push(
        &mut world,
        r#"{"type":"friend","uid":2,"name":"User 2","action":"added"}"#,
    );
    assert!(world.has(0, |event| matches!(
        event,
        Event::Friend { began: true, .. }
    )));
    assert_eq!(world.asked(0, "update.php"), asked + 1);
    let last = last_list(&world);
    assert!(last == Some(2), "{last:?}");
}

#[test]
fn friendships_that_end_together_change_the_list_once() {
    let mut world = world(305);
    let lists = |world: &World| count(world, |event| matches!(event, Event::BuddyList { .. }));
    let before = lists(&world);
    for uid in [2, 3] {
        let item = format!(r#"{{"type":"friend","uid":{uid},"action":"removed"}}"#);
        world.server.push(1, item);
    }
    world.run(2_000);
    assert_eq!(last_list(&world), Some(0));
    assert_eq!(lists(&world), before + 1);
}

#[test]
fn a_list_that_would_take_long_to_read_is_refused_and_the_session_goes_on() {
    let mut world = world(306);
    let body = format!(r#"{{"error":0,"payload":[{}0]}}"#, "1,".repeat(2 << 20));
    let reply = Reply {
        status: 200,
        body: body.into_bytes(),
        ..Reply::default()
    };
    world.server.odd = Some(("update.php", reply));
    let request = world.command(0, |request| Command::Refresh { request });
    world.run(2_000);
    assert_eq!(failure(&world, 0, request), Status::BadReply);
    world.server.odd = None;
    let request = world.command(0, |request| Command::Refresh { request });
    world.run(2_000);
    assert!(world.has(0, |event| matches!(event, Event::BuddyList { request: answered, .. } if *answered == Some(request))));
}

#[test]
fn friend_requests_are_told_once_and_those_that_waited_after_login() {
    let waiting = r#"{"requests":[{"uid":8,"name":"Eve","message":"","time":20},null,{"uid":7,"name":"Dan","message":"hi","time":10}]}"#;
    let mut world = World::new(303, 1);
    world.server.people.announced = ALL;
    world
        .server
        .people
        .say("/ajax/fbchat/friend_requests.php", waiting);
    logged_in(&mut world);
    let told = |world: &World| -> Vec<FriendRequest> {
        let events = world.clients[0].events.iter();
        let request = |event: &Event| match event {
            Event::FriendRequest(request) => Some(request.clone()),
            _ => None,
        };
        events.filter_map(request).collect()
    };
    let dan = FriendRequest {
        uid: Uid(7),
        name: "Dan".into(),
        message: "hi".into(),
        time: 10,
    };
    assert_eq!(told(&world).len(), 2);
    assert_eq!(told(&world)[0], dan);
    push(
        &mut world,
        r#"{"type":"friend_request","uid":7,"name":"Dan","message":"hi","time":10}"#,
    );
    // A gap in the channel: the list is asked for again.
    let asked = world.asked(0, "friend_requests.php");
    world.server.forget_events(1);
    for _ in 0..3 {
        world.server.push(1, "{}".into());
        world.server.forget_events(1);
    }
    world.cut = true;
    world.run(100_000);
    world.cut = false;
    world.run(100_000);
    assert!(world.asked(0, "friend_requests.php") > asked);
    assert_eq!(told(&world).len(), 2);
    // A request that was settled and is made again later is news.
    world.server.people.says.clear();
    push(
        &mut world,
        r#"{"type":"friend","uid":7,"name":"Dan","action":"removed"}"#,
    );
    push(
        &mut world,
        r#"{"type":"friend_request","uid":7,"name":"Dan","message":"hi","time":10}"#,
    );
    assert_eq!(told(&world).len(), 3);
}

#[test]
fn pokes_blocks_and_unread_conversations_are_told() {
    let mut world = world(304);
    push(
        &mut world,
        r#"{"type":"poke","uid":2,"name":"User 2","time":77}"#,
    );
    let poke = Event::Poke {
        from: Uid(2),
        name: "User 2".into(),
        time: 77,
    };
    assert!(world.has(0, |event| *event == poke));
    // Without saying which of the two, it says nothing.
    push(
        &mut world,
        r#"{"type":"block","uid":2,"name":"User 2","blocked":1}"#,
    );
    push(&mut world, r#"{"type":"block","uid":3,"name":"User 3"}"#);
    let blocks: Vec<_> = world.clients[0]
        .events
        .iter()
        .filter(|event| matches!(event, Event::Block { .. }))
        .cloned()
        .collect();
    let block = Event::Block {
        uid: Uid(2),
        name: "User 2".into(),
        blocked: true,
    };
    assert_eq!(blocks, [block]);
    push(&mut world, r#"{"type":"inbox","unseen":3}"#);
    assert!(world.has(0, |event| *event == Event::Inbox(3)));
}

#[test]
fn answers_are_read_whole() {
    let mut world = world(305);
    let people = &mut world.server.people;
    people.say("/ajax/fbchat/notifications.php", r#"{"unseen":2,"inbox":"1","conversations":[{"uid":3,"name":"C","unread":4,"time":9}],"notifications":[{"id":1,"kind":"poke","uid":2,"name":"B","time":8,"new":true},{"kind":"new in 2011","uid":2},{"kind":"friend_added","uid":5,"name":"E","time":7,"new":false},{"kind":"poke"}]}"#);
    people.say("/ajax/fbchat/search.php", r#"{"results":[{"uid":3,"name":"C","thumbSrc":"\/pics\/q3_a.jpg","relation":"received"},{"name":"nobody"},{"uid":4,"relation":"new"}]}"#);
    people.say("/ajax/fbchat/profile.php", r#"{"uid":3,"name":"C D","firstName":"C","relation":"friend","email":"c@example.org","status":"reads","statusTime":5,"memberSince":6}"#);
    let queries = [
        Query::Notifications,
        Query::Search("c d".into()),
        Query::Profile(Uid(3)),
    ];
    let requests = queries.map(|query| world.ask(0, query));
    world.run(5_000);
    let answers = requests.map(|request| finals(&world, 0, request));
    let [
        [Event::Notifications { notifications, .. }],
        [Event::Search { people, .. }],
        [Event::Profile { profile, .. }],
    ] = [&answers[0][..], &answers[1][..], &answers[2][..]]
    else {
        panic!("{answers:?}")
    };
    assert_eq!((notifications.unseen, notifications.inbox), (2, 1));
    let kinds: Vec<_> = notifications
        .list
        .iter()
        .map(|one| (one.kind, one.uid.0, one.new))
        .collect();
    let expected = [
        (NotificationKind::Messages, 3, true),
        (NotificationKind::Poke, 2, true),
        (NotificationKind::FriendAdded, 5, false),
    ];
    assert_eq!(kinds, expected);
    let Notification {
        unread, time, name, ..
    } = &notifications.list[0];
    assert_eq!((*unread, *time, name.as_str()), (4, 9, "C"));
    let found: Vec<_> = people.iter().map(|one| (one.uid.0, one.relation)).collect();
    assert_eq!(found, [(3, Relation::Received), (4, Relation::None)]);
    assert_eq!(
        people[0].picture_url.as_deref(),
        Some("http://127.0.0.1:8080/pics/q3_a.jpg")
    );
    assert_eq!(
        (profile.person.uid, profile.person.relation),
        (Uid(3), Relation::Friend)
    );
    assert_eq!(
        (profile.first_name.as_str(), profile.email.as_deref()),
        ("C", Some("c@example.org"))
    );
    assert_eq!(
        (
            profile.status_text.as_deref(),
            profile.status_time,
            profile.member_since
        ),
        (Some("reads"), 5_000, 6)
    );
}

#[test]
fn read_marks_are_posted_one_by_one_and_not_twice() {
    let mut world = world(306);
    let marks =
        |world: &World| world.asked(0, "settings.php") + world.asked(0, "notifications.php");
    let before = marks(&world);
    for _ in 0..5 {
        for what in [Some(Uid(2)), Some(Uid(3)), None] {
            world.command(0, |_| Command::MarkRead(what));
        }
    }
    world.run(5_000);
    // The first is under way when the others come, so it is posted once more.
    assert_eq!(marks(&world), before + 4);
    assert!(
        world
            .server
            .people
            .last("/ajax/fbchat/notifications.php")
            .unwrap()
            .contains("mark_read=1")
    );
    // Lost, and stale: posted again.
    world.faults.lost_requests = 1_000;
    world.command(0, |_| Command::MarkRead(Some(Uid(2))));
    world.faults.lost_requests = 0;
    world.run(40_000);
    assert_eq!(marks(&world), before + 6);
    world.server.next_write_is_stale = true;
    world.command(0, |_| Command::MarkRead(Some(Uid(2))));
    world.run(40_000);
    assert_eq!(marks(&world), before + 8);
}
