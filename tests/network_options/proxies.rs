//! Every kind of proxy, working and failing.

use super::*;

#[test]
fn every_kind_of_proxy_reaches_a_server_that_only_it_knows() {
    let server = secured(HIDDEN);
    let url = format!("https://{HIDDEN}");
    for (kind, requires, asked) in [
        ("http://", None, format!("CONNECT {HIDDEN}:443 ")),
        (
            "http://user:p%40ss@",
            Some("user:p@ss"),
            format!("CONNECT {HIDDEN}:443 "),
        ),
        ("socks4a://", None, format!("socks4 name {HIDDEN}:443")),
        ("socks5h://", None, format!("socks5 name {HIDDEN}:443")),
        (
            "socks5h://user:p%40ss@",
            Some("user:p@ss"),
            format!("socks5 name {HIDDEN}:443"),
        ),
    ] {
        let behavior = Behavior {
            requires,
            ..Behavior::default()
        };
        let proxy = Proxy::start(server.address, behavior);
        let mut options = trusting(&url, &server.authority);
        let way = format!("{kind}{}", proxy.address);
        options.network.proxy = ProxyOption::parse(&way).unwrap();
        chat(&options);
        assert!(proxy.was_asked(&asked), "{kind}: {:?}", proxy.asked());
        assert!(
            !was_looked_up(HIDDEN),
            "{kind}: the name was looked up outside the proxy"
        );
    }
}

#[test]
fn older_socks_versions_get_an_address() {
    let server = Server::demo();
    for (kind, asked) in [
        ("socks4", "socks4 address 127.0.0.1:80"),
        ("socks5", "socks5 address 127.0.0.1:80"),
    ] {
        let proxy = Proxy::start(server.address(), Behavior::default());
        let mut options = through(
            "http://chat.localhost",
            &format!("{kind}://{}", proxy.address),
        );
        options.allow_insecure = true;
        chat(&options);
        assert!(proxy.was_asked(asked), "{:?}", proxy.asked());
    }
    let unknown = "nowhere.fbchat.invalid";
    let problem = failure(&through(
        &format!("https://{unknown}"),
        "socks5://127.0.0.1:9",
    ));
    assert_eq!(problem.status, Status::Dns, "{}", problem.text);
    assert!(
        problem
            .text
            .starts_with(&format!("Could not find {unknown}")),
        "{}",
        problem.text
    );
    assert!(was_looked_up(unknown));
}

#[test]
fn plain_http_is_sent_to_the_proxy_unencrypted() {
    let server = Server::demo();
    let proxy = Proxy::start(server.address(), Behavior::default());
    let mut options = through(
        &format!("http://{HIDDEN}"),
        &format!("http://{}", proxy.address),
    );
    options.allow_insecure = true;
    chat(&options);
    assert!(proxy.was_asked(&format!("GET http://{HIDDEN}/login.php HTTP/1.1")));
    assert!(
        proxy.was_asked("user-agent: Mozilla/5.0 (compatible; fbchat/"),
        "{:?}",
        proxy.asked()
    );
}

#[test]
fn failing_proxies_are_named_with_the_reason() {
    let server = secured(HIDDEN);
    let start = |behavior| Proxy::start(server.address, behavior);
    let refusing = start(Behavior {
        refuses: true,
        ..Behavior::default()
    });
    let asking = start(Behavior {
        requires: Some("user:secret"),
        ..Behavior::default()
    });
    let down = testkit::process::free_address().to_string();
    let no_entry = "asks for a user and a password, or refuses those given";
    let refused = "refused to connect to the server";
    let gone = "cannot be reached";
    for (way, proxy, says) in [
        ("http://", &refusing.address, refused),
        ("socks4a://", &refusing.address, refused),
        ("socks5h://", &refusing.address, refused),
        ("http://", &asking.address, no_entry),
        ("http://user:wrong@", &asking.address, no_entry),
        ("socks5h://", &asking.address, no_entry),
        ("socks5h://user:wrong@", &asking.address, no_entry),
        ("http://", &down, gone),
        ("socks4a://", &down, gone),
        ("socks5h://", &down, gone),
    ] {
        let options = through(&format!("https://{HIDDEN}"), &format!("{way}{proxy}"));
        let problem = failure(&options);
        assert_eq!(problem.status, Status::Connect, "{way}: {}", problem.text);
        let begin = format!("Could not connect to {HIDDEN}: the proxy {proxy} {says}");
        assert!(problem.text.starts_with(&begin), "{way}: {}", problem.text);
        assert!(!problem.text.contains("wrong"), "{}", problem.text);
    }
    for (proxy, says) in [(&asking.address, no_entry), (&down, gone)] {
        let mut plain = through(&format!("http://{HIDDEN}"), &format!("http://{proxy}"));
        plain.allow_insecure = true;
        let problem = failure(&plain);
        assert_eq!(problem.status, Status::Connect, "{}", problem.text);
        let begin = format!("Could not connect to {HIDDEN}: the proxy {proxy} {says}");
        assert!(problem.text.starts_with(&begin), "{}", problem.text);
    }
}

#[test]
fn silent_proxy_ends_with_the_connect_timeout() {
    let silent = Behavior {
        silent: true,
        ..Behavior::default()
    };
    let proxy = Proxy::start(([127, 0, 0, 1], 9).into(), silent);
    let way = format!("socks5h://{}", proxy.address);
    let patient = through(&format!("https://{HIDDEN}"), &way);
    let mut hasty = patient.clone();
    hasty.network.connect_timeout_ms = 1_000;
    let client = Client::new(ClientConfig::default()).unwrap();
    log_in(&client, &patient);
    let session = log_in(&client, &hasty);
    let (first, problem) = loop {
        let event = match client.poll(Some(LIMIT)) {
            Ok(Polled::Event(event)) => event,
            other => panic!("{other:?} instead of an event"),
        };
        if let Event::LoginFailed { problem, .. } = event.event {
            break (event.session, problem);
        }
    };
    assert_eq!(
        first, session,
        "the session with the shorter timeout fails first"
    );
    assert_eq!(problem.status, Status::Connect, "{}", problem.text);
    let end = format!("no answer in time by way of the proxy {}", proxy.address);
    assert!(problem.text.ends_with(&end), "{}", problem.text);
}
