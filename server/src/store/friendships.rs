//! Friends, friend requests and pokes.

use super::sqlite::friendships;
use super::{Reply, Store, postgres};
use crate::types::{Uid, User};

/// The result of asking somebody to be friends.
#[derive(Debug)]
pub enum Asked {
    /// They have been asked now, at this time.
    Requested(i64),
    /// They had been asked before.
    Pending,
    /// They had asked first, so both are friends now.
    Added(User),
    /// Both are friends already.
    Friend,
    /// There is no such user.
    Unknown,
    /// One of the limits is reached.
    TooMany,
    /// The one who asks has blocked the other.
    Blocked,
}

/// The result of answering a request.
#[derive(Debug)]
pub enum Answered {
    /// Both are friends now.
    Added(User),
    /// The request was declined.
    Declined,
    /// Both were friends already.
    Friend,
    /// There is no such request.
    Unknown,
    /// One of the two has as many friends as one can have.
    TooMany,
}

/// The result of a poke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poked {
    /// They have been poked, at this time.
    New(i64),
    /// They were poked less than a day ago and have not poked back.
    Pending,
    /// They are not a friend.
    NotFriends,
    /// The one who pokes has blocked them.
    Blocked,
}

/// How another user is related to oneself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same user.
    Own,
    /// A friend.
    Friend,
    /// Has been asked and has not answered.
    Sent,
    /// Has asked and waits for an answer.
    Received,
    /// None of these.
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

/// A request that waits for an answer.
#[derive(Debug)]
pub struct FriendRequest {
    /// The user on the other side.
    pub user: User,
    /// The message that came with the request.
    pub message: String,
    /// When it was sent, in ms.
    pub time: i64,
}

impl Store {
    /// A user's friends.
    pub fn friends(&self, uid: Uid) -> Reply<Vec<User>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| friendships::friends(db, uid)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::friendships::friends(&db, uid).await }),
        }
    }

    /// The user `other`, if they are a friend of `uid` or `uid` themselves, and neither has blocked the other.
    pub fn reachable(&self, uid: Uid, other: Uid) -> Reply<Option<User>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| friendships::reachable(db, uid, other)),
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::friendships::reachable(&db, uid, other).await
            }),
        }
    }

    /// Any user, and how they are related to `own`.
    pub fn user_and_relation(&self, own: Uid, uid: Uid) -> Reply<Option<(User, Relation)>> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.read(move |db| friendships::user_and_relation(db, own, uid))
            }
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::friendships::user_and_relation(&db, own, uid).await
            }),
        }
    }

    /// The requests that wait for this user's answer, newest first.
    pub fn requests_received(&self, uid: Uid) -> Reply<Vec<FriendRequest>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| friendships::requests_received(db, uid)),
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::friendships::requests_received(&db, uid).await
            }),
        }
    }

    /// The requests of this user that have not been accepted, newest first. A declined one looks like a waiting one.
    pub fn requests_sent(&self, uid: Uid) -> Reply<Vec<FriendRequest>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| friendships::requests_sent(db, uid)),
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::friendships::requests_sent(&db, uid).await
            }),
        }
    }

    /// Makes two users friends, whatever they asked or answered before.
    pub fn befriend(&self, a: Uid, b: Uid) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.befriend(a, b)),
            Store::Postgres(postgres) => postgres.write(async move |tx| tx.befriend(a, b).await),
        }
    }

    /// Asks somebody to be friends. Asking somebody who has asked first accepts their request. One who has blocked the other is not
    /// shown the request: it counts as declined.
    pub fn ask(&self, from: Uid, to: Uid, message: String) -> Reply<Asked> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.ask(from, to, &message)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.ask(from, to, &message).await)
            }
        }
    }

    /// Answers the request of `from`.
    pub fn answer(&self, own: Uid, from: Uid, accept: bool) -> Reply<Answered> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.answer(own, from, accept)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.answer(own, from, accept).await)
            }
        }
    }

    /// Pokes a friend. One who has blocked the other is not notified.
    pub fn poke(&self, from: Uid, to: Uid) -> Reply<Poked> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.poke(from, to)),
            Store::Postgres(postgres) => postgres.write(async move |tx| tx.poke(from, to).await),
        }
    }

    /// Ends a friendship; the former friend, if they were one.
    pub fn unfriend(&self, own: Uid, other: Uid) -> Reply<Option<User>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.unfriend(own, other)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.unfriend(own, other).await)
            }
        }
    }
}
