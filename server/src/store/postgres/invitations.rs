//! Accounts that people register themselves, and invitations to do so.

use super::connection::Db;
use super::rows::at;
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::store::limits::VALID_FOR;
use crate::store::{Invitation, Kind, Registered, StoreError};
use crate::types::{SessionKey, Uid};

/// An invitation that can be used, with the friend that it names.
pub async fn find(db: &Db, key: SessionKey) -> Result<Option<Option<Uid>>, StoreError> {
    let sql = "SELECT friend FROM invites WHERE key = $1 AND expires > $2 AND expires <= $2 + $3";
    let found = db
        .row(sql, &[&key.0.as_slice(), &now_ms(), &VALID_FOR])
        .await?;
    let friend = |row| at::<Option<i64>>(&row, 0).map(|friend| friend.map(Uid));
    found.map(friend).transpose()
}

impl Tx<'_> {
    pub async fn invite(&mut self, key: SessionKey, friend: Option<Uid>) -> Result<(), StoreError> {
        let now = now_ms();
        self.execute("DELETE FROM invites WHERE expires <= $1", &[&now])
            .await?;
        let insert = "INSERT INTO invites(key, friend, expires) VALUES ($1, $2, $3)";
        let (friend, expires) = (friend.map(|friend| friend.0), now + VALID_FOR);
        self.execute(insert, &[&key.0.as_slice(), &friend, &expires])
            .await?;
        Ok(())
    }

    pub async fn register(
        &mut self,
        email: &str,
        name: &str,
        password: &str,
        invitation: Invitation,
    ) -> Result<Registered, StoreError> {
        let mut friend: Option<Uid> = None;
        if let Invitation::Key(key) = invitation {
            let Some(found) = find(self, key).await? else {
                return Ok(Registered::NotInvited);
            };
            friend = found;
        }
        let Some(uid) = self.add_user(email, name, password).await? else {
            return Ok(Registered::Taken);
        };
        if let Invitation::Key(key) = invitation {
            self.execute("DELETE FROM invites WHERE key = $1", &[&key.0.as_slice()])
                .await?;
        }
        if let Some(friend) = friend {
            self.befriend(uid, friend).await?;
            self.notify(friend, Kind::FriendAdded, uid, now_ms())
                .await?;
        }
        Ok(Registered::Added(uid, friend))
    }
}
