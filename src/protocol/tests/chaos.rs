//! Whatever a server says, there is no panic, no busy loop, and every request gets exactly one answer.

use super::people_model::ALL;
use super::*;
use crate::types::OwnPresence;

/// Pieces that replies are made of: valid ones, and those that broke clients before.
const PIECES: [&str; 36] = [
    "for (;;);",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "1e400",
    "18446744073709551616",
    r#""100000000000007""#,
    r#""t":"msg""#,
    r#""t":"refresh""#,
    r#""t":"continue""#,
    r#""seq":9223372036854775807"#,
    r#""ms":[{"type":"msg","from":2,"to":1,"msg":{"text":"x","time":-9223372036854775808,"msgID":null}}]"#,
    r#""ms":[null,[],{"type":"typ","from":-5},{"type":"presence","uid":2,"state":"idle"}]"#,
    r#""ms":[{"type":"friend","uid":2,"action":"added"},{"type":"friend_request","uid":7},{"type":"inbox","unseen":-1}]"#,
    r#""ms":[{"type":"status","uid":2,"text":"x","time":1e300},{"type":"picture","uid":2,"thumbSrc":"//["},{"type":"poke","uid":2}]"#,
    r#""payload":{"uid":2,"thumbSrc":"\/pics\/q2_a.jpg","statusTime":9223372036854775807,"results":[{"uid":1}],"requests":[{"uid":9}]}"#,
    "GIF89a",
    r#""error":0"#,
    r#""error":1357001"#,
    r#""error":1357004"#,
    r#""payload":[]"#,
    r#""payload":{"buddy_list":{"listChanged":true,"nowAvailableList":[],"userInfos":{"2":null,"x":{}},"forcedRender":true}}"#,
    r#""payload":{"host":null,"port":-1,"seq":null}"#,
    r#""payload":{"history":{"a":{"type":"msg"}}}"#,
    "\u{0}",
    "\"\\ud83d\"",
    "<html>",
    r#"<form action="/login.php"><input type="hidden" name="lsd" value="1"><input name="email"><input name="pass"></form>"#,
    r#"<input type="hidden" id="post_form_id" name="post_form_id" value="t" />new Presence("1", "channel07""#,
    r#"<meta name="fbchat" content="{&quot;channel&quot;:&quot;/&quot;,&quot;batch&quot;:-1,&quot;message_limit&quot;:0}" />"#,
];

fn body(rng: &mut fastrand::Rng) -> Vec<u8> {
    let pieces = rng.usize(0..8);
    let mut body: Vec<u8> = Vec::new();
    if rng.bool() {
        body.extend(b"for (;;);{");
    }
    for _ in 0..pieces {
        body.extend(PIECES[rng.usize(..PIECES.len())].as_bytes());
        if rng.bool() {
            body.push(b',');
        }
    }
    if rng.bool() {
        body.push(b'}');
    }
    if rng.u8(..) < 30 && !body.is_empty() {
        let at = rng.usize(..body.len());
        body[at] = rng.u8(..);
    }
    body
}

fn reply(rng: &mut fastrand::Rng) -> Result<Reply, TransportError> {
    let faults = [
        TransportFault::Dns,
        TransportFault::Connect,
        TransportFault::Tls(None),
        TransportFault::Timeout,
        TransportFault::Io,
        TransportFault::TooLarge,
    ];
    if rng.u8(..) < 40 {
        let fault = faults[rng.usize(..faults.len())];
        return Err(TransportError {
            fault,
            detail: "chaos".into(),
        });
    }
    let locations = [
        "/home.php",
        "/login.php",
        "https://127.0.0.1/x",
        "http://evil.example/",
        "::",
        "/checkpoint/",
    ];
    let cookies = [
        "c_user=1; path=/",
        "c_user=deleted",
        "xs=1",
        "=;;",
        "c_user=18446744073709551616",
    ];
    let pauses = ["soon", "0", "2", "40", "99999999999999999999"];
    let pick = |rng: &mut fastrand::Rng, from: &[&str]| from[rng.usize(..from.len())].to_owned();
    let status = [200, 200, 200, 200, 302, 404, 429, 500, 503, 0, 999][rng.usize(..11)];
    Ok(Reply {
        status,
        set_cookie: if rng.bool() {
            vec![pick(rng, &cookies)]
        } else {
            Vec::new()
        },
        location: rng.bool().then(|| pick(rng, &locations)),
        retry_after: (rng.u8(..) < 10).then(|| pick(rng, &pauses)),
        content_type: None,
        body: body(rng),
    })
}

fn query(n: usize) -> Query {
    match n / 6 {
        0 => Query::History {
            with: Uid(2),
            since: 5,
        },
        1 => Query::Picture(Uid(2)),
        2 => Query::SetStatus(None),
        3 => Query::Search("x".into()),
        _ => Query::Notifications,
    }
}

/// The number of final events that each request got.
fn answers(client: &Client) -> std::collections::BTreeMap<RequestId, usize> {
    let mut answers = std::collections::BTreeMap::new();
    for request in client.events.iter().filter_map(Event::answers) {
        *answers.entry(request).or_insert(0) += 1;
    }
    answers
}

#[test]
fn a_server_out_of_its_mind_is_survived() {
    let (mut logged_in, mut closed) = (0, 0);
    for seed in 0..400 {
        // Half of the sessions get a sane start first, so that the later states are reached.
        let mut world = World::new(seed, 1);
        if seed % 2 == 0 {
            world.server.people.announced = ALL;
            world.login(0);
            world.run(5_000);
            logged_in += 1;
        }
        world.chaos = Some(reply);
        let mut open = Vec::new();
        for n in 0..30 {
            let over = world.clients[0].session.is_closed();
            let request = match n % 6 {
                0 => world.login(0),
                1 | 2 => world.send(0, 2, "x"),
                3 => world.ask(0, query(n)),
                4 => world.command(0, |request| Command::Refresh { request }),
                _ => {
                    let presence = [OwnPresence::Idle, OwnPresence::Invisible][n % 2];
                    world.command(0, |_| Command::SetPresence(presence));
                    world.command(0, |_| Command::MarkRead(Some(Uid(n as u64))));
                    continue;
                }
            };
            if !over {
                open.push(request);
            }
            let pause = world.rng.u64(0..60_000);
            world.run(pause);
        }
        let asked = world.clients[0].asked.len();
        assert!(
            asked < 3_000,
            "seed {seed}: {asked} requests in a quarter of an hour"
        );
        world.command(0, |request| Command::Logout { request });
        world.run(10_000);
        let client = &world.clients[0];
        assert!(client.session.is_closed(), "seed {seed}");
        closed += 1;
        let answers = answers(client);
        for request in open {
            assert_eq!(answers.get(&request), Some(&1), "seed {seed}: {request:?}");
        }
        let typed: usize = client
            .events
            .iter()
            .filter(|event| matches!(event, Event::Closed { .. }))
            .count();
        assert_eq!(typed, 1, "seed {seed}");
    }
    assert!(logged_in == 200 && closed == 400);
}
