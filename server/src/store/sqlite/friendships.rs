//! Friends, friend requests and pokes.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows::{USER, user};
use super::writer::Tx;
use crate::clock::now_ms;
use crate::store::limits::{
    DECLINED_FOR, MAX_FRIENDS, MAX_REQUESTS, MAX_WAITING, POKED_FOR, REQUESTS_WITHIN,
};
use crate::store::{Answered, Asked, FriendRequest, Kind, Poked, Relation, StoreError};
use crate::types::{Uid, User};

/// The condition under which a request looks unanswered to its sender. `?2` is the current time, and declined ones are forgotten
/// after a while. As everywhere here, a time that is further ahead than that was stored by a wrong clock and does not count.
fn unanswered() -> String {
    format!("(answer = 0 OR (answer = 2 AND abs(?2 - answered) < {DECLINED_FOR}))")
}

pub fn friends(db: &Connection, uid: Uid) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER} FROM friends JOIN users ON users.uid = friends.friend WHERE friends.uid = ?1"
    ))?;
    Ok(select.query_map([uid.0], user)?.collect::<Result<_, _>>()?)
}

pub fn friend_uids(db: &Connection, uid: Uid) -> Result<Vec<Uid>, StoreError> {
    let mut select = db.prepare_cached("SELECT friend FROM friends WHERE uid = ?1")?;
    let uids = select.query_map([uid.0], |row| row.get(0).map(Uid))?;
    Ok(uids.collect::<Result<_, _>>()?)
}

/// The friends of a user whom they have not blocked.
pub fn watching(db: &Connection, uid: Uid) -> Result<Vec<Uid>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT friend FROM friends WHERE uid = ?1
            AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = friend AND blocks.uid = ?1)",
    )?;
    let uids = select.query_map([uid.0], |row| row.get(0).map(Uid))?;
    Ok(uids.collect::<Result<_, _>>()?)
}

/// The condition under which `?1` may write to the user `?2`.
pub const REACHABLE: &str = "users.uid = ?2
    AND (?1 = ?2 OR EXISTS (SELECT 1 FROM friends WHERE friends.uid = ?1 AND friend = ?2))
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = ?2 AND blocks.uid = ?1)
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = ?1 AND blocks.uid = ?2)";

pub fn reachable(db: &Connection, uid: Uid, other: Uid) -> Result<Option<User>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {USER} FROM users WHERE {REACHABLE}"))?;
    Ok(select.query_row(params![uid.0, other.0], user).optional()?)
}

pub fn user_and_relation(
    db: &Connection,
    own: Uid,
    uid: Uid,
) -> Result<Option<(User, Relation)>, StoreError> {
    let Some(user) = super::accounts::user(db, uid)? else {
        return Ok(None);
    };
    Ok(Some((user, relation(db, own, uid)?)))
}

pub fn relation(db: &Connection, uid: Uid, other: Uid) -> Result<Relation, StoreError> {
    if uid == other {
        return Ok(Relation::Own);
    }
    let mut select = db.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM friends WHERE uid = ?1 AND friend = ?3),
            EXISTS (SELECT 1 FROM friend_requests WHERE sender = ?3 AND recipient = ?1 AND answer = 0),
            EXISTS (SELECT 1 FROM friend_requests WHERE sender = ?1 AND recipient = ?3 AND {unanswered})",
        unanswered = unanswered()
    ))?;
    let found = select.query_row(params![uid.0, now_ms(), other.0], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(match found {
        (true, ..) => Relation::Friend,
        (_, true, _) => Relation::Received,
        (_, _, true) => Relation::Sent,
        _ => Relation::None,
    })
}

pub fn requests_received(db: &Connection, uid: Uid) -> Result<Vec<FriendRequest>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER}, message AS said, time AS asked FROM friend_requests JOIN users ON users.uid = sender
            WHERE recipient = ?1 AND answer = 0 ORDER BY time > ?2, time DESC LIMIT {MAX_WAITING}"
    ))?;
    let rows = select.query_map(params![uid.0, now_ms()], request)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn requests_sent(db: &Connection, uid: Uid) -> Result<Vec<FriendRequest>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {USER}, message AS said, time AS asked FROM friend_requests JOIN users ON users.uid = recipient
            WHERE sender = ?1 AND {unanswered} ORDER BY time > ?2, time DESC LIMIT {MAX_WAITING}",
        unanswered = unanswered()
    ))?;
    let rows = select.query_map(params![uid.0, now_ms()], request)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn request(row: &Row<'_>) -> rusqlite::Result<FriendRequest> {
    Ok(FriendRequest {
        user: user(row)?,
        message: row.get("said")?,
        time: row.get("asked")?,
    })
}

impl Tx<'_> {
    pub fn befriend(&mut self, a: Uid, b: Uid) -> Result<(), StoreError> {
        let db = self.writing()?;
        db.execute(
            "INSERT OR IGNORE INTO friends(uid, friend) VALUES (?1, ?2), (?2, ?1)",
            params![a.0, b.0],
        )?;
        // However they became friends, no request is left to be answered.
        db.execute(
            "UPDATE friend_requests SET answer = 1
                WHERE (sender = ?1 AND recipient = ?2) OR (sender = ?2 AND recipient = ?1)",
            params![a.0, b.0],
        )?;
        Ok(())
    }

    pub fn ask(&mut self, from: Uid, to: Uid, message: &str) -> Result<Asked, StoreError> {
        let now = now_ms();
        let Some(other) = super::accounts::user(self.reading(), to)?.filter(|_| from != to) else {
            return Ok(Asked::Unknown);
        };
        if self.are_friends(from, to)? {
            return Ok(Asked::Friend);
        }
        if self.has_blocked(from, to)? {
            return Ok(Asked::Blocked);
        }
        if self.is_waiting(to, from)? {
            return self.become_friends(from, to, now).map(|done| match done {
                true => Asked::Added(other),
                false => Asked::TooMany,
            });
        }
        let pending = self
            .reading()
            .prepare_cached(&format!(
                "SELECT 1 FROM friend_requests WHERE sender = ?1 AND recipient = ?3 AND {unanswered}",
                unanswered = unanswered()
            ))?
            .exists(params![from.0, now, to.0])?;
        if pending {
            return Ok(Asked::Pending);
        }
        let today =
            "SELECT count(*) FROM friend_requests WHERE sender = ?1 AND abs(?2 - time) < ?3";
        let waiting = "SELECT count(*) FROM friend_requests WHERE recipient = ?1 AND answer = 0";
        if self.count(today, params![from.0, now, REQUESTS_WITHIN])? >= MAX_REQUESTS
            || self.count(waiting, params![to.0])? >= MAX_WAITING
        {
            return Ok(Asked::TooMany);
        }
        self.erasing()?.execute(
            "INSERT OR REPLACE INTO friend_requests(sender, recipient, message, time) VALUES (?1, ?2, ?3, ?4)",
            params![from.0, to.0, message, now],
        )?;
        if self.has_blocked(to, from)? {
            self.decline(to, from, now)?;
        } else {
            self.notify(to, Kind::FriendRequest, from, now)?;
        }
        Ok(Asked::Requested(now))
    }

    pub fn answer(&mut self, own: Uid, from: Uid, accept: bool) -> Result<Answered, StoreError> {
        if self.are_friends(own, from)? {
            return Ok(Answered::Friend);
        }
        if !self.is_waiting(from, own)? {
            return Ok(Answered::Unknown);
        }
        let now = now_ms();
        if !accept {
            self.decline(own, from, now)?;
            return Ok(Answered::Declined);
        }
        let other = super::accounts::user(self.reading(), from)?;
        Ok(match other {
            None => Answered::Unknown,
            Some(other) if self.become_friends(own, from, now)? => Answered::Added(other),
            Some(_) => Answered::TooMany,
        })
    }

    pub fn poke(&mut self, from: Uid, to: Uid) -> Result<Poked, StoreError> {
        if !self.are_friends(from, to)? {
            return Ok(Poked::NotFriends);
        }
        if self.has_blocked(from, to)? {
            return Ok(Poked::Blocked);
        }
        let now = now_ms();
        let pending = self
            .reading()
            .prepare_cached(
                "SELECT 1 FROM notifications WHERE owner = ?1 AND kind = ?2 AND actor = ?3 AND abs(?4 - time) < ?5",
            )?
            .exists(params![to.0, Kind::Poke.name(), from.0, now, POKED_FOR])?;
        if pending {
            return Ok(Poked::Pending);
        }
        if self.has_blocked(to, from)? && !self.drop_poke(from, to, now)? {
            return Ok(Poked::Pending);
        }
        // Poking back settles the other's poke, so that they may poke again.
        self.delete_notification(from, Kind::Poke, to)?;
        self.notify(to, Kind::Poke, from, now)?;
        Ok(Poked::New(now))
    }

    pub fn unfriend(&mut self, own: Uid, other: Uid) -> Result<Option<User>, StoreError> {
        if !self.are_friends(own, other)? {
            return Ok(None);
        }
        self.writing()?.execute(
            "DELETE FROM friends WHERE (uid = ?1 AND friend = ?2) OR (uid = ?2 AND friend = ?1)",
            params![own.0, other.0],
        )?;
        self.leave_lists(own, other)?;
        self.leave_lists(other, own)?;
        super::accounts::user(self.reading(), other)
    }

    /// Declines for `own` the request of `from`, if one waits.
    pub fn decline(&mut self, own: Uid, from: Uid, now: i64) -> Result<(), StoreError> {
        self.delete_notification(own, Kind::FriendRequest, from)?;
        self.writing()?.execute(
            "UPDATE friend_requests SET answer = 2, answered = ?3
                WHERE sender = ?1 AND recipient = ?2 AND answer = 0",
            params![from.0, own.0, now],
        )?;
        Ok(())
    }

    /// Accepts for `own` the request of `other`; false if one of them has too many friends already.
    fn become_friends(&mut self, own: Uid, other: Uid, now: i64) -> Result<bool, StoreError> {
        for uid in [own, other] {
            let friends = "SELECT count(*) FROM friends WHERE uid = ?1";
            if self.count(friends, params![uid.0])? >= MAX_FRIENDS {
                return Ok(false);
            }
        }
        self.befriend(own, other)?;
        self.delete_notification(own, Kind::FriendRequest, other)?;
        self.notify(other, Kind::FriendAdded, own, now)?;
        Ok(true)
    }

    fn is_waiting(&self, sender: Uid, recipient: Uid) -> Result<bool, StoreError> {
        let mut select = self.reading().prepare_cached(
            "SELECT 1 FROM friend_requests WHERE sender = ?1 AND recipient = ?2 AND answer = 0",
        )?;
        Ok(select.exists(params![sender.0, recipient.0])?)
    }

    pub fn are_friends(&self, a: Uid, b: Uid) -> Result<bool, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached("SELECT 1 FROM friends WHERE uid = ?1 AND friend = ?2")?;
        Ok(select.exists(params![a.0, b.0])?)
    }

    pub fn count(&self, select: &str, params: impl rusqlite::Params) -> Result<i64, StoreError> {
        let mut select = self.reading().prepare_cached(select)?;
        Ok(select.query_row(params, |row| row.get(0))?)
    }
}
