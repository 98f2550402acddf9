//! Everybody comes back after a restart.

use crate::chat::Data;
use crate::table::row;
use crate::xmpp::idle::all;
use crate::xmpp::prosody::{Accounts, Archive};
use crate::xmpp::stream::{Door, Stream};
use crate::xmpp::{Security, Service, ours};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long it takes until everybody is online, and the server's CPU time for that.
struct Back {
    span: Duration,
    cpu: Duration,
}

async fn measure<F>(service: &impl Service, users: usize, log_in: impl Fn(Door, usize) -> F) -> Back
where
    F: Future<Output = Stream> + 'static,
{
    let door = service.door(Security::StartTls);
    let (start, cpu) = (Instant::now(), service.process().cpu());
    let listening = all(users, |user| {
        let stream = log_in(door.clone(), user);
        async move { stream.await.listen() }
    });
    let _listening = listening.await;
    Back {
        span: start.elapsed(),
        cpu: service.process().cpu() - cpu,
    }
}

/// Prints both: with tokens, and with passwords that Prosody need not hash. Both with TLS.
pub async fn compare(fbchatd: &Path, users: usize) {
    let data = Data::with_accounts(fbchatd, users);
    let tokens = {
        let server = ours::serve(&data);
        let door = server.door(Security::Clear);
        let tokens = all(users, |user| {
            let door = door.clone();
            async move { (user, Stream::token(&door, user).await) }
        });
        let mut tokens = tokens.await;
        tokens.sort();
        Rc::new(tokens)
    };
    let server = ours::serve(&data);
    let ours = measure(&server, users, |door, user| {
        let tokens = tokens.clone();
        async move {
            let (_, token) = tokens.get(user).expect("a token");
            Stream::log_in_with(&door, user, token).await
        }
    });
    let ours = ours.await;
    drop(server);
    let accounts = Accounts::new(users);
    let server = accounts.serve(Archive::Files);
    let log_in = |door, user| async move { Stream::log_in(&door, user).await };
    let theirs = measure(&server, users, log_in).await;
    let text = |back: &Back| {
        let (span, cpu) = (back.span.as_secs_f64(), back.cpu.as_secs_f64());
        format!("{span:.1} s, {cpu:.1} s of CPU")
    };
    let ratio = ours.span.as_secs_f64() / theirs.span.as_secs_f64();
    let what = format!("{users} logins after a restart");
    row(&what, text(&ours), text(&theirs), ratio);
}
