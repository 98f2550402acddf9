//! Asking to be friends, answering, and parting again.

use rusqlite::{OptionalExtension, Row, params};

use super::sqlite::{USER, user};
use super::writer::{Tx, now_ms};
use super::{Kind, Reply, Sqlite, StoreError};
use crate::lock;
use crate::types::{Uid, User};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// How long a declined request cannot be repeated. Its sender is not told that it was declined.
const DECLINED_FOR: i64 = 7 * DAY;
/// The most people that one may ask in a day.
const PER_DAY: i64 = 50;
/// The most requests that wait for one person's answer.
const WAITING: i64 = 1000;
/// The most friends; as in 2008.
const FRIENDS: i64 = 5000;

/// What became of asking somebody.
#[derive(Debug)]
pub enum Asked {
    /// He has been asked now, at this time.
    Requested(i64),
    /// He had been asked before.
    Pending,
    /// He had asked first, so they are friends now.
    Added(User),
    /// They are friends already.
    Friend,
    /// There is no such user.
    Unknown,
    /// One of the limits is reached.
    TooMany,
}

/// What became of an answer.
#[derive(Debug)]
pub enum Answered {
    /// They are friends now.
    Added(User),
    /// The request is off the table.
    Declined,
    /// They were friends already.
    Friend,
    /// There is no such request.
    Unknown,
    /// One of the two has as many friends as one can have.
    TooMany,
}

/// What became of a poke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poked {
    /// He has been poked, at this time.
    New(i64),
    /// He was poked less than a day ago, and has not poked back.
    Pending,
    /// He is no friend.
    Stranger,
}

/// What another user is to oneself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same person.
    Own,
    /// A friend.
    Friend,
    /// Asked by me, has not answered.
    Sent,
    /// Has asked me and waits.
    Received,
    /// A stranger.
    None,
}

impl Relation {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Relation::Own => "self",
            Relation::Friend => "friend",
            Relation::Sent => "sent",
            Relation::Received => "received",
            Relation::None => "none",
        }
    }
}

/// A request that waits.
#[derive(Debug)]
pub struct FriendRequest {
    /// The other side.
    pub user: User,
    /// What the one who asks has to say.
    pub message: String,
    /// When, in ms.
    pub time: i64,
}

/// The durable side of friendships.
pub trait Friendships {
    /// The requests that wait for this user's answer, newest first.
    fn requests_received(&self, uid: Uid) -> Result<Vec<FriendRequest>, StoreError>;
    /// The requests of this user that nobody has accepted, newest first. A declined one looks like a waiting one.
    fn requests_sent(&self, uid: Uid) -> Result<Vec<FriendRequest>, StoreError>;
    /// What `other` is to `uid`.
    fn relation(&self, uid: Uid, other: Uid) -> Result<Relation, StoreError>;

    /// Asks somebody; asking somebody who has asked is accepting.
    fn ask(&self, from: Uid, to: Uid, message: String) -> Reply<Asked>;
    /// Answers the request of `from`.
    fn answer(&self, own: Uid, from: Uid, accept: bool) -> Reply<Answered>;
    /// Pokes a friend.
    fn poke(&self, from: Uid, to: Uid) -> Reply<Poked>;
    /// Ends a friendship; the former friend, if he was one.
    fn unfriend(&self, own: Uid, other: Uid) -> Reply<Option<User>>;
}

/// What makes a request look unanswered to its sender; `?2` is the time before which a declined one is forgotten.
const UNANSWERED: &str = "(answer = 0 OR (answer = 2 AND answered > ?2))";

impl Friendships for Sqlite {
    fn requests_received(&self, uid: Uid) -> Result<Vec<FriendRequest>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER}, message AS said, time AS asked FROM friend_requests JOIN users ON users.uid = sender
                WHERE recipient = ?1 AND answer = 0 ORDER BY time DESC LIMIT {WAITING}"
        ))?;
        Ok(select
            .query_map([uid.0], request)?
            .collect::<Result<_, _>>()?)
    }

    fn requests_sent(&self, uid: Uid) -> Result<Vec<FriendRequest>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER}, message AS said, time AS asked FROM friend_requests JOIN users ON users.uid = recipient
                WHERE sender = ?1 AND {UNANSWERED} ORDER BY time DESC LIMIT {WAITING}"
        ))?;
        let rows = select.query_map(params![uid.0, now_ms() - DECLINED_FOR], request)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn relation(&self, uid: Uid, other: Uid) -> Result<Relation, StoreError> {
        if uid == other {
            return Ok(Relation::Own);
        }
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM friends WHERE uid = ?1 AND friend = ?3),
                EXISTS (SELECT 1 FROM friend_requests WHERE sender = ?3 AND recipient = ?1 AND answer = 0),
                EXISTS (SELECT 1 FROM friend_requests WHERE sender = ?1 AND recipient = ?3 AND {UNANSWERED})"
        ))?;
        let found = select.query_row(params![uid.0, now_ms() - DECLINED_FOR, other.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        Ok(match found {
            (true, ..) => Relation::Friend,
            (_, true, _) => Relation::Received,
            (_, _, true) => Relation::Sent,
            _ => Relation::None,
        })
    }

    fn ask(&self, from: Uid, to: Uid, message: String) -> Reply<Asked> {
        self.submit(move |tx| tx.ask(from, to, &message))
    }

    fn answer(&self, own: Uid, from: Uid, accept: bool) -> Reply<Answered> {
        self.submit(move |tx| tx.answer(own, from, accept))
    }

    fn poke(&self, from: Uid, to: Uid) -> Reply<Poked> {
        self.submit(move |tx| tx.poke(from, to))
    }

    fn unfriend(&self, own: Uid, other: Uid) -> Reply<Option<User>> {
        self.submit(move |tx| tx.unfriend(own, other))
    }
}

impl Tx<'_> {
    fn ask(&mut self, from: Uid, to: Uid, message: &str) -> Result<Asked, StoreError> {
        let now = now_ms();
        let Some(other) = self.find(to)?.filter(|_| from != to) else {
            return Ok(Asked::Unknown);
        };
        if self.are_friends(from, to)? {
            return Ok(Asked::Friend);
        }
        if self.waits(to, from)? {
            return self.become_friends(from, to, now).map(|done| match done {
                true => Asked::Added(other),
                false => Asked::TooMany,
            });
        }
        let pending = self
            .reading()
            .prepare_cached(&format!(
                "SELECT 1 FROM friend_requests WHERE sender = ?1 AND recipient = ?3 AND {UNANSWERED}"
            ))?
            .exists(params![from.0, now - DECLINED_FOR, to.0])?;
        if pending {
            return Ok(Asked::Pending);
        }
        let today = "SELECT count(*) FROM friend_requests WHERE sender = ?1 AND time > ?2";
        let waiting = "SELECT count(*) FROM friend_requests WHERE recipient = ?1 AND answer = 0";
        if self.count(today, params![from.0, now - DAY])? >= PER_DAY
            || self.count(waiting, params![to.0])? >= WAITING
        {
            return Ok(Asked::TooMany);
        }
        self.writing()?.execute(
            "INSERT OR REPLACE INTO friend_requests(sender, recipient, message, time) VALUES (?1, ?2, ?3, ?4)",
            params![from.0, to.0, message, now],
        )?;
        self.notify(to, Kind::FriendRequest, from, now)?;
        Ok(Asked::Requested(now))
    }

    fn answer(&mut self, own: Uid, from: Uid, accept: bool) -> Result<Answered, StoreError> {
        if self.are_friends(own, from)? {
            return Ok(Answered::Friend);
        }
        if !self.waits(from, own)? {
            return Ok(Answered::Unknown);
        }
        let now = now_ms();
        if !accept {
            self.forget(own, Kind::FriendRequest, from)?;
            self.writing()?.execute(
                "UPDATE friend_requests SET answer = 2, answered = ?3 WHERE sender = ?1 AND recipient = ?2",
                params![from.0, own.0, now],
            )?;
            return Ok(Answered::Declined);
        }
        let other = self.find(from)?;
        Ok(match other {
            None => Answered::Unknown,
            Some(other) if self.become_friends(own, from, now)? => Answered::Added(other),
            Some(_) => Answered::TooMany,
        })
    }

    fn poke(&mut self, from: Uid, to: Uid) -> Result<Poked, StoreError> {
        if !self.are_friends(from, to)? {
            return Ok(Poked::Stranger);
        }
        let now = now_ms();
        let pending = self
            .reading()
            .prepare_cached(
                "SELECT 1 FROM notifications WHERE owner = ?1 AND kind = ?2 AND actor = ?3 AND time > ?4",
            )?
            .exists(params![to.0, Kind::Poke.name(), from.0, now - DAY])?;
        if pending {
            return Ok(Poked::Pending);
        }
        // To poke back settles the other's poke, so that he may poke again.
        self.forget(from, Kind::Poke, to)?;
        self.notify(to, Kind::Poke, from, now)?;
        Ok(Poked::New(now))
    }

    fn unfriend(&mut self, own: Uid, other: Uid) -> Result<Option<User>, StoreError> {
        if !self.are_friends(own, other)? {
            return Ok(None);
        }
        self.writing()?.execute(
            "DELETE FROM friends WHERE (uid = ?1 AND friend = ?2) OR (uid = ?2 AND friend = ?1)",
            params![own.0, other.0],
        )?;
        self.leave_lists(own, other)?;
        self.leave_lists(other, own)?;
        self.find(other)
    }

    /// Accepts for `own` what `other` has asked; false if one of them has too many friends already.
    fn become_friends(&mut self, own: Uid, other: Uid, now: i64) -> Result<bool, StoreError> {
        for uid in [own, other] {
            let friends = "SELECT count(*) FROM friends WHERE uid = ?1";
            if self.count(friends, params![uid.0])? >= FRIENDS {
                return Ok(false);
            }
        }
        self.befriend(own, other)?;
        self.forget(own, Kind::FriendRequest, other)?;
        self.notify(other, Kind::FriendAdded, own, now)?;
        Ok(true)
    }

    fn waits(&self, sender: Uid, recipient: Uid) -> Result<bool, StoreError> {
        let mut select = self.reading().prepare_cached(
            "SELECT 1 FROM friend_requests WHERE sender = ?1 AND recipient = ?2 AND answer = 0",
        )?;
        Ok(select.exists(params![sender.0, recipient.0])?)
    }

    pub(super) fn are_friends(&self, a: Uid, b: Uid) -> Result<bool, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached("SELECT 1 FROM friends WHERE uid = ?1 AND friend = ?2")?;
        Ok(select.exists(params![a.0, b.0])?)
    }

    pub(super) fn count(
        &self,
        select: &str,
        params: impl rusqlite::Params,
    ) -> Result<i64, StoreError> {
        let mut select = self.reading().prepare_cached(select)?;
        Ok(select.query_row(params, |row| row.get(0))?)
    }

    fn find(&self, uid: Uid) -> Result<Option<User>, StoreError> {
        let mut select = self
            .reading()
            .prepare_cached(&format!("SELECT {USER} FROM users WHERE uid = ?1"))?;
        Ok(select.query_row([uid.0], user).optional()?)
    }
}

fn request(row: &Row<'_>) -> rusqlite::Result<FriendRequest> {
    Ok(FriendRequest {
        user: user(row)?,
        message: row.get("said")?,
        time: row.get("asked")?,
    })
}
