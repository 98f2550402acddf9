//! Accounts that people register themselves, and invitations to do so.

use super::sqlite::invitations;
use super::{Reply, Store, postgres};
use crate::types::{SessionKey, Uid};

/// What entitles somebody to register.
#[derive(Clone, Copy, Debug)]
pub enum Invitation {
    /// Registration is open to everybody.
    NotNeeded,
    /// The key of an invitation link.
    Key(SessionKey),
}

/// The result of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The new account, and its first friend if the invitation names one.
    Added(Uid, Option<Uid>),
    /// There is an account with this address.
    Taken,
    /// The invitation is unknown, used or expired.
    NotInvited,
}

impl Store {
    /// Whether an invitation can be used.
    pub fn is_invited(&self, key: SessionKey) -> Reply<bool> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.read(move |db| Ok(invitations::find(db, key)?.is_some()))
            }
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                Ok(postgres::invitations::find(&db, key).await?.is_some())
            }),
        }
    }

    /// Saves an invitation; the user who accepts it becomes a friend of `friend`.
    pub fn invite(&self, key: SessionKey, friend: Option<Uid>) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.invite(key, friend)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.invite(key, friend).await)
            }
        }
    }

    /// Adds an account and uses up the invitation.
    pub fn register(
        &self,
        email: String,
        name: String,
        password: String,
        invitation: Invitation,
    ) -> Reply<Registered> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.write(move |tx| tx.register(&email, &name, &password, invitation))
            }
            Store::Postgres(postgres) => postgres
                .write(async move |tx| tx.register(&email, &name, &password, invitation).await),
        }
    }
}
