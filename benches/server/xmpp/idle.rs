//! What an idle stream takes of the server's memory.

use crate::chat::Data;
use crate::table::row;
use crate::xmpp::prosody::{Accounts, Archive};
use crate::xmpp::stream::{Door, Listening, Stream};
use crate::xmpp::{QUIET, Security, Service, ours};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use tokio::task::JoinSet;

/// Logins under way at once.
const AT_ONCE: usize = 32;

/// Logs users in by a function, many at once.
pub async fn all<T, F>(users: usize, log_in: impl Fn(usize) -> F) -> Vec<T>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let log_in = Rc::new(log_in);
    let numbers = Rc::new(RefCell::new(0..users));
    let mut logins = JoinSet::new();
    let mut done = Vec::new();
    for _ in 0..AT_ONCE {
        if let Some(user) = numbers.borrow_mut().next() {
            logins.spawn_local(log_in(user));
        }
    }
    while let Some(ended) = logins.join_next().await {
        done.push(ended.expect("a login"));
        if let Some(user) = numbers.borrow_mut().next() {
            logins.spawn_local(log_in(user));
        }
    }
    done
}

/// KiB of memory for each stream of so many users, who are all online.
async fn measure(service: &impl Service, security: Security, users: usize) -> f64 {
    let door: Door = service.door(security);
    let before = service.process().rss();
    let listening = all(users, |user| {
        let door = door.clone();
        async move { Stream::log_in(&door, user).await.listen() }
    });
    let listening = listening.await;
    // They answer meanwhile.
    tokio::time::sleep(QUIET).await;
    let after = service.process().rss();
    let has_ended = listening.iter().any(Listening::has_ended);
    assert!(!has_ended, "a stream has ended");
    (after - before) / users as f64
}

/// Prints both, with each kind of encryption.
pub async fn compare(fbchatd: &Path, users: usize) {
    for (what, security) in [
        ("idle streams, in the clear", Security::Clear),
        ("idle streams, STARTTLS", Security::StartTls),
        ("idle streams, TLS at once", Security::Direct),
    ] {
        let data = Data::with_accounts(fbchatd, users);
        let ours = measure(&ours::serve(&data), security, users).await;
        let accounts = Accounts::new(users);
        let theirs = measure(&accounts.serve(Archive::Files), security, users).await;
        let text = |each: f64| format!("{each:.1} KiB each");
        row(what, text(ours), text(theirs), ours / theirs);
    }
}
