//! Friends, friend requests and pokes.

use tokio_postgres::Row;

use super::accounts;
use super::blocks::has_blocked;
use super::connection::Db;
use super::rows::{self, at, named, uid, user_columns};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::store::limits::{
    DECLINED_FOR, MAX_FRIENDS, MAX_REQUESTS, MAX_WAITING, POKED_FOR, REQUESTS_WITHIN,
};
use crate::store::{Answered, Asked, FriendRequest, Kind, Poked, Relation, StoreError};
use crate::types::{Uid, User};

/// The condition under which a request looks unanswered to its sender. `$2` is the current time, `$3` how long a declined one is
/// remembered. As everywhere here, a time that is further ahead than that was stored by a wrong clock and does not count.
macro_rules! unanswered {
    () => {
        "(answer = 0 OR (answer = 2 AND abs($2::bigint - answered) < $3::bigint))"
    };
}

pub async fn friends(db: &Db, uid: Uid) -> Result<Vec<User>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM friends JOIN users ON users.uid = friends.friend WHERE friends.uid = $1 ORDER BY friend"
    );
    rows::all(&db.rows(sql, &[&uid.0]).await?, rows::user)
}

pub async fn friend_uids(db: &Db, own: Uid) -> Result<Vec<Uid>, StoreError> {
    let sql = "SELECT friend FROM friends WHERE uid = $1 ORDER BY friend";
    rows::all(&db.rows(sql, &[&own.0]).await?, uid)
}

/// The friends of a user whom they have not blocked.
pub async fn watching(db: &Db, own: Uid) -> Result<Vec<Uid>, StoreError> {
    let sql = "SELECT friend FROM friends WHERE uid = $1
        AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = friend AND blocks.uid = $1) ORDER BY friend";
    rows::all(&db.rows(sql, &[&own.0]).await?, uid)
}

pub async fn reachable(db: &Db, uid: Uid, other: Uid) -> Result<Option<User>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE uid = $2
            AND ($1 = $2 OR EXISTS (SELECT 1 FROM friends WHERE friends.uid = $1 AND friend = $2))
            AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = $2 AND blocks.uid = $1)
            AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocked = $1 AND blocks.uid = $2)"
    );
    let found = db.row(sql, &[&uid.0, &other.0]).await?;
    found.as_ref().map(rows::user).transpose()
}

pub async fn user_and_relation(
    db: &Db,
    own: Uid,
    uid: Uid,
) -> Result<Option<(User, Relation)>, StoreError> {
    let Some(user) = accounts::user(db, uid).await? else {
        return Ok(None);
    };
    Ok(Some((user, relation(db, own, uid).await?)))
}

pub async fn relation(db: &Db, uid: Uid, other: Uid) -> Result<Relation, StoreError> {
    if uid == other {
        return Ok(Relation::Own);
    }
    let sql = concat!(
        "SELECT EXISTS (SELECT 1 FROM friends WHERE uid = $1 AND friend = $4),
            EXISTS (SELECT 1 FROM friend_requests WHERE sender = $4 AND recipient = $1 AND answer = 0),
            EXISTS (SELECT 1 FROM friend_requests WHERE sender = $1 AND recipient = $4 AND ",
        unanswered!(),
        ")"
    );
    let found = db
        .row(sql, &[&uid.0, &now_ms(), &DECLINED_FOR, &other.0])
        .await?;
    let Some(row) = found else {
        return Ok(Relation::None);
    };
    Ok(match (at(&row, 0)?, at(&row, 1)?, at(&row, 2)?) {
        (true, _, _) => Relation::Friend,
        (_, true, _) => Relation::Received,
        (_, _, true) => Relation::Sent,
        _ => Relation::None,
    })
}

pub async fn requests_received(db: &Db, uid: Uid) -> Result<Vec<FriendRequest>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", message AS said, time AS asked FROM friend_requests JOIN users ON users.uid = sender
            WHERE recipient = $1 AND answer = 0 ORDER BY time > $2, time DESC LIMIT $3"
    );
    let found = db.rows(sql, &[&uid.0, &now_ms(), &MAX_WAITING]).await?;
    rows::all(&found, request)
}

pub async fn requests_sent(db: &Db, uid: Uid) -> Result<Vec<FriendRequest>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", message AS said, time AS asked FROM friend_requests JOIN users ON users.uid = recipient
            WHERE sender = $1 AND ",
        unanswered!(),
        " ORDER BY time > $2, time DESC LIMIT $4"
    );
    let found = db
        .rows(sql, &[&uid.0, &now_ms(), &DECLINED_FOR, &MAX_WAITING])
        .await?;
    rows::all(&found, request)
}

fn request(row: &Row) -> Result<FriendRequest, StoreError> {
    Ok(FriendRequest {
        user: rows::user(row)?,
        message: named(row, "said")?,
        time: named(row, "asked")?,
    })
}

impl Tx<'_> {
    pub async fn befriend(&mut self, a: Uid, b: Uid) -> Result<(), StoreError> {
        let insert =
            "INSERT INTO friends(uid, friend) VALUES ($1, $2), ($2, $1) ON CONFLICT DO NOTHING";
        self.execute(insert, &[&a.0, &b.0]).await?;
        // However they became friends, no request is left to be answered.
        let settle = "UPDATE friend_requests SET answer = 1
            WHERE (sender = $1 AND recipient = $2) OR (sender = $2 AND recipient = $1)";
        self.execute(settle, &[&a.0, &b.0]).await?;
        Ok(())
    }

    pub async fn ask(&mut self, from: Uid, to: Uid, message: &str) -> Result<Asked, StoreError> {
        let now = now_ms();
        let other = accounts::user(self, to).await?;
        let Some(other) = other.filter(|_| from != to) else {
            return Ok(Asked::Unknown);
        };
        if self.are_friends(from, to).await? {
            return Ok(Asked::Friend);
        }
        if has_blocked(self, from, to).await? {
            return Ok(Asked::Blocked);
        }
        if self.is_waiting(to, from).await? {
            return Ok(match self.become_friends(from, to, now).await? {
                true => Asked::Added(other),
                false => Asked::TooMany,
            });
        }
        let pending = concat!(
            "SELECT 1 FROM friend_requests WHERE sender = $1 AND recipient = $4 AND ",
            unanswered!()
        );
        if self
            .exists(pending, &[&from.0, &now, &DECLINED_FOR, &to.0])
            .await?
        {
            return Ok(Asked::Pending);
        }
        let today =
            "SELECT count(*) FROM friend_requests WHERE sender = $1 AND abs($2 - time) < $3";
        let waiting = "SELECT count(*) FROM friend_requests WHERE recipient = $1 AND answer = 0";
        if self
            .number(today, &[&from.0, &now, &REQUESTS_WITHIN])
            .await?
            >= MAX_REQUESTS
            || self.number(waiting, &[&to.0]).await? >= MAX_WAITING
        {
            return Ok(Asked::TooMany);
        }
        let insert = "INSERT INTO friend_requests(sender, recipient, message, time) VALUES ($1, $2, $3, $4)
            ON CONFLICT (sender, recipient) DO UPDATE SET message = $3, time = $4, answer = 0, answered = 0";
        self.execute(insert, &[&from.0, &to.0, &message, &now])
            .await?;
        if has_blocked(self, to, from).await? {
            self.decline(to, from, now).await?;
        } else {
            self.notify(to, Kind::FriendRequest, from, now).await?;
        }
        Ok(Asked::Requested(now))
    }

    pub async fn answer(
        &mut self,
        own: Uid,
        from: Uid,
        accept: bool,
    ) -> Result<Answered, StoreError> {
        if self.are_friends(own, from).await? {
            return Ok(Answered::Friend);
        }
        if !self.is_waiting(from, own).await? {
            return Ok(Answered::Unknown);
        }
        let now = now_ms();
        if !accept {
            self.decline(own, from, now).await?;
            return Ok(Answered::Declined);
        }
        let Some(other) = accounts::user(self, from).await? else {
            return Ok(Answered::Unknown);
        };
        Ok(match self.become_friends(own, from, now).await? {
            true => Answered::Added(other),
            false => Answered::TooMany,
        })
    }

    pub async fn poke(&mut self, from: Uid, to: Uid) -> Result<Poked, StoreError> {
        if !self.are_friends(from, to).await? {
            return Ok(Poked::NotFriends);
        }
        if has_blocked(self, from, to).await? {
            return Ok(Poked::Blocked);
        }
        let now = now_ms();
        let pending = "SELECT 1 FROM notifications WHERE owner = $1 AND kind = $2 AND actor = $3 AND abs($4 - time) < $5";
        if self
            .exists(
                pending,
                &[&to.0, &Kind::Poke.name(), &from.0, &now, &POKED_FOR],
            )
            .await?
        {
            return Ok(Poked::Pending);
        }
        if has_blocked(self, to, from).await? && !self.drop_poke(from, to, now).await? {
            return Ok(Poked::Pending);
        }
        // Poking back settles the other's poke, so that they may poke again.
        self.delete_notification(from, Kind::Poke, to).await?;
        self.notify(to, Kind::Poke, from, now).await?;
        Ok(Poked::New(now))
    }

    pub async fn unfriend(&mut self, own: Uid, other: Uid) -> Result<Option<User>, StoreError> {
        if !self.are_friends(own, other).await? {
            return Ok(None);
        }
        let delete =
            "DELETE FROM friends WHERE (uid = $1 AND friend = $2) OR (uid = $2 AND friend = $1)";
        self.execute(delete, &[&own.0, &other.0]).await?;
        self.leave_lists(own, other).await?;
        self.leave_lists(other, own).await?;
        accounts::user(self, other).await
    }

    /// Declines for `own` the request of `from`, if one waits.
    pub async fn decline(&mut self, own: Uid, from: Uid, now: i64) -> Result<(), StoreError> {
        self.delete_notification(own, Kind::FriendRequest, from)
            .await?;
        let update = "UPDATE friend_requests SET answer = 2, answered = $3
            WHERE sender = $1 AND recipient = $2 AND answer = 0";
        self.execute(update, &[&from.0, &own.0, &now]).await?;
        Ok(())
    }

    /// Accepts for `own` the request of `other`; false if one of them has too many friends already.
    async fn become_friends(&mut self, own: Uid, other: Uid, now: i64) -> Result<bool, StoreError> {
        for uid in [own, other] {
            let friends = "SELECT count(*) FROM friends WHERE uid = $1";
            if self.number(friends, &[&uid.0]).await? >= MAX_FRIENDS {
                return Ok(false);
            }
        }
        self.befriend(own, other).await?;
        self.delete_notification(own, Kind::FriendRequest, other)
            .await?;
        self.notify(other, Kind::FriendAdded, own, now).await?;
        Ok(true)
    }

    async fn is_waiting(&self, sender: Uid, recipient: Uid) -> Result<bool, StoreError> {
        let sql =
            "SELECT 1 FROM friend_requests WHERE sender = $1 AND recipient = $2 AND answer = 0";
        self.exists(sql, &[&sender.0, &recipient.0]).await
    }

    pub async fn are_friends(&self, a: Uid, b: Uid) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM friends WHERE uid = $1 AND friend = $2";
        self.exists(sql, &[&a.0, &b.0]).await
    }
}
