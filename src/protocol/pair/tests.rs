//! What a host may rely on, whatever the network does.

use super::model::Layout;
use super::*;
use crate::status::Status;
use crate::types::{Connection, OwnPresence, Presence, Seq};
use std::collections::BTreeMap;

fn logged_in(world: &mut World) {
    for who in 0..world.clients.len() {
        world.login(who);
    }
    world.run(5_000);
    for who in 0..world.clients.len() {
        assert!(
            world.has(who, |event| matches!(event, Event::LoggedIn { .. })),
            "{:?}",
            world.clients[who].events
        );
        assert!(world.has(who, |event| *event
            == Event::Connection(Connection::Connected)));
    }
}

/// The final events of a request.
fn finals(world: &World, who: usize, wanted: RequestId) -> Vec<Event> {
    let is_final = |event: &&Event| match event {
        Event::Sent { request, .. }
        | Event::Failed { request, .. }
        | Event::LoggedIn { request, .. }
        | Event::LoginFailed { request, .. }
        | Event::Challenge { request, .. } => *request == wanted,
        Event::Closed { request, .. } => *request == Some(wanted),
        _ => false,
    };
    world.clients[who]
        .events
        .iter()
        .filter(is_final)
        .cloned()
        .collect()
}

fn failure(world: &World, who: usize, request: RequestId) -> Status {
    match finals(world, who, request).as_slice() {
        [
            Event::Failed { problem, .. }
            | Event::LoginFailed { problem, .. }
            | Event::Challenge { problem, .. },
        ] => problem.status,
        other => panic!("{other:?}"),
    }
}

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
fn messages_arrive_once_and_in_order_and_echoes_are_silent() {
    let mut world = World::new(3, 2);
    logged_in(&mut world);
    let texts: Vec<String> = (0..50)
        .map(|n| format!("{n} héllo <b>&amp;</b> 100% 中文 🎉"))
        .collect();
    let requests: Vec<_> = texts.iter().map(|text| world.send(0, 2, text)).collect();
    world.run(60_000);
    assert_eq!(world.messages(1), texts);
    assert!(world.messages(0).is_empty());
    for request in requests {
        assert!(matches!(
            finals(&world, 0, request).as_slice(),
            [Event::Sent { .. }]
        ));
    }
}

#[test]
fn own_messages_from_another_session_are_told_as_own() {
    let mut world = World::new(4, 2);
    logged_in(&mut world);
    // The second client's session becomes another one of user 1.
    let now = world.clock();
    let server = ServerAddress::parse("http://127.0.0.1:8080", false).unwrap();
    world.clients[1].session = Session::new(SessionConfig { server, seed: 99 });
    world.clients[1].arriving.clear();
    world.clients[1].held.clear();
    let (request, email, password) = (
        RequestId(1),
        "user1@example.org".into(),
        Secret::new("right".into()),
    );
    world.clients[1].session.handle(
        now,
        Input::Command(Command::Login {
            request,
            email,
            password,
        }),
    );
    world.flush(1);
    world.run(5_000);
    world.send(0, 3, "from the first");
    world.run(5_000);
    let own = |event: &Event| matches!(event, Event::Message(m) if m.origin == crate::types::Origin::OwnElsewhere && m.to == Uid(3));
    assert!(world.has(1, own) && !world.has(0, own));
    world.send(1, 1, "to myself");
    world.run(5_000);
    assert!(world.messages(0).contains(&"to myself".into()));
    assert_eq!(
        world
            .messages(1)
            .iter()
            .filter(|text| *text == "to myself")
            .count(),
        1
    );
}

#[test]
fn nothing_is_lost_doubled_or_reordered_on_a_bad_network() {
    for seed in 0..60 {
        let mut world = World::new(seed, 2);
        world.server.layout = [Layout::Own, Layout::Old][(seed % 2) as usize];
        logged_in(&mut world);
        world.faults = Faults {
            lost_requests: 150,
            lost_replies: 150,
        };
        let mut sent = BTreeMap::new();
        for n in 0..40 {
            let text = format!("message {n}");
            sent.insert(world.send(0, 2, &text), text);
            let pause = world.rng.u64(0..4_000);
            world.run(pause);
        }
        world.faults = Faults::default();
        world.run(200_000);
        let mut settled = Vec::new();
        for (request, text) in &sent {
            match finals(&world, 0, *request).as_slice() {
                [Event::Sent { .. }] => settled.push(text.clone()),
                [Event::Failed { problem, .. }] => {
                    assert_eq!(problem.status, Status::OutcomeUnknown, "seed {seed}")
                }
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        let got = world.messages(1);
        let arrived: Vec<_> = got
            .iter()
            .filter(|text| settled.contains(text))
            .cloned()
            .collect();
        assert_eq!(arrived, settled, "seed {seed}");
        let mut unique = got.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), got.len(), "seed {seed}: doubled");
        assert_eq!(
            world.server.stored(),
            got.len(),
            "seed {seed}: the server has more than arrived"
        );
    }
}

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
    assert_eq!(world.clients[1].session.told, Some(Connection::Connected));
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
fn idle_running_servers_do_not_make_us_spin() {
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
fn a_stale_token_is_scraped_again_and_the_message_repeated_once() {
    let mut world = World::new(10, 2);
    logged_in(&mut world);
    world.server.tokens = 2;
    let request = world.send(0, 2, "once");
    world.run(10_000);
    assert!(matches!(
        finals(&world, 0, request).as_slice(),
        [Event::Sent { .. }]
    ));
    assert_eq!(world.messages(1), ["once"]);
}

#[test]
fn refusals_of_a_message_are_reported_with_their_kind() {
    for (says, status) in [
        (
            r#"{"error":1356003,"errorDescription":"This person is no longer online."}"#,
            Status::RecipientOffline,
        ),
        (
            r#"{"error":1356004,"errorDescription":null}"#,
            Status::Refused,
        ),
        (r#"{"error":1357005}"#, Status::Refused),
        (r#"{"error":1357004}"#, Status::Refused),
        (r#"{"error":1356002}"#, Status::Refused),
        (r#"{"error":1356008}"#, Status::Timeout),
        ("<html>", Status::OutcomeUnknown),
        (
            "<html><script>var portal = {};</script>",
            Status::OutcomeUnknown,
        ),
    ] {
        let mut world = World::new(11, 1);
        logged_in(&mut world);
        world.server.send_says = Some(says);
        let request = world.send(0, 2, "x");
        world.run(100_000);
        assert_eq!(failure(&world, 0, request), status, "{says}");
        assert!(world.asked(0, "send.php") < 12);
    }
}

#[test]
fn writing_much_does_not_delay_what_comes_in() {
    let mut world = World::new(27, 2);
    world.server.layout = Layout::Old;
    logged_in(&mut world);
    for n in 0..30 {
        world.send(0, 2, &n.to_string());
        world.run(700);
    }
    world.send(1, 1, "an answer");
    world.run(2_000);
    assert_eq!(world.messages(0), ["an answer"]);
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
fn a_refusal_after_a_lost_attempt_leaves_the_outcome_unknown() {
    let mut world = World::new(29, 1);
    logged_in(&mut world);
    world.faults.lost_requests = 1_000;
    let request = world.send(0, 2, "x");
    world.run(300);
    world.faults = Faults::default();
    world.server.send_says = Some(r#"{"error":1356003}"#);
    world.run(30_000);
    assert_eq!(failure(&world, 0, request), Status::OutcomeUnknown);
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
    assert_eq!(world.clients[0].session.told, Some(Connection::Connected));
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
fn a_message_over_the_limit_is_never_posted() {
    let mut world = World::new(12, 1);
    logged_in(&mut world);
    let request = world.send(0, 2, &"🎉".repeat(51));
    assert_eq!(failure(&world, 0, request), Status::TooLong);
    let fits = world.send(0, 2, &"🎉".repeat(50));
    world.run(5_000);
    assert!(matches!(
        finals(&world, 0, fits).as_slice(),
        [Event::Sent { .. }]
    ));
    assert_eq!(world.asked(0, "send.php"), 1);
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
            world.clients[0].session.told,
            Some(Connection::Connected),
            "{portal:?}"
        );
    }
    world.send(0, 2, "back");
    world.run(5_000);
    assert_eq!(world.messages(1), ["back"]);
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
            if world.clients[0].session.told != Some(Connection::Connected) {
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
fn a_paused_session_leaves_its_messages_with_the_server() {
    let mut world = World::new(20, 2);
    logged_in(&mut world);
    let now = world.clock();
    world.clients[1].session.set_paused(now, true);
    for n in 0..5 {
        world.send(0, 2, &n.to_string());
        world.run(1_000);
    }
    assert_eq!(world.messages(1).len(), 1, "the poll that was held already");
    let now = world.clock();
    world.clients[1].session.set_paused(now, false);
    world.flush(1);
    world.run(1_000);
    assert_eq!(world.messages(1), ["0", "1", "2", "3", "4"]);
}

#[test]
fn nothing_is_acknowledged_before_the_host_has_it() {
    let mut world = World::new(25, 2);
    logged_in(&mut world);
    world.busy_host = true;
    for n in 0..5 {
        world.send(0, 2, &n.to_string());
        world.run(1_000);
    }
    assert_eq!(world.messages(1), ["0"], "the others wait with the server");
    assert_eq!(world.clients[1].session.taken_up_to(), Some(Seq(0)));
    let request = world.command(1, |request| Command::Logout { request });
    world.run(5_000);
    assert_eq!(finals(&world, 1, request).len(), 1);
    assert_eq!(world.server.acknowledged.get(&2), Some(&0));

    let mut world = World::new(26, 2);
    logged_in(&mut world);
    world.send(0, 2, "taken");
    world.run(1_000);
    world.command(1, |request| Command::Logout { request });
    world.run(5_000);
    assert_eq!(world.server.acknowledged.get(&2), Some(&1));
}

#[test]
fn logout_settles_what_is_on_its_way_and_closes() {
    let mut world = World::new(21, 2);
    logged_in(&mut world);
    let message = world.send(0, 2, "last words");
    let logout = world.command(0, |request| Command::Logout { request });
    world.run(5_000);
    assert!(matches!(
        finals(&world, 0, message).as_slice(),
        [Event::Sent { .. }]
    ));
    assert!(matches!(
        finals(&world, 0, logout).as_slice(),
        [Event::Closed { problem: None, .. }]
    ));
    assert!(
        world.clients[0].session.is_closed() && world.clients[0].session.poll_timeout().is_none()
    );
    assert_eq!(world.messages(1), ["last words"]);

    world.cut = true;
    let logout = world.command(1, |request| Command::Logout { request });
    world.run(5_000);
    assert_eq!(finals(&world, 1, logout).len(), 1, "without a network, too");
}

#[test]
fn a_machine_that_slept_polls_anew_at_once() {
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
fn a_driver_that_loses_a_reply_is_noticed() {
    let mut world = World::new(23, 2);
    logged_in(&mut world);
    world.clients[1].held.clear();
    world.run(100_000);
    world.send(0, 2, "heard");
    world.run(10_000);
    assert_eq!(world.messages(1), ["heard"]);
}
