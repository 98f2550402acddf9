//! Messages arrive once and in order, are acknowledged only when the host has them, and fail with the right status.

use super::pages::Layout;
use super::*;
use crate::status::Status;
use std::collections::BTreeMap;

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
    // The second client becomes another session of user 1.
    let now = world.clock();
    let server = ServerAddress::parse("http://127.0.0.1:8080", false).unwrap();
    world.clients[1].session = Session::new(SessionConfig::new(server, 99));
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
        (r#"{"error":1356008}"#, Status::RateLimited),
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
        world.run(700_000);
        assert_eq!(failure(&world, 0, request), status, "{says}");
        assert!(world.asked(0, "send.php") < 20);
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
fn messages_that_wait_behind_others_on_a_slow_connection_do_not_expire() {
    let mut world = World::new(30, 2);
    logged_in(&mut world);
    world.delay = 640;
    let (requests, texts) = burst(&mut world, 250);
    world.run(400_000);
    for request in requests {
        let finals = finals(&world, 0, request);
        assert!(
            matches!(finals.as_slice(), [Event::Sent { .. }]),
            "{finals:?}"
        );
    }
    assert_eq!(world.messages(1), texts);
}

#[test]
fn after_one_failed_with_the_session_none_behind_it_arrives() {
    for says in [
        r#"{"error":1357004}"#,
        r#"{"error":1356002}"#,
        r#"{"error":1357007}"#,
        r#"{"error":1356008}"#,
    ] {
        let mut world = World::new(31, 2);
        logged_in(&mut world);
        world.server.send_says = Some(says);
        let (requests, _) = burst(&mut world, 5);
        while finals(&world, 0, requests[0]).is_empty() {
            assert!(world.step(world.now + 200_000));
        }
        world.server.send_says = None;
        world.run(100_000);
        for request in requests {
            assert!(matches!(
                finals(&world, 0, request).as_slice(),
                [Event::Failed { .. }]
            ));
        }
        assert!(world.messages(1).is_empty(), "{says}");
    }
    // What one message is refused for does not concern the others.
    let mut world = World::new(31, 2);
    logged_in(&mut world);
    world.server.send_says = Some(r#"{"error":1356003}"#);
    burst(&mut world, 2);
    world.run(5_000);
    assert_eq!(world.asked(0, "send.php"), 2);
}

#[test]
fn messages_fail_together_when_the_server_is_not_reachable_in_time() {
    let mut world = World::new(32, 2);
    logged_in(&mut world);
    world.cut = true;
    let now = world.clock();
    let change = Input::Command(Command::NetworkChanged);
    world.clients[0].session.handle(now, change);
    world.flush(0);
    world.run(10_000);
    let (requests, _) = burst(&mut world, 3);
    world.run(60_000);
    let late = world.send(0, 2, "late");
    world.run(700_000);
    let statuses: Vec<_> = requests
        .iter()
        .chain([&late])
        .map(|request| failure(&world, 0, *request))
        .collect();
    // An attempt was made for the first one before the session knew.
    assert!(
        matches!(statuses[0], Status::Timeout | Status::OutcomeUnknown),
        "{statuses:?}"
    );
    assert_eq!(statuses[1..], [Status::Timeout; 3]);
    world.cut = false;
    world.run(200_000);
    assert!(world.messages(1).is_empty());
}

#[test]
fn a_server_that_stalls_is_asked_again_until_it_says_what_became_of_the_message() {
    let mut world = World::new(33, 2);
    logged_in(&mut world);
    // The server takes the message, and its answers come too late for five minutes.
    world.faults.lost_replies = 1_000;
    let (requests, _) = burst(&mut world, 2);
    world.run(300_000);
    assert!(finals(&world, 0, requests[0]).is_empty());
    world.faults = Faults::default();
    world.run(100_000);
    for request in requests {
        assert!(matches!(
            finals(&world, 0, request).as_slice(),
            [Event::Sent { .. }]
        ));
    }
    assert_eq!(world.messages(1), ["0", "1"]);
}

#[test]
fn a_logout_waits_as_long_as_messages_get_through() {
    let mut world = World::new(34, 2);
    logged_in(&mut world);
    world.delay = 600;
    let (requests, texts) = burst(&mut world, 50);
    let logout = world.command(0, |request| Command::Logout { request });
    world.run(100_000);
    for request in requests {
        assert!(matches!(
            finals(&world, 0, request).as_slice(),
            [Event::Sent { .. }]
        ));
    }
    assert_eq!(finals(&world, 0, logout).len(), 1);
    assert_eq!(world.messages(1), texts);
}
