//! Reading groups. Each time that somebody is in a group is one row of `group_members`, which names the first and the last message of
//! that time.

use super::connection::Db;
use super::messages::{bounds, is_stored};
use super::rows::{self, at, message_columns, uid, user_columns};
use crate::store::limits::MAX_UNREAD;
use crate::store::message_rules::Part;
use crate::store::{Group, GroupName, HistoryRange, MessageCheck, StoreError};
use crate::types::{Message, Uid, User};

/// The groups of a user, and the first message of each that they may read.
pub async fn memberships(db: &Db, uid: Uid) -> Result<Vec<Group>, StoreError> {
    let sql = "SELECT gid, name, muted,
            (SELECT count(*) FROM (SELECT 1 FROM messages WHERE recipient = gid AND messages.id > read_message LIMIT $2) AS unread),
            coalesce((SELECT time FROM messages WHERE recipient = gid AND messages.id >= first_message ORDER BY messages.id DESC LIMIT 1), 0)
        FROM group_members JOIN chat_groups USING (gid)
        WHERE uid = $1 AND last_message IS NULL ORDER BY group_members.id";
    rows::all(&db.rows(sql, &[&uid.0, &MAX_UNREAD]).await?, |row| {
        Ok(Group {
            gid: Uid(at(row, 0)?),
            name: at(row, 1)?,
            muted: at(row, 2)?,
            unread: at(row, 3)?,
            time: at(row, 4)?,
        })
    })
}

pub async fn groups(db: &Db, uid: Uid) -> Result<Vec<(Group, Vec<User>)>, StoreError> {
    let mut groups = Vec::new();
    for group in memberships(db, uid).await? {
        let members = members(db, group.gid).await?;
        groups.push((group, members));
    }
    Ok(groups)
}

pub async fn names(db: &Db, uid: Uid) -> Result<Vec<GroupName>, StoreError> {
    let sql = "SELECT gid, name, create_id FROM group_members JOIN chat_groups USING (gid)
        WHERE uid = $1 AND last_message IS NULL ORDER BY group_members.id";
    rows::all(&db.rows(sql, &[&uid.0]).await?, |row| {
        Ok(GroupName {
            gid: Uid(at(row, 0)?),
            name: at(row, 1)?,
            create_id: at(row, 2)?,
        })
    })
}

pub async fn unread_groups(db: &Db, uid: Uid) -> Result<Vec<Group>, StoreError> {
    let mut groups = memberships(db, uid).await?;
    groups.retain(|group| group.unread > 0);
    groups.sort_by_key(|group| std::cmp::Reverse(group.time));
    Ok(groups)
}

pub async fn members(db: &Db, gid: Uid) -> Result<Vec<User>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM group_members JOIN users USING (uid)
            WHERE gid = $1 AND last_message IS NULL ORDER BY id"
    );
    rows::all(&db.rows(sql, &[&gid.0]).await?, rows::user)
}

pub async fn member_uids(db: &Db, gid: Uid) -> Result<Vec<Uid>, StoreError> {
    let sql = "SELECT uid FROM group_members WHERE gid = $1 AND last_message IS NULL ORDER BY id";
    rows::all(&db.rows(sql, &[&gid.0]).await?, uid)
}

pub async fn members_for(db: &Db, uid: Uid, gid: Uid) -> Result<Option<Vec<User>>, StoreError> {
    let members = members(db, gid).await?;
    let is_member = members.iter().any(|member| member.uid == uid);
    Ok(is_member.then_some(members))
}

/// The name of a group, if `uid` is in it.
pub async fn name_for(db: &Db, uid: Uid, gid: Uid) -> Result<Option<String>, StoreError> {
    let sql = "SELECT name FROM group_members JOIN chat_groups USING (gid)
        WHERE gid = $1 AND uid = $2 AND last_message IS NULL";
    let name = db.row(sql, &[&gid.0, &uid.0]).await?;
    name.map(|row| at(&row, 0)).transpose()
}

pub async fn check_message(
    db: &Db,
    from: Uid,
    gid: Uid,
    msg_id: &str,
    hash: i64,
) -> Result<MessageCheck, StoreError> {
    if is_stored(db, from, gid, msg_id, hash).await? {
        return Ok(MessageCheck::Duplicate);
    }
    Ok(match name_for(db, from, gid).await? {
        Some(_) => MessageCheck::Member,
        None => MessageCheck::NotReachable,
    })
}

/// The times that a user was in a group, as far as they fall between two ids.
macro_rules! times {
    ($order:literal) => {
        concat!(
            "SELECT greatest(first_message, $3), least(coalesce(last_message, $4), $4) FROM group_members
                WHERE gid = $1 AND uid = $2 AND first_message <= $4 AND coalesce(last_message, $4) >= $3
                ORDER BY id ",
            $order
        )
    };
}

/// The messages to a group between two ids.
macro_rules! messages {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM messages m WHERE m.recipient = $1 AND m.id >= $2 AND m.id <= $3 ORDER BY m.id ",
            $order,
            " LIMIT $4"
        )
    };
}

pub async fn history(
    db: &Db,
    uid: Uid,
    gid: Uid,
    range: HistoryRange,
) -> Result<Option<Vec<Message>>, StoreError> {
    let known = "SELECT 1 FROM group_members WHERE gid = $1 AND uid = $2";
    if !db.exists(known, &[&gid.0, &uid.0]).await? {
        return Ok(None);
    }
    let (after, before) = bounds(db, range).await?;
    let part = between(
        db,
        uid,
        gid,
        (after, before),
        range.since.is_some(),
        range.limit,
    );
    Ok(Some(part.await?.oldest_first(range)))
}

/// The first or the last messages whose ids are between two others, as far as a user may read them.
pub async fn between(
    db: &Db,
    uid: Uid,
    gid: Uid,
    (after, before): (i64, i64),
    first: bool,
    limit: usize,
) -> Result<Part, StoreError> {
    let (times, select) = if first {
        (times!("ASC"), messages!("ASC"))
    } else {
        (times!("DESC"), messages!("DESC"))
    };
    let (from, to) = (after.saturating_add(1), before.saturating_sub(1));
    let mut part = Part::default();
    for time in db.rows(times, &[&gid.0, &uid.0, &from, &to]).await? {
        let (from, to): (i64, i64) = (at(&time, 0)?, at(&time, 1)?);
        let limit = limit.saturating_sub(part.len());
        if limit == 0 {
            break;
        }
        let found = db
            .rows(select, &[&gid.0, &from, &to, &(limit as i64)])
            .await?;
        for row in &found {
            if part.add(rows::message(row)?) {
                return Ok(part);
            }
        }
    }
    Ok(part)
}
