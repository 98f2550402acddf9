//! Failures that are cured without the host.

use super::pages::Layout;
use super::*;
use crate::status::Status;
use crate::types::{Connection, Presence};

#[test]
fn a_cut_network_comes_back_by_itself_without_loss() {
    let mut world = World::new(5, 2);
    logged_in(&mut world);
    world.cut = true;
    world.run(60_000);
    assert!(world.has(1, |event| matches!(event, Event::Connection(Connection::Waiting { problem, .. }) if problem.status == Status::Connect || problem.status == Status::Io)));
    // Somebody writes while client 1 is cut off: straight into the model.
    world.server.push(
        2,
        r#"{"type":"msg","msg":{"text":"meanwhile","time":1,"msgID":"77"},"from":1,"to":2}"#.into(),
    );
    world.cut = false;
    world.run(120_000);
    assert_eq!(world.messages(1), ["meanwhile"]);
    assert_eq!(world.connection(1), Some(Connection::Connected));
    assert!(!world.has(1, |event| matches!(event, Event::Closed { .. })));
}

#[test]
fn a_gap_in_the_numbers_is_filled_from_history() {
    let mut world = World::new(6, 2);
    logged_in(&mut world);
    world.send(0, 2, "before");
    world.run(5_000);
    world.cut = true;
    world.run(10_000);
    world.cut = false;
    world.send(0, 2, "swallowed");
    world.clients[1].held.clear();
    world.server.forget_events(2);
    world.send(0, 2, "after");
    world.run(200_000);
    let got = world.messages(1);
    assert_eq!(got, ["before", "swallowed", "after"]);
}

#[test]
fn servers_that_answer_at_once_do_not_make_us_spin() {
    for says in [
        r#"{"t":"continue"}"#,
        r#"{"t":"what"}"#,
        r#"{"t":"msg","ms":[]}"#,
        r#"{"t":"refresh"}"#,
        "{}",
        r#"{"t":"msg","ms":[{"type":"unknown"}]}"#,
        "<html>portal</html>",
        "",
        r#"{"t":"refresh","seq":5}"#,
        r#"{"error":1357001}"#,
        "null",
        "[]",
    ] {
        let mut world = World::new(7, 1);
        logged_in(&mut world);
        let before = world.clients[0].asked.len();
        world.server.channel_says = Some(says.into());
        world.server.push(1, r#"{"type":"typ"}"#.into());
        world.run(600_000);
        let asked = world.clients[0].asked.len() - before;
        assert!(
            (2..120).contains(&asked),
            "{says:?} made {asked} requests in ten minutes"
        );
    }
}

#[test]
fn a_channel_that_says_nothing_known_is_reported() {
    for says in [r#"{"t":"what"}"#, r#"{"t":"msg","ms":[]}"#, "{}"] {
        let mut world = World::new(24, 1);
        logged_in(&mut world);
        world.server.channel_says = Some(says.into());
        world.server.push(1, r#"{"type":"typ"}"#.into());
        world.run(60_000);
        let told = |event: &Event| matches!(event, Event::Connection(Connection::Waiting { problem, .. }) if problem.status == Status::BadReply);
        assert!(world.has(0, told), "{says}");
    }
}

#[test]
fn a_forgotten_session_logs_in_again_once() {
    let mut world = World::new(8, 2);
    logged_in(&mut world);
    world.server.forget_sessions();
    world.run(120_000);
    assert_eq!(world.asked(0, "Post /login.php"), 2);
    world.send(0, 2, "still here");
    world.run(10_000);
    assert_eq!(world.messages(1), ["still here"]);
}

#[test]
fn a_session_that_is_ended_again_and_again_is_closed_with_a_reason() {
    let mut world = World::new(9, 1);
    logged_in(&mut world);
    let request = world.send(0, 2, "x");
    for _ in 0..200 {
        world.server.forget_sessions();
        world.run(500);
    }
    let closed = |event: &Event| matches!(event, Event::Closed { problem: Some(problem), .. } if problem.status == Status::LoggedOut);
    assert!(world.has(0, closed), "{:?}", world.clients[0].events);
    assert_eq!(finals(&world, 0, request).len(), 1);
    assert!(world.asked(0, "Post /login.php") < 5);
}

#[test]
fn a_token_that_goes_stale_on_the_way_in_still_ends_in_a_login() {
    for layout in [Layout::Own, Layout::TokenAtHome] {
        let mut world = World::new(28, 2);
        world.server.layout = layout;
        world.server.next_write_is_stale = true;
        logged_in(&mut world);
        world.server.next_write_is_stale = true;
        let request = world.send(0, 2, "x");
        world.run(10_000);
        assert!(matches!(
            finals(&world, 0, request).as_slice(),
            [Event::Sent { .. }]
        ));
    }
}

#[test]
fn waking_up_during_a_new_login_does_not_end_the_session() {
    let mut world = World::new(30, 2);
    logged_in(&mut world);
    world.run(60_000);
    world.server.forget_sessions();
    world.send(0, 2, "sent before the lid was closed");
    world.run(150);
    world.cut = true;
    world.run(20_000);
    let now = Now {
        unix: world.clock().unix + 3_600_000,
        ..world.clock()
    };
    world.clients[0].session.handle_timeout(now);
    world.flush(0);
    world.cut = false;
    world.run(60_000);
    assert_eq!(world.connection(0), Some(Connection::Connected));
    assert_eq!(world.messages(1), ["sent before the lid was closed"]);
}

#[test]
fn a_late_answer_from_before_a_new_login_does_not_end_the_session() {
    let mut world = World::new(31, 1);
    logged_in(&mut world);
    world.run(60_000);
    let request = world.command(0, |request| Command::Refresh { request });
    let late = world.clients[0]
        .arriving
        .pop()
        .expect("the refresh is under way");
    world.server.forget_sessions();
    world.send(0, 2, "x");
    world.run(5_000);
    let body = br#"{"error":1357001}"#.to_vec();
    let reply = Reply {
        status: 200,
        body,
        ..Reply::default()
    };
    let now = world.clock();
    world.clients[0]
        .session
        .handle(now, Input::Reply(late.1, Ok(reply)));
    world.flush(0);
    world.run(5_000);
    assert!(!world.clients[0].session.is_closed());
    let failed = |event: &Event| matches!(event, Event::Failed { request: failed, .. } if *failed == request);
    assert!(world.has(0, failed));
}

#[test]
fn a_portal_in_mid_session_is_waited_out() {
    let mut world = World::new(16, 2);
    logged_in(&mut world);
    for portal in [
        (200, "<html><form action='/pay'></form></html>"),
        (503, "maintenance"),
        (200, r#"{"error":0,"payload":null}"#),
    ] {
        world.server.instead = Some(portal);
        world.run(100_000);
        world.server.instead = None;
        world.run(100_000);
        assert_eq!(
            world.connection(0),
            Some(Connection::Connected),
            "{portal:?}"
        );
    }
    world.send(0, 2, "back");
    world.run(5_000);
    assert_eq!(world.messages(1), ["back"]);
}

#[test]
fn a_machine_that_slept_polls_again_at_once() {
    let mut world = World::new(22, 1);
    logged_in(&mut world);
    let before = world.asked(0, "reconnect.php");
    let now = Now {
        unix: world.clock().unix + 3_600_000,
        ..world.clock()
    };
    world.clients[0].session.handle_timeout(now);
    world.flush(0);
    assert_eq!(world.asked(0, "reconnect.php"), before + 1);
}

#[test]
fn another_network_ends_a_held_poll_and_a_long_wait() {
    let mut world = World::new(24, 1);
    logged_in(&mut world);
    let before = world.asked(0, "reconnect.php");
    world.command(0, |_| Command::NetworkChanged);
    assert_eq!(world.asked(0, "reconnect.php"), before + 1);
    world.run(5_000);
    assert_eq!(
        world.connection(0),
        Some(Connection::Connected),
        "it went on"
    );

    world.cut = true;
    world.run(300_000);
    world.cut = false;
    let Some(Connection::Waiting { wait_ms, .. }) = world.connection(0) else {
        panic!("an outage should be told")
    };
    assert!(wait_ms > 10_000);
    world.command(0, |_| Command::NetworkChanged);
    world.run(1_000);
    assert_eq!(world.connection(0), Some(Connection::Connected));
}

#[test]
fn a_reply_that_the_driver_loses_is_noticed() {
    let mut world = World::new(23, 2);
    logged_in(&mut world);
    world.clients[1].held.clear();
    world.run(100_000);
    world.send(0, 2, "heard");
    world.run(10_000);
    assert_eq!(world.messages(1), ["heard"]);
}

#[test]
fn friends_who_come_back_a_little_later_do_not_flap() {
    let mut world = World::new(33, 2);
    for who in 0..2 {
        world.login(who);
        world.run(5_000);
    }
    let gone = |world: &World| {
        world.has(1, |event| match event {
            Event::Presence(buddy) => buddy.uid == Uid(1) && buddy.presence == Presence::Offline,
            Event::BuddyList { buddies, .. } => buddies
                .iter()
                .any(|buddy| buddy.uid == Uid(1) && buddy.presence == Presence::Offline),
            _ => false,
        })
    };
    world.clients[1].events.clear();
    // A server that is restarted twice: several lists leave the friend out.
    for _ in 0..2 {
        world.server.online.remove(&1);
        world.cut = true;
        world.break_polls(1);
        world.run(4_000);
        world.cut = false;
        world.command(1, |request| Command::Refresh { request });
        world.run(8_000);
    }
    assert!(!gone(&world));
    world.server.online.insert(1);
    world.run(60_000);
    assert!(!gone(&world));
    // The host is told in the end of somebody who stays away.
    world.server.online.remove(&1);
    world.run(2_000_000);
    assert!(gone(&world));
}
