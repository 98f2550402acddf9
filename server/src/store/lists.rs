//! The lists into which people sort their friends.

use rusqlite::params;

use super::writer::Tx;
use super::{Reply, Sqlite, StoreError};
use crate::lock;
use crate::types::Uid;

/// The most lists of one user.
const LISTS: i64 = 100;

/// A list of friends.
#[derive(Debug)]
pub struct List {
    /// Its number, unique among all lists.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Who is in it.
    pub members: Vec<Uid>,
}

/// A change of one's own lists.
#[derive(Debug)]
pub enum ListChange {
    /// A new list.
    Create(String),
    /// A list is deleted; its members stay friends.
    Delete(i64),
    /// A friend goes out of one list and into another; either may be none.
    Move {
        /// Who.
        friend: Uid,
        /// Out of which list.
        from: Option<i64>,
        /// Into which list.
        to: Option<i64>,
    },
}

/// Whether a change of lists was possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListChanged {
    /// It is done.
    Done,
    /// There is a list of that name.
    Exists,
    /// There are too many lists.
    TooMany,
    /// There is no such list, or no such friend.
    Unknown,
}

/// The durable side of lists.
pub trait Lists {
    /// A user's lists, by age.
    fn lists(&self, owner: Uid) -> Result<Vec<List>, StoreError>;

    /// Changes one's own lists.
    fn change_lists(&self, owner: Uid, change: ListChange) -> Reply<ListChanged>;
}

impl Lists for Sqlite {
    fn lists(&self, owner: Uid) -> Result<Vec<List>, StoreError> {
        let db = lock(&self.reader);
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

    fn change_lists(&self, owner: Uid, change: ListChange) -> Reply<ListChanged> {
        self.submit(move |tx| match &change {
            ListChange::Create(name) => tx.create_list(owner, name),
            ListChange::Delete(list) => tx.delete_list(owner, *list),
            ListChange::Move { friend, from, to } => tx.move_friend(owner, *friend, *from, *to),
        })
    }
}

impl Tx<'_> {
    fn create_list(&mut self, owner: Uid, name: &str) -> Result<ListChanged, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached("SELECT name FROM friend_lists WHERE owner = ?1")?;
        let names: Vec<String> = select
            .query_map([owner.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        // Old clients know lists by name, whatever its case.
        let folded = name.to_lowercase();
        if names.iter().any(|known| known.to_lowercase() == folded) {
            return Ok(ListChanged::Exists);
        }
        if names.len() as i64 >= LISTS {
            return Ok(ListChanged::TooMany);
        }
        self.writing()?.execute(
            "INSERT INTO friend_lists(owner, name) VALUES (?1, ?2)",
            params![owner.0, name],
        )?;
        Ok(ListChanged::Done)
    }

    fn delete_list(&mut self, owner: Uid, list: i64) -> Result<ListChanged, StoreError> {
        if !self.owns(owner, list)? {
            return Ok(ListChanged::Unknown);
        }
        let db = self.writing()?;
        db.execute("DELETE FROM friend_list_members WHERE list = ?1", [list])?;
        db.execute("DELETE FROM friend_lists WHERE id = ?1", [list])?;
        Ok(ListChanged::Done)
    }

    fn move_friend(
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
    pub(super) fn leave_lists(&mut self, owner: Uid, friend: Uid) -> Result<(), StoreError> {
        self.writing()?.execute(
            "DELETE FROM friend_list_members WHERE uid = ?2
                AND list IN (SELECT id FROM friend_lists WHERE owner = ?1)",
            params![owner.0, friend.0],
        )?;
        Ok(())
    }
}
