//! Accounts.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, USER};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::item;
use crate::store::StoreError;
use crate::types::{Account, Uid, User};

pub fn account(db: &Connection, login: &str) -> Result<Option<Account>, StoreError> {
    let condition = if login.contains('@') {
        "email"
    } else {
        "substr(email, 1, instr(email, '@') - 1)"
    };
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER}, password,
            NOT EXISTS (SELECT 1 FROM users o WHERE o.uid <> users.uid
                AND substr(o.email, 1, instr(o.email, '@') - 1) = substr(users.email, 1, instr(users.email, '@') - 1)) AS sole
            FROM users WHERE {condition} = ?1 LIMIT 2"
    ))?;
    let found = select.query_map([login], |row| {
        Ok(Account {
            user: rows::user(row)?,
            password: row.get("password")?,
            sole_local_part: row.get("sole")?,
        })
    })?;
    let mut found = found.collect::<Result<Vec<_>, _>>()?;
    Ok(if found.len() == 1 { found.pop() } else { None })
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
        }
        Ok(added)
    }

    pub fn delete_user(&mut self, uid: Uid) -> Result<(), StoreError> {
        if let Some(user) = user(self.reading(), uid)? {
            // The server whose clients are told is another process.
            let gone = item::friend(uid, &user.name, false);
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
            "DELETE FROM places WHERE uid = ?1",
            "DELETE FROM sessions WHERE uid = ?1",
            "DELETE FROM users WHERE uid = ?1",
        ] {
            db.execute(sql, [uid.0])?;
        }
        Ok(())
    }
}
