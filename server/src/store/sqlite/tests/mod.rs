//! What is special about SQLite: its files, and its threads.

mod access;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::*;
use crate::store::tests::message;
use crate::store::{Asked, ChangedBy, HistoryRange, Inserted, Origin, Store, Term};
use crate::types::{Seq, SessionKey, User};

const TERM: Term = Term {
    lasts: i64::MAX,
    end: i64::MAX,
    kept: false,
};

async fn add(store: &Store, email: &str, name: &str, password: &str) -> User {
    let uid = store.add_user(email.into(), name.into(), password.into());
    let uid = uid.await.unwrap().unwrap();
    store.user(uid).await.unwrap().unwrap()
}

fn open(dir: &Path) -> Store {
    Store::Sqlite(Sqlite::open(dir, Arc::new(())).unwrap())
}

#[tokio::test]
async fn a_refused_commit_stores_nothing_and_uses_no_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (a, b) = (
        add(&store, "a@x", "A", "!").await,
        add(&store, "b@x", "B", "!").await,
    );
    let other = Connection::open(dir.path().join("fbchatd.db")).unwrap();
    let spoil =
        "CREATE TRIGGER spoil BEFORE INSERT ON deliveries BEGIN SELECT raise(ROLLBACK, 'no'); END";
    other.execute_batch(spoil).unwrap();
    let refused = store.insert_message(message(&a, &b, 1, "x")).await;
    assert!(matches!(refused, Err(StoreError::Failed { .. })));
    assert!(store.messages_of(a.uid, 0, 9).await.unwrap().is_empty());
    other.execute_batch("DROP TRIGGER spoil").unwrap();
    let stored = store.insert_message(message(&a, &b, 1, "x")).await;
    assert_eq!(stored.unwrap(), Inserted::New);
    let delivered = store.deliveries(b.uid, Seq(1), Seq(9), 9);
    assert_eq!(delivered.await.unwrap()[0].0, Seq(1));
}

#[tokio::test]
async fn a_long_read_delays_neither_short_reads_nor_writes_and_its_queue_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let Store::Sqlite(sqlite) = &store else {
        panic!("another store");
    };
    let ((reached, running), (release, released)) = (channel(), channel::<()>());
    let long = sqlite.long_read(move |_| {
        reached.send(()).unwrap();
        let _ = released.recv();
        Ok(())
    });
    running.recv().unwrap();
    let a = add(&store, "a@x", "A", "!").await;
    assert!(store.friends(a.uid).await.unwrap().is_empty());
    let searches: Vec<_> = (0..=LONG_READS)
        .map(|_| store.search(a.uid, "a", 9))
        .collect();
    drop(release);
    long.await.unwrap();
    let mut busy = 0;
    for search in searches {
        match search.await {
            Ok(found) => assert_eq!(found.len(), 1),
            Err(error) => {
                assert!(matches!(error, StoreError::Busy));
                busy += 1;
            }
        }
    }
    assert_eq!(busy, 1);
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_is_skipped() {
    let store = Sqlite::in_memory(Arc::new(())).unwrap();
    let ((reached, running), (release, released)) = (channel(), channel::<()>());
    let long = store.long_read(move |_| {
        reached.send(()).unwrap();
        let _ = released.recv();
        Ok(())
    });
    running.recv().unwrap();
    let (ran, runs) = channel();
    drop(store.long_read(move |_| Ok(ran.send(()))));
    drop(release);
    long.await.unwrap();
    store.long_read(|_| Ok(())).await.unwrap();
    assert!(runs.recv().is_err());
}

#[tokio::test]
async fn searches_read_the_index_and_checks_read_nothing_else() {
    let store = Sqlite::in_memory(Arc::new(())).unwrap();
    let plan = |sql: &'static str| {
        store.read(move |db| {
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
            Ok(steps.collect::<Result<Vec<_>, _>>()?.join("\n"))
        })
    };
    let check = "SELECT 1 FROM messages WHERE sender = 1 AND msg_id = 2 AND recipient = 3 AND text_hash = 4";
    let check = plan(check).await.unwrap();
    assert!(check.contains("COVERING INDEX messages_id"), "{check}");
    let all = plan("SELECT * FROM users ORDER BY name, uid")
        .await
        .unwrap();
    assert!(!all.contains("TEMP B-TREE"), "{all}");
    let words = "SELECT * FROM users WHERE uid IN
        (SELECT uid FROM name_words WHERE word >= 'a' AND word < 'b') OR email = 'a'";
    let words = plan(words).await.unwrap();
    assert!(!words.contains("SCAN"), "{words}");
}

/// How often a word is in the files of a directory, in lower or upper case.
fn count_in_files(dir: &Path, word: &str) -> usize {
    let files = dir.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let count = |file| {
        let bytes = std::fs::read(file).unwrap();
        let at = bytes.windows(word.len());
        at.filter(|at| at.eq_ignore_ascii_case(word.as_bytes()))
            .count()
    };
    files.map(count).sum()
}

const MESSAGES: usize = 3000;

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Enough of everything that pages of the database are split and merged.
#[tokio::test]
async fn what_was_deleted_or_replaced_is_not_in_the_files_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let a = add(&store, "hidden-a@x", "Hidden-Name A", "hidden-hash-a").await;
    let b = add(&store, "b@x", "Hidden-Name B", "hidden-hash-b").await;
    let c = add(&store, "c@x", "C", "!").await;
    let picture = |hidden: bool| {
        let mut bytes: Vec<u8> = (0..30_000).map(|at| (at % 251) as u8).collect();
        let word = if hidden { "hidden" } else { "picture" };
        bytes.splice(20_000..20_000, word.bytes());
        Some((word.to_owned(), bytes))
    };
    for user in [&a, &b] {
        let set = store.set_picture(user.uid, picture(true));
        set.await.unwrap();
        let set = store.set_status(user.uid, Some("hidden-status".into()));
        set.await.unwrap();
        let key = SessionKey(*b"hidden-session-hidden-session-hi");
        let origin = Origin {
            address: Some("10.0.0.1".into()),
            client: "hidden-client".into(),
            proof: None,
        };
        let term = Term {
            lasts: 1,
            end: i64::MAX,
            kept: false,
        };
        let opened = store.open_session(key, user.uid, origin, term, None);
        opened.await.unwrap();
        store.end_session(key).await.unwrap();
    }
    // A message keeps the name that its sender had.
    let renamed = User {
        name: "B".into(),
        ..b.clone()
    };
    let mut sent = Vec::new();
    for n in 0..MESSAGES {
        let text = |word: &str| format!("{word}-{n}-{}", "x".repeat(n % 700));
        let (from, to) = if n % 2 == 0 { (&a, &b) } else { (&b, &a) };
        sent.push(store.insert_message(message(from, to, n, &text("hidden"))));
        sent.push(store.insert_message(message(&renamed, &c, n, &text("kept"))));
    }
    for sent in sent {
        sent.await.unwrap();
    }
    assert!(count_in_files(dir.path(), "hidden") > MESSAGES);
    assert!(count_in_files(dir.path(), "kept") >= MESSAGES);

    store.delete_user(a.uid).await.unwrap();
    let set = store.set_picture(b.uid, picture(false));
    set.await.unwrap();
    store.set_status(b.uid, None).await.unwrap();
    store.set_name(b.uid, "B".into()).await.unwrap();
    let set = store.set_username(b.uid, "bee".into(), ChangedBy::Operator);
    set.await.unwrap();
    let set = store.set_password(b.uid, "new".into(), None);
    set.await.unwrap();
    // While the store is open, it takes up to the next look after the files.
    let start = Instant::now();
    while count_in_files(dir.path(), "hidden") > 0 {
        assert!(start.elapsed() < PATIENCE, "something was left");
        tokio::task::yield_now().await;
    }
    assert!(count_in_files(dir.path(), "kept") >= MESSAGES);
    // A command that deletes leaves nothing to anybody else.
    store.delete_user(b.uid).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(count_in_files(dir.path(), "kept"), 0);
}

/// Data of a server whose clock was years ahead for a while.
#[tokio::test]
async fn times_follow_the_clock_and_the_order_does_not() {
    const AHEAD: i64 = 5 * 365 * 24 * 60 * 60 * 1000;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (a, b) = (
        add(&store, "a@x", "A", "!").await,
        add(&store, "b@x", "B", "!").await,
    );
    let send = async |store: &Store, text: &str| {
        let sent = store.insert_message(message(&a, &b, 1, text)).await;
        assert_eq!(sent.unwrap(), Inserted::New);
    };
    send(&store, "0").await;
    store.ask(a.uid, b.uid, String::new()).await.unwrap();
    store.answer(b.uid, a.uid, false).await.unwrap();
    for n in 0..100 {
        let key = SessionKey([n; 32]);
        let origin = Origin {
            address: None,
            client: String::new(),
            proof: None,
        };
        store
            .open_session(key, a.uid, origin, TERM, None)
            .await
            .unwrap();
    }
    store.close().await.unwrap();
    let db = Connection::open(dir.path().join("fbchatd.db")).unwrap();
    db.execute_batch(&format!(
        "UPDATE messages SET time = time + {AHEAD}; UPDATE sessions SET created = created + {AHEAD};
        UPDATE friend_requests SET answered = answered + {AHEAD};"
    ))
    .unwrap();
    drop(db);
    let store = open(dir.path());
    for n in 1..8 {
        send(&store, &n.to_string()).await;
    }
    let all = store.messages_of(a.uid, 0, 99).await.unwrap();
    let now = crate::clock::now_ms();
    assert!(all[0].time > now + AHEAD / 2);
    assert!(all[1..].iter().all(|message| message.time <= now + 1000));
    assert!(all[1..].is_sorted_by(|x, y| x.time < y.time));
    let part = async |since, before, limit| {
        let range = HistoryRange {
            since,
            before,
            limit,
        };
        let part = store.history(a.uid, b.uid, range).await.unwrap();
        part.into_iter()
            .map(|message| message.text)
            .collect::<String>()
    };
    let time = |n: usize| Some(all[n].time);
    assert_eq!(part(None, None, 99).await, "01234567");
    assert_eq!(part(None, time(3), 2).await, "12");
    assert_eq!(part(None, time(1), 2).await, "0");
    assert_eq!(part(None, time(0), 2).await, "");
    assert_eq!(part(None, Some(i64::MAX), 2).await, "67");
    assert_eq!(part(time(0), None, 3).await, "123");
    assert_eq!(part(time(6), None, 3).await, "7");
    assert_eq!(part(Some(0), None, 2).await, "01");
    // What the clock was ahead for is over.
    let again = store.ask(a.uid, b.uid, String::new()).await.unwrap();
    assert!(matches!(again, Asked::Requested(_)));
    let origin = Origin {
        address: None,
        client: String::new(),
        proof: None,
    };
    let new = SessionKey([200; 32]);
    store
        .open_session(new, a.uid, origin, TERM, None)
        .await
        .unwrap();
    assert!(store.session(new).await.unwrap().is_some());
}
