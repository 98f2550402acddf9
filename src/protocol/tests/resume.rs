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

#[test]
fn state_is_given_when_it_changed_and_only_then() {
    let mut world = two_online(91);
    let states = |world: &World| {
        let events = world.clients[0].events.iter();
        events.filter(|it| matches!(it, Event::State(_))).count()
    };
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
    let foreign = world.state(0).reveal().replace("127.0.0.1", "127.0.0.2");
    let request = world.resume(2, &Secret::new(foreign));
    assert_eq!(failure(&world, 2, request), Status::Argument);
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
