//! How long the worst answers of a server hold the one thread that all sessions share.
//!
//! Each kind of answer is as long as the session accepts and is filled with what is slowest to read. The time is that of the
//! call that takes the answer, with everything that the session does about it.

use fbchat::protocol::{
    Exchange, Input, Method, Now, Output, Reply, ServerAddress, Session, SessionConfig,
};
use fbchat::types::{Command, Query, RequestId, Secret, Uid};
use std::hint::black_box;
use std::time::Duration;

const RUNS: usize = 3;
/// What no answer should exceed, in milliseconds.
const LIMIT: u32 = 20;
/// Friends of the user: as many as a session remembers.
const FRIENDS: usize = 20_000;
/// 22 November 2008, in milliseconds since 1970.
const EPOCH: i64 = 1_227_312_000_000;

const LOGIN: &str = r#"<form action="/login.php" method="post"><input name="email"/><input type="password" name="pass"/></form>"#;
const CHAT: &str = r#"<meta name="fbchat" content="{&quot;channel&quot;:&quot;/&quot;,&quot;batch&quot;:100,&quot;presence&quot;:true,&quot;resume&quot;:true,&quot;friends&quot;:true,&quot;profile&quot;:true,&quot;search&quot;:true,&quot;notifications&quot;:true,&quot;history&quot;:true,&quot;groups&quot;:true}" />
<input type="hidden" id="post_form_id" name="post_form_id" value="abc123"/> new Presence("2", "x"); iframeLoad("/iframe/7.js", "channel07", 443)"#;

/// An answer of this kind is replaced by a bad one.
struct Kind {
    name: &'static str,
    path: &'static str,
    method: Method,
    /// What makes the session ask for it, if it does not ask by itself.
    ask: Option<Query>,
    /// What is before and behind the list in it.
    around: (&'static str, &'static str),
}

fn kinds() -> Vec<Kind> {
    let kind = |name, path, method, ask, around| Kind {
        name,
        path,
        method,
        ask,
        around,
    };
    let history = Query::History {
        with: Uid(1),
        since: 0,
    };
    let search = Query::Search("a".to_owned());
    let (get, post) = (Method::Get, Method::Post);
    let infos = (
        r#"{"error":0,"payload":{"buddy_list":{"listChanged":true,"forcedRender":true,"userInfos":"#,
        "}}}",
    );
    let gone = (
        r#"{"error":0,"payload":{"buddy_list":{"listChanged":true,"forcedRender":true,"wasAvailableIDs":"#,
        "}}}",
    );
    let list = "/ajax/presence/update.php";
    let pages = ("", "");
    let results = (r#"{"error":0,"payload":{"results":"#, "}}");
    let messages = (r#"{"error":0,"payload":{"history":"#, "}}");
    let requests = (r#"{"error":0,"payload":{"requests":"#, "}}");
    let notices = (r#"{"error":0,"payload":{"notifications":"#, "}}");
    let profile = (r#"{"uid":1,"name":"#, "}");
    let groups = (r#"{"error":0,"payload":{"groups":"#, "}}");
    let items = (r#"{"t":"msg","ms":"#, "}");
    vec![
        kind("login page", "/login.php", get, None, pages),
        kind("login answer", "/login.php", post, None, pages),
        kind("chat page", "/presence/popout.php", get, None, pages),
        kind("buddy list", list, post, None, infos),
        kind("who went", list, post, None, gone),
        kind("channel", "/x/", get, None, items),
        kind("history", "/history.php", get, Some(history), messages),
        kind("search", "/search.php", get, Some(search), results),
        kind(
            "notifications",
            "/notifications.php",
            get,
            Some(Query::Notifications),
            notices,
        ),
        kind("groups", "/groups.php", get, None, groups),
        kind("requests", "/friend_requests.php", get, None, requests),
        kind(
            "profile",
            "/profile.php",
            get,
            Some(Query::Profile(Uid(1))),
            profile,
        ),
    ]
}

/// What fills an answer.
struct Filling {
    name: &'static str,
    start: &'static str,
    unit: fn(usize) -> String,
    end: &'static str,
}

fn fillings() -> Vec<Filling> {
    let filling = |name, start, unit, end| Filling {
        name,
        start,
        unit,
        end,
    };
    let same = |name, start, unit, end| filling(name, start, unit, end);
    vec![
        same("numbers", "[", |_| "1,".to_owned(), "1]"),
        same("fractions", "[", |_| "1.5e9,".to_owned(), "1]"),
        same("objects", "[", |_| "{},".to_owned(), "{}]"),
        same("lists", "[", |_| "[],".to_owned(), "[]]"),
        same("texts", "[", |_| r#""a","#.to_owned(), "1]"),
        same("keys", "{", |_| r#""a":1,"#.to_owned(), r#""a":1}"#),
        same("deep", "", |_| "[".to_owned(), ""),
        same("digits", "[", |_| "1234567890".to_owned(), "]"),
        same("blanks", "[", |_| "          ".to_owned(), "]"),
        same("text", "\"", |_| "aaaaaaaaaa".to_owned(), "\""),
        same(
            "name",
            r#"[{"name":""#,
            |_| "aaaaaaaaaa".to_owned(),
            r#""}]"#,
        ),
        same(
            "letters",
            r#"[{"name":""#,
            |_| "\u{416}".to_owned(),
            r#""}]"#,
        ),
        same(
            "controls",
            r#"[{"name":""#,
            |_| r"\u0001".to_owned(),
            r#""}]"#,
        ),
        same("escapes", r#"[{"name":""#, |_| r"\n".to_owned(), r#""}]"#),
        same(
            "halves",
            r#"[{"name":""#,
            |_| r"\ud83d".to_owned(),
            r#""}]"#,
        ),
        same("names", "[", |_| r#"{"name":"a"},"#.to_owned(), "{}]"),
        same(
            "one half",
            "[",
            |_| r#"{"uid":1,"name":"a","type":"msg"},"#.to_owned(),
            r#"{"name":"\ud83d"}]"#,
        ),
        same("uids", "[", |n| format!("{},", FRIENDS + n), "0]"),
        same(
            "persons",
            "{",
            |n| format!(r#""{}":{{"name":"{n}","status":"s"}},"#, n + 1),
            r#""1":{}}"#,
        ),
        same(
            "friends",
            "{",
            |n| format!(r#""{}":{{}},"#, FRIENDS + n),
            r#""1":{}}"#,
        ),
        same(
            "end",
            "[",
            |n| format!(r#"{{"type":"friend","uid":{},"action":"removed"}},"#, n + 3),
            "{}]",
        ),
        same(
            "messages",
            "[",
            |n| {
                format!(
                    r#"{{"type":"msg","from":{},"msg":{{"text":"{n}","msgID":"{n}"}}}},"#,
                    n + 3
                )
            },
            "{}]",
        ),
        same(
            "groups",
            "[",
            |n| {
                format!(
                    r#"{{"gid":{},"members":[{{"uid":2}},{{"uid":{n}}}]}},"#,
                    n + 1
                )
            },
            "{}]",
        ),
        same(
            "members",
            "[",
            |n| format!(r#"{{"type":"group","gid":7,"added":[{{"uid":2}},{{"uid":{n}}}]}},"#),
            "{}]",
        ),
        same("tags", "", |_| "<input name=a ".to_owned(), ""),
        same("channels", "", |_| r#""channel1""#.to_owned(), ""),
        same("forms", "", |_| r#"="post_form_id""#.to_owned(), ""),
        same("errors", "", |_| r#"id="standard_error">"#.to_owned(), ""),
        same("references", "", |_| "&#x416;".to_owned(), ""),
    ]
}

fn bad_answer(kind: &Kind, filling: &Filling, limit: usize) -> Vec<u8> {
    let (before, behind) = kind.around;
    let mut body = format!("{before}{}", filling.start).into_bytes();
    let room = limit - behind.len() - filling.end.len();
    for number in 0.. {
        let unit = (filling.unit)(number);
        if body.len() + unit.len() > room {
            break;
        }
        body.extend_from_slice(unit.as_bytes());
    }
    body.extend_from_slice(filling.end.as_bytes());
    body.extend_from_slice(behind.as_bytes());
    body
}

/// What this thread has used of the processor, since other programs take some of the time.
fn cpu_time() -> Duration {
    // SAFETY: all zeros is a valid value.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is valid.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0, "there is such a clock");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Bytes that are no text, in the place of every answer.
fn garbage(limit: usize) -> Vec<u8> {
    let mut body = b"{".to_vec();
    body.resize(limit, 0xff);
    body
}

fn good_answer(exchange: &Exchange) -> Reply {
    let path = exchange.url.path();
    let ok = |body: String| Reply {
        status: 200,
        body: body.into_bytes(),
        ..Reply::default()
    };
    let payload = |json: &str| ok(format!(r#"{{"error":0,"payload":{json}}}"#));
    match path {
        "/login.php" if exchange.method == Method::Post => Reply {
            status: 302,
            set_cookie: vec!["c_user=2".to_owned(), "xs=secret".to_owned()],
            location: Some("/home.php".to_owned()),
            ..Reply::default()
        },
        "/login.php" => ok(LOGIN.to_owned()),
        "/presence/popout.php" | "/home.php" => ok(CHAT.to_owned()),
        "/ajax/presence/update.php" => {
            let friends: Vec<_> = (1..=FRIENDS)
                .map(|uid| format!(r#""{uid}":{{"name":"Friend {uid}"}}"#))
                .collect();
            payload(&format!(
                r#"{{"buddy_list":{{"listChanged":true,"nowAvailableList":{{}},"userInfos":{{{}}},"forcedRender":true}},"time":{EPOCH}}}"#,
                friends.join(",")
            ))
        }
        "/ajax/presence/reconnect.php" => payload(r#"{"host":"channel07","seq":5}"#),
        _ => payload("[]"),
    }
}

struct World {
    session: Session,
    waiting: Vec<Exchange>,
}

impl World {
    const NOW: Now = Now {
        monotonic: 1_000_000,
        unix: EPOCH,
    };

    fn new() -> World {
        let server = ServerAddress::parse("http://127.0.0.1:8080", false).expect("an address");
        let mut world = World {
            session: Session::new(SessionConfig::new(server, 1)),
            waiting: Vec::new(),
        };
        world.handle(Input::Command(Command::Login {
            request: RequestId(1),
            email: "user2@example.org".to_owned(),
            password: Secret::new("right".to_owned()),
        }));
        world
    }

    /// Lets the session take something in. How long that took.
    fn handle(&mut self, input: Input) -> Duration {
        let start = cpu_time();
        self.session.handle(World::NOW, input);
        let span = cpu_time().saturating_sub(start);
        while let Some(output) = self.session.poll_output() {
            if let Output::Exchange(exchange) = black_box(output) {
                self.waiting.push(exchange);
            }
        }
        span
    }

    /// Answers what was asked, up to an exchange of this kind, and returns that one if it comes.
    fn next(&mut self, kind: &Kind) -> Option<Exchange> {
        while let Some(exchange) = self.waiting.pop() {
            if exchange.method == kind.method && exchange.url.path().contains(kind.path) {
                return Some(exchange);
            }
            // Held until the end of the run.
            if !exchange.url.path().starts_with("/x/") {
                let reply = good_answer(&exchange);
                self.handle(Input::Reply(exchange.id, Ok(reply)));
            }
        }
        None
    }

    /// The exchange that is answered badly: for lists the second one, when there are friends already.
    fn asked(kind: &Kind) -> (World, Exchange) {
        let mut world = World::new();
        let mut found = world.next(kind);
        let mut command = None;
        if let Some(query) = &kind.ask {
            let (request, query) = (RequestId(2), query.clone());
            command = Some(Command::Ask { request, query });
        } else if kind.path.ends_with("update.php") {
            let first = found.take().expect("a list");
            let reply = good_answer(&first);
            world.handle(Input::Reply(first.id, Ok(reply)));
            world.next(kind);
            let request = RequestId(2);
            command = Some(Command::Refresh { request });
        }
        if let Some(command) = command {
            world.handle(Input::Command(command));
            found = world.next(kind);
        }
        let found = found.unwrap_or_else(|| panic!("the session does not ask for {}", kind.name));
        (world, found)
    }
}

/// The shortest time of some runs, and the length of the answer.
fn measure(kind: &Kind, body: impl Fn(usize) -> Vec<u8>) -> (Duration, usize) {
    let mut bad = Vec::new();
    let mut run = || {
        let (mut world, exchange) = World::asked(kind);
        if bad.is_empty() {
            bad = body(exchange.body_limit);
        }
        let reply = Reply {
            status: 200,
            body: bad.clone(),
            ..Reply::default()
        };
        world.handle(Input::Reply(exchange.id, Ok(reply)))
    };
    let best = (0..RUNS).map(|_| run()).min().expect("there are runs");
    (best, bad.len())
}

fn main() {
    println!(
        "answers: how long the worst one holds the thread of all sessions, best of {RUNS} runs"
    );
    let fillings = fillings();
    let mut worst = Duration::ZERO;
    for kind in kinds() {
        let mut found: Vec<_> = fillings
            .iter()
            .map(|filling| {
                let (span, len) = measure(&kind, |limit| bad_answer(&kind, filling, limit));
                (span, len, filling.name)
            })
            .collect();
        let (span, len) = measure(&kind, garbage);
        found.push((span, len, "garbage"));
        found.sort();
        let (span, len, name) = found.pop().expect("there are fillings");
        let milliseconds = span.as_secs_f64() * 1e3;
        println!(
            "  {:13} {milliseconds:6.2} ms  {len:7} bytes, {name}",
            kind.name
        );
        worst = worst.max(span);
    }
    println!(
        "  the longest   {:6.2} ms (the goal is {LIMIT})",
        worst.as_secs_f64() * 1e3
    );
}
