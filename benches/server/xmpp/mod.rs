//! What XMPP costs fbchatd, beside Prosody as Debian installs it: idle streams, messages, and logins after a restart; and what the
//! service costs those who use HTTP. `make bench-xmpp` runs it.

mod http;
mod idle;
mod logins;
mod messages;
mod ours;
mod prosody;
mod stream;

use crate::load::Server;
use std::path::Path;
use std::time::Duration;

/// Streams of the parts `idle` and `logins`, and held polls.
pub const STREAMS: usize = 10_000;
/// Until an allocator has given back what it does not need.
const QUIET: Duration = Duration::from_secs(12);

/// A running server that speaks XMPP.
pub trait Service {
    fn process(&self) -> &testkit::process::Process;
    /// Where to connect, and how.
    fn door(&self, security: Security) -> stream::Door;
}

/// How streams are encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Clear,
    StartTls,
    /// From the first byte, on a port of its own.
    Direct,
}

impl Service for ours::Ours {
    fn process(&self) -> &testkit::process::Process {
        self.server.process()
    }

    fn door(&self, security: Security) -> stream::Door {
        self.doors.to(security, ours::name)
    }
}

/// Prints one part, or all if none is named; with so many streams.
pub async fn compare(fbchatd: &Path, part: Option<&str>, streams: usize) {
    let is_wanted = |name| part.is_none_or(|part| part == name);
    println!("XMPP through fbchatd; the peer is Prosody");
    if is_wanted("idle") {
        idle::compare(fbchatd, streams).await;
    }
    if is_wanted("messages") {
        messages::compare(fbchatd).await;
    }
    if is_wanted("logins") {
        logins::compare(fbchatd, streams).await;
    }
    if is_wanted("http") {
        println!("fbchatd over HTTP with XMPP switched on; below, without");
        http::compare(fbchatd, streams).await;
    }
}
