//! User names.

use super::connection::Db;
use super::rows::at;
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::store::limits::{FORMER_USERNAME_FOR, MAX_USERNAME_CHANGES};
use crate::store::message_rules::text_hash;
use crate::store::{AddedAs, ChangedBy, StoreError, UsernameChange};
use crate::types::Uid;
use crate::username::{candidates, key};

/// Whether `owner` can have a name: nobody else has or had one that people would confuse with it, or logs in with it as the part of their
/// address before the @.
async fn is_free(db: &Db, username: &str, owner: Option<Uid>) -> Result<bool, StoreError> {
    let taken = "SELECT 1 FROM users WHERE username_key = $1 AND uid IS DISTINCT FROM $3
        UNION ALL SELECT 1 FROM users WHERE split_part(email, '@', 1) = $2 AND uid IS DISTINCT FROM $3
        UNION ALL SELECT 1 FROM former_usernames WHERE key = $6 AND uid IS DISTINCT FROM $3 AND abs($4 - time) < $5";
    let owner = owner.map(|Uid(uid)| uid);
    let (key, now) = (key(username), now_ms());
    let former = text_hash(&key);
    let found = db
        .exists(
            taken,
            &[&key, &username, &owner, &now, &FORMER_USERNAME_FOR, &former],
        )
        .await?;
    Ok(!found)
}

impl Tx<'_> {
    async fn put_username(&mut self, uid: Uid, username: &str) -> Result<(), StoreError> {
        let update = "UPDATE users SET username = $2, username_key = $3 WHERE uid = $1";
        self.execute(update, &[&uid.0, &username, &key(username)])
            .await?;
        Ok(())
    }

    /// Gives a user who has no name yet one that is like the name that others see.
    pub async fn make_username(&mut self, uid: Uid, name: &str) -> Result<(), StoreError> {
        for username in candidates(name, uid) {
            if is_free(self, &username, Some(uid)).await? {
                return self.put_username(uid, &username).await;
            }
        }
        Ok(())
    }

    pub async fn add_user_as(
        &mut self,
        username: &str,
        email: &str,
        name: &str,
        password: &str,
    ) -> Result<AddedAs, StoreError> {
        if !is_free(self, username, None).await? {
            return Ok(AddedAs::UsernameTaken);
        }
        let Some(uid) = self.add_user(email, name, password).await? else {
            return Ok(AddedAs::AddressTaken);
        };
        self.put_username(uid, username).await?;
        Ok(AddedAs::Added(uid))
    }

    pub async fn set_username(
        &mut self,
        uid: Uid,
        username: &str,
        by: ChangedBy,
    ) -> Result<UsernameChange, StoreError> {
        let now = now_ms();
        let sql = "SELECT username FROM users WHERE uid = $1";
        let Some(row) = self.row(sql, &[&uid.0]).await? else {
            return Ok(UsernameChange::Done);
        };
        let old: String = at(&row, 0)?;
        if old == username {
            return Ok(UsernameChange::Done);
        }
        if !is_free(self, username, Some(uid)).await? {
            return Ok(UsernameChange::Taken);
        }
        let changes =
            "SELECT count(*) FROM former_usernames WHERE uid = $1 AND abs($2 - time) < $3";
        let changes = self
            .number(changes, &[&uid.0, &now, &FORMER_USERNAME_FOR])
            .await?;
        let new_key = key(username);
        let is_new = key(&old) != new_key;
        if by == ChangedBy::Owner && is_new && changes >= MAX_USERNAME_CHANGES {
            return Ok(UsernameChange::TooOften);
        }
        let delete = "DELETE FROM former_usernames WHERE key = $1 OR abs($2 - time) >= $3";
        self.execute(delete, &[&text_hash(&new_key), &now, &FORMER_USERNAME_FOR])
            .await?;
        if is_new {
            let insert = "INSERT INTO former_usernames(key, uid, time) VALUES ($1, $2, $3)";
            self.execute(insert, &[&text_hash(&key(&old)), &uid.0, &now])
                .await?;
        }
        self.put_username(uid, username).await?;
        Ok(UsernameChange::Done)
    }
}
