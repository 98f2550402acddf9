//! Login, buddies and presence, as a host sees them.

use super::pages::Layout;
use super::*;
use crate::status::Status;
use crate::types::{Connection, OwnPresence, Presence};

#[test]
fn login_goes_through_its_stages_and_tells_the_buddy_list() {
    let mut world = World::new(1, 2);
    logged_in(&mut world);
    let events = &world.clients[1].events;
    let stages: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Connection(connection) => Some(connection.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        stages,
        [
            Connection::LoggingIn,
            Connection::LoadingPage,
            Connection::OpeningChannel,
            Connection::Connected
        ]
    );
    let Some(Event::LoggedIn {
        uid,
        name,
        message_limit,
        ..
    }) = events.iter().find(|e| matches!(e, Event::LoggedIn { .. }))
    else {
        panic!()
    };
    assert_eq!((uid.0, name.as_str(), *message_limit), (2, "User 2", 50));
    let Some(Event::BuddyList { buddies, .. }) =
        events.iter().find(|e| matches!(e, Event::BuddyList { .. }))
    else {
        panic!()
    };
    assert_eq!(buddies.iter().map(|b| b.uid.0).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn every_page_layout_leads_to_the_channel() {
    for layout in [
        Layout::Own,
        Layout::Old,
        Layout::July2008,
        Layout::HiddenUser,
        Layout::October2009,
        Layout::NoChannel,
        Layout::TokenAtHome,
    ] {
        let mut world = World::new(2, 2);
        world.server.layout = layout;
        logged_in(&mut world);
        world.send(0, 2, "yo");
        world.run(5_000);
        assert_eq!(world.messages(1), ["yo"]);
        assert_eq!(
            world.asked(0, "reconnect.php") > 0,
            layout == Layout::NoChannel
        );
    }
}

#[test]
fn invisible_is_posted_until_the_server_has_it() {
    let mut world = World::new(32, 1);
    logged_in(&mut world);
    world.faults.lost_requests = 1_000;
    world.command(0, |_| Command::SetPresence(OwnPresence::Invisible));
    world.run(1_000);
    assert!(world.server.online.contains(&1));
    world.faults = Faults::default();
    world.run(120_000);
    assert!(!world.server.online.contains(&1));
}

#[test]
fn first_login_says_at_once_what_is_wrong() {
    let wrong_password = |world: &mut World| {
        let password = Secret::new("wrong".into());
        world.command(0, |request| Command::Login {
            request,
            email: "user1@example.org".into(),
            password,
        })
    };
    let mut world = World::new(13, 1);
    let request = wrong_password(&mut world);
    world.run(10_000);
    assert_eq!(failure(&world, 0, request), Status::Credentials);
    let request = world.login(0);
    world.run(10_000);
    assert!(
        matches!(
            finals(&world, 0, request).as_slice(),
            [Event::LoggedIn { .. }]
        ),
        "another attempt works"
    );

    for (instead, status) in [
        (
            (200, "<html><h1>It works!</h1></html>"),
            Status::ServerChanged,
        ),
        ((404, "not here"), Status::ServerChanged),
        ((502, "<html>bad gateway"), Status::Http),
    ] {
        let mut world = World::new(14, 1);
        world.server.instead = Some(instead);
        let request = world.login(0);
        world.run(60_000);
        assert_eq!(failure(&world, 0, request), status);
    }
    let mut world = World::new(15, 1);
    world.cut = true;
    let request = world.login(0);
    world.run(1_000);
    assert_eq!(failure(&world, 0, request), Status::Connect);
}

#[test]
fn typing_and_presence_are_told() {
    let mut world = World::new(17, 2);
    logged_in(&mut world);
    world.command(0, |_| Command::SetTyping {
        to: Uid(2),
        typing: true,
    });
    world.run(1_000);
    assert!(world.has(1, |event| *event
        == Event::Typing {
            from: Uid(1),
            group: None,
            typing: true
        }));
    world
        .server
        .push(1, r#"{"type":"presence","uid":3,"state":"idle"}"#.into());
    world.run(1_000);
    assert!(world.has(0, |event| matches!(event, Event::Presence(buddy) if buddy.uid == Uid(3) && buddy.presence == Presence::Idle)));
}

#[test]
fn buddies_do_not_flap_when_the_server_comes_back() {
    for returns in [true, false] {
        let mut world = World::new(33, 1);
        world.server.online.insert(3);
        logged_in(&mut world);
        world.cut = true;
        world.server.online.clear();
        world.run(70_000);
        world.cut = false;
        for _ in 0..90 {
            if world.connection(0) != Some(Connection::Connected) {
                world.run(1_000);
            }
        }
        world.run(20_000);
        if returns {
            world.server.online.insert(3);
            world
                .server
                .push(1, r#"{"type":"presence","uid":3,"state":"active"}"#.into());
        }
        world.run(60_000);
        let offline = |event: &Event| matches!(event, Event::Presence(buddy) if buddy.presence == Presence::Offline);
        assert_eq!(world.has(0, offline), !returns);
    }
}

#[test]
fn presence_is_polled_where_it_is_not_pushed() {
    let mut world = World::new(18, 1);
    world.server.layout = Layout::Old;
    logged_in(&mut world);
    world.server.online.insert(3);
    world.run(70_000);
    let is = |presence| move |event: &Event| matches!(event, Event::Presence(buddy) if buddy.uid == Uid(3) && buddy.presence == presence);
    assert!(world.has(0, is(Presence::Active)));
    world.server.online.remove(&3);
    world.run(70_000);
    assert!(world.has(0, is(Presence::Offline)));
}

#[test]
fn own_presence_reaches_the_poll_and_the_settings() {
    let mut world = World::new(19, 1);
    logged_in(&mut world);
    world.command(0, |_| Command::SetPresence(OwnPresence::Idle));
    world.run(1_000);
    assert_eq!(
        world.server.active.last().map(String::as_str),
        Some("false")
    );
    world.command(0, |_| Command::SetPresence(OwnPresence::Invisible));
    world.run(1_000);
    assert!(!world.server.online.contains(&1));
}

#[test]
fn what_is_unread_is_told_by_servers_without_our_extensions() {
    let mut world = World::new(40, 1);
    world.server.layout = Layout::Old;
    world.server.counts = Some(r#"{"countNew":2,"count":9,"markup":"","inboxCount":"3"}"#);
    let told = |world: &World| -> Vec<_> {
        let events = world.clients[0].events.iter();
        let counts = events.filter_map(|event| match event {
            Event::Notifications {
                request,
                notifications,
            } => Some((*request, notifications.unseen, notifications.inbox)),
            _ => None,
        });
        counts.collect()
    };
    logged_in(&mut world);
    assert_eq!(told(&world), [(RequestId::NONE, 2, 3)]);
    let place = |wanted: fn(&Event) -> bool| world.clients[0].events.iter().position(wanted);
    let login = place(|event| matches!(event, Event::LoggedIn { .. }));
    assert!(login < place(|event| matches!(event, Event::Notifications { .. })));
    world.run(200_000);
    assert_eq!(told(&world).len(), 1, "no news");
    world.server.counts = Some(r#"{"countNew":"0","inboxCount":4}"#);
    world.run(200_000);
    assert_eq!(told(&world)[1..], [(RequestId::NONE, 0, 4)]);
    world.server.counts = Some("[]");
    world.run(200_000);
    assert_eq!(told(&world).len(), 2);

    let mut world = World::new(41, 1);
    world.server.counts = Some(r#"{"countNew":2,"inboxCount":"3"}"#);
    world.server.people.announced = super::people_model::ALL;
    logged_in(&mut world);
    assert!(told(&world).is_empty(), "there is a better way");
}

#[test]
fn a_list_that_comes_late_does_not_replace_a_newer_one() {
    let mut world = World::new(42, 1);
    world.server.layout = Layout::Old;
    world.server.counts = Some(r#"{"countNew":1,"inboxCount":1}"#);
    logged_in(&mut world);
    let told = world.clients[0].events.len();
    world.delay = 5_000;
    let late = world.command(0, |request| Command::Refresh { request });
    world.delay = 0;
    world.server.counts = Some(r#"{"countNew":2,"inboxCount":2}"#);
    let newer = world.command(0, |request| Command::Refresh { request });
    world.run(20_000);
    let answers: Vec<_> = world.clients[0].events[told..]
        .iter()
        .filter_map(|event| match event {
            Event::BuddyList { request, .. } => *request,
            Event::Notifications { notifications, .. } => {
                assert_eq!(notifications.inbox, 2);
                None
            }
            _ => None,
        })
        .collect();
    assert_eq!(answers, [newer, late], "both are answered");
}

#[test]
fn a_list_that_comes_late_does_not_undo_what_was_pushed() {
    let mut world = World::new(42, 1);
    world.server.online.insert(3);
    logged_in(&mut world);
    let told = world.clients[0].events.len();
    world.delay = 5_000;
    world.command(0, |request| Command::Refresh { request });
    world.delay = 0;
    let push = |world: &mut World, state: &str| {
        let item = format!(r#"{{"type":"presence","uid":3,"state":"{state}"}}"#);
        world.server.push(1, item);
        world.run(1_000);
    };
    let presences = |world: &World| {
        let events = world.clients[0].events[told..].iter();
        let presences = events.filter_map(|event| match event {
            Event::Presence(buddy) => Some((buddy.uid, buddy.presence)),
            _ => None,
        });
        presences.collect::<Vec<_>>()
    };
    push(&mut world, "offline");
    world.run(20_000);
    let offline = (Uid(3), Presence::Offline);
    assert_eq!(presences(&world), [offline]);
    push(&mut world, "active");
    assert_eq!(presences(&world), [offline, (Uid(3), Presence::Active)]);
}

#[test]
fn a_friendship_that_ended_during_an_outage_is_told_after_it() {
    for layout in [Layout::Own, Layout::Old] {
        let mut world = World::new(42, 1);
        world.server.layout = layout;
        logged_in(&mut world);
        world.cut = true;
        world.run(200_000);
        world.server.gone = Some(3);
        world.cut = false;
        world.run(400_000);
        let ended = |event: &Event| matches!(event, Event::Friend { uid: Uid(3), name, began: false } if name == "User 3");
        let events = &world.clients[0].events;
        assert_eq!(events.iter().filter(|event| ended(event)).count(), 1);
        let last = events.iter().rev().find_map(|event| match event {
            Event::BuddyList { buddies, .. } => Some(buddies.len()),
            _ => None,
        });
        assert_eq!(last, Some(1));
    }
}

#[test]
fn no_text_of_the_server_has_what_hosts_cannot_store() {
    let odd = r"a\uffff\ufffe\u0001\u0000\u001bz";
    let clean = "a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}z";
    let mut world = World::new(43, 1);
    logged_in(&mut world);
    world.server.push(
        1,
        format!(
            r#"{{"type":"msg","msg":{{"text":"{odd}","time":5,"clientTime":5,"msgID":"{odd}"}},"from":2,"to":1,"from_name":"{odd}","to_name":"{odd}"}}"#
        ),
    );
    world.server.send_says = Some(r#"{"error":1356003,"errorDescription":"a\uffffz"}"#);
    let request = world.send(0, 2, "x");
    world.run(5_000);
    let message = world.clients[0]
        .events
        .iter()
        .find_map(|event| match event {
            Event::Message(message) => Some(message.clone()),
            _ => None,
        });
    let message = message.unwrap();
    for text in [
        &message.text,
        &message.from_name,
        &message.to_name,
        &message.message_id,
    ] {
        assert_eq!(text, clean);
    }
    match finals(&world, 0, request).as_slice() {
        [Event::Failed { problem, .. }] => assert_eq!(problem.text, "a\u{FFFD}z"),
        other => panic!("{other:?}"),
    }
}
