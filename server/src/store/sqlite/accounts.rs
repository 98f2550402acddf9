//! Accounts.

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::rows::{self, USER};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::item;
use crate::store::StoreError;
use crate::types::{Account, Uid, User};
use crate::username::key;

/// The part of an address before the @, for which there is an index.
const LOCAL_PART: &str = "substr(email, 1, instr(email, '@') - 1)";

pub fn account(db: &Connection, login: &str) -> Result<Option<Account>, StoreError> {
    if login.contains('@') {
        return sole(db, "email = ?1", [login]);
    }
    let named = sole(
        db,
        "username_key = ?1 AND username = ?2",
        [key(login).as_str(), login],
    )?;
    // Only in one form, because failed attempts are counted by what was typed.
    let uid = login
        .parse()
        .ok()
        .filter(|uid: &Uid| uid.to_string() == login);
    Ok(match (named, uid) {
        (Some(account), _) => Some(account),
        (None, Some(uid)) => sole(db, "uid = ?1", [uid.0])?,
        (None, None) => None,
    }
    .or(sole(db, &format!("{LOCAL_PART} = ?1"), [login])?))
}

/// The account that meets a condition, if it is the only one.
fn sole(
    db: &Connection,
    condition: &str,
    parameters: impl Params,
) -> Result<Option<Account>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER}, password FROM users WHERE {condition} LIMIT 2"
    ))?;
    let found = select.query_map(parameters, |row| {
        Ok((rows::user(row)?, row.get("password")?))
    })?;
    let found = found.collect::<Result<Vec<(User, String)>, _>>()?;
    let Ok([(user, password)]) = <[_; 1]>::try_from(found) else {
        return Ok(None);
    };
    Ok(Some(Account {
        sole_names: sole_names(db, &user)?,
        user,
        password,
    }))
}

/// What a user can type instead of the address and nobody else can.
fn sole_names(db: &Connection, user: &User) -> Result<Vec<String>, StoreError> {
    let mut shared = db.prepare_cached(&format!(
        "SELECT 1 FROM users WHERE {LOCAL_PART} = ?1 AND uid <> ?3
            UNION ALL SELECT 1 FROM users WHERE username_key = ?2 AND username = ?1 AND uid <> ?3
            UNION ALL SELECT 1 FROM users WHERE uid = CAST(?1 AS INTEGER) AND CAST(uid AS TEXT) = ?1 AND uid <> ?3"
    ))?;
    let local_part = user.email.split_once('@').map_or("", |(local, _)| local);
    let mut names = vec![
        local_part.to_owned(),
        user.username.clone(),
        user.uid.to_string(),
    ];
    let mut failed = Ok(());
    names.retain(|name| {
        let shared = shared.exists(params![name, key(name), user.uid.0]);
        shared.map_or_else(
            |error| {
                failed = Err(error);
                false
            },
            |shared| !shared,
        )
    });
    failed?;
    Ok(names)
}

pub fn user(db: &Connection, uid: Uid) -> Result<Option<User>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {USER} FROM users WHERE uid = ?1"))?;
    Ok(select.query_row([uid.0], rows::user).optional()?)
}

pub fn exists(db: &Connection, uid: Uid) -> Result<bool, StoreError> {
    let mut select = db.prepare_cached("SELECT 1 FROM users WHERE uid = ?1")?;
    Ok(select.exists([uid.0])?)
}

/// Those of `uids` that are no users any more.
pub fn missing(db: &Connection, uids: Vec<Uid>) -> Result<Vec<Uid>, StoreError> {
    let mut missing = Vec::new();
    for uid in uids {
        if !exists(db, uid)? {
            missing.push(uid);
        }
    }
    Ok(missing)
}

pub fn users(db: &Connection) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {USER} FROM users ORDER BY email"))?;
    Ok(select
        .query_map([], rows::user)?
        .collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    pub fn add_user(
        &mut self,
        email: &str,
        name: &str,
        password: &str,
    ) -> Result<Option<Uid>, StoreError> {
        let added = self
            .writing()?
            .prepare_cached("INSERT INTO users(email, name, password, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING RETURNING uid")?
            .query_row(params![email, name, password, now_ms()], |row| row.get(0).map(Uid))
            .optional()?;
        if let Some(uid) = added {
            self.index_name(uid, name)?;
            self.make_username(uid, name)?;
        }
        Ok(added)
    }

    pub fn delete_user(&mut self, uid: Uid) -> Result<(), StoreError> {
        if let Some(user) = user(self.reading(), uid)? {
            // The server whose clients are told is another process.
            let gone = item::deleted_friend(&user);
            self.writing()?.execute(
                "INSERT INTO outbox(owner, item, time) SELECT friend, ?2, ?3 FROM friends WHERE uid = ?1",
                params![uid.0, &*gone, now_ms()],
            )?;
            let unblocked = item::block(uid, &user.name, false);
            self.writing()?.execute(
                "INSERT INTO outbox(owner, item, time) SELECT uid, ?2, ?3 FROM blocks WHERE blocked = ?1",
                params![uid.0, &*unblocked, now_ms()],
            )?;
        }
        self.leave_groups(uid)?;
        let db = self.erasing()?;
        db.execute("DELETE FROM outbox WHERE owner = ?1", [uid.0])?;
        for sql in [
            "DELETE FROM deliveries WHERE owner = ?1
                OR message IN (SELECT id FROM messages WHERE sender = ?1 OR recipient = ?1)",
            "DELETE FROM messages WHERE sender = ?1 OR recipient = ?1",
            "DELETE FROM files WHERE owner = ?1",
            "DELETE FROM unread WHERE owner = ?1 OR peer = ?1",
            "DELETE FROM notifications WHERE owner = ?1 OR actor = ?1",
            "DELETE FROM friend_list_members WHERE uid = ?1",
            "DELETE FROM friend_lists WHERE owner = ?1",
            "DELETE FROM blocks WHERE uid = ?1 OR blocked = ?1",
            "DELETE FROM friend_requests WHERE sender = ?1 OR recipient = ?1",
            "DELETE FROM friends WHERE uid = ?1 OR friend = ?1",
            "DELETE FROM invites WHERE friend = ?1",
            "DELETE FROM name_words WHERE uid = ?1",
            "DELETE FROM pictures WHERE uid = ?1",
            "DELETE FROM unrendered_pictures WHERE uid = ?1",
            "DELETE FROM former_usernames WHERE uid = ?1",
            "DELETE FROM places WHERE uid = ?1",
            "DELETE FROM sessions WHERE uid = ?1",
            "DELETE FROM users WHERE uid = ?1",
        ] {
            db.execute(sql, [uid.0])?;
        }
        Ok(())
    }
}
