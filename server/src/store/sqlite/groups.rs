//! Reading groups.
//!
//! Each time that somebody is in a group is one row of `group_members`, which names the first and the last message of that time.
//! So what a member may read needs no rows per message, and a message costs no more writes than its deliveries.

use rusqlite::{Connection, OptionalExtension, params};

use super::group_history::TO_GROUP;
use super::messages::is_stored;
use super::rows::{USER, user};
use crate::store::limits::MAX_UNREAD;
use crate::store::{Group, GroupName, MessageCheck, StoreError};
use crate::types::{Uid, User};

/// The groups of a user, and the first message of each that they may read.
pub fn memberships(db: &Connection, uid: Uid) -> Result<Vec<Group>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT gid, name, muted, read_message, first_message FROM group_members JOIN chat_groups USING (gid)
            WHERE uid = ?1 AND last_message IS NULL ORDER BY id",
    )?;
    let mut count = db.prepare_cached(&format!(
        "SELECT count(*) FROM (SELECT 1 FROM messages WHERE {TO_GROUP} AND id > ?2 LIMIT {MAX_UNREAD})"
    ))?;
    let mut last = db.prepare_cached(&format!(
        "SELECT time FROM messages WHERE {TO_GROUP} AND id >= ?2 ORDER BY id DESC LIMIT 1"
    ))?;
    let mut rows = select.query([uid.0])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        let gid = Uid(row.get(0)?);
        let (read, first): (i64, i64) = (row.get(3)?, row.get(4)?);
        let time = last.query_row(params![gid.0, first], |row| row.get(0));
        groups.push(Group {
            gid,
            name: row.get(1)?,
            muted: row.get(2)?,
            unread: count.query_row(params![gid.0, read], |row| row.get(0))?,
            time: time.optional()?.unwrap_or(0),
        });
    }
    Ok(groups)
}

pub fn groups(db: &Connection, uid: Uid) -> Result<Vec<(Group, Vec<User>)>, StoreError> {
    let groups = memberships(db, uid)?.into_iter();
    groups
        .map(|group| {
            let members = members(db, group.gid)?;
            Ok((group, members))
        })
        .collect()
}

pub fn names(db: &Connection, uid: Uid) -> Result<Vec<GroupName>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT gid, name, create_id FROM group_members JOIN chat_groups USING (gid)
            WHERE uid = ?1 AND last_message IS NULL ORDER BY id",
    )?;
    let names = select.query_map([uid.0], |row| {
        Ok(GroupName {
            gid: Uid(row.get(0)?),
            name: row.get(1)?,
            create_id: row.get(2)?,
        })
    })?;
    Ok(names.collect::<Result<_, _>>()?)
}

pub fn unread_groups(db: &Connection, uid: Uid) -> Result<Vec<Group>, StoreError> {
    let mut groups = memberships(db, uid)?;
    groups.retain(|group| group.unread > 0);
    groups.sort_by_key(|group| std::cmp::Reverse(group.time));
    Ok(groups)
}

pub fn members(db: &Connection, gid: Uid) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER} FROM group_members JOIN users USING (uid)
            WHERE gid = ?1 AND last_message IS NULL ORDER BY id"
    ))?;
    Ok(select.query_map([gid.0], user)?.collect::<Result<_, _>>()?)
}

pub fn member_uids(db: &Connection, gid: Uid) -> Result<Vec<Uid>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT uid FROM group_members WHERE gid = ?1 AND last_message IS NULL ORDER BY id",
    )?;
    let uids = select.query_map([gid.0], |row| row.get(0).map(Uid))?;
    Ok(uids.collect::<Result<_, _>>()?)
}

pub fn members_for(db: &Connection, uid: Uid, gid: Uid) -> Result<Option<Vec<User>>, StoreError> {
    let members = members(db, gid)?;
    let is_member = members.iter().any(|member| member.uid == uid);
    Ok(is_member.then_some(members))
}

/// The name of a group, if `uid` is in it.
pub fn name_for(db: &Connection, uid: Uid, gid: Uid) -> Result<Option<String>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT name FROM group_members JOIN chat_groups USING (gid)
            WHERE gid = ?1 AND uid = ?2 AND last_message IS NULL",
    )?;
    let name = select.query_row(params![gid.0, uid.0], |row| row.get(0));
    Ok(name.optional()?)
}

pub fn check_message(
    db: &Connection,
    from: Uid,
    gid: Uid,
    msg_id: &str,
    hash: i64,
) -> Result<MessageCheck, StoreError> {
    if is_stored(db, from, gid, msg_id, hash)? {
        return Ok(MessageCheck::Duplicate);
    }
    Ok(match name_for(db, from, gid)? {
        Some(_) => MessageCheck::Member,
        None => MessageCheck::NotReachable,
    })
}
