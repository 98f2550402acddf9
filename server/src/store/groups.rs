//! Group conversations: who is in them, and the messages to them.
//!
//! A message to a group is stored once and published to all who are members at that moment, the sender included, in one order for
//! all. Every change is checked and made in one step with the messages and changes around it: who is removed gets nothing that is
//! stored later, and can send nothing later. A change is told by a message to the group, with [`Notice`](crate::types::Notice), and
//! before it by an item that only connected members get. The owner is the member who has been in the group for longest.

use super::sqlite::{group_history, groups};
use super::{HistoryRange, Inserted, MessageDraft, Reply, Store, postgres};
use crate::types::{Message, Uid, User};

/// A group, as one of its members sees it.
#[derive(Debug)]
pub struct Group {
    /// Its number, one that no user has.
    pub gid: Uid,
    /// Its name.
    pub name: String,
    /// Whether this member does not want to be alerted.
    pub muted: bool,
    /// How many messages this member has not read; no more than `MAX_UNREAD` are counted.
    pub unread: i64,
    /// When the last message came, in ms; 0 before the first.
    pub time: i64,
}

/// A group of a user: its number and its names.
#[derive(Debug)]
pub struct GroupName {
    /// Its number.
    pub gid: Uid,
    /// Its name.
    pub name: String,
    /// The id that its creator's client gave to the call that created it.
    pub create_id: String,
}

/// A change by a member.
#[derive(Debug)]
pub enum GroupChange {
    /// Adds friends of the one who makes the change. Who is a member already stays one.
    Add(Vec<Uid>),
    /// Removes somebody, which only the owner may do. Removing oneself means leaving.
    Remove(Uid),
    /// Leaves the group.
    Leave,
    /// Gives the group another name.
    Rename(String),
    /// Sets whether this member wants to be alerted.
    Mute(bool),
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupChanged {
    /// This group is as wanted.
    Done(Uid),
    /// There is no such group, or the one who asks is not in it.
    Unknown,
    /// Only the owner may do this.
    NotOwner,
    /// One of those to be added is not a friend, or does not exist.
    NotFriends,
    /// One of those to be added has left the group less than `LEFT_FOR` ago.
    HasLeft,
    /// The group would have too many members.
    TooManyMembers,
    /// One of the members would be in too many groups.
    TooManyGroups,
}

impl Store {
    /// Creates a group of a user and some of their friends. A repeated call with the same `create_id`, name and friends creates
    /// nothing and returns the first group, whatever has become of it.
    pub fn create_group(
        &self,
        owner: User,
        name: String,
        friends: Vec<Uid>,
        create_id: String,
    ) -> Reply<GroupChanged> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.write(move |tx| tx.create_group(&owner, &name, &friends, &create_id))
            }
            Store::Postgres(postgres) => postgres
                .write(async move |tx| tx.create_group(&owner, &name, &friends, &create_id).await),
        }
    }

    /// Changes a group for one of its members.
    pub fn change_group(&self, own: User, gid: Uid, change: GroupChange) -> Reply<GroupChanged> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.change_group(&own, gid, &change)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.change_group(&own, gid, &change).await)
            }
        }
    }

    /// Stores a message once and publishes it to all members. Fails with [`Inserted::NotReachable`] if the sender is not one of them.
    pub fn insert_group_message(&self, message: MessageDraft) -> Reply<Inserted> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.insert_group_message(&message)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.insert_group_message(&message).await)
            }
        }
    }

    /// The groups of a user with their members, who are in the order in which they have joined; the owner comes first.
    pub fn groups(&self, uid: Uid) -> Reply<Vec<(Group, Vec<User>)>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| groups::groups(db, uid)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::groups::groups(&db, uid).await })
            }
        }
    }

    /// The names of a user's groups, in the order in which they have joined them.
    pub fn group_names(&self, uid: Uid) -> Reply<Vec<GroupName>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| groups::names(db, uid)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::groups::names(&db, uid).await })
            }
        }
    }

    /// The groups in which a user has not read everything, latest first.
    pub fn unread_groups(&self, uid: Uid) -> Reply<Vec<Group>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| groups::unread_groups(db, uid)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::groups::unread_groups(&db, uid).await }),
        }
    }

    /// The members of a group in the order in which they have joined; `None` if `uid` is not one of them.
    pub fn group_members(&self, uid: Uid, gid: Uid) -> Reply<Option<Vec<User>>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| groups::members_for(db, uid, gid)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::groups::members_for(&db, uid, gid).await }),
        }
    }

    /// The messages of a group from the time when a user was in it, oldest first; `None` if they never were. As short as a
    /// [`Store::history`].
    pub fn group_history(
        &self,
        uid: Uid,
        gid: Uid,
        range: HistoryRange,
    ) -> Reply<Option<Vec<Message>>> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.read(move |db| group_history::history(db, uid, gid, range))
            }
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::groups::history(&db, uid, gid, range).await
            }),
        }
    }
}
