//! Proxies with less patience than the server's long-polls.

use super::*;

const CUTS: [Cut; 4] = [
    Cut::Status(408),
    Cut::Status(502),
    Cut::Status(504),
    Cut::Close,
];

/// How many of a client's long-polls have been asked for.
fn polls(world: &World) -> usize {
    world.asked(0, "Get /x/")
}

fn connections(world: &World) -> usize {
    let events = world.clients[0].events.iter();
    events
        .filter(|event| matches!(event, Event::Connection(_)))
        .count()
}

#[test]
fn held_poll_that_a_proxy_cuts_off_is_followed_by_the_next_at_once_and_silently() {
    for cut in CUTS {
        for patience in [2_000, 30_000, 50_000] {
            let mut world = World::new(400, 1);
            world.proxy = Some((patience, cut));
            logged_in(&mut world);
            let (told, asked, before) = (
                connections(&world),
                world.clients[0].asked.len(),
                polls(&world),
            );
            world.run(20 * patience);
            let polled = polls(&world) - before;
            assert!((19..=21).contains(&polled), "{cut:?}: {polled}");
            assert_eq!(connections(&world), told, "{cut:?}");
            // Nothing else was asked for, except for a buddy list now and then.
            let others = world.clients[0].asked.len() - asked - polled;
            assert!(others < 3, "{cut:?}: {:?}", world.clients[0].asked);
            world.send(0, 1, "still here");
            world.run(1_000);
            assert_eq!(world.messages(0), ["still here"]);
        }
    }
}

#[test]
fn polls_that_are_cut_off_quickly_are_failures() {
    for cut in CUTS {
        let mut world = World::new(401, 1);
        logged_in(&mut world);
        let before = polls(&world);
        world.proxy = Some((1_900, cut));
        world.run(600_000);
        let waits = |event: &Event| matches!(event, Event::Connection(Connection::Waiting { wait_ms, .. }) if *wait_ms > 2_000);
        assert!(world.has(0, waits), "{cut:?}");
        let polled = polls(&world) - before;
        assert!(polled < 200, "{cut:?}: {polled} polls in ten minutes");
    }
}

#[test]
fn network_that_is_gone_after_a_cut_is_told() {
    let mut world = World::new(402, 1);
    logged_in(&mut world);
    world.run(10_000);
    world.cut = true;
    world.break_polls(0);
    world.run(5_000);
    let told = world.connection(0);
    assert!(
        matches!(told, Some(Connection::Waiting { problem, .. }) if problem.status == Status::Connect)
    );
}

#[test]
fn long_poll_that_nobody_answers_is_told() {
    let mut world = World::new(403, 1);
    logged_in(&mut world);
    world.clients[0].held.clear();
    world.run(100_000);
    let late = |event: &Event| matches!(event, Event::Connection(Connection::Waiting { problem, .. }) if problem.status == Status::Timeout);
    assert!(world.has(0, late));
}
