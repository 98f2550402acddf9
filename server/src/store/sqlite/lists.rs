//! The lists into which users sort their friends.

use rusqlite::{Connection, params};

use super::writer::Tx;
use crate::store::limits::MAX_LISTS;
use crate::store::{List, ListChanged, StoreError};
use crate::types::Uid;

pub fn lists(db: &Connection, owner: Uid) -> Result<Vec<List>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT id, name, uid FROM friend_lists LEFT JOIN friend_list_members ON list = id
            WHERE owner = ?1 ORDER BY id, uid",
    )?;
    let mut rows = select.query([owner.0])?;
    let mut lists: Vec<List> = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, member): (i64, Option<i64>) = (row.get(0)?, row.get(2)?);
        if lists.last().is_none_or(|list| list.id != id) {
            lists.push(List {
                id,
                name: row.get(1)?,
                members: Vec::new(),
            });
        }
        if let Some(list) = lists.last_mut() {
            list.members.extend(member.map(Uid));
        }
    }
    Ok(lists)
}

impl Tx<'_> {
    pub fn create_list(&mut self, owner: Uid, name: &str) -> Result<ListChanged, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached("SELECT name FROM friend_lists WHERE owner = ?1")?;
        let names: Vec<String> = select
            .query_map([owner.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        // Old clients tell lists apart by name, ignoring case.
        let folded = name.to_lowercase();
        if names.iter().any(|known| known.to_lowercase() == folded) {
            return Ok(ListChanged::Exists);
        }
        if names.len() >= MAX_LISTS {
            return Ok(ListChanged::TooMany);
        }
        self.writing()?.execute(
            "INSERT INTO friend_lists(owner, name) VALUES (?1, ?2)",
            params![owner.0, name],
        )?;
        Ok(ListChanged::Done)
    }

    pub fn delete_list(&mut self, owner: Uid, list: i64) -> Result<ListChanged, StoreError> {
        if !self.owns(owner, list)? {
            return Ok(ListChanged::Unknown);
        }
        let db = self.erasing()?;
        db.execute("DELETE FROM friend_list_members WHERE list = ?1", [list])?;
        db.execute("DELETE FROM friend_lists WHERE id = ?1", [list])?;
        Ok(ListChanged::Done)
    }

    pub fn move_friend(
        &mut self,
        owner: Uid,
        friend: Uid,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<ListChanged, StoreError> {
        for list in from.iter().chain(&to) {
            if !self.owns(owner, *list)? {
                return Ok(ListChanged::Unknown);
            }
        }
        if !self.are_friends(owner, friend)? {
            return Ok(ListChanged::Unknown);
        }
        let db = self.writing()?;
        db.execute(
            "DELETE FROM friend_list_members WHERE list = ?1 AND uid = ?2",
            params![from, friend.0],
        )?;
        if to.is_some() {
            db.execute(
                "INSERT OR IGNORE INTO friend_list_members(list, uid) VALUES (?1, ?2)",
                params![to, friend.0],
            )?;
        }
        Ok(ListChanged::Done)
    }

    fn owns(&self, owner: Uid, list: i64) -> Result<bool, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached("SELECT 1 FROM friend_lists WHERE id = ?1 AND owner = ?2")?;
        Ok(select.exists(params![list, owner.0])?)
    }

    /// Takes a former friend out of all lists.
    pub fn leave_lists(&mut self, owner: Uid, friend: Uid) -> Result<(), StoreError> {
        self.writing()?.execute(
            "DELETE FROM friend_list_members WHERE uid = ?2
                AND list IN (SELECT id FROM friend_lists WHERE owner = ?1)",
            params![owner.0, friend.0],
        )?;
        Ok(())
    }
}
