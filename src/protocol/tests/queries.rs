//! Queries: one answer each, whatever the reply is.

use super::pages::Layout;
use super::people_model::ALL;
use super::*;
use crate::types::FriendAction;

pub(super) const GIF: &[u8] = b"GIF89a and the rest";

/// One session with a server that has every feature.
pub(super) fn world(seed: u64) -> World {
    let mut world = World::new(seed, 1);
    world.server.people.announced = ALL;
    logged_in(&mut world);
    world
}

/// The one answer to a request.
pub(super) fn only(world: &World, request: RequestId) -> Event {
    let mut finals = finals(world, 0, request);
    assert_eq!(finals.len(), 1, "{finals:?}");
    finals.remove(0)
}

fn friend(action: FriendAction) -> Query {
    let uid = Uid(3);
    Query::Friend { uid, action }
}

fn password() -> Query {
    Query::SetPassword {
        old: Secret::new("right".into()),
        new: Secret::new("new one".into()),
    }
}

/// Every query that changes something, and its path.
fn writes() -> [(Query, &'static str); 10] {
    [
        (Query::SetPicture(Some(GIF.into())), "/pic_upload.php"),
        (
            Query::SetStatus(Some("reads".into())),
            "/ajax/updatestatus.php",
        ),
        (Query::Poke(Uid(2)), "/ajax/poke.php"),
        (
            Query::Block {
                uid: Uid(2),
                blocked: true,
            },
            "/ajax/fbchat/block.php",
        ),
        (Query::SetName("Ann B".into()), "/ajax/fbchat/name.php"),
        (password(), "/ajax/fbchat/password.php"),
        (
            friend(FriendAction::Request("hi".into())),
            "/ajax/profile/connect.php",
        ),
        (friend(FriendAction::Accept), "/ajax/profile/reqs.php"),
        (friend(FriendAction::Decline), "/ajax/profile/reqs.php"),
        (
            friend(FriendAction::Remove),
            "/ajax/profile/removefriend.php",
        ),
    ]
}

/// Every query that changes nothing, and its path.
fn reads() -> [(Query, &'static str); 5] {
    let history = Query::History {
        with: Uid(2),
        since: 0,
    };
    [
        (history, "/ajax/chat/history.php"),
        (Query::Profile(Uid(2)), "/ajax/fbchat/profile.php"),
        (Query::Search("x".into()), "/ajax/fbchat/search.php"),
        (Query::Blocked, "/ajax/fbchat/block.php"),
        (Query::Notifications, "/ajax/fbchat/notifications.php"),
    ]
}

#[test]
fn writes_are_done_and_repeated_once_with_new_tokens() {
    for (seed, (query, path)) in (200..).zip(writes()) {
        let mut world = world(seed);
        world.server.next_write_is_stale = true;
        let request = world.ask(0, query.clone());
        world.run(10_000);
        assert_eq!(only(&world, request), Event::Done { request }, "{path}");
        assert_eq!(world.asked(0, path), 2, "{path}");
        assert_eq!(world.server.people.posted.len(), 1, "{path}");

        world.server.people.refuse(path, 1_357_004, "again?");
        let request = world.ask(0, query);
        world.run(10_000);
        assert_eq!(failure(&world, 0, request), Status::Refused, "{path}");
        assert_eq!(world.asked(0, path), 4, "{path}");
    }
}

#[test]
fn what_is_posted_says_what_was_asked() {
    let mut world = world(210);
    let mut posted = |query: Query, path: &str| {
        world.ask(0, query);
        world.run(1_000);
        world.server.people.last(path).unwrap().to_owned()
    };
    let has = |body: &str, field: &str| body.split('&').any(|one| one == field);
    let status = posted(
        Query::SetStatus(Some("a & b".into())),
        "/ajax/updatestatus.php",
    );
    assert!(has(&status, "status=a+%26+b"));
    assert!(has(
        &posted(Query::SetStatus(None), "/ajax/updatestatus.php"),
        "clear=1"
    ));
    let asked = posted(
        friend(FriendAction::Request("hi!".into())),
        "/ajax/profile/connect.php",
    );
    assert!(has(&asked, "profile_id=3") && has(&asked, "message=hi%21"));
    let path = "/ajax/profile/reqs.php";
    assert!(has(
        &posted(friend(FriendAction::Accept), path),
        "action=accept"
    ));
    let declined = posted(friend(FriendAction::Decline), path);
    assert!(has(&declined, "action=reject") && has(&declined, "id=3"));
    let changed = posted(password(), "/ajax/fbchat/password.php");
    assert!(has(&changed, "old=right") && has(&changed, "new=new+one"));
    let named = posted(Query::SetName("Änn & B".into()), "/ajax/fbchat/name.php");
    assert!(has(&named, "name=%C3%84nn+%26+B"));
    let picture = posted(Query::SetPicture(Some(GIF.into())), "/pic_upload.php");
    assert!(
        picture.contains("name=\"pic\"") && picture.contains("\r\n\r\nGIF89a and the rest\r\n--")
    );
    let removed = posted(Query::SetPicture(None), "/pic_upload.php");
    assert!(removed.contains("name=\"remove\"\r\n\r\n1\r\n") && !removed.contains("GIF"));
}

#[test]
fn bad_replies_are_failures_with_their_kind() {
    let html = b"<html>{\"proxy\":true}</html>".as_slice();
    let bare = b"{\"payload\":{\"uid\":2,\"history\":[],\"results\":[]}}".as_slice();
    let refusal = b"{\"error\":1357005,\"errorDescription\":\"Not you.\"}".as_slice();
    let too_often = b"{\"error\":1395001,\"errorDescription\":\"Tomorrow.\"}".as_slice();
    for (seed, (query, path)) in (220..).zip(writes().into_iter().chain(reads())) {
        let doubtful = match seed {
            220..230 => Status::OutcomeUnknown,
            _ => Status::Http,
        };
        for (status, body, expected) in [
            (200, html, Status::BadReply),
            (200, b"".as_slice(), Status::BadReply),
            (200, bare, Status::BadReply),
            (200, refusal, Status::Refused),
            (200, too_often, Status::RateLimited),
            (404, html, Status::Http),
            (302, html, Status::Http),
            (502, html, doubtful),
        ] {
            let mut world = world(seed);
            world.server.people.say_raw(path, status, body);
            if path.contains("history") {
                world.server.instead = Some((status, std::str::from_utf8(body).unwrap()));
            }
            let request = world.ask(0, query.clone());
            world.server.instead = None;
            world.run(10_000);
            assert_eq!(failure(&world, 0, request), expected, "{path} {status}");
        }
    }
}

#[test]
fn a_lost_reply_leaves_a_doubt_and_is_not_asked_again() {
    for (seed, (query, path)) in (240..).zip(writes().into_iter().chain(reads())) {
        let mut world = world(seed);
        world.faults.lost_replies = 1_000;
        let request = world.ask(0, query.clone());
        world.faults.lost_replies = 0;
        world.run(120_000);
        let expected = match seed {
            240..250 => Status::OutcomeUnknown,
            _ => Status::Io,
        };
        assert_eq!(failure(&world, 0, request), expected, "{path}");
        assert_eq!(world.asked(0, path), 1, "{path}");
        world.cut = true;
        let request = world.ask(0, query);
        world.run(1_000);
        assert_eq!(failure(&world, 0, request), Status::Connect, "{path}");
    }
}

#[test]
fn what_the_server_cannot_do_is_said_at_once() {
    let mut world = World::new(260, 1);
    world.server.layout = Layout::Old;
    logged_in(&mut world);
    let of_others = [(Query::Picture(Uid(9)), ""), (Query::Picture(Uid(1)), "")];
    let reads = reads().into_iter().skip(1);
    for (query, path) in writes().into_iter().chain(reads).chain(of_others) {
        let request = world.ask(0, query);
        let Event::Failed { problem, .. } = only(&world, request) else {
            panic!("{path}")
        };
        assert_eq!(problem.status, Status::Unsupported, "{path}");
        assert!(
            problem.text.starts_with("127.0.0.1:8080 does not offer "),
            "{}",
            problem.text
        );
    }
    let history = world.ask(
        0,
        Query::History {
            with: Uid(2),
            since: 0,
        },
    );
    world.run(1_000);
    assert!(matches!(only(&world, history), Event::History { .. }));
    // The server was asked for nothing that it does not know.
    assert_eq!(
        world.asked(0, "fbchat") + world.server.people.posted.len(),
        0
    );
}

#[test]
fn queries_over_a_limit_are_not_sent() {
    let mut world = world(261);
    for query in [
        Query::SetStatus(Some("12345678901".into())),
        Query::SetPicture(Some([0; 101].as_slice().into())),
    ] {
        let request = world.ask(0, query);
        assert_eq!(failure(&world, 0, request), Status::TooLong);
    }
    let fits = world.ask(0, Query::SetStatus(Some("ä234567890".into())));
    world.run(1_000);
    assert_eq!(only(&world, fits), Event::Done { request: fits });
    assert_eq!(world.server.people.posted.len(), 1);
}

#[test]
fn outcomes_that_change_nothing_are_failures() {
    let mut world = world(262);
    for (query, path, word) in [
        (Query::Poke(Uid(2)), "/ajax/poke.php", "pending"),
        (
            friend(FriendAction::Remove),
            "/ajax/profile/removefriend.php",
            "none",
        ),
        (
            friend(FriendAction::Decline),
            "/ajax/profile/reqs.php",
            "friend",
        ),
    ] {
        world
            .server
            .people
            .say(path, &format!(r#"{{"result":"{word}"}}"#));
        let request = world.ask(0, query);
        world.run(1_000);
        assert_eq!(failure(&world, 0, request), Status::Refused, "{path}");
    }
    let path = "/ajax/profile/connect.php";
    world.server.people.say(path, r#"{"result":"pending"}"#);
    let request = world.ask(0, friend(FriendAction::Request(String::new())));
    world.run(1_000);
    assert_eq!(only(&world, request), Event::Done { request });
}

#[test]
fn too_many_queries_are_refused_and_each_is_answered() {
    let mut world = world(263);
    world
        .server
        .people
        .say("/ajax/fbchat/search.php", r#"{"results":[]}"#);
    let requests: Vec<_> = (0..20)
        .map(|_| world.ask(0, Query::Search("xy".into())))
        .collect();
    world.run(5_000);
    let (found, refused) = requests.split_at(16);
    for &request in found {
        assert!(matches!(only(&world, request), Event::Search { .. }));
    }
    for &request in refused {
        assert_eq!(failure(&world, 0, request), Status::QueueFull);
    }
}

#[test]
fn queries_wait_for_tokens_but_not_forever() {
    let mut world = world(264);
    world
        .server
        .people
        .say("/ajax/fbchat/search.php", r#"{"results":[]}"#);
    // The new tokens do not come.
    world.server.next_write_is_stale = true;
    let before = world.asked(0, "popout.php");
    world.ask(0, Query::SetStatus(None));
    world.cut = true;
    for _ in 0..1_000 {
        if world.asked(0, "popout.php") == before {
            world.run(1);
        }
    }
    let waiting = world.ask(0, Query::Search("xy".into()));
    let dropped = world.ask(0, Query::Notifications);
    world.command(0, |_| Command::Cancel(dropped));
    assert_eq!(failure(&world, 0, dropped), Status::Cancelled);
    world.run(40_000);
    assert_eq!(failure(&world, 0, waiting), Status::Timeout);
    let waiting = world.ask(0, Query::Search("xy".into()));
    world.cut = false;
    world.run(120_000);
    assert!(finals(&world, 0, waiting).len() == 1);
}

#[test]
fn changes_leave_in_order_and_one_by_one() {
    let mut world = world(270);
    let texts = ["one", "two", "three", "four", "five"];
    for text in texts {
        world.ask(0, Query::SetStatus(Some(text.into())));
    }
    assert_eq!(world.server.people.posted.len(), 1);
    world.run(5_000);
    let posted = world.server.people.posted.iter();
    let posted: Vec<_> = posted
        .filter_map(|(_, body)| body.split(['=', '&']).nth(1))
        .collect();
    assert_eq!(posted, texts);
}

#[test]
fn logout_and_lost_logins_answer_queries_too() {
    let mut world = world(265);
    let write = world.ask(0, Query::SetStatus(None));
    let read = world.ask(0, Query::Notifications);
    world.server.forget_sessions();
    world.command(0, |_| Command::Cancel(write));
    assert_eq!(failure(&world, 0, write), Status::OutcomeUnknown);
    world
        .server
        .people
        .refuse("/ajax/fbchat/notifications.php", 1_357_001, "");
    world.run(5_000);
    assert!(!finals(&world, 0, read).is_empty());
    let last = world.ask(0, Query::SetStatus(None));
    world.command(0, |request| Command::Logout { request });
    world.run(10_000);
    assert_eq!(finals(&world, 0, last).len(), 1);
    assert!(world.clients[0].session.is_closed());
}
