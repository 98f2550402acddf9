//! User names.

use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Tx;
use crate::clock::now_ms;
use crate::store::limits::{FORMER_USERNAME_FOR, MAX_USERNAME_CHANGES};
use crate::store::message_rules::text_hash;
use crate::store::{AddedAs, ChangedBy, StoreError, UsernameChange};
use crate::types::Uid;
use crate::username::{candidates, key};

/// Whether `owner` can have a name: nobody else has or had one that people would confuse with it, or logs in with it as the part of their
/// address before the @.
fn is_free(db: &Connection, username: &str, owner: Option<Uid>) -> Result<bool, StoreError> {
    let mut taken = db.prepare_cached(
        "SELECT 1 FROM users WHERE username_key = ?1 AND uid IS NOT ?3
            UNION ALL SELECT 1 FROM users WHERE substr(email, 1, instr(email, '@') - 1) = ?2 AND uid IS NOT ?3
            UNION ALL SELECT 1 FROM former_usernames WHERE key = ?6 AND uid IS NOT ?3 AND abs(?4 - time) < ?5",
    )?;
    let owner = owner.map(|Uid(uid)| uid);
    let (key, now) = (key(username), now_ms());
    let former = text_hash(&key);
    Ok(!taken.exists(params![
        key,
        username,
        owner,
        now,
        FORMER_USERNAME_FOR,
        former
    ])?)
}

fn put(db: &Connection, uid: Uid, username: &str) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE users SET username = ?2, username_key = ?3 WHERE uid = ?1")?
        .execute(params![uid.0, username, key(username)])?;
    Ok(())
}

/// Gives a user who has no name yet one that is like the name that others see.
fn make(db: &Connection, uid: Uid, name: &str) -> Result<(), StoreError> {
    for username in candidates(name, uid) {
        if is_free(db, &username, Some(uid))? {
            return put(db, uid, &username);
        }
    }
    Ok(())
}

/// Gives a name to everybody who has none: the users of earlier versions.
pub fn make_all(db: &Connection) -> Result<(), StoreError> {
    let mut nameless =
        db.prepare("SELECT uid, name FROM users WHERE username_key IS NULL ORDER BY uid")?;
    let rows = nameless.query_map([], |row| Ok((Uid(row.get(0)?), row.get(1)?)))?;
    for (uid, name) in rows.collect::<Result<Vec<(Uid, String)>, _>>()? {
        make(db, uid, &name)?;
    }
    Ok(())
}

impl Tx<'_> {
    pub fn make_username(&mut self, uid: Uid, name: &str) -> Result<(), StoreError> {
        make(self.writing()?, uid, name)
    }

    pub fn add_user_as(
        &mut self,
        username: &str,
        email: &str,
        name: &str,
        password: &str,
    ) -> Result<AddedAs, StoreError> {
        let db = self.writing()?;
        if !is_free(db, username, None)? {
            return Ok(AddedAs::UsernameTaken);
        }
        let Some(uid) = self.add_user(email, name, password)? else {
            return Ok(AddedAs::AddressTaken);
        };
        put(db, uid, username)?;
        Ok(AddedAs::Added(uid))
    }

    pub fn set_username(
        &mut self,
        uid: Uid,
        username: &str,
        by: ChangedBy,
    ) -> Result<UsernameChange, StoreError> {
        // Nobody else may write between the checks and the change.
        let (db, now) = (self.writing()?, now_ms());
        let old = db
            .prepare_cached("SELECT username FROM users WHERE uid = ?1")?
            .query_row([uid.0], |row| row.get::<_, String>(0))
            .optional()?;
        let Some(old) = old.filter(|old| old != username) else {
            return Ok(UsernameChange::Done);
        };
        if !is_free(db, username, Some(uid))? {
            return Ok(UsernameChange::Taken);
        }
        let changes: i64 = db
            .prepare_cached(
                "SELECT count(*) FROM former_usernames WHERE uid = ?1 AND abs(?2 - time) < ?3",
            )?
            .query_row([uid.0, now, FORMER_USERNAME_FOR], |row| row.get(0))?;
        let new_key = key(username);
        let is_new = key(&old) != new_key;
        if by == ChangedBy::Owner && is_new && changes >= MAX_USERNAME_CHANGES {
            return Ok(UsernameChange::TooOften);
        }
        let db = self.erasing()?;
        db.execute(
            "DELETE FROM former_usernames WHERE key = ?1 OR abs(?2 - time) >= ?3",
            params![text_hash(&new_key), now, FORMER_USERNAME_FOR],
        )?;
        if is_new {
            db.execute(
                "INSERT INTO former_usernames(key, uid, time) VALUES (?1, ?2, ?3)",
                params![text_hash(&key(&old)), uid.0, now],
            )?;
        }
        put(db, uid, username)?;
        Ok(UsernameChange::Done)
    }
}
