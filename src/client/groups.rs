//! Calls about group conversations. Messages of groups are sent and read like those of people.

#![forbid(unsafe_code)]

use super::{CallError, Client, SessionId, check_uid};
use crate::types::{Group, GroupChange, Query, RequestId, Uid};
use std::sync::Arc;

/// Greatest length of a name in bytes; servers accept less.
const MAX_NAME: usize = 4_096;
/// Greatest number of friends for a new group; servers accept less.
pub const MAX_MEMBERS: usize = 1_000;

fn check_name(name: &str) -> Result<(), CallError> {
    if name.trim().is_empty() || name.len() > MAX_NAME {
        let text = format!("The name of a group must have 1 to {MAX_NAME} bytes");
        return Err(CallError::Argument(text));
    }
    Ok(())
}

impl Client {
    /// A group with its members as last reported; does not wait.
    ///
    /// # Errors
    /// [`CallError::State`] before the first list has arrived, [`CallError::Argument`] if the host was told of no such group.
    pub fn group(&self, session: SessionId, gid: Uid) -> Result<Arc<Group>, CallError> {
        let found = self.engine()?.session(session)?.group(gid)?;
        found.ok_or_else(|| CallError::Argument(format!("You are in no group with number {gid}")))
    }

    /// Requests the groups from the server; answered by `GroupList` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn groups(&self, session: SessionId) -> Result<RequestId, CallError> {
        self.engine()?.session(session)?.refresh_groups()
    }

    /// Creates a group of the user and these friends; answered by `Group` or `Failed`. The same call with the same `create_id`,
    /// a number below 2⁶³, creates one group; for 0 one is drawn.
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty or overlong name, too many members, member 0 or a `create_id` out of range,
    /// [`CallError::State`] before login.
    pub fn create_group(
        &self,
        session: SessionId,
        name: &str,
        members: Vec<Uid>,
        create_id: u64,
    ) -> Result<RequestId, CallError> {
        check_name(name)?;
        members.iter().try_for_each(|&uid| check_uid(uid))?;
        if members.len() > MAX_MEMBERS {
            let text = format!("A new group must have at most {MAX_MEMBERS} members");
            return Err(CallError::Argument(text));
        }
        if i64::try_from(create_id).is_err() {
            let text = "The number of a group to be created must be below 2^63".to_owned();
            return Err(CallError::Argument(text));
        }
        self.ask(
            session,
            Query::CreateGroup {
                name: name.to_owned(),
                members,
                create_id,
            },
        )
    }

    /// Changes a group; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for number 0 or a name that is empty or too long, [`CallError::State`] before login.
    pub fn change_group(
        &self,
        session: SessionId,
        gid: Uid,
        change: GroupChange,
    ) -> Result<RequestId, CallError> {
        check_uid(gid)?;
        match &change {
            GroupChange::Add(uid) | GroupChange::Remove(uid) => check_uid(*uid)?,
            GroupChange::Rename(name) => check_name(name)?,
            GroupChange::Leave | GroupChange::Mute(_) => {}
        }
        self.ask(session, Query::ChangeGroup { gid, change })
    }
}
