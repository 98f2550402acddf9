//! What a user has not looked at yet: conversations with unread messages, and notifications.

use super::sqlite::notifications;
use super::{Reply, Store, postgres};
use crate::types::{Uid, User};

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody asks to be friends.
    FriendRequest,
    /// Somebody has accepted.
    FriendAdded,
    /// Somebody pokes.
    Poke,
}

impl Kind {
    /// All kinds.
    pub(super) const ALL: [Kind; 3] = [Kind::FriendRequest, Kind::FriendAdded, Kind::Poke];

    /// The word on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Kind::FriendRequest => "friend_request",
            Kind::FriendAdded => "friend_added",
            Kind::Poke => "poke",
        }
    }
}

/// Something that another user did.
#[derive(Debug)]
pub struct Notification {
    /// Its number; later ones are greater.
    pub id: i64,
    /// What was done.
    pub kind: Kind,
    /// Who did it.
    pub actor: User,
    /// When, in ms.
    pub time: i64,
    /// Whether the owner has seen it.
    pub seen: bool,
}

/// A conversation with unread messages.
#[derive(Debug)]
pub struct Conversation {
    /// The user on the other side.
    pub peer: User,
    /// How many messages are unread.
    pub messages: i64,
    /// When the last one came, in ms.
    pub time: i64,
}

impl Store {
    /// The conversations with unread messages, latest first.
    pub fn unread(&self, uid: Uid) -> Reply<Vec<Conversation>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| notifications::unread(db, uid)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::notifications::unread(&db, uid).await }),
        }
    }

    /// The notifications, latest first.
    pub fn notifications(&self, uid: Uid) -> Reply<Vec<Notification>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| notifications::notifications(db, uid)),
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::notifications::notifications(&db, uid).await
            }),
        }
    }

    /// Marks everything from `peer`, a user or a group, as read. If something was unread and the owner is connected, they are told.
    pub fn mark_read(&self, owner: Uid, peer: Uid) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| {
                if peer.is_group() {
                    tx.mark_group_read(owner, peer)
                } else {
                    tx.mark_read(owner, peer)
                }
            }),
            Store::Postgres(postgres) => postgres.write(async move |tx| {
                if peer.is_group() {
                    tx.mark_group_read(owner, peer).await
                } else {
                    tx.mark_read(owner, peer).await
                }
            }),
        }
    }

    /// Marks all notifications as seen.
    pub fn mark_seen(&self, owner: Uid) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.mark_seen(owner)),
            Store::Postgres(postgres) => postgres.write(async move |tx| tx.mark_seen(owner).await),
        }
    }
}
