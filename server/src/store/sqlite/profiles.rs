//! What users show of themselves, and searching for them.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::friendships;
use super::rows::{USER, user};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::store::{Relation, StoreError};
use crate::text::search_key;
use crate::types::{Uid, User};
use crate::username::key;

/// The most entries of the index that a search reads. If more fit, enough users do, so that going through all of them in the order
/// of their names soon finds as many as are wanted.
const INDEXED: i64 = 1000;

/// The words that begin with `?1`; `?2` is greater than all of these.
const BEGINNING: &str = "FROM name_words WHERE word >= ?1 AND word < ?2";

pub fn picture(db: &Connection, uid: Uid, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT bytes FROM pictures JOIN users USING (uid) WHERE uid = ?1 AND picture = ?2",
    )?;
    Ok(select
        .query_row(params![uid.0, hash], |row| row.get(0))
        .optional()?)
}

pub fn unrendered_picture(db: &Connection) -> Result<Option<(Uid, String, Vec<u8>)>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT uid, picture, bytes FROM unrendered_pictures JOIN users USING (uid)
            WHERE picture IS NOT NULL LIMIT 1",
    )?;
    Ok(select
        .query_row([], |row| Ok((Uid(row.get(0)?), row.get(1)?, row.get(2)?)))
        .optional()?)
}

/// `exact`, an address or a user name, is in lower case.
pub fn search(
    db: &Connection,
    own: Uid,
    text: &str,
    exact: &str,
    limit: usize,
) -> Result<Vec<(User, Relation)>, StoreError> {
    let key = search_key(text);
    let words: Vec<_> = key.split_whitespace().collect();
    // Names are compared here, since SQLite knows upper and lower case of ASCII only.
    let matches = |user: &User| {
        let name = search_key(&user.name);
        let begins = |word: &&str| name.split_whitespace().any(|part| part.starts_with(*word));
        words.iter().all(begins)
    };
    let mut rarest = None;
    for word in &words {
        let entries = count_indexed(db, word)?;
        if entries <= INDEXED && rarest.is_none_or(|(fewest, _)| entries < fewest) {
            rarest = Some((entries, *word));
        }
    }
    let mut found = find_exactly(db, exact)?;
    let known: Vec<_> = found.iter().map(|user| user.uid).collect();
    let matches = |user: &User| !known.contains(&user.uid) && matches(user);
    found.extend(match rarest {
        Some((_, word)) => search_index(db, word, limit, matches)?,
        None => search_all(db, limit, matches)?,
    });
    found.truncate(limit);
    let relate = |user: User| {
        let relation = friendships::relation(db, own, user.uid)?;
        Ok((user, relation))
    };
    found.into_iter().map(relate).collect()
}

fn end_of(word: &str) -> String {
    format!("{word}{}", char::MAX)
}

/// How many entries of the index begin with a word, up to one more than [`INDEXED`].
fn count_indexed(db: &Connection, word: &str) -> Result<i64, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT count(*) FROM (SELECT 1 {BEGINNING} LIMIT {INDEXED} + 1)"
    ))?;
    Ok(select.query_row([word, &end_of(word)], |row| row.get(0))?)
}

/// Those with this address or user name.
fn find_exactly(db: &Connection, text: &str) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER} FROM users WHERE email = ?1 OR (username_key = ?2 AND username = ?1)"
    ))?;
    let users = select.query_map([text, &key(text)], user)?;
    Ok(users.collect::<Result<_, _>>()?)
}

fn search_index(
    db: &Connection,
    word: &str,
    limit: usize,
    matches: impl Fn(&User) -> bool,
) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER} FROM users WHERE uid IN (SELECT uid {BEGINNING})"
    ))?;
    let users = select.query_map([word, &end_of(word)], user)?;
    let mut found = users.collect::<Result<Vec<_>, _>>()?;
    found.retain(matches);
    found.sort_by(|a, b| (&a.name, a.uid).cmp(&(&b.name, b.uid)));
    found.truncate(limit);
    Ok(found)
}

fn search_all(
    db: &Connection,
    limit: usize,
    matches: impl Fn(&User) -> bool,
) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {USER} FROM users ORDER BY name, uid"))?;
    let mut found = Vec::new();
    for user in select.query_map([], user)? {
        let user = user?;
        if matches(&user) {
            found.push(user);
            if found.len() == limit {
                break;
            }
        }
    }
    Ok(found)
}

/// Enters the words of a name into the index for searches.
pub fn index_name(db: &Connection, uid: Uid, name: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM name_words WHERE uid = ?1")?
        .execute([uid.0])?;
    let name = search_key(name);
    let mut insert = db.prepare_cached("INSERT INTO name_words(word, uid) VALUES (?1, ?2)")?;
    for word in name.split_whitespace().collect::<BTreeSet<_>>() {
        insert.execute(params![word, uid.0])?;
    }
    Ok(())
}

impl Tx<'_> {
    pub fn index_name(&mut self, uid: Uid, name: &str) -> Result<(), StoreError> {
        index_name(self.writing()?, uid, name)
    }

    pub fn set_name(&mut self, uid: Uid, name: &str) -> Result<(), StoreError> {
        let renamed = self.erasing()?.execute(
            "UPDATE users SET name = ?2 WHERE uid = ?1",
            params![uid.0, name],
        )?;
        if renamed > 0 {
            self.index_name(uid, name)?;
        }
        Ok(())
    }

    pub fn set_status(&mut self, uid: Uid, text: Option<String>) -> Result<i64, StoreError> {
        let now = now_ms();
        self.erasing()?.execute(
            "UPDATE users SET status = ?2, status_time = ?3 WHERE uid = ?1",
            params![uid.0, text, now],
        )?;
        Ok(now)
    }

    pub fn set_picture(
        &mut self,
        uid: Uid,
        picture: Option<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let db = self.erasing()?;
        db.execute("DELETE FROM unrendered_pictures WHERE uid = ?1", [uid.0])?;
        let hash = if let Some((hash, bytes)) = picture {
            db.execute(
                "INSERT OR REPLACE INTO pictures(uid, bytes) VALUES (?1, ?2)",
                params![uid.0, bytes],
            )?;
            Some(hash)
        } else {
            db.execute("DELETE FROM pictures WHERE uid = ?1", [uid.0])?;
            None
        };
        db.execute(
            "UPDATE users SET picture = ?2 WHERE uid = ?1",
            params![uid.0, hash],
        )?;
        Ok(())
    }

    pub fn replace_picture(
        &mut self,
        uid: Uid,
        old: &str,
        picture: Option<(String, Vec<u8>)>,
    ) -> Result<bool, StoreError> {
        let current = self
            .writing()?
            .prepare_cached("SELECT 1 FROM users WHERE uid = ?1 AND picture = ?2")?
            .exists(params![uid.0, old])?;
        if current {
            self.set_picture(uid, picture)?;
        }
        Ok(current)
    }

    pub fn set_visible(&mut self, uid: Uid, visible: bool) -> Result<(), StoreError> {
        self.writing()?.execute(
            "UPDATE users SET visible = ?2 WHERE uid = ?1",
            params![uid.0, visible],
        )?;
        Ok(())
    }
}
