//! What users show of themselves, and searching for them.

use super::sqlite::profiles;
use super::{Relation, Reply, Store, postgres};
use crate::text::composed;
use crate::types::{Uid, User};

impl Store {
    /// A user's picture, if it is still the one with this hash.
    pub fn picture(&self, uid: Uid, hash: &str) -> Reply<Option<Vec<u8>>> {
        let hash = hash.to_owned();
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| profiles::picture(db, uid, &hash)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::profiles::picture(&db, uid, &hash).await }),
        }
    }

    /// The users who match a search, and how they are related to `own`: those with a name in which a word begins with each word of
    /// `text`, and the one with exactly this address or user name, who comes first. Case, width and composition make no difference. By
    /// name, `limit` at most.
    pub fn search(&self, own: Uid, text: &str, limit: usize) -> Reply<Vec<(User, Relation)>> {
        let text = text.trim().to_owned();
        let exact = composed(&text.to_lowercase());
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.long_read(move |db| profiles::search(db, own, &text, &exact, limit))
            }
            Store::Postgres(postgres) => postgres.long_read(move |db| async move {
                postgres::profiles::search(&db, own, &text, &exact, limit).await
            }),
        }
    }

    /// Sets the name that others see.
    pub fn set_name(&self, uid: Uid, name: String) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.set_name(uid, &name)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.set_name(uid, &name).await)
            }
        }
    }

    /// Sets or clears a status; returns the time of the change, in ms.
    pub fn set_status(&self, uid: Uid, text: Option<String>) -> Reply<i64> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.set_status(uid, text)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.set_status(uid, text.as_deref()).await)
            }
        }
    }

    /// Sets a picture with its hash, or removes it.
    pub fn set_picture(&self, uid: Uid, picture: Option<(String, Vec<u8>)>) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.set_picture(uid, picture)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.set_picture(uid, picture.as_ref()).await)
            }
        }
    }

    /// A picture that an earlier version stored as it was uploaded, with its hash. [`Store::picture`] does not return it.
    pub fn unrendered_picture(&self) -> Reply<Option<(Uid, String, Vec<u8>)>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(profiles::unrendered_picture),
            // No earlier version used this store.
            Store::Postgres(_) => Box::pin(async { Ok(None) }),
        }
    }

    /// Sets or removes a picture if it is still the one with the hash `old`; returns whether it was.
    pub fn replace_picture(
        &self,
        uid: Uid,
        old: String,
        picture: Option<(String, Vec<u8>)>,
    ) -> Reply<bool> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.replace_picture(uid, &old, picture)),
            Store::Postgres(postgres) => postgres
                .write(async move |tx| tx.replace_picture(uid, &old, picture.as_ref()).await),
        }
    }

    /// Switches chat on or off for a user.
    pub fn set_visible(&self, uid: Uid, visible: bool) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.set_visible(uid, visible)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.set_visible(uid, visible).await)
            }
        }
    }
}
