//! Texts from hosts, settings and headers: addresses, proxies, fingerprints, saved sessions, messages, cookies.

use fbchat::options::{Pin, Proxy};
use fbchat::protocol::{SavedState, ServerAddress, check_message, fuzzing};
use fbchat::types::message_part;

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    // It would read the environment, which is not part of the input.
    if first.trim() != "environment" {
        let _ = Proxy::parse(first);
    }
    let _ = Pin::parse(first);
    let _ = SavedState::parse(&text);
    message(&text);
    if let Ok(mut server) = ServerAddress::parse(first, true) {
        address(&mut server, lines);
    }
}

/// A long message is sent in parts, each of which is valid, and none of which is lost.
fn message(text: &str) {
    let limit = 20;
    let mut rest = text;
    while !rest.is_empty() {
        let length = message_part(rest, limit);
        assert!(length > 0, "no progress at {rest:?}");
        let (part, after) = rest.split_at(length);
        assert!(part.chars().count() <= limit, "{part:?}");
        let _ = check_message(part, false, limit);
        rest = after;
    }
}

/// The first line is a server; the others are what it says about other places, and its cookies.
fn address<'a>(server: &mut ServerAddress, lines: impl Iterator<Item = &'a str>) {
    let origin = server.origin().clone();
    assert!(server.trusts(&origin), "{origin}");
    let home = server.at("/home.php");
    assert_eq!(home.origin(), origin.origin());
    let again = ServerAddress::parse(origin.as_str(), true).expect("an origin is an address");
    assert_eq!(again.origin(), &origin);
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    for line in &lines {
        if let Some(url) = server.channel_at_label(line) {
            assert!(server.trusts(&url), "{url} at {origin}");
        }
        if let Some(url) = server.channel_at_reference(&home, line) {
            assert!(server.trusts(&url), "{url} at {origin}");
            server.move_to(&url);
        }
    }
    let (sent, restored) = fuzzing::cookies(&origin, &lines);
    assert_eq!(sent.is_some(), restored.is_some());
}
