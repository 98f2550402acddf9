//! Histories and pictures: queries that take several exchanges.

use super::pages::Layout;
use super::queries::{GIF, only, world};
use super::*;
use crate::types::{Message, Picture};

fn texts(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message.text.as_str())
        .collect()
}

/// What a history contains: the number of messages, the first, the last, and whether there are more.
fn history(world: &mut World, since: i64) -> (usize, String, String, bool) {
    let request = world.ask(
        0,
        Query::History {
            with: Uid(2),
            since,
        },
    );
    world.run(20_000);
    match only(world, request) {
        Event::History {
            messages,
            more,
            with,
            ..
        } => {
            assert!(with == Uid(2) && messages.iter().all(|message| message.replayed));
            let texts = texts(&messages);
            let end = |text: Option<&&str>| text.map_or(String::new(), |text| (*text).to_owned());
            (texts.len(), end(texts.first()), end(texts.last()), more)
        }
        other => panic!("{other:?}"),
    }
}

fn past(world: &mut World, count: i64, text: &str) {
    world.server.history = (1..=count)
        .map(|n| {
            let item = format!(
                r#"{{"type":"msg","msg":{{"text":"{text}{n}","time":{n}}},"from":2,"to":1}}"#
            );
            (2, 1, n, item)
        })
        .collect();
}

#[test]
fn history_is_read_page_by_page_within_bounds() {
    let mut world = world(266);
    past(&mut world, 2_345, "");
    assert_eq!(
        history(&mut world, 0),
        (100, "2246".into(), "2345".into(), true)
    );
    assert_eq!(
        history(&mut world, 1),
        (1_000, "2".into(), "1001".into(), true)
    );
    assert_eq!(
        history(&mut world, 1_001),
        (1_000, "1002".into(), "2001".into(), true)
    );
    assert_eq!(
        history(&mut world, 2_001),
        (344, "2002".into(), "2345".into(), false)
    );
    assert_eq!(
        history(&mut world, 2_345),
        (0, String::new(), String::new(), false)
    );
    past(&mut world, 600, &"x".repeat(20_000));
    let (count, _, _, more) = history(&mut world, 1);
    assert!(
        (400..600).contains(&count) && more,
        "{count} messages of 20 kB"
    );
}

#[test]
fn history_of_2008_is_cut_at_the_time() {
    let mut world = World::new(267, 1);
    world.server.layout = Layout::Old;
    logged_in(&mut world);
    past(&mut world, 50, "");
    assert_eq!(
        history(&mut world, 40),
        (10, "41".into(), "50".into(), false)
    );
    assert!(world.asked(0, "since") == 0);
}

#[test]
fn history_too_large_for_one_reply_is_asked_for_in_smaller_parts() {
    let mut world = world(268);
    past(&mut world, 300, "");
    world.chaos = Some(|_| {
        Err(TransportError {
            fault: TransportFault::TooLarge,
            detail: "more than 8 MB".into(),
        })
    });
    let request = world.ask(
        0,
        Query::History {
            with: Uid(2),
            since: 10,
        },
    );
    world.chaos = None;
    world.run(20_000);
    let Event::History { messages, more, .. } = only(&world, request) else {
        panic!()
    };
    assert_eq!((messages.len(), more), (290, false));
    assert_eq!(world.asked(0, "history.php"), 1 + 290_usize.div_ceil(25));
}

const THUMB: &str = "/ajax/fbchat/profile.php";

fn picture(world: &mut World, uid: u64) -> Result<Picture, Status> {
    let request = world.ask(0, Query::Picture(Uid(uid)));
    world.run(5_000);
    match only(world, request) {
        Event::Picture { picture, .. } => Ok(picture),
        Event::Failed { problem, .. } => Err(problem.status),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pictures_are_found_by_the_profile_or_the_list() {
    let mut world = world(269);
    let says = |world: &mut World, url: &str| {
        world.server.people.says.clear();
        world
            .server
            .people
            .say(THUMB, &format!(r#"{{"uid":7,"thumbSrc":"{url}"}}"#));
    };
    says(&mut world, "http://127.0.0.1:8080/pics/q7_ab.jpg");
    world.server.people.say_raw("/pics/q7_ab.jpg", 200, GIF);
    let found = picture(&mut world, 7).unwrap();
    assert_eq!(
        found.url.as_deref(),
        Some("http://127.0.0.1:8080/pics/q7_ab.jpg")
    );
    let image = found.image.unwrap();
    assert_eq!((image.content_type, &*image.bytes), ("image/gif", GIF));

    says(&mut world, "http://127.0.0.1:8080/pics/q_silhouette.gif");
    assert_eq!(picture(&mut world, 7).unwrap().image, None);
    says(&mut world, "http://evil.example/pics/q7_ab.jpg");
    assert_eq!(picture(&mut world, 7), Err(Status::Refused));
    says(&mut world, "");
    assert_eq!(picture(&mut world, 7), Err(Status::BadReply));
    for (status, body, expected) in [
        (200, b"<html>".as_slice(), Status::BadReply),
        (404, b"", Status::Http),
        (302, b"", Status::Http),
    ] {
        says(&mut world, "/pics/q7_ab.jpg");
        world.server.people.say_raw("/pics/q7_ab.jpg", status, body);
        assert_eq!(picture(&mut world, 7), Err(expected));
    }

    // The channel told the address of a friend's picture. If the picture was replaced since, the profile has the new address.
    let item = r#"{"type":"picture","uid":2,"thumbSrc":"\/pics\/q2_old.jpg"}"#;
    world.server.push(1, item.into());
    world.run(1_000);
    let profiles = world.asked(0, THUMB);
    world.server.people.say_raw("/pics/q2_old.jpg", 200, GIF);
    assert!(
        picture(&mut world, 2)
            .unwrap()
            .url
            .unwrap()
            .ends_with("/pics/q2_old.jpg")
    );
    assert_eq!(world.asked(0, THUMB), profiles);
    says(&mut world, "https://127.0.0.1/pics/q2_new.jpg");
    world.server.people.say_raw("/pics/q2_old.jpg", 404, b"");
    world.server.people.say_raw("/pics/q2_new.jpg", 200, GIF);
    assert!(
        picture(&mut world, 2)
            .unwrap()
            .url
            .unwrap()
            .ends_with("/pics/q2_new.jpg")
    );
}
