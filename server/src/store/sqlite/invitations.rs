//! Accounts that people register themselves, and invitations to do so.

use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Tx;
use crate::clock::now_ms;
use crate::store::limits::VALID_FOR;
use crate::store::{Invitation, Kind, Registered, StoreError};
use crate::types::{SessionKey, Uid};

/// An invitation that can be used, with the friend that it names.
pub fn find(db: &Connection, key: SessionKey) -> Result<Option<Option<Uid>>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT friend FROM invites WHERE key = ?1 AND expires > ?2 AND expires <= ?2 + ?3",
    )?;
    let friend = select.query_row(params![key.0, now_ms(), VALID_FOR], |row| {
        row.get::<_, Option<i64>>(0)
    });
    Ok(friend.optional()?.map(|friend| friend.map(Uid)))
}

impl Tx<'_> {
    pub fn invite(&mut self, key: SessionKey, friend: Option<Uid>) -> Result<(), StoreError> {
        let (db, now) = (self.writing()?, now_ms());
        db.execute("DELETE FROM invites WHERE expires <= ?1", [now])?;
        db.execute(
            "INSERT INTO invites(key, friend, expires) VALUES (?1, ?2, ?3)",
            params![key.0, friend.map(|friend| friend.0), now + VALID_FOR],
        )?;
        Ok(())
    }

    pub fn register(
        &mut self,
        email: &str,
        name: &str,
        password: &str,
        invitation: Invitation,
    ) -> Result<Registered, StoreError> {
        let mut friend: Option<Uid> = None;
        if let Invitation::Key(key) = invitation {
            let Some(found) = find(self.reading(), key)? else {
                return Ok(Registered::NotInvited);
            };
            friend = found;
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
