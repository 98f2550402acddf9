//! Databases of earlier versions, and of later ones.

use std::sync::Arc;

use super::*;
use crate::store::sqlite::Sqlite;
use crate::store::{self, ListChange, MessageCheck};
use crate::types::{Seq, SessionKey, Uid};

/// As the first version would have written it.
const FIRST: &str = "
    INSERT INTO users(email, name, password, seq) VALUES ('a@x', 'A', '!', 3), ('b@x', 'B', '!', 2);
    INSERT INTO friends VALUES (100001, 100002), (100002, 100001);
    INSERT INTO sessions VALUES (zeroblob(32), 100001, 7);
    INSERT INTO messages VALUES (8, 100001, 100002, '5', 6, 'old');
    INSERT INTO deliveries VALUES (100002, 1, 8), (100001, 2, 8);
";

#[tokio::test]
async fn data_of_every_earlier_version_is_brought_up_to_date() {
    for version in 1..=STEPS.len() {
        let dir = tempfile::tempdir().unwrap();
        let db = Connection::open(Sqlite::file(dir.path())).unwrap();
        for (at, step) in STEPS[..version].iter().enumerate() {
            take_step(&db, at, step).unwrap();
            if at == 0 {
                db.execute_batch(FIRST).unwrap();
            }
        }
        db.pragma_update(None, "user_version", version as i64)
            .unwrap();
        drop(db);
        let store = store::open(dir.path(), Arc::new(())).unwrap();
        let a = store.account("a").await.unwrap().unwrap().user;
        let b = store.friends(a.uid).await.unwrap().remove(0);
        assert_eq!((a.name.as_str(), b.name.as_str()), ("A", "B"));
        assert_eq!((a.picture, a.since, b.status.is_none()), (None, None, true));
        let key = SessionKey([0; 32]);
        assert_eq!(store.session(key).await.unwrap().unwrap().0.uid, a.uid);
        assert_eq!(store.sessions(a.uid).await.unwrap()[0].created, 7);
        let delivered = store.deliveries(b.uid, Seq(1), Seq(9), 9).await.unwrap();
        let old = &delivered[0].1;
        assert_eq!(
            (old.text.as_str(), old.from_name.as_str(), old.time),
            ("old", "A", 8),
            "{version}"
        );
        let found = store.search(b.uid, "a", 9).await.unwrap();
        assert_eq!(found[0].0.uid, a.uid, "{version}");
        let check = store.check_message(a.uid, b.uid, "5", "old", &[]).await;
        assert!(matches!(check, Ok(MessageCheck::Duplicate)), "{version}");
        assert_eq!((a.username, b.username), ("a10".into(), "b10".into()));
        // One message with three bytes.
        assert_eq!(
            store.stats().await.unwrap().largest,
            [("a@x".to_owned(), 259)]
        );
        let list = ListChange::Create("new".into());
        store.change_lists(a.uid, list).await.unwrap();
        store.delete_user(a.uid).await.unwrap();
        assert_eq!(store.stats().await.unwrap().messages, 0);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn texts_that_break_the_rule_of_today_are_cleaned() {
    let dir = tempfile::tempdir().unwrap();
    let db = Connection::open(Sqlite::file(dir.path())).unwrap();
    for (at, step) in STEPS[..CLEAN_TEXTS].iter().enumerate() {
        take_step(&db, at, step).unwrap();
    }
    db.execute_batch(
        "INSERT INTO users(email, name, password, status) VALUES
            ('a@x', 'E' || char(0x301) || 'lan' || char(0xffff), '!', char(0x202e) || 'out'),
            ('b@x', char(0x200b), '!', char(0x202e));
        INSERT INTO friend_lists(owner, name) VALUES (100001, 'Wor' || char(0xfffe) || 'k');
        INSERT INTO friend_requests(sender, recipient, message, time) VALUES (100001, 100002, 'hi' || char(0xffff), 1);",
    )
    .unwrap();
    db.pragma_update(None, "user_version", CLEAN_TEXTS as i64)
        .unwrap();
    drop(db);
    let store = store::open(dir.path(), Arc::new(())).unwrap();
    let a = store.account("a@x").await.unwrap().unwrap().user;
    let b = store.account("b@x").await.unwrap().unwrap().user;
    assert_eq!((a.name.as_str(), b.name.as_str()), ("Élan", "User 100002"));
    assert_eq!(a.status.unwrap().text, "out");
    assert!(b.status.is_none());
    assert_eq!(store.lists(a.uid).await.unwrap()[0].name, "Work");
    let request = store.requests_received(b.uid).await.unwrap().remove(0);
    assert_eq!(request.message, "hi");
    let found = store.search(b.uid, "e\u{301}L", 9).await.unwrap();
    assert_eq!(found[0].0.uid, a.uid);
}

#[tokio::test]
async fn a_picture_as_it_was_uploaded_is_not_served_until_it_was_rendered() {
    let dir = tempfile::tempdir().unwrap();
    let db = Connection::open(Sqlite::file(dir.path())).unwrap();
    let version = STEPS.iter().position(|step| step.contains("unrendered"));
    let version = version.unwrap();
    for (at, step) in STEPS[..version].iter().enumerate() {
        take_step(&db, at, step).unwrap();
    }
    db.execute_batch(
        "INSERT INTO users(email, name, password, picture) VALUES ('a@x', 'A', '!', 'old');
        INSERT INTO pictures VALUES (100001, CAST('uploaded' AS BLOB));",
    )
    .unwrap();
    db.pragma_update(None, "user_version", version as i64)
        .unwrap();
    drop(db);
    let store = store::open(dir.path(), Arc::new(())).unwrap();
    let uid = Uid(100_001);
    assert_eq!(store.picture(uid, "old").await.unwrap(), None);
    let found = store.unrendered_picture().await.unwrap();
    assert_eq!(found, Some((uid, "old".into(), b"uploaded".to_vec())));
    // One that was uploaded in the meantime stays.
    let new = || Some(("new".to_owned(), b"new".to_vec()));
    store.set_picture(uid, new()).await.unwrap();
    assert_eq!(store.unrendered_picture().await.unwrap(), None);
    let replace = store.replace_picture(uid, "old".into(), None);
    assert!(!replace.await.unwrap());
    let picture = store.picture(uid, "new").await.unwrap();
    assert_eq!(picture.unwrap(), b"new");
}

#[test]
fn a_newer_database_is_refused() {
    let mut db = Connection::open_in_memory().unwrap();
    migrate(&mut db, Path::new("x")).unwrap();
    migrate(&mut db, Path::new("x")).unwrap();
    db.pragma_update(None, "user_version", STEPS.len() as i64 + 1)
        .unwrap();
    assert!(matches!(
        migrate(&mut db, Path::new("x")),
        Err(StoreError::Newer(_))
    ));
}
