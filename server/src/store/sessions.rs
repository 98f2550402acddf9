//! Logins: which there are, where they came from, and how they end.

use rusqlite::{OptionalExtension, params};

use super::sqlite::{USER, user};
use super::writer::{Tx, now_ms};
use super::{Reply, Sqlite, StoreError};
use crate::lock;
use crate::types::{SessionKey, Uid, User};

/// The most logins of one user that are remembered; the oldest go first.
const SESSIONS: i64 = 100;
/// How long an address counts as one of the user's own.
const OWN: i64 = 90 * 24 * 60 * 60 * 1000;

/// A login as its owner sees it.
#[derive(Debug)]
pub struct Login {
    /// Under which key it is stored.
    pub key: SessionKey,
    /// Since when, in ms.
    pub created: i64,
    /// What the client called itself; empty if it did not, or before this was noted.
    pub client: String,
    /// The address it came from, if that is known.
    pub address: Option<String>,
}

/// Where a login comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The address, if it is known.
    pub address: Option<String>,
    /// What the client calls itself, or nothing.
    pub client: String,
}

/// The durable side of logins.
pub trait Sessions {
    /// Who is logged in under this key.
    fn session(&self, key: SessionKey) -> Result<Option<User>, StoreError>;
    /// A user's logins, the latest first.
    fn sessions(&self, uid: Uid) -> Result<Vec<Login>, StoreError>;
    /// Whether a user has logged in from this address lately.
    fn came_from(&self, uid: Uid, address: &str) -> Result<bool, StoreError>;

    /// Remembers a login.
    fn open_session(&self, key: SessionKey, uid: Uid, origin: Origin) -> Reply<()>;
    /// Forgets a login.
    fn end_session(&self, key: SessionKey) -> Reply<()>;
    /// Sets a password and ends all logins of its owner, but perhaps one.
    fn set_password(&self, uid: Uid, password: String, keep: Option<SessionKey>) -> Reply<()>;
}

impl Sessions for Sqlite {
    fn session(&self, key: SessionKey) -> Result<Option<User>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER} FROM sessions JOIN users ON users.uid = sessions.uid WHERE sessions.key = ?1"
        ))?;
        Ok(select.query_row([key.0], user).optional()?)
    }

    fn sessions(&self, uid: Uid) -> Result<Vec<Login>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(
            "SELECT key, created, address, client FROM sessions WHERE uid = ?1 ORDER BY created DESC, key",
        )?;
        let logins = select.query_map([uid.0], |row| {
            Ok(Login {
                key: SessionKey(row.get(0)?),
                created: row.get(1)?,
                address: row.get(2)?,
                client: row.get(3)?,
            })
        })?;
        Ok(logins.collect::<Result<_, _>>()?)
    }

    fn came_from(&self, uid: Uid, address: &str) -> Result<bool, StoreError> {
        let db = lock(&self.reader);
        let mut select = db
            .prepare_cached("SELECT 1 FROM places WHERE uid = ?1 AND address = ?2 AND time > ?3")?;
        Ok(select.exists(params![uid.0, address, now_ms() - OWN])?)
    }

    fn open_session(&self, key: SessionKey, uid: Uid, origin: Origin) -> Reply<()> {
        self.submit(move |tx| tx.open_session(key, uid, &origin))
    }

    fn end_session(&self, key: SessionKey) -> Reply<()> {
        self.submit(move |tx| tx.end_session(key))
    }

    fn set_password(&self, uid: Uid, password: String, keep: Option<SessionKey>) -> Reply<()> {
        self.submit(move |tx| tx.set_password(uid, &password, keep))
    }
}

impl Tx<'_> {
    fn open_session(
        &mut self,
        key: SessionKey,
        uid: Uid,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let (db, now) = (self.writing()?, now_ms());
        db.prepare_cached(
            "INSERT INTO sessions(key, uid, created, address, client) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![key.0, uid.0, now, origin.address, origin.client])?;
        db.prepare_cached(
            "DELETE FROM sessions WHERE key IN
                (SELECT key FROM sessions WHERE uid = ?1 ORDER BY created DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![uid.0, SESSIONS])?;
        if let Some(address) = &origin.address {
            db.prepare_cached(
                "INSERT OR REPLACE INTO places(uid, address, time) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![uid.0, address, now])?;
            db.prepare_cached("DELETE FROM places WHERE uid = ?1 AND time <= ?2")?
                .execute(params![uid.0, now - OWN])?;
        }
        Ok(())
    }

    fn end_session(&mut self, key: SessionKey) -> Result<(), StoreError> {
        self.writing()?
            .execute("DELETE FROM sessions WHERE key = ?1", [key.0])?;
        Ok(())
    }

    fn set_password(
        &mut self,
        uid: Uid,
        password: &str,
        keep: Option<SessionKey>,
    ) -> Result<(), StoreError> {
        let db = self.writing()?;
        db.execute(
            "UPDATE users SET password = ?2 WHERE uid = ?1",
            params![uid.0, password],
        )?;
        db.execute(
            "DELETE FROM sessions WHERE uid = ?1 AND key IS NOT ?2",
            params![uid.0, keep.map(|SessionKey(key)| key)],
        )?;
        Ok(())
    }
}
