//! The network options, each through a real proxy or TLS server on loopback with the real server behind it. This file has
//! what all modules need, and the tests that are not about proxies or certificates alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod certificates;
mod kept_connections;
mod keys;
mod proxies;

use fbchat::client::{
    Client, ClientConfig, NetworkOptions, Pin, Polled, Roots, SessionId, SessionOptions,
};
use fbchat::options::Proxy as ProxyOption;
use fbchat::status::{Distrust, Problem, Status};
use fbchat::types::{Connection, Event, OwnPresence, Secret, Uid};
use std::ffi::{CStr, c_char, c_int};
use std::net::SocketAddr;
use std::sync::Mutex;
use testkit::proxy::{Behavior, Proxy};
use testkit::tls::{Authority, Identity, Validity};
use testkit::{LIMIT, Server, relay};

/// A name that no name server knows (RFC 6761).
const HIDDEN: &str = "chat.fbchat.invalid";

static LOOKED_UP: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Replaces the system's function: no test here needs a name server, and the names that are looked up are recorded.
///
/// # Safety
/// As for the system's function: `name` is NULL or ends in NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    name: *const c_char,
    _service: *const c_char,
    _hints: *const libc::addrinfo,
    _found: *mut *mut libc::addrinfo,
) -> c_int {
    if !name.is_null() {
        // SAFETY: the caller guarantees that it ends in NUL.
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
        let event = match client.poll(Some(LIMIT)) {
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

/// Logs in and sends a message to Echo, whose answer comes by the held long-poll.
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
        Event::LoggedIn { .. } => panic!("the login succeeded"),
        _ => None,
    })
}

/// TLS in front of a demo server.
struct Secured {
    _server: Server,
    authority: Authority,
    /// The fingerprint of its certificate.
    #[cfg(feature = "rustls")]
    fingerprint: String,
    address: SocketAddr,
}

fn secured(name: &str) -> Secured {
    let server = Server::demo();
    let authority = Authority::new();
    let identity = authority.issue(name, Validity::Now);
    let address = identity.serve(server.address());
    Secured {
        _server: server,
        authority,
        #[cfg(feature = "rustls")]
        fingerprint: identity.fingerprint(),
        address,
    }
}

#[test]
fn user_agent_batch_and_activity_reach_the_server() {
    let server = Server::demo();
    let proxy = Proxy::start(server.address(), Behavior::default());
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
fn login_at_a_silent_server_ends_with_the_request_timeout() {
    let silent = relay::serve(|stream| async move {
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
fn sessions_of_one_client_use_their_own_proxies_and_trust() {
    let server = secured(HIDDEN);
    let behavior = Behavior::default;
    let (one, two) = (
        Proxy::start(server.address, behavior()),
        Proxy::start(server.address, behavior()),
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
    // Without the authority, this session does not trust the server.
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
    let proxy = Proxy::start(server.address, Behavior::default());
    let mut options = trusting(&format!("https://{HIDDEN}"), &server.authority);
    options.network.proxy = ProxyOption::parse(&format!("socks5h://{}", proxy.address)).unwrap();
    let login = |options: &SessionOptions| {
        let password = Secret::new("demo".to_owned());
        fbchat::blocking::Session::login(options, "alice@example.org", password)
    };
    let session = login(&options).unwrap();
    assert_ne!(session.account().uid, Uid(0));
    session.logout(LIMIT).unwrap();
    assert!(proxy.was_asked(&format!("socks5 name {HIDDEN}:443")));
    options.network.roots = Roots::default();
    let problem = login(&options).unwrap_err();
    assert_eq!(problem.untrusted.unwrap().why, Distrust::UnknownIssuer);
}
