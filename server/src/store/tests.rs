use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::*;
use crate::types::SessionKey;

type Heard = Arc<Mutex<Vec<Published>>>;

fn open(dir: &std::path::Path) -> (Sqlite, Heard) {
    let heard = Heard::default();
    let sink = heard.clone();
    (
        Sqlite::open(
            dir,
            Arc::new(move |events| crate::lock(&sink).extend(events)),
        )
        .unwrap(),
        heard,
    )
}

async fn add(store: &Sqlite, email: &str) -> User {
    let uid = store
        .add_user(email.into(), email.to_uppercase(), "!".into())
        .await
        .unwrap()
        .unwrap();
    store.friend(uid, uid).unwrap().unwrap()
}

fn new(from: &User, to: &User, id: u32, text: &str) -> NewMessage {
    NewMessage {
        from: from.clone(),
        to: to.clone(),
        text: text.into(),
        msg_id: id.to_string(),
        client_time: 0,
        there: Vec::new(),
    }
}

fn seqs(heard: &Heard, owner: &User) -> Vec<i64> {
    let heard = crate::lock(heard);
    heard
        .iter()
        .filter(|event| event.owner == owner.uid)
        .map(|event| event.seq.0)
        .collect()
}

#[tokio::test]
async fn numbers_go_on_after_a_clean_stop_and_jump_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let (store, heard) = open(dir.path());
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.push(vec![b.uid], "{}".into());
    store.accept(new(&a, &b, 1, "x")).await.unwrap();
    assert_eq!(seqs(&heard, &b), [1, 2]);
    store.close();

    let (store, heard) = open(dir.path());
    assert_eq!(store.marks().unwrap()[1].next, Seq(3));
    store.accept(new(&a, &b, 2, "x")).await.unwrap();
    assert_eq!(seqs(&heard, &b), [3]);
    // No close: that is how kill -9 leaves it.
    let (again, heard) = open(dir.path());
    let mark = again.marks().unwrap()[1].next;
    assert!(mark > Seq(3));
    again.accept(new(&a, &b, 3, "x")).await.unwrap();
    assert_eq!(seqs(&heard, &b), [mark.0]);
}

#[tokio::test]
async fn numbers_are_reserved_again_before_they_run_out() {
    let dir = tempfile::tempdir().unwrap();
    let (store, heard) = open(dir.path());
    let a = add(&store, "a@x").await;
    for _ in 0..2500 {
        store.push(vec![a.uid], "{}".into());
    }
    store.acknowledge(Vec::new()).await.unwrap();
    assert_eq!(seqs(&heard, &a), (1..=2500).collect::<Vec<_>>());
    assert!(store.marks().unwrap()[0].next > Seq(2500));
}

#[tokio::test]
async fn a_repeated_post_is_stored_and_published_once() {
    let (dir, time) = (tempfile::tempdir().unwrap(), |message: &Message| {
        message.time
    });
    let (store, heard) = open(dir.path());
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    assert_eq!(
        store.accept(new(&a, &b, 1, "x")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        store.accept(new(&a, &b, 1, "x")).await.unwrap(),
        Accepted::Again
    );
    assert_eq!(
        store.accept(new(&a, &b, 1, "y")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        store.accept(new(&b, &a, 1, "x")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        store.accept(new(&a, &a, 1, "x")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(seqs(&heard, &b), [1, 2, 3]);
    assert_eq!(seqs(&heard, &a), [1, 2, 3, 4]);
    let history = store.history(a.uid, b.uid, last(2)).unwrap();
    assert_eq!(
        history.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(),
        ["y", "x"]
    );
    assert!(history.is_sorted_by(|x, y| time(x) < time(y)));
    assert_eq!(store.history(a.uid, a.uid, last(9)).unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_commit_publishes_nothing_and_uses_no_number() {
    let dir = tempfile::tempdir().unwrap();
    let (store, heard) = open(dir.path());
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let other = Connection::open(dir.path().join("fbchatd.db")).unwrap();
    let spoil =
        "CREATE TRIGGER spoil BEFORE INSERT ON deliveries BEGIN SELECT raise(ROLLBACK, 'no'); END";
    other.execute_batch(spoil).unwrap();
    assert!(matches!(
        store.accept(new(&a, &b, 1, "x")).await,
        Err(StoreError::Sqlite(_))
    ));
    assert!(crate::lock(&heard).is_empty());
    other.execute_batch("DROP TRIGGER spoil").unwrap();
    assert_eq!(
        store.accept(new(&a, &b, 1, "x")).await.unwrap(),
        Accepted::New
    );
    assert_eq!((seqs(&heard, &a), seqs(&heard, &b)), (vec![1], vec![1]));
}

#[tokio::test]
async fn logins_are_found_by_address_and_by_unique_local_part() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for email in ["a@x", "b@x", "b@y"] {
        add(&store, email).await;
    }
    let found = |login| {
        store
            .account(login)
            .unwrap()
            .map(|account| account.user.email)
    };
    assert_eq!(found(" A@X ").as_deref(), Some("a@x"));
    assert_eq!(found("A").as_deref(), Some("a@x"));
    assert_eq!(found("b"), None);
    assert_eq!(found("b@y").as_deref(), Some("b@y"));
    assert_eq!(found(""), None);
    assert!(
        store
            .add_user("a@x".into(), "A".into(), "!".into())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_old_sessions_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let a = add(&store, "a@x").await;
    for n in 0..101 {
        store
            .open_session(SessionKey([n; 32]), a.uid, Origin::default())
            .await
            .unwrap();
    }
    let alive = |store: &Sqlite| {
        (0..101)
            .filter(|n| store.session(SessionKey([*n; 32])).unwrap().is_some())
            .count()
    };
    assert_eq!(alive(&store), 100);
    let keep = Some(SessionKey([7; 32]));
    store.set_password(a.uid, "!".into(), keep).await.unwrap();
    assert_eq!(alive(&store), 1);
    store.set_password(a.uid, "!".into(), None).await.unwrap();
    assert_eq!(alive(&store), 0);
}

#[test]
fn files_are_private_and_the_directory_is_for_one_server() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("deep/data");
    let (_store, _) = open(&data);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["fbchatd.db", "fbchatd.db-wal"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let locked = lock_directory(&data).unwrap();
    assert!(matches!(lock_directory(&data), Err(StoreError::Locked(_))));
    drop(locked);
    assert!(lock_directory(&data).is_ok());
}

#[tokio::test]
async fn fifty_people_can_be_asked_in_a_day_and_answers_do_not_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let a = add(&store, "a@x").await;
    for n in 0..52 {
        let other = add(&store, &format!("{n}@x")).await;
        let asked = store.ask(a.uid, other.uid, String::new()).await.unwrap();
        assert_eq!(
            matches!(asked, Asked::Requested(_)),
            n < 50,
            "{n} {asked:?}"
        );
        store.answer(other.uid, a.uid, n % 2 == 0).await.unwrap();
    }
    assert_eq!(store.friends(a.uid).unwrap().len(), 25);
    assert_eq!(store.requests_sent(a.uid).unwrap().len(), 25);
}

#[tokio::test]
async fn a_friendship_from_the_command_line_answers_what_waited() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.ask(a.uid, b.uid, "hello".into()).await.unwrap();
    assert_eq!(store.requests_received(b.uid).unwrap()[0].message, "hello");
    store.befriend(b.uid, a.uid).await.unwrap();
    assert!(store.requests_received(b.uid).unwrap().is_empty());
    assert!(store.requests_sent(a.uid).unwrap().is_empty());
}

fn last(limit: usize) -> Window {
    Window {
        since: None,
        before: None,
        limit,
    }
}
