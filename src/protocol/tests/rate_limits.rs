//! Pauses that the server asks for: nothing leaves the session before they are over.

use super::queries::world;
use super::*;
use crate::types::OwnPresence;

/// An exchange takes at most this long, in milliseconds.
const LATENCY: Millis = 200;

/// What leads to one request, and a part of its path.
type Trigger = (&'static str, fn(&mut World));

const TRIGGERS: [Trigger; 9] = [
    ("/x/", |world| {
        world.server.push(1, r#"{"type":"poke","uid":2}"#.into());
    }),
    ("send.php", |world| {
        world.send(0, 1, "refused at first");
    }),
    ("notifications.php", |world| {
        world.ask(0, Query::Notifications);
    }),
    ("updatestatus.php", |world| {
        world.ask(0, Query::SetStatus(None));
    }),
    ("settings.php", |world| {
        world.command(0, |_| Command::MarkRead(Some(Uid(2))));
    }),
    ("settings.php", |world| {
        world.command(0, |_| Command::SetPresence(OwnPresence::Invisible));
    }),
    ("typ.php", |world| {
        let (to, typing) = (Uid(2), true);
        world.command(0, |_| Command::SetTyping { to, typing });
    }),
    ("update.php", |world| {
        world.command(0, |request| Command::Refresh { request });
    }),
    ("reconnect.php", |world| {
        world.command(0, |_| Command::NetworkChanged);
    }),
];

/// Makes the server ask for a pause. Gives a time at which the session knows of it.
fn pause(world: &mut World, (path, trigger): Trigger, status: u16, header: &'static str) -> Millis {
    world.server.busy = Some((path, status, header));
    trigger(world);
    while world.server.busy.is_some() {
        assert!(world.step(world.now + 5_000), "{path} is not asked for");
    }
    let known = world.now + LATENCY;
    world.run(LATENCY);
    known
}

fn asked_between(world: &World, from: Millis, until: Millis) -> Vec<&str> {
    let client = &world.clients[0];
    let all = client.asked.iter().zip(&client.asked_at);
    all.filter(|(_, at)| (from..until).contains(*at))
        .map(|(asked, _)| asked.as_str())
        .collect()
}

#[test]
fn nothing_goes_out_before_the_pause_is_over() {
    for (seed, trigger) in (420..).zip(TRIGGERS) {
        for status in [429, 503] {
            let mut world = world(seed);
            let known = pause(&mut world, trigger, status, "20");
            let message = world.send(0, 1, "waits");
            let query = world.ask(0, Query::Search("xy".into()));
            let refresh = world.command(0, |request| Command::Refresh { request });
            world.command(0, |_| Command::MarkRead(Some(Uid(3))));
            world.command(0, |_| Command::SetPresence(OwnPresence::Idle));
            world.command(0, |_| Command::SetTyping {
                to: Uid(2),
                typing: true,
            });
            world.command(0, |_| Command::NetworkChanged);
            world.run(19_500);
            let early = asked_between(&world, known, known - LATENCY + 20_000);
            assert!(early.is_empty(), "{} {status}: {early:?}", trigger.0);
            assert_eq!(finals(&world, 0, message).len(), 0, "{}", trigger.0);
            world.run(70_000);
            let sent = finals(&world, 0, message);
            assert!(matches!(sent.as_slice(), [Event::Sent { .. }]), "{sent:?}");
            assert!(world.messages(0).contains(&"waits".into()));
            let found = finals(&world, 0, query);
            assert!(matches!(found.as_slice(), [Event::Search { .. }]));
            assert_eq!(failure(&world, 0, refresh), Status::RateLimited);
            assert_eq!(world.connection(0), Some(Connection::Connected));
        }
    }
}

#[test]
fn held_poll_stays_during_a_pause_and_the_next_one_waits() {
    let mut world = world(440);
    let known = pause(&mut world, TRIGGERS[1], 429, "20");
    assert_eq!(world.connection(0), Some(Connection::Connected));
    world.server.push(1, r#"{"type":"poke","uid":2}"#.into());
    world.run(5_000);
    assert!(world.has(0, |event| matches!(event, Event::Poke { .. })));
    let told = world.connection(0);
    assert!(
        matches!(told, Some(Connection::Waiting { problem, wait_ms })
        if problem.status == Status::RateLimited && (14_000..20_000).contains(&wait_ms))
    );
    world.run(20_000);
    assert_eq!(
        asked_between(&world, known, known - LATENCY + 20_000),
        Vec::<&str>::new()
    );
    assert_eq!(world.connection(0), Some(Connection::Connected));
}

#[test]
fn long_pause_is_cut_and_a_message_fails_in_its_own_time() {
    let mut world = world(441);
    let message = world.send(0, 1, "before");
    world.run(1_000);
    assert_eq!(finals(&world, 0, message).len(), 1);
    let known = pause(&mut world, TRIGGERS[4], 429, "86400");
    let message = world.send(0, 1, "too late");
    let query = world.ask(0, Query::Notifications);
    world.run(74_000);
    assert_eq!(finals(&world, 0, message).len(), 0);
    assert_eq!(failure(&world, 0, query), Status::RateLimited);
    world.run(2_000);
    assert_eq!(failure(&world, 0, message), Status::RateLimited);
    world.run(520_000);
    let early = asked_between(&world, known, known - LATENCY + 600_000);
    assert!(early.is_empty(), "{early:?}");
    world.run(70_000);
    assert_eq!(world.connection(0), Some(Connection::Connected));
}

#[test]
fn refused_message_is_not_in_doubt_but_one_that_a_proxy_may_have_passed_on_is() {
    for status in [429, 503] {
        let mut world = world(442);
        pause(&mut world, TRIGGERS[4], 429, "1");
        world.run(2_000);
        world.server.busy = Some(("send.php", status, "300"));
        let message = world.send(0, 1, "x");
        world.run(80_000);
        match status {
            429 => assert_eq!(failure(&world, 0, message), Status::RateLimited),
            // The server is asked again, as soon as it allows that.
            _ => {
                assert!(finals(&world, 0, message).is_empty());
                world.run(300_000);
                assert!(matches!(
                    finals(&world, 0, message).as_slice(),
                    [Event::Sent { .. }]
                ));
            }
        }
    }
}

#[test]
fn first_login_waits_for_a_short_pause_and_fails_at_once_for_a_long_one() {
    for path in ["login.php", "popout.php", "settings.php", "update.php"] {
        let mut world = World::new(443, 1);
        world.server.busy = Some((path, 503, "5"));
        let request = world.login(0);
        world.run(4_500);
        assert_eq!(finals(&world, 0, request).len(), 0, "{path}");
        world.run(5_000);
        let done = finals(&world, 0, request);
        assert!(
            matches!(done.as_slice(), [Event::LoggedIn { .. }]),
            "{path}"
        );
    }
    let mut world = World::new(444, 1);
    world.server.busy = Some(("login.php", 429, "120"));
    let request = world.login(0);
    world.run(1_000);
    let failed = finals(&world, 0, request);
    let [Event::LoginFailed { problem, .. }] = failed.as_slice() else {
        panic!("{failed:?}")
    };
    assert_eq!(problem.status, Status::RateLimited);
    assert!(problem.text.contains("120 s"), "{}", problem.text);
    // Too early, and so not even asked for.
    let request = world.login(0);
    assert_eq!(failure(&world, 0, request), Status::RateLimited);
    assert_eq!(world.clients[0].asked.len(), 1);
    world.run(120_000);
    let request = world.login(0);
    world.run(5_000);
    let done = finals(&world, 0, request);
    assert!(matches!(done.as_slice(), [Event::LoggedIn { .. }]));
}

#[test]
fn new_login_that_is_refused_for_now_waits_as_long_as_asked() {
    let mut world = world(445);
    world.server.forget_sessions();
    world.server.push(1, "{}".into());
    while world.asked(0, "Get /login.php") < 2 {
        assert!(world.step(world.now + 100_000));
    }
    world.server.busy = Some(("login.php", 200, "45"));
    world.run(5_000);
    assert_eq!(world.asked(0, "Post /login.php"), 2);
    world.run(39_000);
    assert_eq!(world.asked(0, "login.php"), 4);
    world.run(10_000);
    assert_eq!(world.connection(0), Some(Connection::Connected));
}

#[test]
fn logout_during_a_pause_closes_without_a_request() {
    let mut world = world(446);
    pause(&mut world, TRIGGERS[1], 429, "60");
    let asked = world.clients[0].asked.len();
    let message = world.send(0, 1, "never sent");
    let logout = world.command(0, |request| Command::Logout { request });
    world.run(5_000);
    assert!(world.clients[0].session.is_closed());
    assert_eq!(world.clients[0].asked.len(), asked);
    assert_eq!(failure(&world, 0, message), Status::Kept);
    assert_eq!(finals(&world, 0, logout).len(), 1);

    let mut world = self::world(447);
    pause(&mut world, TRIGGERS[1], 429, "1");
    let logout = world.command(0, |request| Command::Logout { request });
    world.run(5_000);
    assert_eq!(world.asked(0, "logout.php"), 1);
    assert_eq!(finals(&world, 0, logout).len(), 1);
}

#[test]
fn pause_may_end_at_a_date() {
    let mut world = world(448);
    // The model's clock starts on 22 November 2008; this is 20 s after now.
    let at = (world.clock().unix / 1_000 + 20) % 86_400;
    let date = format!(
        "Sat, 22 Nov 2008 {:02}:{:02}:{:02} GMT",
        at / 3_600,
        at / 60 % 60,
        at % 60
    );
    let known = pause(&mut world, TRIGGERS[1], 503, date.leak());
    world.send(0, 1, "waits");
    world.run(60_000);
    let early = asked_between(&world, known - LATENCY + 1, known + 18_000);
    assert!(early.is_empty(), "{early:?}");
    assert_eq!(world.messages(0), ["refused at first", "waits"]);
}
