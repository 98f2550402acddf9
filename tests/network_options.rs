//! The network options, each through a real proxy or TLS server on loopback with the real server behind it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

#[path = "support/relays.rs"]
mod relays;
mod support;

use fbchat::client::{
    Client, ClientConfig, NetworkOptions, Pin, Polled, Roots, SessionId, SessionOptions,
};
use fbchat::options::Proxy as ProxyOption;
use fbchat::status::{Distrust, Problem, Status};
use fbchat::types::{Connection, Event, OwnPresence, Secret, Uid};
use relays::proxy::{Manners, Proxy};
use relays::tls_server::{Authority, Identity, Time};
use std::ffi::{CStr, c_char, c_int};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;
use support::Server;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// A name that no name server knows (RFC 6761).
const HIDDEN: &str = "chat.fbchat.invalid";

static LOOKED_UP: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Stands in the place of the system's function: no test here needs a name server, and names that are looked up are noted.
///
/// # Safety
/// As the system's: `name` is NULL or ends in NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    name: *const c_char,
    _service: *const c_char,
    _hints: *const libc::addrinfo,
    _found: *mut *mut libc::addrinfo,
) -> c_int {
    if !name.is_null() {
        // SAFETY: ends in NUL by the caller's promise.
        let name = unsafe { CStr::from_ptr(name) };
        LOOKED_UP
            .lock()
            .unwrap()
            .push(name.to_string_lossy().into_owned());
    }
    libc::EAI_NONAME
}

fn was_looked_up(name: &str) -> bool {
    LOOKED_UP.lock().unwrap().iter().any(|found| found == name)
}

fn address(server: &Server) -> SocketAddr {
    server.url.strip_prefix("http://").unwrap().parse().unwrap()
}

fn options(server: &str) -> SessionOptions {
    SessionOptions {
        server: server.to_owned(),
        ..SessionOptions::default()
    }
}

fn through(server: &str, proxy: &str) -> SessionOptions {
    let mut options = options(server);
    options.network.proxy = ProxyOption::parse(proxy).unwrap();
    options
}

fn trusting(server: &str, authority: &Authority) -> SessionOptions {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("authority.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let mut options = options(server);
    options.network.roots = Roots::read(&file).unwrap();
    options
}

/// Logs in as Alice.
fn log_in(client: &Client, options: &SessionOptions) -> SessionId {
    let session = client.open(Some(options), 0).unwrap();
    let password = Secret::new("demo".to_owned());
    client
        .login(session, "alice@example.org", password)
        .unwrap();
    session
}

/// Waits for an event of a session.
fn wait<T>(client: &Client, session: SessionId, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = match client.poll(Some(PATIENCE)) {
            Ok(Polled::Event(event)) => event,
            other => panic!("{other:?} instead of an event"),
        };
        if let Event::LoginFailed { problem, .. } = &event.event
            && event.session == session
            && wanted(&event.event).is_none()
        {
            panic!("{problem:?}");
        }
        if event.session == session
            && let Some(found) = wanted(&event.event)
        {
            return found;
        }
    }
}

/// Logs in, and writes to Echo, who answers over the held long-poll.
fn chat(options: &SessionOptions) {
    let client = Client::new(ClientConfig::default()).unwrap();
    let session = log_in(&client, options);
    chat_in(&client, session);
}

fn chat_in(client: &Client, session: SessionId) {
    let echo = wait(client, session, |event| match event {
        Event::BuddyList { buddies, .. } => {
            let echo = buddies.iter().find(|buddy| buddy.name == "Echo");
            echo.map(|buddy| buddy.uid)
        }
        _ => None,
    });
    wait(client, session, |event| {
        (*event == Event::Connection(Connection::Connected)).then_some(())
    });
    let text = "héllo 中文 🎉";
    client.send(session, echo, text).unwrap();
    wait(client, session, |event| match event {
        Event::Message(message) if message.from == echo => {
            assert!(message.text.contains(text), "{}", message.text);
            Some(())
        }
        _ => None,
    });
}

/// Why a login fails.
fn failure(options: &SessionOptions) -> Problem {
    let client = Client::new(ClientConfig::default()).unwrap();
    let session = log_in(&client, options);
    wait(&client, session, |event| match event {
        Event::LoginFailed { problem, .. } => Some(problem.clone()),
        Event::LoggedIn { .. } => panic!("logged in all the same"),
        _ => None,
    })
}

/// TLS in front of a demo server.
struct Secured {
    _server: Server,
    authority: Authority,
    /// Its certificate's.
    #[cfg(feature = "rustls")]
    fingerprint: String,
    address: SocketAddr,
}

fn secured(name: &str) -> Secured {
    let server = Server::demo();
    let authority = Authority::new();
    let identity = authority.issue(name, Time::Now);
    let address = identity.serve(address(&server));
    Secured {
        _server: server,
        authority,
        #[cfg(feature = "rustls")]
        fingerprint: identity.fingerprint(),
        address,
    }
}

#[test]
fn certificate_of_an_authority_in_a_file_is_trusted() {
    let server = secured("127.0.0.1");
    let url = format!("https://{}", server.address);
    chat(&trusting(&url, &server.authority));
    let problem = failure(&options(&url));
    assert_eq!(problem.status, Status::Tls);
    assert_eq!(problem.untrusted.unwrap().why, Distrust::UnknownIssuer);
    assert!(
        problem.text.contains("its issuer is unknown"),
        "{}",
        problem.text
    );
}

#[test]
#[cfg(feature = "rustls")]
fn fingerprint_of_a_refused_certificate_is_the_pin_that_trusts_it() {
    let server = Server::demo();
    // Neither issuer nor name would do.
    let identity = Identity::self_signed("another.example.org");
    let url = format!("https://{}", identity.serve(address(&server)));
    let problem = failure(&options(&url));
    assert_eq!(problem.status, Status::Tls);
    let untrusted = problem.untrusted.unwrap();
    assert_eq!(untrusted.why, Distrust::UnknownIssuer);
    let fingerprint = untrusted.fingerprint().unwrap();
    assert_eq!(fingerprint, identity.fingerprint());
    let mut pinned = options(&url);
    pinned.network.pin = Some(Pin::parse(&fingerprint).unwrap());
    chat(&pinned);
}

#[test]
#[cfg(feature = "rustls")]
fn pin_trusts_no_other_certificate() {
    let server = secured("127.0.0.1");
    let mut pinned = trusting(&format!("https://{}", server.address), &server.authority);
    let other = server.authority.issue("127.0.0.1", Time::Now);
    pinned.network.pin = Some(Pin::parse(&other.fingerprint()).unwrap());
    let problem = failure(&pinned);
    assert_eq!(problem.status, Status::Tls);
    let untrusted = problem.untrusted.unwrap();
    assert_eq!(untrusted.why, Distrust::NotPinned);
    assert_eq!(untrusted.fingerprint().unwrap(), server.fingerprint);
}

#[test]
#[cfg(not(feature = "rustls"))]
fn pin_is_refused_where_it_cannot_be_checked_in_time() {
    let problem = Pin::parse(&"00".repeat(32)).unwrap_err();
    assert_eq!(problem.status, Status::Argument);
    assert!(problem.text.contains("cannot be pinned in this build"));
}

#[test]
fn what_is_wrong_with_a_certificate_is_told() {
    let server = Server::demo();
    let authority = Authority::new();
    for (name, time, why) in [
        ("127.0.0.1", Time::Over, Distrust::Expired),
        ("127.0.0.1", Time::NotYet, Distrust::NotYetValid),
        ("another.example.org", Time::Now, Distrust::WrongName),
    ] {
        let identity = authority.issue(name, time);
        let address = identity.serve(address(&server));
        let problem = failure(&trusting(&format!("https://{address}"), &authority));
        assert_eq!(problem.status, Status::Tls, "{}", problem.text);
        let untrusted = problem.untrusted.unwrap();
        assert_eq!(untrusted.why, why);
        if cfg!(feature = "rustls") {
            assert_eq!(untrusted.fingerprint().unwrap(), identity.fingerprint());
        }
    }
}

#[test]
fn server_without_tls_is_named_as_such() {
    let server = Server::demo();
    let problem = failure(&options(&format!("https://{}", address(&server))));
    assert_eq!(problem.status, Status::Tls);
    assert!(
        problem.text.ends_with("the server does not speak TLS"),
        "{}",
        problem.text
    );
    assert_eq!(problem.untrusted, None);
}

#[test]
fn certificate_that_is_changed_meanwhile_is_told_while_waiting() {
    let server = Server::demo();
    let authority = Authority::new();
    // First the right certificate, later another one, as when somebody gets into the way.
    let right = authority
        .issue("127.0.0.1", Time::Now)
        .serve(address(&server));
    let wrong = Identity::self_signed("127.0.0.1").serve(address(&server));
    let changed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let cut = std::sync::Arc::new(tokio::sync::Notify::new());
    let (flag, scissors) = (changed.clone(), cut.clone());
    let front = relays::serve(move |mut stream| {
        let target = match flag.load(std::sync::atomic::Ordering::SeqCst) {
            false => right,
            true => wrong,
        };
        let cut = scissors.clone();
        async move {
            tokio::select! {
                () = cut.notified() => None,
                done = relays::join(&mut stream, target) => done,
            }
        }
    });
    let client = Client::new(ClientConfig::default()).unwrap();
    let session = log_in(&client, &trusting(&format!("https://{front}"), &authority));
    wait(&client, session, |event| {
        (*event == Event::Connection(Connection::Connected)).then_some(())
    });
    changed.store(true, std::sync::atomic::Ordering::SeqCst);
    cut.notify_waiters();
    let problem = wait(&client, session, |event| match event {
        Event::Connection(Connection::Waiting { problem, .. }) if problem.status == Status::Tls => {
            Some(problem.clone())
        }
        _ => None,
    });
    assert_eq!(problem.untrusted.unwrap().why, Distrust::UnknownIssuer);
}

#[test]
fn every_kind_of_proxy_leads_to_a_server_that_only_it_knows() {
    let server = secured(HIDDEN);
    let url = format!("https://{HIDDEN}");
    for (kind, wants, asked) in [
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
        let manners = Manners {
            wants,
            ..Manners::default()
        };
        let proxy = Proxy::start(server.address, manners);
        let mut options = trusting(&url, &server.authority);
        let way = format!("{kind}{}", proxy.address);
        options.network.proxy = ProxyOption::parse(&way).unwrap();
        chat(&options);
        assert!(proxy.was_asked(&asked), "{kind}: {:?}", proxy.asked());
        assert!(
            !was_looked_up(HIDDEN),
            "{kind}: the name is known outside of the proxy"
        );
    }
}

#[test]
fn old_kinds_of_socks_are_given_an_address() {
    let server = Server::demo();
    for (kind, asked) in [
        ("socks4", "socks4 address 127.0.0.1:80"),
        ("socks5", "socks5 address 127.0.0.1:80"),
    ] {
        let proxy = Proxy::start(address(&server), Manners::default());
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
fn plain_http_goes_through_a_proxy_as_it_is() {
    let server = Server::demo();
    let proxy = Proxy::start(address(&server), Manners::default());
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
fn user_agent_batch_and_activity_reach_the_server() {
    let server = Server::demo();
    let proxy = Proxy::start(address(&server), Manners::default());
    let mut options = through("http://127.0.0.1", &format!("http://{}", proxy.address));
    options.allow_insecure = true;
    options.batch = Some(7);
    options.presence = OwnPresence::Idle;
    options.network.user_agent = "Tester/1.0 (of options)".to_owned();
    chat(&options);
    let asked = proxy.asked().concat();
    assert!(
        asked.contains("user-agent: Tester/1.0 (of options)\r\n"),
        "{asked}"
    );
    assert!(!asked.contains("Mozilla"), "{asked}");
    let polls: Vec<_> = asked
        .split("GET ")
        .filter(|request| request.contains("/p_"))
        .collect();
    assert!(!polls.is_empty());
    for poll in polls {
        let line = poll.lines().next().unwrap();
        assert!(
            line.contains("?batch=7") && line.contains("/false/p_"),
            "{line}"
        );
    }
}

#[test]
fn proxies_that_fail_are_named_with_what_they_did() {
    let server = secured(HIDDEN);
    let start = |manners| Proxy::start(server.address, manners);
    let refusing = start(Manners {
        refuses: true,
        ..Manners::default()
    });
    let asking = start(Manners {
        wants: Some("user:secret"),
        ..Manners::default()
    });
    // Bound and dropped: nobody listens there.
    let down = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let no_entry = "asks for a user and a password, or does not take those given";
    let refused = "refused to connect to it";
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
fn proxy_that_is_silent_ends_with_the_connect_timeout() {
    let silent = Manners {
        silent: true,
        ..Manners::default()
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
        let event = match client.poll(Some(PATIENCE)) {
            Ok(Polled::Event(event)) => event,
            other => panic!("{other:?} instead of an event"),
        };
        if let Event::LoginFailed { problem, .. } = event.event {
            break (event.session, problem);
        }
    };
    assert_eq!(first, session, "the one that was in a hurry gives up first");
    assert_eq!(problem.status, Status::Connect, "{}", problem.text);
    let end = format!("no answer in time by way of the proxy {}", proxy.address);
    assert!(problem.text.ends_with(&end), "{}", problem.text);
}

#[test]
fn server_that_is_silent_ends_with_the_request_timeout() {
    let silent = relays::serve(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
        None
    });
    let mut options = options(&format!("http://{silent}"));
    options.request_timeout_ms = 1_000;
    let problem = failure(&options);
    assert_eq!(problem.status, Status::Timeout, "{}", problem.text);
}

#[test]
fn sessions_of_one_client_go_their_own_ways() {
    let server = secured(HIDDEN);
    let manners = Manners::default;
    let (one, two) = (
        Proxy::start(server.address, manners()),
        Proxy::start(server.address, manners()),
    );
    let client = Client::new(ClientConfig::default()).unwrap();
    let url = format!("https://{HIDDEN}");
    let way = |proxy: &Proxy, agent: &str| {
        let network = NetworkOptions {
            proxy: ProxyOption::parse(&format!("http://{}", proxy.address)).unwrap(),
            user_agent: agent.to_owned(),
            ..trusting(&url, &server.authority).network
        };
        SessionOptions {
            network,
            ..options(&url)
        }
    };
    // Nobody vouches for this one's certificate.
    let mut careful = way(&one, "three");
    careful.network.roots = Roots::default();
    let first = log_in(&client, &way(&one, "one"));
    chat_in(&client, first);
    let second = log_in(&client, &way(&two, "two"));
    chat_in(&client, second);
    let third = log_in(&client, &careful);
    let status = wait(&client, third, |event| match event {
        Event::LoginFailed { problem, .. } => Some(problem.status),
        _ => None,
    });
    assert_eq!(status, Status::Tls);
    assert!(
        one.was_asked("one\r\n") && !one.was_asked("two\r\n"),
        "{:?}",
        one.asked()
    );
    assert!(
        two.was_asked("two\r\n") && !two.was_asked("one\r\n"),
        "{:?}",
        two.asked()
    );
}

#[test]
fn blocking_sessions_take_the_same_options() {
    let server = secured(HIDDEN);
    let proxy = Proxy::start(server.address, Manners::default());
    let mut options = trusting(&format!("https://{HIDDEN}"), &server.authority);
    options.network.proxy = ProxyOption::parse(&format!("socks5h://{}", proxy.address)).unwrap();
    let login = |options: &SessionOptions| {
        let password = Secret::new("demo".to_owned());
        fbchat::blocking::Session::login(options, "alice@example.org", password)
    };
    let session = login(&options).unwrap();
    assert_ne!(session.account().uid, Uid(0));
    session.logout(PATIENCE).unwrap();
    assert!(proxy.was_asked(&format!("socks5 name {HIDDEN}:443")));
    options.network.roots = Roots::default();
    let problem = login(&options).unwrap_err();
    assert_eq!(problem.untrusted.unwrap().why, Distrust::UnknownIssuer);
}
