//! The tables, and the steps that bring an older database up to date.

use std::path::Path;

use rusqlite::Connection;

use super::profiles::index_name;
use super::usernames::make_all as make_usernames;
use crate::store::StoreError;
use crate::store::message_rules::text_hash;
use crate::text::{composed, lines, single_line};
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
    // What users wrote before there was one rule for it is cleaned.
    "",
    // The order of messages no longer depends on the clock.
    "
ALTER TABLE messages RENAME COLUMN time TO id;
ALTER TABLE messages ADD COLUMN time INTEGER NOT NULL DEFAULT 0;    -- ms
UPDATE messages SET time = id;
CREATE INDEX messages_time ON messages(time);
",
    // A message keeps the names that the two had, so that its item never changes.
    "
ALTER TABLE messages ADD COLUMN sender_name TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN recipient_name TEXT NOT NULL DEFAULT '';
UPDATE messages SET sender_name = coalesce((SELECT name FROM users WHERE uid = sender), ''),
    recipient_name = coalesce((SELECT name FROM users WHERE uid = recipient), '');
",
    // Sessions end when they are not used.
    "
ALTER TABLE sessions ADD COLUMN lasts INTEGER NOT NULL DEFAULT 2592000000;  -- ms after each use
ALTER TABLE sessions ADD COLUMN ends INTEGER NOT NULL DEFAULT 0;            -- ms
UPDATE sessions SET ends = CAST(strftime('%s', 'now') AS INTEGER) * 1000 + lasts;
CREATE INDEX sessions_ends ON sessions(ends);
",
    "
CREATE TABLE outbox(                        -- what commands have for clients of the running server
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    item TEXT NOT NULL,
    time INTEGER NOT NULL                   -- ms
) STRICT;
",
    // Pictures are stored as they were rendered, with nothing hidden in them. The server renders those of earlier versions.
    "
ALTER TABLE pictures RENAME TO unrendered_pictures;
CREATE TABLE pictures(
    uid INTEGER PRIMARY KEY REFERENCES users,
    bytes BLOB NOT NULL
) STRICT;
",
    "
CREATE TABLE blocks(
    id INTEGER PRIMARY KEY,
    uid INTEGER NOT NULL REFERENCES users,
    blocked INTEGER NOT NULL REFERENCES users,
    poked INTEGER NOT NULL DEFAULT 0        -- when the last poke of the blocked user was dropped, ms
) STRICT;
CREATE UNIQUE INDEX blocks_pair ON blocks(blocked, uid);
CREATE INDEX blocks_uid ON blocks(uid);
",
    // Group conversations. Their numbers are greater than those of users.
    "
CREATE TABLE chat_groups(
    gid INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    creator INTEGER NOT NULL,
    create_id TEXT NOT NULL,                -- the creator's id for the call
    create_hash INTEGER NOT NULL            -- of the name and the members in it
) STRICT;
CREATE UNIQUE INDEX chat_groups_creation ON chat_groups(creator, create_id, create_hash);
INSERT INTO sqlite_sequence(name, seq) VALUES ('chat_groups', 999999999);

CREATE TABLE group_members(                 -- one for each time that somebody is in a group
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- in the order of joining; the first of the members is the owner
    gid INTEGER NOT NULL REFERENCES chat_groups,
    uid INTEGER NOT NULL REFERENCES users,
    first_message INTEGER NOT NULL,         -- the first message that they get
    last_message INTEGER,                   -- the last one, if they are no member any more
    left_time INTEGER,                      -- when they left, if nobody removed them; ms
    read_message INTEGER NOT NULL,          -- the last one that they have read
    muted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX group_members_current ON group_members(gid, uid) WHERE last_message IS NULL;
CREATE INDEX group_members_gid ON group_members(gid, uid);
CREATE INDEX group_members_uid ON group_members(uid);

ALTER TABLE messages ADD COLUMN notice TEXT;    -- what was done with the group, and the numbers of those concerned
CREATE INDEX messages_group ON messages(recipient, id) WHERE recipient >= 1000000000;
",
    // How long sessions last is a setting, so it no longer tells which ones a browser keeps when it is closed.
    "
ALTER TABLE sessions ADD COLUMN persistent INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET persistent = 1 WHERE lasts = 7776000000;
",
    // Everybody has a user name.
    "
ALTER TABLE users ADD COLUMN username TEXT;
ALTER TABLE users ADD COLUMN username_key TEXT;     -- the same for names that people confuse
CREATE UNIQUE INDEX users_username ON users(username_key);
CREATE TABLE former_usernames(                      -- which nobody else gets for a while
    key INTEGER PRIMARY KEY,                        -- hash of the username_key, so that the name itself is gone
    uid INTEGER NOT NULL REFERENCES users,
    time INTEGER NOT NULL                           -- of the change, ms
) STRICT;
CREATE INDEX former_usernames_uid ON former_usernames(uid);
",
    // What the messages of each sender take on the disk: their texts, and about 256 bytes for the rest of each and its index entries.
    "
ALTER TABLE users ADD COLUMN message_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE users SET message_bytes =
    (SELECT coalesce(sum(length(CAST(text AS BLOB)) + 256), 0) FROM messages WHERE sender = users.uid);
CREATE TRIGGER message_added AFTER INSERT ON messages BEGIN
    UPDATE users SET message_bytes = message_bytes + length(CAST(new.text AS BLOB)) + 256 WHERE uid = new.sender;
END;
CREATE TRIGGER message_deleted AFTER DELETE ON messages BEGIN
    UPDATE users SET message_bytes = message_bytes - length(CAST(old.text AS BLOB)) - 256 WHERE uid = old.sender;
END;
",
];

/// The step after which the words of names and the hashes of texts have to be computed.
const WORDS_AND_HASHES: usize = 9;

/// The step after which texts that others see have to be cleaned, and the words of names computed again.
const CLEAN_TEXTS: usize = 10;

/// Selects keys and texts, and how to write a text back; with the function that cleans it.
type Cleaning = (&'static str, &'static str, fn(&str) -> String);

fn clean_texts(db: &Connection) -> Result<(), StoreError> {
    let texts: [Cleaning; 5] = [
        (
            "SELECT uid, uid, name FROM users",
            // A name of which nothing is left.
            "UPDATE users SET name = iif(?3 = '', 'User ' || uid, ?3) WHERE uid = ?1 AND uid = ?2",
            single_line,
        ),
        (
            "SELECT uid, uid, email FROM users",
            "UPDATE OR IGNORE users SET email = ?3 WHERE uid = ?1 AND uid = ?2",
            composed,
        ),
        (
            "SELECT uid, uid, status FROM users WHERE status IS NOT NULL",
            "UPDATE users SET status = nullif(?3, '') WHERE uid = ?1 AND uid = ?2",
            single_line,
        ),
        (
            "SELECT id, id, name FROM friend_lists",
            "UPDATE friend_lists SET name = iif(?3 = '', 'List ' || id, ?3) WHERE id = ?1 AND id = ?2",
            single_line,
        ),
        (
            "SELECT sender, recipient, message FROM friend_requests",
            "UPDATE friend_requests SET message = ?3 WHERE sender = ?1 AND recipient = ?2",
            lines,
        ),
    ];
    for (select, update, clean) in texts {
        let mut select = db.prepare(select)?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let rows = rows.collect::<Result<Vec<(i64, i64, String)>, _>>()?;
        let mut update = db.prepare(update)?;
        for (first, second, text) in rows {
            let cleaned = clean(&text);
            if cleaned != text {
                update.execute((first, second, cleaned))?;
            }
        }
    }
    Ok(())
}

fn take_step(db: &Connection, at: usize, sql: &str) -> Result<(), StoreError> {
    db.execute_batch(sql)?;
    if at == WORDS_AND_HASHES {
        add_words(db)?;
        add_hashes(db)?;
    }
    if at == CLEAN_TEXTS {
        clean_texts(db)?;
        add_words(db)?;
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

/// Why a database is not one that this version can bring up to date.
pub(super) fn check_version(db: &Connection) -> Result<(), String> {
    let version = db.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
    let version = version.map_err(|error| error.to_string())? as usize;
    if version > STEPS.len() {
        return Err("it was written by a newer fbchatd; install that version".to_owned());
    }
    if version == 0 || !db.table_exists(None, "users").unwrap_or(false) {
        return Err("it is not a database of fbchatd".to_owned());
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
    make_usernames(&tx)?;
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
            let check = store.check_message(a.uid, b.uid, "5", "old").await;
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
}
