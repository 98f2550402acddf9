//! The tables, and the steps that bring an older database up to date.

use std::path::Path;

use rusqlite::Connection;

use super::messages::text_hash;
use super::profiles::index_name;
use crate::store::StoreError;
use crate::types::Uid;

/// One step per version. A step that was released is never edited; changes are made by another step.
const STEPS: &[&str] = &[
    "
CREATE TABLE users(
    uid INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,             -- lower case
    name TEXT NOT NULL,
    password TEXT NOT NULL,                 -- PHC string
    visible INTEGER NOT NULL DEFAULT 1,
    seq INTEGER NOT NULL DEFAULT 1,         -- numbers from here on were never used
    acked INTEGER NOT NULL DEFAULT 1        -- everything below has been fetched
) STRICT;
CREATE INDEX users_local_part ON users(substr(email, 1, instr(email, '@') - 1));
INSERT INTO sqlite_sequence(name, seq) VALUES ('users', 100000);

CREATE TABLE friends(
    uid INTEGER NOT NULL REFERENCES users,
    friend INTEGER NOT NULL REFERENCES users,
    PRIMARY KEY (uid, friend)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions(
    key BLOB PRIMARY KEY,                   -- hash of the cookie xs
    uid INTEGER NOT NULL REFERENCES users,
    created INTEGER NOT NULL                -- ms
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_uid ON sessions(uid, created);

CREATE TABLE messages(
    time INTEGER PRIMARY KEY,               -- ms, unique, rising
    sender INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    msg_id TEXT NOT NULL,
    client_time INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX messages_id ON messages(sender, msg_id);
CREATE INDEX messages_pair ON messages(sender, recipient, time);

CREATE TABLE deliveries(
    owner INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (owner, seq)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE friend_requests(
    sender INTEGER NOT NULL REFERENCES users,
    recipient INTEGER NOT NULL REFERENCES users,
    message TEXT NOT NULL,
    time INTEGER NOT NULL,                  -- ms
    answer INTEGER NOT NULL DEFAULT 0,      -- 0 none yet, 1 accepted, 2 declined
    answered INTEGER NOT NULL DEFAULT 0,    -- ms, if declined
    PRIMARY KEY (sender, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX friend_requests_recipient ON friend_requests(recipient, answer, time);
",
    "
ALTER TABLE users ADD COLUMN picture TEXT;  -- hash of the picture, which is part of its URL
CREATE TABLE pictures(
    uid INTEGER PRIMARY KEY REFERENCES users,
    bytes BLOB NOT NULL
) STRICT;
",
    "
ALTER TABLE users ADD COLUMN status TEXT;
ALTER TABLE users ADD COLUMN status_time INTEGER NOT NULL DEFAULT 0;    -- ms
ALTER TABLE users ADD COLUMN created INTEGER NOT NULL DEFAULT 0;        -- ms; 0: before this was noted
",
    "
CREATE TABLE unread(                        -- conversations with messages that their owner has not read
    owner INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    time INTEGER NOT NULL,                  -- of the last of them, ms
    PRIMARY KEY (owner, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor INTEGER NOT NULL REFERENCES users,
    time INTEGER NOT NULL,                  -- ms
    seen INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX notifications_owner ON notifications(owner, id);
",
    "
CREATE TABLE friend_lists(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL REFERENCES users,
    name TEXT NOT NULL
) STRICT;
CREATE INDEX friend_lists_owner ON friend_lists(owner);

CREATE TABLE friend_list_members(
    list INTEGER NOT NULL REFERENCES friend_lists ON DELETE CASCADE,
    uid INTEGER NOT NULL REFERENCES users,
    PRIMARY KEY (list, uid)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE invites(
    key BLOB PRIMARY KEY,                   -- hash of the secret in the link
    friend INTEGER REFERENCES users,        -- whose friend the new user becomes
    expires INTEGER NOT NULL                -- ms
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE sessions ADD COLUMN client TEXT NOT NULL DEFAULT '';    -- what it called itself
",
    "
ALTER TABLE sessions ADD COLUMN address TEXT;
CREATE TABLE places(                        -- addresses from which people have logged in
    uid INTEGER NOT NULL REFERENCES users,
    address TEXT NOT NULL,
    time INTEGER NOT NULL,                  -- of the last time, ms
    PRIMARY KEY (uid, address)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE name_words(                    -- the words of all names in lower case, for searches
    word TEXT NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (word, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_words_uid ON name_words(uid);
CREATE INDEX users_name ON users(name);

ALTER TABLE messages ADD COLUMN text_hash INTEGER;  -- tells messages with the same msg_id apart
DROP INDEX messages_id;
CREATE UNIQUE INDEX messages_id ON messages(sender, msg_id, recipient, text_hash);
",
];

/// The step after which the words of names and the hashes of texts have to be computed.
const WORDS_AND_HASHES: usize = 9;

fn take_step(db: &Connection, at: usize, sql: &str) -> Result<(), StoreError> {
    db.execute_batch(sql)?;
    if at == WORDS_AND_HASHES {
        add_words(db)?;
        add_hashes(db)?;
    }
    Ok(())
}

fn add_words(db: &Connection) -> Result<(), StoreError> {
    let mut select = db.prepare("SELECT uid, name FROM users")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        index_name(db, Uid(row.get(0)?), &row.get::<_, String>(1)?)?;
    }
    Ok(())
}

fn add_hashes(db: &Connection) -> Result<(), StoreError> {
    let mut select = db.prepare("SELECT time, text FROM messages")?;
    // If a message should be there twice, the second one stays without a hash.
    let mut update = db.prepare("UPDATE OR IGNORE messages SET text_hash = ?2 WHERE time = ?1")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (time, text): (i64, String) = (row.get(0)?, row.get(1)?);
        update.execute((time, text_hash(&text)))?;
    }
    Ok(())
}

/// Brings a database up to the current version; `path` is for the error text.
pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: usize =
        tx.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? as usize;
    if version > STEPS.len() {
        return Err(StoreError::Newer(path.to_owned()));
    }
    for (at, sql) in STEPS.iter().enumerate().skip(version) {
        take_step(&tx, at, sql)?;
    }
    tx.pragma_update(None, "user_version", STEPS.len() as i64)?;
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::sqlite::Sqlite;
    use crate::store::{self, ListChange, MessageCheck};
    use crate::types::{Seq, SessionKey};

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
            assert_eq!(store.session(key).await.unwrap().unwrap().uid, a.uid);
            assert_eq!(store.sessions(a.uid).await.unwrap()[0].created, 7);
            let delivered = store.deliveries(b.uid, Seq(1), Seq(9), 9).await.unwrap();
            assert_eq!(delivered[0].1.text, "old", "{version}");
            let found = store.search(b.uid, "a", 9).await.unwrap();
            assert_eq!(found[0].0.uid, a.uid, "{version}");
            let check = store.check_message(a.uid, b.uid, "5", "old").await;
            assert!(matches!(check, Ok(MessageCheck::Duplicate)), "{version}");
            let list = ListChange::Create("new".into());
            store.change_lists(a.uid, list).await.unwrap();
            store.delete_user(a.uid).await.unwrap();
            assert_eq!(store.stats().await.unwrap().messages, 0);
            store.close().await.unwrap();
        }
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
}
