//! What people show of themselves.

use rusqlite::{OptionalExtension, params};

use super::sqlite::{USER, user};
use super::writer::{Tx, now_ms};
use super::{Reply, Sqlite, StoreError};
use crate::lock;
use crate::types::{Uid, User};

/// The durable side of profiles.
pub trait Profiles {
    /// A user's picture, if it is still the one with this hash.
    fn picture(&self, uid: Uid, hash: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Any user by his number.
    fn person(&self, uid: Uid) -> Result<Option<User>, StoreError>;
    /// Users, at most `limit`, by name, for whom each word of `text` begins a word of the name, or whose address it is.
    fn search(&self, text: &str, limit: usize) -> Result<Vec<User>, StoreError>;

    /// Sets the name that others see.
    fn set_name(&self, uid: Uid, name: String) -> Reply<()>;
    /// Sets a status, or takes it away; the time of that.
    fn set_status(&self, uid: Uid, text: Option<String>) -> Reply<i64>;
    /// Sets a picture with its hash, or takes it away.
    fn set_picture(&self, uid: Uid, picture: Option<(String, Vec<u8>)>) -> Reply<()>;
}

impl Profiles for Sqlite {
    fn picture(&self, uid: Uid, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(
            "SELECT bytes FROM pictures JOIN users USING (uid) WHERE uid = ?1 AND picture = ?2",
        )?;
        Ok(select
            .query_row(params![uid.0, hash], |row| row.get(0))
            .optional()?)
    }

    fn person(&self, uid: Uid) -> Result<Option<User>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!("SELECT {USER} FROM users WHERE uid = ?1"))?;
        Ok(select.query_row([uid.0], user).optional()?)
    }

    fn search(&self, text: &str, limit: usize) -> Result<Vec<User>, StoreError> {
        let text = text.trim().to_lowercase();
        let words: Vec<_> = text.split_whitespace().collect();
        let fits = |user: &User| {
            let name = user.name.to_lowercase();
            let begins = |word: &&str| name.split_whitespace().any(|part| part.starts_with(*word));
            user.email == text || words.iter().all(begins)
        };
        let db = lock(&self.reader);
        // SQLite knows capitals of ASCII only, so it is we who compare.
        let mut select =
            db.prepare_cached(&format!("SELECT {USER} FROM users ORDER BY name, uid"))?;
        let mut found = Vec::new();
        for user in select.query_map([], user)? {
            let user = user?;
            if fits(&user) {
                found.push(user);
                if found.len() == limit {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn set_name(&self, uid: Uid, name: String) -> Reply<()> {
        self.submit(move |tx| tx.set_name(uid, &name))
    }

    fn set_status(&self, uid: Uid, text: Option<String>) -> Reply<i64> {
        self.submit(move |tx| tx.set_status(uid, text))
    }

    fn set_picture(&self, uid: Uid, picture: Option<(String, Vec<u8>)>) -> Reply<()> {
        self.submit(move |tx| tx.set_picture(uid, picture))
    }
}

impl Tx<'_> {
    fn set_name(&mut self, uid: Uid, name: &str) -> Result<(), StoreError> {
        self.writing()?.execute(
            "UPDATE users SET name = ?2 WHERE uid = ?1",
            params![uid.0, name],
        )?;
        Ok(())
    }

    fn set_status(&mut self, uid: Uid, text: Option<String>) -> Result<i64, StoreError> {
        let now = now_ms();
        self.writing()?.execute(
            "UPDATE users SET status = ?2, status_time = ?3 WHERE uid = ?1",
            params![uid.0, text, now],
        )?;
        Ok(now)
    }

    fn set_picture(
        &mut self,
        uid: Uid,
        picture: Option<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let db = self.writing()?;
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
}
