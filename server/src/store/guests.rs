//! Accounts that people make for themselves, and the invitations to that.

use rusqlite::{OptionalExtension, params};

use super::writer::{Tx, now_ms};
use super::{Kind, Reply, Sqlite, StoreError};
use crate::lock;
use crate::types::{SessionKey, Uid};

/// How long an invitation can be used.
const VALID: i64 = 14 * 24 * 60 * 60 * 1000;

/// What somebody who wants an account shows.
#[derive(Clone, Copy, Debug)]
pub enum Invitation {
    /// Nothing, and needs nothing.
    NotNeeded,
    /// The key of a link.
    Key(SessionKey),
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// There is an account, and perhaps a first friend.
    Added(Uid, Option<Uid>),
    /// The address has an account.
    Taken,
    /// The invitation is unknown, used or too old.
    NotInvited,
}

/// The durable side of registration.
pub trait Guests {
    /// Whether an invitation can be used.
    fn invited(&self, key: SessionKey) -> Result<bool, StoreError>;

    /// Remembers an invitation, to become a friend of `friend`.
    fn invite(&self, key: SessionKey, friend: Option<Uid>) -> Reply<()>;
    /// Adds an account and uses the invitation up.
    fn register(
        &self,
        email: String,
        name: String,
        password: String,
        invitation: Invitation,
    ) -> Reply<Registered>;
}

impl Guests for Sqlite {
    fn invited(&self, key: SessionKey) -> Result<bool, StoreError> {
        let db = lock(&self.reader);
        let mut select =
            db.prepare_cached("SELECT 1 FROM invites WHERE key = ?1 AND expires > ?2")?;
        Ok(select.exists(params![key.0, now_ms()])?)
    }

    fn invite(&self, key: SessionKey, friend: Option<Uid>) -> Reply<()> {
        self.submit(move |tx| tx.invite(key, friend))
    }

    fn register(
        &self,
        email: String,
        name: String,
        password: String,
        invitation: Invitation,
    ) -> Reply<Registered> {
        self.submit(move |tx| tx.register(&email, &name, &password, invitation))
    }
}

impl Tx<'_> {
    fn invite(&mut self, key: SessionKey, friend: Option<Uid>) -> Result<(), StoreError> {
        let (db, now) = (self.writing()?, now_ms());
        db.execute("DELETE FROM invites WHERE expires <= ?1", [now])?;
        db.execute(
            "INSERT INTO invites(key, friend, expires) VALUES (?1, ?2, ?3)",
            params![key.0, friend.map(|friend| friend.0), now + VALID],
        )?;
        Ok(())
    }

    fn register(
        &mut self,
        email: &str,
        name: &str,
        password: &str,
        invitation: Invitation,
    ) -> Result<Registered, StoreError> {
        let mut friend: Option<Uid> = None;
        if let Invitation::Key(key) = invitation {
            let found = self
                .reading()
                .prepare_cached("SELECT friend FROM invites WHERE key = ?1 AND expires > ?2")?
                .query_row(params![key.0, now_ms()], |row| row.get::<_, Option<i64>>(0))
                .optional()?;
            let Some(found) = found else {
                return Ok(Registered::NotInvited);
            };
            friend = found.map(Uid);
        }
        let Some(uid) = self.add_user(email, name, password)? else {
            return Ok(Registered::Taken);
        };
        if let Invitation::Key(key) = invitation {
            self.writing()?
                .execute("DELETE FROM invites WHERE key = ?1", [key.0])?;
        }
        if let Some(friend) = friend {
            self.befriend(uid, friend)?;
            self.notify(friend, Kind::FriendAdded, uid, now_ms())?;
        }
        Ok(Registered::Added(uid, friend))
    }
}
