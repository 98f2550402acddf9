//! The services as a front end uses them that is not HTTP.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zeroize::Zeroizing;

use super::channel::{self, Answer};
use super::friends::FriendError;
use super::lists::ListError;
use super::login_attempts::AttemptError;
use super::messages::{Outgoing, SendError};
use super::passwords::{Cost, hash};
use super::presence::VisibilityError;
use super::sessions::Keeper;
use super::*;
use crate::hub::Limits;
use crate::store;
use crate::types::{Presence, Seq, Session, Uid};

/// The messages that one user may send at once.
const BURST: u32 = 100;

struct World {
    services: Services,
    uids: Vec<Uid>,
    _dir: tempfile::TempDir,
}

/// Alice and Bob, who are friends, and Carol, who is a stranger to both.
async fn world() -> World {
    let day = Duration::from_secs(86_400);
    let hub = Arc::new(Hub::new(Limits {
        offline_after: day,
        idle_after: day,
        is_shared: false,
    }));
    let store = store::in_memory(hub.clone()).unwrap();
    let password = hash("demo", Cost::Cheap).unwrap();
    let mut uids = Vec::new();
    for name in ["Alice", "Bob", "Carol"] {
        let email = format!("{}@x", name.to_lowercase());
        let added = store.add_user(email, name.into(), password.clone());
        uids.push(added.await.unwrap().unwrap());
    }
    store.befriend(uids[0], uids[1]).await.unwrap();
    let passwords = Passwords::new(Cost::Cheap).unwrap();
    let metrics = Metrics::new(store.commit_times(), passwords.times());
    let config = Config {
        message_limit: 10,
        message_burst: BURST,
        messages_per_s: 1,
        ..Config::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let disk = Some(Disk::at(dir.path()));
    World {
        services: Services::new(&config, store, disk, hub, passwords, &metrics, None).unwrap(),
        uids,
        _dir: dir,
    }
}

impl World {
    /// Whether a password from an address is right.
    async fn attempt(&self, login: &str, password: &str, address: u8) -> Result<(), AttemptError> {
        let password = Zeroizing::new(password.to_owned());
        let address = Some([10, 0, 0, address].into());
        let attempts = &self.services.login_attempts;
        attempts.log_in(login, password, address).await.map(drop)
    }

    async fn log_in(&self, login: &str, password: &str) -> Result<Session, AttemptError> {
        let password = Zeroizing::new(password.to_owned());
        let attempts = &self.services.login_attempts;
        let known = attempts.log_in(login, password, None).await?;
        let sessions = &self.services.sessions;
        let (uid, hash) = (known.user.uid, Some(known.hash));
        let opened = sessions.open(uid, None, "test", Keeper::Program, hash);
        let (secret, _) = opened.await.unwrap();
        Ok(sessions.find(&secret).await.unwrap().unwrap())
    }

    async fn send(&self, session: &Session, to: Uid, text: &str) -> Result<(), SendError> {
        let message = Outgoing {
            to,
            msg_id: "1",
            text,
            files: Vec::new(),
            client_time: None,
        };
        self.services.messages.send(session, message).await
    }
}

#[tokio::test]
async fn the_rules_of_sending_hold_for_every_front_end() {
    let world = world().await;
    let (alice, bob, carol) = (world.uids[0], world.uids[1], world.uids[2]);
    assert!(matches!(
        world.log_in("alice", "wrong").await,
        Err(AttemptError::Wrong)
    ));
    let session = world.log_in("alice", "demo").await.unwrap();
    world.send(&session, bob, "hi\u{7}").await.unwrap();
    world.send(&session, bob, "hi").await.unwrap();
    let messages = &world.services.messages;
    let history = messages.history(&session, bob, None, None, None).await;
    let (history, more) = history.unwrap().unwrap();
    assert_eq!((history.len(), more), (1, false));
    assert_eq!(history[0].text, "hi");
    assert!(matches!(
        world.send(&session, carol, "hi").await,
        Err(SendError::NotReachable)
    ));
    assert!(matches!(
        world.send(&session, bob, "").await,
        Err(SendError::Empty)
    ));
    assert!(matches!(
        world.send(&session, bob, "12345678901").await,
        Err(SendError::TooLong(10))
    ));
    assert!(matches!(
        messages.typing(&session, bob, true).await,
        Err(SendError::NotReachable)
    ));
    let presences = &world.services.presences;
    presences.set_visible(&session, false).await.unwrap();
    let session = world.log_in("alice", "demo").await.unwrap();
    assert!(matches!(
        world.send(&session, bob, "there?").await,
        Err(SendError::ChatOff)
    ));
    // What was stored stays stored, whatever has changed since.
    world.send(&session, bob, "hi").await.unwrap();
    let channels = &world.services.channels;
    let poll = channels.poll(alice, session.key, Seq(1), None, None).await;
    assert!(matches!(poll, Ok(channel::Poll::Answer(Answer::Items(items))) if items.len() == 1));
}

#[tokio::test]
async fn a_login_shows_nobody_as_online_until_the_client_is_ready() {
    let world = world().await;
    let services = &world.services;
    let (alice, bob) = (
        world.log_in("alice", "demo").await.unwrap(),
        world.log_in("bob@x", "demo").await.unwrap(),
    );
    let seen = || async { services.friends.list(&alice).await.unwrap()[0].1 };
    services.presences.touch(&bob, true);
    assert_eq!(seen().await, Presence::Offline);
    services.presences.mark_online(&bob, true);
    assert_eq!(seen().await, Presence::Active);
    services.sessions.end(bob, None).await.unwrap();
    assert_eq!(seen().await, Presence::Offline);
}

#[tokio::test]
async fn many_logins_of_one_address_let_others_pass() {
    let world = Arc::new(world().await);
    let finished = Arc::new(AtomicUsize::new(0));
    for n in 0..200 {
        let (world, finished) = (world.clone(), finished.clone());
        tokio::spawn(async move {
            let login = if n % 2 == 0 { "alice" } else { "carol" };
            world.attempt(login, "demo", 1).await.unwrap();
            finished.fetch_add(1, Ordering::Relaxed);
        });
    }
    tokio::task::yield_now().await;
    world.attempt("bob", "demo", 2).await.unwrap();
    let finished = finished.load(Ordering::Relaxed);
    assert!(finished < 100, "{finished} of 200 came first");
}

#[tokio::test]
async fn many_reads_of_history_of_one_user_let_others_pass() {
    let world = world().await;
    let (alice, bob) = (
        world.log_in("alice", "demo").await.unwrap(),
        world.log_in("bob", "demo").await.unwrap(),
    );
    let (messages, with) = (&world.services.messages, world.uids[1]);
    let read = |session| Box::pin(messages.history(session, with, None, None, None));
    let mut reads: Vec<_> = (0..20).map(|_| read(&alice)).collect();
    // Each is queued at the store, or waits for its turn.
    let mut cx = Context::from_waker(Waker::noop());
    let mut finished = || {
        let polls = reads.iter_mut().map(|read| read.as_mut().poll(&mut cx));
        polls.filter(Poll::is_ready).count()
    };
    assert_eq!(finished(), 0);
    read(&bob).await.unwrap();
    let finished = finished();
    assert!(finished < 10, "{finished} of 20 came first");
}

#[tokio::test]
async fn many_logins_at_one_account_let_others_of_the_address_pass() {
    let world = Arc::new(world().await);
    let finished = Arc::new(AtomicUsize::new(0));
    for _ in 0..200 {
        let (world, finished) = (world.clone(), finished.clone());
        tokio::spawn(async move {
            world.attempt("alice", "demo", 1).await.unwrap();
            finished.fetch_add(1, Ordering::Relaxed);
        });
    }
    tokio::task::yield_now().await;
    world.attempt("bob", "demo", 1).await.unwrap();
    let finished = finished.load(Ordering::Relaxed);
    assert!(finished < 100, "{finished} of 200 came first");
}

#[tokio::test]
async fn whatever_a_user_writes_or_pushes_to_others_has_a_limit() {
    let world = world().await;
    let services = &world.services;
    let (alice, bob) = (
        world.log_in("alice", "demo").await.unwrap(),
        world.log_in("bob", "demo").await.unwrap(),
    );
    services.presences.mark_online(&bob, true);
    let to = bob.user.uid;
    let friends = &services.friends;
    // A slow machine may allow a few more.
    macro_rules! until_refused {
        ($call:expr, $refused:pat) => {
            let mut allowed = 0;
            while !matches!($call.await, Err($refused)) {
                allowed += 1;
                assert!(allowed < 2 * ACTIONS, "no limit");
            }
        };
    }
    until_refused!(friends.poke(&alice, to), FriendError::TooOften(_));
    let typing = async || services.messages.typing(&alice, to, true).await;
    until_refused!(typing(), SendError::TooOften(_));
    let ask = async || friends.ask(&alice, world.uids[2], "hi").await;
    until_refused!(ask(), FriendError::TooOften(_));
    let answer = async || friends.answer(&alice, to, true).await;
    until_refused!(answer(), FriendError::TooOften(_));
    let list = async || services.lists.create(&alice, "new").await;
    until_refused!(list(), ListError::TooOften(_));
    let show = async || services.presences.set_visible(&alice, true).await;
    until_refused!(show(), VisibilityError::TooOften(_));
    // Messages have a limit of their own, and others are not concerned.
    world.send(&alice, to, "hi").await.unwrap();
    friends.poke(&bob, alice.user.uid).await.unwrap();
    until_refused!(friends.remove(&alice, to), FriendError::TooOften(_));
}

#[tokio::test]
async fn only_new_messages_count_against_the_pace() {
    let world = world().await;
    let session = world.log_in("alice", "demo").await.unwrap();
    let bob = world.uids[1];
    let send = async |text: &str| world.send(&session, bob, text).await;
    send("first").await.unwrap();
    for refused in ["", "12345678901"] {
        send(refused).await.unwrap_err();
    }
    for _ in 0..BURST {
        send("first").await.unwrap();
    }
    for n in 1..BURST {
        send(&n.to_string()).await.unwrap();
    }
    // A slow machine may allow a few more.
    let mut n = BURST;
    while !matches!(send(&n.to_string()).await, Err(SendError::TooFast(_))) {
        n += 1;
        assert!(n < 10 * BURST, "no limit");
    }
    // A client whose answer was lost still learns that the message is stored.
    send("first").await.unwrap();
}
