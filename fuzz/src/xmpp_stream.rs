//! The stream of a client of XMPP until it has a resource, and stanzas afterwards.

use fbchatd::fuzzing;

pub fn run(data: &[u8]) {
    let whole = fuzzing::xmpp_stream(data, data.len());
    let pieces = fuzzing::xmpp_stream(data, 7);
    // How the bytes arrive makes no difference, except for when an error is found, and which of several.
    let (whole, pieces) = (comparable(&whole), comparable(&pieces));
    if whole.1 == pieces.1 {
        assert_eq!(whole.0, pieces.0);
    }
}

/// The answers up to an error, without the ids of streams, which are random; and whether there is one.
fn comparable(out: &str) -> (String, bool) {
    let (before, has_error) = match out.split_once("<stream:error>") {
        Some((before, _)) => (before, true),
        None => (out, false),
    };
    let mut parts = before.split(" id='");
    let first = parts.next().unwrap_or_default().to_owned();
    let without_ids = parts.fold(first, |all, part| match part.split_once('\'') {
        Some((_, rest)) => all + rest,
        None => all + part,
    });
    (without_ids, has_error)
}
