//! Login sessions.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{USER, user};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::store::limits::{MAX_SESSIONS, OWN_ADDRESS_FOR};
use crate::store::{Login, Origin, Proof, StoreError, Term};
use crate::types::{SessionKey, Uid, User};

pub fn session(db: &Connection, key: SessionKey) -> Result<Option<(User, Term)>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER}, sessions.lasts, sessions.ends, sessions.persistent FROM sessions JOIN users ON users.uid = sessions.uid
            WHERE sessions.key = ?1 AND sessions.ends > ?2"
    ))?;
    let found = select.query_row(params![key.0, now_ms()], |row| {
        let term = Term {
            lasts: row.get("lasts")?,
            end: row.get("ends")?,
            kept: row.get("persistent")?,
        };
        Ok((user(row)?, term))
    });
    Ok(found.optional()?)
}

pub fn proof(db: &Connection, key: SessionKey) -> Result<Option<(Proof, i64)>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT proof, created FROM sessions WHERE key = ?1 AND ends > ?2 AND proof IS NOT NULL",
    )?;
    let found = select.query_row(params![key.0, now_ms()], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    Ok(found.optional()?)
}

pub fn ended(db: &Connection, mut keys: Vec<SessionKey>) -> Result<Vec<SessionKey>, StoreError> {
    let mut select = db.prepare_cached("SELECT 1 FROM sessions WHERE key = ?1 AND ends > ?2")?;
    let now = now_ms();
    let mut failed = Ok(());
    keys.retain(|key| match select.exists(params![key.0, now]) {
        Ok(open) => !open,
        Err(error) => {
            failed = Err(error);
            false
        }
    });
    failed?;
    Ok(keys)
}

pub fn sessions(db: &Connection, uid: Uid) -> Result<Vec<Login>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT key, created, address, client, ends FROM sessions WHERE uid = ?1 AND ends > ?2
            ORDER BY created DESC, key",
    )?;
    let logins = select.query_map([uid.0, now_ms()], |row| {
        Ok(Login {
            key: SessionKey(row.get(0)?),
            created: row.get(1)?,
            address: row.get(2)?,
            client: row.get(3)?,
            ends: row.get(4)?,
        })
    })?;
    Ok(logins.collect::<Result<_, _>>()?)
}

pub fn came_from(db: &Connection, uid: Uid, address: &str) -> Result<bool, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT 1 FROM places WHERE uid = ?1 AND address = ?2 AND abs(?3 - time) < ?4",
    )?;
    Ok(select.exists(params![uid.0, address, now_ms(), OWN_ADDRESS_FOR])?)
}

impl Tx<'_> {
    pub fn open_session(
        &mut self,
        key: SessionKey,
        uid: Uid,
        origin: &Origin,
        term: Term,
    ) -> Result<(), StoreError> {
        let (db, now) = (self.writing()?, now_ms());
        db.prepare_cached(
            "INSERT INTO sessions(key, uid, created, address, client, lasts, ends, persistent, proof)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            key.0,
            uid.0,
            now,
            origin.address,
            origin.client,
            term.lasts,
            term.end,
            term.kept,
            origin.proof
        ])?;
        let ended = db
            .prepare_cached(
                "DELETE FROM sessions WHERE key IN
                    (SELECT key FROM sessions WHERE uid = ?1 ORDER BY created <= ?3 DESC, created DESC LIMIT -1 OFFSET ?2)",
            )?
            .execute(params![uid.0, MAX_SESSIONS, now])?;
        if ended > 0 {
            self.erasing()?;
        }
        if let Some(address) = &origin.address {
            db.prepare_cached(
                "INSERT OR REPLACE INTO places(uid, address, time) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![uid.0, address, now])?;
            db.prepare_cached("DELETE FROM places WHERE uid = ?1 AND abs(?2 - time) >= ?3")?
                .execute(params![uid.0, now, OWN_ADDRESS_FOR])?;
        }
        Ok(())
    }

    pub fn renew_session(&mut self, key: SessionKey, end: i64) -> Result<(), StoreError> {
        self.writing()?
            .prepare_cached("UPDATE sessions SET ends = ?2 WHERE key = ?1")?
            .execute(params![key.0, end])?;
        Ok(())
    }

    pub fn delete_ended_sessions(&mut self) -> Result<(), StoreError> {
        let now = now_ms();
        let found = self
            .writing()?
            .prepare_cached("SELECT 1 FROM sessions WHERE ends <= ?1")?
            .exists([now])?;
        if found {
            self.erasing()?
                .execute("DELETE FROM sessions WHERE ends <= ?1", [now])?;
        }
        Ok(())
    }

    pub fn end_session(&mut self, key: SessionKey) -> Result<(), StoreError> {
        self.erasing()?
            .execute("DELETE FROM sessions WHERE key = ?1", [key.0])?;
        Ok(())
    }

    /// Whether a user exists whose password has this hash, or any.
    pub fn has_hash(&self, uid: Uid, hash: Option<&str>) -> Result<bool, StoreError> {
        let mut select = self.reading().prepare_cached(
            "SELECT 1 FROM users WHERE uid = ?1 AND password = ifnull(?2, password)",
        )?;
        Ok(select.exists(params![uid.0, hash])?)
    }

    pub fn replace_hash(&mut self, uid: Uid, old: &str, new: &str) -> Result<(), StoreError> {
        self.erasing()?.execute(
            "UPDATE users SET password = ?3 WHERE uid = ?1 AND password = ?2",
            params![uid.0, old, new],
        )?;
        Ok(())
    }

    pub fn set_password(
        &mut self,
        uid: Uid,
        password: &str,
        keep: Option<SessionKey>,
    ) -> Result<(), StoreError> {
        let db = self.erasing()?;
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
