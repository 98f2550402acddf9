//! The lists into which users sort their friends.

use super::connection::Db;
use super::rows::{self, at};
use super::transaction::Tx;
use crate::store::limits::MAX_LISTS;
use crate::store::{List, ListChanged, StoreError};
use crate::types::Uid;

pub async fn lists(db: &Db, owner: Uid) -> Result<Vec<List>, StoreError> {
    let sql = "SELECT id, name, uid FROM friend_lists LEFT JOIN friend_list_members ON list = id
        WHERE owner = $1 ORDER BY id, uid";
    let mut lists: Vec<List> = Vec::new();
    for row in db.rows(sql, &[&owner.0]).await? {
        let (id, member): (i64, Option<i64>) = (at(&row, 0)?, at(&row, 2)?);
        if lists.last().is_none_or(|list| list.id != id) {
            lists.push(List {
                id,
                name: at(&row, 1)?,
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
    pub async fn create_list(&mut self, owner: Uid, name: &str) -> Result<ListChanged, StoreError> {
        let sql = "SELECT name FROM friend_lists WHERE owner = $1";
        let names: Vec<String> = rows::all(&self.rows(sql, &[&owner.0]).await?, |row| at(row, 0))?;
        // Old clients tell lists apart by name, ignoring case.
        let folded = name.to_lowercase();
        if names.iter().any(|known| known.to_lowercase() == folded) {
            return Ok(ListChanged::Exists);
        }
        if names.len() >= MAX_LISTS {
            return Ok(ListChanged::TooMany);
        }
        let insert = "INSERT INTO friend_lists(owner, name) VALUES ($1, $2)";
        self.execute(insert, &[&owner.0, &name]).await?;
        Ok(ListChanged::Done)
    }

    pub async fn delete_list(&mut self, owner: Uid, list: i64) -> Result<ListChanged, StoreError> {
        if !self.owns(owner, list).await? {
            return Ok(ListChanged::Unknown);
        }
        self.execute("DELETE FROM friend_lists WHERE id = $1", &[&list])
            .await?;
        Ok(ListChanged::Done)
    }

    pub async fn move_friend(
        &mut self,
        owner: Uid,
        friend: Uid,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<ListChanged, StoreError> {
        for list in from.iter().chain(&to) {
            if !self.owns(owner, *list).await? {
                return Ok(ListChanged::Unknown);
            }
        }
        if !self.are_friends(owner, friend).await? {
            return Ok(ListChanged::Unknown);
        }
        let delete = "DELETE FROM friend_list_members WHERE list = $1 AND uid = $2";
        self.execute(delete, &[&from, &friend.0]).await?;
        if to.is_some() {
            let insert =
                "INSERT INTO friend_list_members(list, uid) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            self.execute(insert, &[&to, &friend.0]).await?;
        }
        Ok(ListChanged::Done)
    }

    async fn owns(&self, owner: Uid, list: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM friend_lists WHERE id = $1 AND owner = $2";
        self.exists(sql, &[&list, &owner.0]).await
    }

    /// Takes a former friend out of all lists.
    pub async fn leave_lists(&mut self, owner: Uid, friend: Uid) -> Result<(), StoreError> {
        let sql = "DELETE FROM friend_list_members WHERE uid = $2
            AND list IN (SELECT id FROM friend_lists WHERE owner = $1)";
        self.execute(sql, &[&owner.0, &friend.0]).await?;
        Ok(())
    }
}
