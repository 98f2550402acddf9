//! New accounts, and new passwords.

use super::queries::world;
use super::*;

fn register(world: &mut World, name: &str) -> RequestId {
    let name = name.to_owned();
    let request = world.command(0, |request| Command::Register {
        request,
        email: "user1@example.org".into(),
        password: Secret::new("right".into()),
        name,
        invite: Some(Secret::new("inv&ite".into())),
    });
    world.run(10_000);
    request
}

#[test]
fn a_new_account_is_logged_in() {
    let mut world = World::new(307, 1);
    let request = register(&mut world, "User 1");
    assert!(matches!(
        finals(&world, 0, request).as_slice(),
        [Event::LoggedIn { uid: Uid(1), .. }]
    ));
    assert!(world.has(0, |event| *event
        == Event::Connection(Connection::Connected)));
    assert_eq!(world.asked(0, "Post /login.php"), 0);
    let posted = world
        .server
        .people
        .last("/ajax/fbchat/register.php")
        .unwrap();
    assert!(posted.contains("name=User+1") && posted.contains("invite=inv%26ite"));
    // The password is used when the server forgets the session; the account is not made again.
    world.server.forget_sessions();
    world.send(0, 2, "still me");
    world.run(60_000);
    assert_eq!(world.asked(0, "Post /login.php"), 1);
    assert_eq!(world.asked(0, "register.php"), 1);
}

#[test]
fn signing_up_fails_with_the_reason_and_may_be_repeated() {
    let path = "/ajax/fbchat/register.php";
    for (status, body, expected) in [
        (
            200,
            r#"{"error":1357005,"errorDescription":"There is such an account."}"#,
            Status::Refused,
        ),
        (404, "<html>", Status::Unsupported),
        (200, "<html>", Status::BadReply),
        (503, "<html>", Status::OutcomeUnknown),
    ] {
        let mut world = World::new(308, 1);
        world.server.people.say_raw(path, status, body.as_bytes());
        let request = register(&mut world, "User 1");
        assert_eq!(failure(&world, 0, request), expected);
        world.run(100_000);
        assert_eq!(world.asked(0, path), 1);
        world.server.people.says.clear();
        let request = register(&mut world, "User 1");
        assert!(matches!(
            finals(&world, 0, request).as_slice(),
            [Event::LoggedIn { .. }]
        ));
    }
}

#[test]
fn signing_up_is_not_repeated_when_the_reply_is_lost() {
    let mut world = World::new(309, 1);
    let sign_up = |request| Command::Register {
        request,
        email: "user1@example.org".into(),
        password: Secret::new("right".into()),
        name: "User 1".into(),
        invite: None,
    };
    let request = world.command(0, sign_up);
    while world.asked(0, "register.php") == 0 {
        // Only the reply to the second exchange is lost.
        world.faults.lost_replies = 1_000 * u32::from(world.asked(0, "login.php") == 1);
        world.run(1);
    }
    world.faults.lost_replies = 0;
    world.run(100_000);
    assert_eq!(failure(&world, 0, request), Status::OutcomeUnknown);
    assert_eq!(world.asked(0, "register.php"), 1);

    let request = world.command(0, sign_up);
    while world.asked(0, "register.php") == 1 {
        world.run(1);
    }
    world.command(0, |_| Command::Cancel(request));
    assert_eq!(failure(&world, 0, request), Status::OutcomeUnknown);
}

#[test]
fn a_changed_password_serves_for_the_next_login() {
    let mut world = world(310);
    let request = world.ask(
        0,
        Query::SetPassword {
            old: Secret::new("right".into()),
            new: Secret::new("changed".into()),
        },
    );
    world.run(1_000);
    assert_eq!(finals(&world, 0, request), [Event::Done { request }]);
    world.server.forget_sessions();
    world.send(0, 2, "who am I?");
    world.run(60_000);
    // The model accepts only one password, so the session must have tried the other one.
    let wrong = |event: &Event| matches!(event, Event::Closed { problem: Some(problem), .. } if problem.status == Status::Credentials);
    assert!(world.has(0, wrong), "{:?}", world.clients[0].events);
}
