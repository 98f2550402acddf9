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
