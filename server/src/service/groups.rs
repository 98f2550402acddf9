//! Group conversations: who may create, change and join them.

use std::sync::Arc;

use super::messages::valid_id;
use super::user_limit::{TooOften, UserLimit};
use super::validate::{Invalid, valid_name};
use crate::secrets;
use crate::store::{GroupChange, GroupChanged, MAX_GROUPS, Store, StoreError};
use crate::types::{Session, Uid, User};

pub use crate::store::{Group, MAX_MEMBERS};

/// The most changes of groups by one user in ten minutes.
const CHANGES: u32 = 300;
/// Separates the label that a creator's client gave to a group from what makes the creation unique. Numbers of calls do not contain
/// this character.
const AFTER_LABEL: char = '/';

/// A group of the user by its names.
pub struct Listed {
    pub gid: Uid,
    pub name: String,
    /// The label that its creator's client gave to it, if it has one.
    pub label: Option<String>,
}

/// Why a group was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such group, or the user is not in it. They do not learn which.
    #[error("You are not in this group.")]
    Unknown,
    #[error("Only the owner can remove members from a group.")]
    NotOwner,
    #[error("You can add only your friends to a group.")]
    NotFriends,
    #[error("One of them has left this group. They can be added again a week later.")]
    HasLeft,
    #[error("A group can have {MAX_MEMBERS} members.")]
    TooManyMembers,
    #[error("Everybody can be in {MAX_GROUPS} groups. You or one of the others are in as many.")]
    TooManyGroups,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error("Nobody was chosen.")]
    Nobody,
    #[error("The id of the call is not a number.")]
    CreateId,
    #[error(transparent)]
    Name(#[from] Invalid),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Groups {
    store: Arc<Store>,
    changes: UserLimit,
}

impl Groups {
    pub fn new(store: Arc<Store>) -> Self {
        Groups {
            store,
            changes: UserLimit::new(CHANGES),
        }
    }

    /// The groups of the user with their members; the owner comes first.
    pub async fn all(&self, session: &Session) -> Result<Vec<(Group, Vec<User>)>, StoreError> {
        self.store.groups(session.user.uid).await
    }

    /// The groups in which the user has not read everything, latest first.
    pub async fn unread(&self, session: &Session) -> Result<Vec<Group>, StoreError> {
        self.store.unread_groups(session.user.uid).await
    }

    /// The members of a group of the user; the owner comes first.
    pub async fn members(&self, session: &Session, gid: Uid) -> Result<Vec<User>, GroupError> {
        let members = self.store.group_members(session.user.uid, gid).await?;
        members.ok_or(GroupError::Unknown)
    }

    /// Creates a group with some friends and returns its number. `create_id` is a number that the client chose: the same call with
    /// the same number creates one group.
    pub async fn create(
        &self,
        session: &Session,
        name: &str,
        friends: Vec<Uid>,
        create_id: &str,
    ) -> Result<Uid, GroupError> {
        let name = valid_name(name)?;
        let create_id = valid_id(create_id).map_err(|_| GroupError::CreateId)?;
        self.limit(session, friends.len())?;
        let own = session.user.clone();
        done(
            self.store
                .create_group(own, name, friends, create_id)
                .await?,
        )
    }

    /// Creates a group without other members, for a client that gives it a label, which has no slash.
    pub async fn create_labelled(
        &self,
        session: &Session,
        name: &str,
        label: &str,
    ) -> Result<Uid, GroupError> {
        let name = valid_name(name)?;
        self.limit(session, 0)?;
        let unique = secrets::random_hex(8).map_err(|_| StoreError::Busy)?;
        let create_id = format!("{label}{AFTER_LABEL}{unique}");
        let own = session.user.clone();
        done(
            self.store
                .create_group(own, name, Vec::new(), create_id)
                .await?,
        )
    }

    /// The names of the user's groups, in the order in which they have joined them.
    pub async fn listed(&self, session: &Session) -> Result<Vec<Listed>, StoreError> {
        let names = self.store.group_names(session.user.uid).await?.into_iter();
        let listed = names.map(|group| Listed {
            gid: group.gid,
            name: group.name,
            label: group
                .create_id
                .split_once(AFTER_LABEL)
                .map(|(label, _)| label.to_owned()),
        });
        Ok(listed.collect())
    }

    /// Adds friends of the user.
    pub async fn add(
        &self,
        session: &Session,
        gid: Uid,
        friends: Vec<Uid>,
    ) -> Result<(), GroupError> {
        if friends.is_empty() {
            return Err(GroupError::Nobody);
        }
        self.limit(session, friends.len())?;
        self.change(session, gid, GroupChange::Add(friends)).await
    }

    /// Removes a member, as only the owner can.
    pub async fn remove(&self, session: &Session, gid: Uid, uid: Uid) -> Result<(), GroupError> {
        self.limit(session, 1)?;
        self.change(session, gid, GroupChange::Remove(uid)).await
    }

    /// Leaves a group for good: nobody can add the user again for a week.
    pub async fn leave(&self, session: &Session, gid: Uid) -> Result<(), GroupError> {
        self.change(session, gid, GroupChange::Leave).await
    }

    /// Gives a group another name.
    pub async fn rename(&self, session: &Session, gid: Uid, name: &str) -> Result<(), GroupError> {
        let name = valid_name(name)?;
        self.limit(session, 1)?;
        self.change(session, gid, GroupChange::Rename(name)).await
    }

    /// Sets whether the user wants to be alerted of messages.
    pub async fn mute(&self, session: &Session, gid: Uid, muted: bool) -> Result<(), GroupError> {
        self.limit(session, 1)?;
        self.change(session, gid, GroupChange::Mute(muted)).await
    }

    async fn change(
        &self,
        session: &Session,
        gid: Uid,
        change: GroupChange,
    ) -> Result<(), GroupError> {
        let own = session.user.clone();
        done(self.store.change_group(own, gid, change).await?).map(drop)
    }

    /// Each change writes something for every member.
    fn limit(&self, session: &Session, members: usize) -> Result<(), GroupError> {
        if members > MAX_MEMBERS {
            return Err(GroupError::TooManyMembers);
        }
        Ok(self.changes.take(session.user.uid)?)
    }
}

fn done(changed: GroupChanged) -> Result<Uid, GroupError> {
    match changed {
        GroupChanged::Done(gid) => Ok(gid),
        GroupChanged::Unknown => Err(GroupError::Unknown),
        GroupChanged::NotOwner => Err(GroupError::NotOwner),
        GroupChanged::NotFriends => Err(GroupError::NotFriends),
        GroupChanged::HasLeft => Err(GroupError::HasLeft),
        GroupChanged::TooManyMembers => Err(GroupError::TooManyMembers),
        GroupChanged::TooManyGroups => Err(GroupError::TooManyGroups),
    }
}
