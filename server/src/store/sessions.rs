//! Login sessions: which there are, where they came from, and how they end.

use super::sqlite::sessions;
use super::{Reply, Store, postgres};
use crate::types::{SessionKey, Uid, User};

/// A session, as its owner sees it.
#[derive(Debug)]
pub struct Login {
    /// The key under which it is stored.
    pub key: SessionKey,
    /// When it began, in ms.
    pub created: i64,
    /// When it ends unless it is used before, in ms.
    pub ends: i64,
    /// The name that the client gave; empty if there was none.
    pub client: String,
    /// The address that it came from, if known.
    pub address: Option<String>,
}

/// When a session ends unless it is used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// How long it lasts after each use, in ms.
    pub lasts: i64,
    /// When it ends, in ms.
    pub end: i64,
    /// Whether a browser keeps it when it is closed.
    pub kept: bool,
}

/// Where a login comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The address, if known.
    pub address: Option<String>,
    /// The name that the client gives, or an empty string.
    pub client: String,
    /// The server's proof that it knows the client's token, if the client has one.
    pub proof: Option<Proof>,
}

/// The server's proof to a client with a token.
pub type Proof = [u8; 32];

impl Store {
    /// The user who is logged in under this key, and for how long. A session is gone once its end has passed, here and in all other
    /// calls.
    pub fn session(&self, key: SessionKey) -> Reply<Option<(User, Term)>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.session(key),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::sessions::session(&db, key).await })
            }
        }
    }

    /// The proof of a session whose client has a token, and when the session began, in ms.
    pub fn session_proof(&self, key: SessionKey) -> Reply<Option<(Proof, i64)>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| sessions::proof(db, key)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::sessions::proof(&db, key).await })
            }
        }
    }

    /// Those of the keys under which nobody is logged in any more.
    pub fn ended_sessions(&self, keys: Vec<SessionKey>) -> Reply<Vec<SessionKey>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(move |db| sessions::ended(db, keys)),
            Store::Postgres(postgres) => postgres
                .long_read(move |db| async move { postgres::sessions::ended(&db, keys).await }),
        }
    }

    /// A user's sessions, latest first.
    pub fn sessions(&self, uid: Uid) -> Reply<Vec<Login>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| sessions::sessions(db, uid)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::sessions::sessions(&db, uid).await })
            }
        }
    }

    /// Whether a user has logged in from this address recently.
    pub fn came_from(&self, uid: Uid, address: &str) -> Reply<bool> {
        let address = address.to_owned();
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| sessions::came_from(db, uid, &address)),
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::sessions::came_from(&db, uid, &address).await
            }),
        }
    }

    /// Saves a session; with `hash` only if that is the hash of the user's password at this moment. False if it is not, or there is no
    /// such user.
    pub fn open_session(
        &self,
        key: SessionKey,
        uid: Uid,
        origin: Origin,
        term: Term,
        hash: Option<String>,
    ) -> Reply<bool> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| {
                let is_current = tx.has_hash(uid, hash.as_deref())?;
                if is_current {
                    tx.open_session(key, uid, &origin, term)?;
                }
                Ok(is_current)
            }),
            Store::Postgres(postgres) => postgres.write(async move |tx| {
                let is_current = tx.has_hash(uid, hash.as_deref()).await?;
                if is_current {
                    tx.open_session(key, uid, &origin, term).await?;
                }
                Ok(is_current)
            }),
        }
    }

    /// Moves the end of a session, if there is one.
    pub fn renew_session(&self, key: SessionKey, end: i64) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.renew_session(key, end)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.renew_session(key, end).await)
            }
        }
    }

    /// Deletes the sessions whose end has passed.
    pub fn delete_ended_sessions(&self) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(|tx| tx.delete_ended_sessions()),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.delete_ended_sessions().await)
            }
        }
    }

    /// Deletes a session, if there is one.
    pub fn end_session(&self, key: SessionKey) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.end_session(key)),
            Store::Postgres(postgres) => postgres.write(async move |tx| tx.end_session(key).await),
        }
    }

    /// Sets a password as [`Store::set_password`] does, if the current one has the hash `old`; false if it has not.
    pub fn change_password(
        &self,
        uid: Uid,
        old: String,
        new: String,
        keep: SessionKey,
    ) -> Reply<bool> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| {
                let is_current = tx.has_hash(uid, Some(&old))?;
                if is_current {
                    tx.set_password(uid, &new, Some(keep))?;
                }
                Ok(is_current)
            }),
            Store::Postgres(postgres) => postgres.write(async move |tx| {
                let is_current = tx.has_hash(uid, Some(&old)).await?;
                if is_current {
                    tx.set_password(uid, &new, Some(keep)).await?;
                }
                Ok(is_current)
            }),
        }
    }

    /// Replaces the hash of a password that stays the same, unless it has changed meanwhile. Sessions go on.
    pub fn replace_hash(&self, uid: Uid, old: String, new: String) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.replace_hash(uid, &old, &new)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.replace_hash(uid, &old, &new).await)
            }
        }
    }

    /// Sets a password and ends all sessions of the user but `keep`.
    pub fn set_password(&self, uid: Uid, password: String, keep: Option<SessionKey>) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.set_password(uid, &password, keep)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.set_password(uid, &password, keep).await)
            }
        }
    }
}
