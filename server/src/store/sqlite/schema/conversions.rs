//! What the steps cannot do in SQL.

use rusqlite::Connection;

use crate::store::StoreError;
use crate::store::message_rules::text_hash;
use crate::store::sqlite::profiles::index_name;
use crate::text::{composed, lines, single_line};
use crate::types::Uid;

/// Selects keys and texts, and how to write a text back; with the function that cleans it.
type Cleaning = (&'static str, &'static str, fn(&str) -> String);

pub(super) fn clean_texts(db: &Connection) -> Result<(), StoreError> {
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

pub(super) fn add_words(db: &Connection) -> Result<(), StoreError> {
    let mut select = db.prepare("SELECT uid, name FROM users")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        index_name(db, Uid(row.get(0)?), &row.get::<_, String>(1)?)?;
    }
    Ok(())
}

pub(super) fn add_hashes(db: &Connection) -> Result<(), StoreError> {
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
