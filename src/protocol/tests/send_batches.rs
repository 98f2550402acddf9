//! Messages that wait together go out in one post, if the server takes several.

use super::pages::Layout;
use super::*;
use crate::status::Status;

#[test]
fn a_burst_takes_few_posts_and_each_message_is_answered_once() {
    let mut world = World::new(50, 2);
    logged_in(&mut world);
    let (requests, texts) = burst(&mut world, 250);
    world.run(60_000);
    assert_eq!(world.messages(1), texts);
    for request in requests {
        let finals = finals(&world, 0, request);
        assert!(matches!(finals.as_slice(), [Event::Sent { .. }]));
    }
    let batches = &world.server.batches;
    assert!(batches.iter().all(|size| (2..=100).contains(size)));
    assert!(world.asked(0, "send.php") < 30, "{batches:?}");
}

#[test]
fn servers_that_take_single_messages_get_single_messages() {
    let mut world = World::new(51, 2);
    world.server.layout = Layout::Old;
    logged_in(&mut world);
    let (_, texts) = burst(&mut world, 5);
    world.run(60_000);
    assert_eq!(world.messages(1), texts);
    assert!(world.server.batches.is_empty());
    assert_eq!(world.asked(0, "/ajax/chat/send.php"), 5);
}

#[test]
fn one_that_is_refused_fails_alone() {
    let mut world = World::new(52, 2);
    logged_in(&mut world);
    world.server.refuses = Some(("3", 1_356_003));
    let (requests, texts) = burst(&mut world, 6);
    world.run(60_000);
    assert_eq!(failure(&world, 0, requests[3]), Status::RecipientOffline);
    let others: Vec<_> = texts.into_iter().filter(|text| text != "3").collect();
    assert_eq!(world.messages(1), others);
}

#[test]
fn those_behind_one_that_has_to_wait_arrive_behind_it() {
    let mut world = World::new(53, 2);
    logged_in(&mut world);
    world.server.refuses = Some(("3", 1_356_008));
    let (_, texts) = burst(&mut world, 6);
    world.run(60_000);
    assert_eq!(world.messages(1), texts);
}

#[test]
fn of_a_message_that_is_given_up_on_its_way_the_outcome_is_unknown() {
    let mut world = World::new(54, 2);
    logged_in(&mut world);
    world.delay = 1_000;
    let (requests, texts) = burst(&mut world, 6);
    // The first one goes alone, the others are under way.
    while world.server.batches.is_empty() {
        world.run(100);
    }
    world.command(0, |_| Command::Cancel(requests[3]));
    world.run(60_000);
    assert_eq!(failure(&world, 0, requests[3]), Status::OutcomeUnknown);
    assert_eq!(world.messages(1), texts, "none twice");
}

#[test]
fn an_answer_without_results_is_no_answer() {
    let mut world = World::new(55, 2);
    logged_in(&mut world);
    let (_, texts) = burst(&mut world, 6);
    let nothing = Reply {
        status: 200,
        body: br#"for (;;);{"error":0,"payload":[]}"#.to_vec(),
        ..Reply::default()
    };
    world.server.odd = Some(("/ajax/fbchat/send.php", nothing));
    world.run(20_000);
    assert_eq!(world.messages(1), ["0"]);
    assert!(world.asked(0, "send.php") < 10, "it spins");
    world.server.odd = None;
    world.run(60_000);
    assert_eq!(world.messages(1), texts);
}
