//! Leaving without a logout, and resuming later.

use super::*;

/// Client 0 is gone, like a program that was killed; client 2 resumes its session.
fn moved(world: &mut World) -> RequestId {
    let state = world.state(0);
    world.clients[0].held.clear();
    world.clients[0].arriving.clear();
    world.clients.swap(0, 2);
    world.resume(0, &state)
}

fn two_online(seed: u64) -> World {
    let mut world = World::new(seed, 3);
    world.login(0);
    world.login(1);
    world.run(5_000);
    world
}

#[test]
fn resumed_session_gets_what_came_meanwhile_and_nothing_twice() {
    let mut world = two_online(90);
    world.send(1, 1, "seen");
    world.run(5_000);
    assert_eq!(world.messages(0), ["seen"]);
    let state = world.state(0);
    let request = moved(&mut world);
    world.send(1, 1, "meanwhile");
    world.run(5_000);
    assert!(matches!(
        finals(&world, 0, request).as_slice(),
        [Event::LoggedIn { uid: Uid(1), .. }]
    ));
    assert_eq!(world.messages(0), ["meanwhile"]);
    assert_eq!(world.asked(0, "login.php"), 0);
    assert_ne!(world.state(0), state, "the new number is worth keeping");
    let sent = world.send(0, 2, "and back");
    world.run(5_000);
    assert!(matches!(
        finals(&world, 0, sent).as_slice(),
        [Event::Sent { .. }]
    ));
}

/// How often client 0 was given a state.
fn states(world: &World) -> usize {
    let events = world.clients[0].events.iter();
    events.filter(|it| matches!(it, Event::State(_))).count()
}

#[test]
fn state_is_given_when_it_changed_and_only_then() {
    let mut world = two_online(91);
    assert_eq!(states(&world), 1);
    world.run(600_000);
    assert_eq!(states(&world), 1, "nothing happened");
    world.busy_host = true;
    world.send(1, 1, "a");
    world.run(5_000);
    assert_eq!(states(&world), 1, "the host does not have the message yet");
    world.busy_host = false;
    world.flush(0);
    world.run(5_000);
    assert_eq!(states(&world), 2);
}

#[test]
fn thousands_of_messages_do_not_make_a_state_each() {
    let mut world = two_online(99);
    let before = states(&world);
    for n in 0..1_000 {
        world.send(0, 2, &n.to_string());
    }
    assert_eq!(states(&world), before + 1, "the first is saved at once");
    world.run(300);
    assert_eq!(states(&world), before + 2);
    assert!(world.state(0).reveal().contains(r#""text":"999""#));
    world.run(600_000);
    assert_eq!(world.messages(1).len(), 1_000);
    assert!(!world.state(0).reveal().contains("unsettled"));
}

#[test]
fn ended_session_cannot_be_resumed_and_says_so() {
    let mut world = two_online(92);
    world.server.forget_sessions();
    let request = moved(&mut world);
    world.run(5_000);
    assert_eq!(failure(&world, 0, request), Status::LoggedOut);
    // The session can log in with the password instead.
    world.login(0);
    world.run(5_000);
    assert!(world.has(0, |event| matches!(event, Event::LoggedIn { .. })));
}

#[test]
fn resumed_session_that_the_server_ends_later_closes() {
    let mut world = two_online(93);
    moved(&mut world);
    world.run(5_000);
    world.server.forget_sessions();
    world.run(120_000);
    assert!(world.has(0, |event| matches!(
        event,
        Event::Closed { problem: Some(problem), .. } if problem.status == Status::LoggedOut
    )));
}

#[test]
fn state_of_another_server_is_refused() {
    let mut world = two_online(94);
    for foreign in ["127.0.0.2:8080", "127.0.0.1:8081"] {
        let state = world.state(0).reveal().replace("127.0.0.1:8080", foreign);
        let request = world.resume(2, &Secret::new(state));
        assert_eq!(failure(&world, 2, request), Status::Argument);
    }
    assert!(world.clients[2].asked.is_empty());
}

#[test]
fn leaving_right_after_a_message_tells_the_server_that_it_arrived() {
    let mut world = two_online(95);
    world.send(1, 1, "last words");
    while world.messages(0).is_empty() {
        assert!(world.step(world.now + 5_000));
    }
    // The next long-poll is under way and ends with all the rest.
    world.clients[0].held.clear();
    world.clients[0].arriving.clear();
    let now = world.clock();
    assert!(world.clients[0].session.farewell(now));
    world.flush(0);
    // It is under way; a second call adds nothing.
    let asked = world.clients[0].asked.len();
    assert!(world.clients[0].session.farewell(now));
    world.flush(0);
    assert_eq!(world.clients[0].asked.len(), asked);
    world.run(5_000);
    assert!(world.clients[0].session.is_closed());
    world.login(2);
    world.run(5_000);
    assert!(world.has(2, |event| matches!(event, Event::LoggedIn { .. })));
    assert!(world.messages(2).is_empty());
}

#[test]
fn leaving_in_the_middle_of_a_logout_does_not_cut_it_short() {
    let mut world = two_online(98);
    world.send(1, 1, "last words");
    while world.messages(0).is_empty() {
        assert!(world.step(world.now + 5_000));
    }
    let now = world.clock();
    let session = &mut world.clients[0].session;
    let logout = Command::Logout {
        request: RequestId(1),
    };
    session.handle(now, Input::Command(logout));
    assert!(!session.farewell(now));
}

#[test]
fn leaving_a_quiet_session_needs_no_farewell() {
    let mut world = two_online(96);
    world.run(10_000);
    let now = world.clock();
    assert!(!world.clients[0].session.farewell(now));
}

#[test]
fn cancelled_requests_are_answered_once() {
    let mut world = two_online(97);
    let login = world.login(2);
    world.command(2, |_| Command::Cancel(login));
    assert_eq!(failure(&world, 2, login), Status::Cancelled);
    let history = world.command(0, |request| Command::Ask {
        request,
        query: Query::History {
            with: Uid(2),
            since: 0,
        },
    });
    world.command(0, |_| Command::Cancel(history));
    assert_eq!(failure(&world, 0, history), Status::Cancelled);
    let first = world.send(0, 2, "on its way");
    let second = world.send(0, 2, "behind it");
    let third = world.send(0, 2, "last");
    world.command(0, |_| Command::Cancel(second));
    world.command(0, |_| Command::Cancel(first));
    world.run(5_000);
    assert_eq!(failure(&world, 0, first), Status::OutcomeUnknown);
    assert_eq!(failure(&world, 0, second), Status::Cancelled);
    assert!(matches!(
        finals(&world, 0, third).as_slice(),
        [Event::Sent { .. }]
    ));
    // Answered already, and never made: harmless.
    world.command(0, |_| Command::Cancel(third));
    world.command(0, |_| Command::Cancel(RequestId(999)));
    world.run(5_000);
    assert_eq!(finals(&world, 0, third).len(), 1);
    assert_eq!(world.messages(1), ["on its way", "last"]);
}

fn statuses(world: &World, who: usize) -> Vec<Status> {
    let events = world.clients[who].events.iter();
    let failed = events.filter_map(|event| match event {
        Event::Failed { problem, .. } => Some(problem.status),
        _ => None,
    });
    failed.collect()
}

#[test]
fn messages_that_were_not_sent_are_sent_by_the_session_that_resumes() {
    let mut world = two_online(100);
    world.delay = 300;
    // Long enough that they take several posts.
    let texts: Vec<String> = (10..30).map(|n| format!("{n} in a row of many")).collect();
    for text in &texts {
        world.send(0, 2, text);
    }
    world.run(2_000);
    let arrived = world.messages(1).len();
    assert!(arrived > 0 && arrived < 20, "{arrived}");
    moved(&mut world);
    let later = world.send(0, 2, "too early");
    assert_eq!(failure(&world, 0, later), Status::State);
    world.run(60_000);
    world.send(0, 2, "last");
    world.run(5_000);
    let got = world.messages(1);
    assert_eq!(got[..20], texts);
    assert_eq!(got[20..], ["last"]);
    assert_eq!(world.server.stored(), 21, "none twice");
    let state = world.state(0);
    assert!(!state.reveal().contains("unsettled"), "all are settled");
    // The host is told, without a request.
    assert!(world.has(0, |event| matches!(
        event,
        Event::Sent {
            request: RequestId::NONE,
            ..
        }
    )));
}

#[test]
fn messages_that_a_logout_left_are_sent_after_a_login_with_the_password() {
    let mut world = two_online(101);
    let before = world.server.stored();
    world.faults.lost_requests = 1_000;
    for n in 0..3 {
        world.send(0, 2, &n.to_string());
    }
    world.command(0, |request| Command::Logout { request });
    world.run(10_000);
    assert!(world.clients[0].session.is_closed());
    assert_eq!(statuses(&world, 0), [Status::Kept; 3]);
    let state = world.state(0);
    world.faults = Faults::default();
    assert_eq!(world.server.stored(), before);

    // Another user's session does not send them.
    let saved = || SavedState::parse(state.reveal()).ok();
    let session = |saved| {
        let server = ServerAddress::parse("http://127.0.0.1:8080", false).unwrap();
        Session::new(SessionConfig {
            saved,
            ..SessionConfig::new(server, 7)
        })
    };
    world.clients[2].session = session(saved());
    world.login(2);
    world.run(5_000);
    assert_eq!(world.server.stored(), before);

    world.clients[0].session = session(saved());
    world.login(0);
    world.run(10_000);
    assert_eq!(world.messages(1), ["0", "1", "2"]);
}

#[test]
fn a_dropped_session_sends_what_it_has_accepted() {
    let mut world = two_online(102);
    let state = world.state(0);
    for n in 0..5 {
        world.send(0, 2, &n.to_string());
    }
    let now = world.clock();
    assert!(world.clients[0].session.farewell(now));
    world.flush(0);
    world.run(5_000);
    assert!(world.clients[0].session.is_closed());
    assert_eq!(world.messages(1), ["0", "1", "2", "3", "4"]);
    // A host that took no event in between resumes from an older state, and nothing is doubled.
    world.clients.swap(0, 2);
    world.resume(0, &state);
    world.run(5_000);
    assert_eq!(world.messages(1).len(), 5);
}

#[test]
fn messages_that_failed_with_the_session_are_not_sent_later() {
    let mut world = two_online(103);
    moved(&mut world);
    world.run(5_000);
    world.server.forget_sessions();
    world.send(0, 2, "shown as failed");
    world.run(120_000);
    assert_eq!(statuses(&world, 0), [Status::LoggedOut]);
    assert!(!world.state(0).reveal().contains("unsettled"));
}

#[test]
fn a_refusal_that_ends_the_session_is_told_before_the_end() {
    let mut world = two_online(99);
    moved(&mut world);
    world.run(5_000);
    // Without a password there is no second login, so the refusal of the list ends the session.
    world.clients[0].held.clear();
    world.server.forget_sessions();
    let request = world.command(0, |request| Command::Refresh { request });
    world.run(5_000);
    assert_eq!(failure(&world, 0, request), Status::LoggedOut);
    assert!(matches!(
        world.clients[0].events.last(),
        Some(Event::Closed { .. })
    ));
}

#[test]
fn a_logout_after_a_farewell_is_answered() {
    let mut world = two_online(100);
    world.send(1, 1, "last words");
    while world.messages(0).is_empty() {
        assert!(world.step(world.now + 5_000));
    }
    let now = world.clock();
    assert!(world.clients[0].session.farewell(now));
    world.flush(0);
    // The reply is there before that to the logout.
    let at = world.now;
    world.clients[0]
        .arriving
        .iter_mut()
        .for_each(|it| it.0 = at);
    let request = world.command(0, |request| Command::Logout { request });
    world.run(5_000);
    let closed = Event::Closed {
        request: Some(request),
        problem: None,
    };
    assert_eq!(finals(&world, 0, request), [closed]);
}

#[test]
fn logout_waits_until_the_host_has_taken_what_arrived() {
    let mut world = two_online(103);
    let before = world.server.acknowledged[&1];
    world.busy_host = true;
    world.send(1, 1, "once");
    world.run(1_000);
    world.command(0, |request| Command::Logout { request });
    world.run(1_000);
    assert_eq!(world.asked(0, "logout.php"), 0);
    world.busy_host = false;
    world.flush(0);
    world.run(1_000);
    assert_eq!(world.asked(0, "logout.php"), 1);
    assert_eq!(world.messages(0), ["once"]);
    assert_eq!(world.server.acknowledged[&1], before + 1);
}

#[test]
fn logout_does_not_wait_for_long_for_a_host_that_takes_nothing() {
    let mut world = two_online(104);
    let before = world.server.acknowledged[&1];
    world.busy_host = true;
    world.send(1, 1, "later");
    world.run(1_000);
    world.command(0, |request| Command::Logout { request });
    world.run(5_000);
    assert_eq!(world.asked(0, "logout.php"), 1);
    assert_eq!(world.server.acknowledged[&1], before, "it comes again");
}
