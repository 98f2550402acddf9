//! Accounts.

use super::connection::{Db, Params};
use super::rows::{self, at, named, uid, user_columns};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::item;
use crate::store::StoreError;
use crate::types::{Account, Uid, User};
use crate::username::key;

const BY_EMAIL: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", password FROM users WHERE email = $1 LIMIT 2"
);
const BY_USERNAME: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", password FROM users WHERE username_key = $1 AND username = $2 LIMIT 2"
);
const BY_UID: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", password FROM users WHERE uid = $1 LIMIT 2"
);
const BY_LOCAL_PART: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", password FROM users WHERE split_part(email, '@', 1) = $1 LIMIT 2"
);

pub async fn account(db: &Db, login: &str) -> Result<Option<Account>, StoreError> {
    // PostgreSQL has no such texts, and refuses to look for them.
    if login.contains('\0') {
        return Ok(None);
    }
    if login.contains('@') {
        return sole(db, BY_EMAIL, &[&login]).await;
    }
    if let Some(account) = sole(db, BY_USERNAME, &[&key(login), &login]).await? {
        return Ok(Some(account));
    }
    if let Some(uid) = number(login)
        && let Some(account) = sole(db, BY_UID, &[&uid]).await?
    {
        return Ok(Some(account));
    }
    sole(db, BY_LOCAL_PART, &[&login]).await
}

/// The number that a text is. Only in one form, because failed attempts are counted by what was typed.
fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The account that is found, if it is the only one.
async fn sole(
    db: &Db,
    select: &'static str,
    params: Params<'_>,
) -> Result<Option<Account>, StoreError> {
    let found = db.rows(select, params).await?;
    let [row] = found.as_slice() else {
        return Ok(None);
    };
    let user = rows::user(row)?;
    Ok(Some(Account {
        sole_names: sole_names(db, &user).await?,
        password: named(row, "password")?,
        user,
    }))
}

/// What a user can type instead of the address and nobody else can.
async fn sole_names(db: &Db, user: &User) -> Result<Vec<String>, StoreError> {
    let shared = "SELECT 1 FROM users WHERE split_part(email, '@', 1) = $1 AND uid <> $3
        UNION ALL SELECT 1 FROM users WHERE username_key = $2 AND username = $1 AND uid <> $3
        UNION ALL SELECT 1 FROM users WHERE uid = $4 AND uid <> $3";
    let local_part = user.email.split_once('@').map_or("", |(local, _)| local);
    let mut names = Vec::new();
    for name in [
        local_part.to_owned(),
        user.username.clone(),
        user.uid.to_string(),
    ] {
        let uid = number(&name);
        if !db
            .exists(shared, &[&name, &key(&name), &user.uid.0, &uid])
            .await?
        {
            names.push(name);
        }
    }
    Ok(names)
}

pub async fn user(db: &Db, uid: Uid) -> Result<Option<User>, StoreError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE uid = $1");
    let found = db.row(sql, &[&uid.0]).await?;
    found.as_ref().map(rows::user).transpose()
}

/// Those of `uids` that are no users any more.
pub async fn missing(db: &Db, uids: Vec<Uid>) -> Result<Vec<Uid>, StoreError> {
    let asked: Vec<i64> = uids.iter().map(|uid| uid.0).collect();
    let sql = "SELECT asked.uid FROM unnest($1::bigint[]) AS asked(uid)
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.uid = asked.uid)";
    rows::all(&db.rows(sql, &[&asked]).await?, uid)
}

pub async fn users(db: &Db) -> Result<Vec<User>, StoreError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users ORDER BY email");
    rows::all(&db.rows(sql, &[]).await?, rows::user)
}

impl Tx<'_> {
    pub async fn add_user(
        &mut self,
        email: &str,
        name: &str,
        password: &str,
    ) -> Result<Option<Uid>, StoreError> {
        // Without an attempt, which would use up a number.
        let taken = "SELECT 1 FROM users WHERE email = $1";
        if self.exists(taken, &[&email]).await? {
            return Ok(None);
        }
        let sql = "INSERT INTO users(email, name, password, created) VALUES ($1, $2, $3, $4) RETURNING uid";
        let added = self
            .row(sql, &[&email, &name, &password, &now_ms()])
            .await?;
        let Some(row) = added else {
            return Ok(None);
        };
        let uid = Uid(at(&row, 0)?);
        self.execute("INSERT INTO channels(uid) VALUES ($1)", &[&uid.0])
            .await?;
        self.index_name(uid, name).await?;
        self.make_username(uid, name).await?;
        Ok(Some(uid))
    }

    pub async fn delete_user(&mut self, uid: Uid) -> Result<(), StoreError> {
        if let Some(user) = user(self, uid).await? {
            // The server whose clients are told is another process.
            let gone = item::deleted_friend(&user);
            let friends = "INSERT INTO outbox(owner, item, time) SELECT friend, $2, $3 FROM friends WHERE uid = $1";
            self.execute(friends, &[&uid.0, &&*gone, &now_ms()]).await?;
            let unblocked = item::block(uid, &user.name, false);
            let blockers = "INSERT INTO outbox(owner, item, time) SELECT uid, $2, $3 FROM blocks WHERE blocked = $1";
            self.execute(blockers, &[&uid.0, &&*unblocked, &now_ms()])
                .await?;
        }
        self.leave_groups(uid).await?;
        // The messages of others count for them no more.
        let messages = "WITH gone AS (
                DELETE FROM messages WHERE sender = $1 OR recipient = $1 RETURNING id, sender, octet_length(text) + 256 AS bytes
            ), undelivered AS (
                DELETE FROM deliveries USING gone WHERE deliveries.message = gone.id
            ), freed AS (
                SELECT sender, sum(bytes)::bigint AS bytes FROM gone GROUP BY sender
            )
            UPDATE channels SET message_bytes = message_bytes - freed.bytes FROM freed WHERE channels.uid = freed.sender";
        self.execute(messages, &[&uid.0]).await?;
        self.delete_files_of(uid).await?;
        for sql in [
            "DELETE FROM outbox WHERE owner = $1",
            "DELETE FROM deliveries WHERE owner = $1",
            "DELETE FROM unread WHERE owner = $1 OR peer = $1",
            "DELETE FROM notifications WHERE owner = $1 OR actor = $1",
            "DELETE FROM friend_list_members WHERE uid = $1",
            "DELETE FROM friend_lists WHERE owner = $1",
            "DELETE FROM blocks WHERE uid = $1 OR blocked = $1",
            "DELETE FROM friend_requests WHERE sender = $1 OR recipient = $1",
            "DELETE FROM friends WHERE uid = $1 OR friend = $1",
            "DELETE FROM invites WHERE friend = $1",
            "DELETE FROM name_words WHERE uid = $1",
            "DELETE FROM pictures WHERE uid = $1",
            "DELETE FROM former_usernames WHERE uid = $1",
            "DELETE FROM places WHERE uid = $1",
            "DELETE FROM sessions WHERE uid = $1",
            "DELETE FROM channels WHERE uid = $1",
            "DELETE FROM users WHERE uid = $1",
        ] {
            self.execute(sql, &[&uid.0]).await?;
        }
        Ok(())
    }
}
