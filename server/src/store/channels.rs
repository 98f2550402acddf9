//! Channels: their numbering, what they delivered, and items that are not stored.

use std::sync::Arc;

use super::sqlite::channels;
use super::{Reply, Store, postgres};
use crate::item;
use crate::types::{ChannelState, Here, Message, Presence, Seq, Uid};

/// Who gets an item, if they are connected.
#[derive(Debug)]
pub enum Audience {
    /// These users.
    Users(Vec<Uid>),
    /// This user, unless they have blocked the one from whom the item comes.
    From {
        /// From whom the item comes.
        from: Uid,
        /// The user.
        to: Uid,
    },
    /// The friends of this user whom they have not blocked: those who see their presence.
    Watching(Uid),
    /// This user and their friends.
    UserAndFriends(Uid),
}

impl Store {
    /// The state of every user's channel; for start-up only.
    pub fn channel_states(&self) -> Reply<Vec<ChannelState>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(channels::channel_states),
            Store::Postgres(postgres) => postgres
                .long_read(move |db| async move { postgres::channels::channel_states(&db).await }),
        }
    }

    /// The stored messages of a channel with numbers in `from..below`, in order, `limit` at most.
    pub fn deliveries(
        &self,
        owner: Uid,
        from: Seq,
        below: Seq,
        limit: usize,
    ) -> Reply<Vec<(Seq, Message)>> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.read(move |db| channels::deliveries(db, owner, from, below, limit))
            }
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::channels::deliveries(&db, owner, from, below, limit).await
            }),
        }
    }

    /// The number of the first message that `owner` received in their channel, in `from..below`. Messages that they sent
    /// themselves do not count.
    pub fn first_received(&self, owner: Uid, from: Seq, below: Seq) -> Reply<Option<Seq>> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.read(move |db| channels::first_received(db, owner, from, below))
            }
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::channels::first_received(&db, owner, from, below).await
            }),
        }
    }

    /// Saves for each user the number below which they have fetched everything. A smaller number than before changes nothing.
    pub fn acknowledge(&self, acked: Vec<(Uid, Seq)>) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.acknowledge(&acked)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.acknowledge(&acked).await)
            }
        }
    }

    /// The number below which a user has fetched everything as far as it was saved, by any server.
    pub fn acked(&self, uid: Uid) -> Reply<Option<Seq>> {
        match self {
            // The only server has in memory what it saved.
            Store::Sqlite(_) => Box::pin(async { Ok(None) }),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::channels::acked(&db, uid).await })
            }
        }
    }

    /// Tells the friends who can see the presence of a user about a change. `here` is how the user is connected to this server, which other
    /// servers then know. `presence` is the resulting presence, and `changed` says whether it is new, as far as this server knows. False if
    /// the store is too busy.
    pub fn announce(
        &self,
        uid: Uid,
        here: Option<Here>,
        presence: Presence,
        changed: bool,
    ) -> bool {
        match self {
            Store::Sqlite(sqlite) => {
                if changed {
                    sqlite.push(Audience::Watching(uid), item::presence(uid, presence));
                }
                true
            }
            Store::Postgres(postgres) => postgres.announce(uid, here),
        }
    }

    /// Numbers and publishes an item without storing it; only for those of the audience who are connected. The item is dropped
    /// if the store is too busy.
    pub fn push(&self, audience: Audience, item: Arc<str>) {
        match self {
            Store::Sqlite(sqlite) => sqlite.push(audience, item),
            Store::Postgres(postgres) => postgres.push(audience, item),
        }
    }
}
