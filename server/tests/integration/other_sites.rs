//! What the pages of other sites cannot make the browsers of their visitors do.

use reqwest::blocking::Response;
use reqwest::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use testkit::{Client, Server, encode, json};

/// What browsers add to requests that another site causes: over TLS a form or a script, and a link; without TLS a form, a form of a page
/// that hides its origin, another server of the same domain, and a link.
const FOREIGN: [&[(&str, &str)]; 6] = [
    &[
        ("origin", "https://evil.test"),
        ("sec-fetch-site", "cross-site"),
    ],
    &[
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ],
    &[("origin", "http://evil.test")],
    &[("origin", "null")],
    &[
        ("sec-fetch-site", "same-site"),
        ("origin", "https://blog.example.test"),
    ],
    &[
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-mode", "navigate"),
    ],
];
const LINK: &[(&str, &str)] = &[("upgrade-insecure-requests", "1")];

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn post(
    server: &Server,
    path: &str,
    cookie: &str,
    form: &[(&str, &str)],
    more: &[(&str, &str)],
) -> Response {
    let request = testkit::http().post(format!("{}{path}", server.url));
    let request = request.header(COOKIE, cookie).headers(headers(more));
    request.body(encode(form)).send().unwrap()
}

fn get(server: &Server, path: &str, cookie: &str, more: &[(&str, &str)]) -> Response {
    let request = testkit::http().get(format!("{}{path}", server.url));
    request
        .header(COOKIE, cookie)
        .headers(headers(more))
        .send()
        .unwrap()
}

/// What a browser adds to the requests of our own pages, with and without TLS.
fn own(server: &Server) -> [Vec<(&'static str, String)>; 2] {
    let origin = ("origin", server.url.clone());
    let site = ("sec-fetch-site", "same-origin".to_owned());
    [vec![origin.clone()], vec![origin, site]]
}

fn borrowed<'a>(pairs: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    pairs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut command = Server::command(dir.path());
    command.env("FBCHATD_REGISTRATION", "open");
    let server = Server::start(&mut command);
    (dir, server)
}

fn sets(answer: &Response, cookie: &str) -> bool {
    let mut cookies = answer.headers().get_all("set-cookie").iter();
    cookies.any(|set| set.to_str().unwrap().starts_with(cookie))
}

const LOGIN: [(&str, &str); 3] = [("email", "ann"), ("pass", "secret"), ("lsd", "abcde")];
fn new(email: &str) -> [(&str, &str); 4] {
    [
        ("name", "Eve"),
        ("email", email),
        ("pass", "something"),
        ("lsd", "abcde"),
    ]
}

const COOKIES: &str = "test_cookie=1; lsd=abcde";

#[test]
fn another_site_can_neither_log_its_visitors_in_nor_register_them() {
    let (_dir, server) = server();
    for foreign in FOREIGN {
        for (path, form) in [
            ("/login.php", &LOGIN[..]),
            ("/register.php", &new("eve@example.org")),
            ("/ajax/fbchat/register.php", &new("eve@example.org")),
        ] {
            let answer = post(&server, path, COOKIES, form, foreign);
            assert_eq!(answer.status(), 403, "{path} {foreign:?}");
            assert!(!sets(&answer, "c_user="), "{path} {foreign:?}");
        }
    }
    let mut number = 0;
    let mut ways = own(&server).to_vec();
    ways.push(Vec::new());
    for way in ways {
        let way = borrowed(&way);
        let login = post(&server, "/login.php", COOKIES, &LOGIN, &way);
        assert!(sets(&login, "c_user="), "{way:?}");
        for path in ["/register.php", "/ajax/fbchat/register.php"] {
            number += 1;
            let email = format!("user{number}@example.org");
            let answer = post(&server, path, COOKIES, &new(&email), &way);
            assert!(sets(&answer, "c_user="), "{path} {way:?}");
        }
    }
}

#[test]
fn forms_of_browsers_need_the_token_of_their_cookie() {
    let (_dir, server) = server();
    let register = [
        ("name", "Eve"),
        ("email", "eve@example.org"),
        ("pass", "something"),
    ];
    for way in own(&server) {
        let way = borrowed(&way);
        for (cookies, token) in [
            ("test_cookie=1", None),
            ("test_cookie=1", Some("abcde")),
            (COOKIES, None),
            (COOKIES, Some("other")),
            ("lsd=", Some("")),
        ] {
            for (path, form) in [
                ("/login.php", &LOGIN[..2]),
                ("/register.php", &register),
                ("/ajax/fbchat/register.php", &register),
            ] {
                let token = token.map(|token| ("lsd", token));
                let form: Vec<_> = form.iter().copied().chain(token).collect();
                let answer = post(&server, path, cookies, &form, &way);
                assert!(!sets(&answer, "c_user="), "{path} {cookies} {token:?}");
                let said = answer.text().unwrap();
                let told = said.contains("Your form was out of date.") || said.contains("1357004");
                assert!(told, "{path}: {said}");
            }
        }
    }
    // The forms have it.
    for path in ["/login.php", "/register.php"] {
        let page = get(&server, path, "test_cookie=1", &[]);
        assert!(sets(&page, "lsd="));
        let set = page.headers().get_all("set-cookie").iter();
        let mut set = set.filter_map(|set| set.to_str().unwrap().strip_prefix("lsd="));
        let token = set.next().unwrap().split(';').next().unwrap().to_owned();
        let page = page.text().unwrap();
        assert!(
            page.contains(&format!(r#"name="lsd" value="{token}""#)),
            "{page}"
        );
    }
    // Clients of 2008 send none.
    let login = post(&server, "/login.php", "test_cookie=1", &LOGIN[..2], &[]);
    assert!(sets(&login, "c_user="));
}

#[test]
fn another_site_cannot_log_its_visitors_out() {
    let (_dir, server) = server();
    let ann = Client::login(&server, "ann", "secret");
    let confirm = [("confirm", "1")];
    for foreign in FOREIGN {
        for cookie in [ann.cookie.as_str(), "c_user=1"] {
            let answer = post(&server, "/logout.php", cookie, &confirm, foreign);
            assert_eq!(answer.status(), 403);
            assert!(!sets(&answer, "c_user="), "{foreign:?}");
        }
    }
    // A browser has the token.
    let way = own(&server);
    let way = borrowed(&way[1]);
    let without = post(&server, "/logout.php", &ann.cookie, &confirm, &way);
    assert_eq!(json(without)["error"], 1_357_004);
    ann.buddies();
    let token = [("post_form_id", ann.form_id.as_str())];
    let out = post(&server, "/logout.php", &ann.cookie, &token, &way);
    assert!(sets(&out, "xs=deleted"));
    // Clients of 2008 only confirm.
    let old = Client::login(&server, "ann", "secret");
    let out = post(&server, "/logout.php", &old.cookie, &confirm, &[]);
    assert!(sets(&out, "xs=deleted"));
}

#[test]
fn a_link_on_another_site_acknowledges_nothing_and_shows_nobody_online() {
    let (_dir, server) = server();
    let (mut ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    assert_eq!(ann.send(ben.uid, "for later")["error"], 0);
    let first = ben.seq();
    let poll = format!("/x/0/true/p_{}={}?wait=0", ben.uid, first + 1);
    for foreign in FOREIGN.into_iter().chain([LINK]) {
        for path in [poll.as_str(), "/ajax/presence/update.php?buddy_list=1"] {
            let answer = get(&server, path, &ben.cookie, foreign);
            assert_eq!(answer.status(), 403, "{path} {foreign:?}");
        }
    }
    // The next session begins with the message.
    assert_eq!(ben.seq(), first);
    for way in own(&server) {
        let answer = get(&server, &poll, &ben.cookie, &borrowed(&way));
        assert_eq!(answer.status(), 200);
    }
    assert!(ben.seq() > first);
    // Links to pages work.
    for foreign in FOREIGN.into_iter().chain([LINK]) {
        for path in ["/home.php", "/register.php", "/login.php"] {
            let answer = get(&server, path, &ben.cookie, foreign);
            assert_eq!(answer.status(), 200, "{path} {foreign:?}");
        }
    }
}
