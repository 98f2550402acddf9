//! The stream of a client of XMPP until it has a resource, and stanzas afterwards.

use fbchatd::fuzzing;

pub fn run(data: &[u8]) {
    let whole = fuzzing::xmpp_stream(data, data.len());
    // How the bytes arrive makes no difference.
    let pieces = fuzzing::xmpp_stream(data, 7);
    assert_eq!(without_ids(&whole), without_ids(&pieces));
}

/// Ids of streams are random.
fn without_ids(out: &str) -> String {
    let mut parts = out.split(" id='");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| match part.split_once('\'') {
        Some((_, rest)) => all + rest,
        None => all + part,
    })
}
