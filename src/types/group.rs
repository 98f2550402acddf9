//! Group conversations. A group has a number that is no user's, so it stands wherever a uid stands for a conversation.

#![forbid(unsafe_code)]

use super::{Uid, UnixMillis};
use std::sync::Arc;

/// A group of the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub gid: Uid,
    /// Its name, one line.
    pub name: String,
    /// The member who can remove others; 0 if the server does not say.
    pub owner: Uid,
    /// Everybody in it, the user included, in the order of joining.
    pub members: Vec<Arc<Member>>,
    /// The user does not want to be alerted of its messages.
    pub muted: bool,
    /// Messages that the user has not read.
    pub unread: u32,
    /// When the last message was sent; 0 if the server does not say.
    pub time: UnixMillis,
}

impl Group {
    /// The member with this number.
    pub fn member(&self, uid: Uid) -> Option<&Member> {
        let mut members = self.members.iter();
        members.find(|member| member.uid == uid).map(Arc::as_ref)
    }
}

/// A member of a group; not always a friend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Their number.
    pub uid: Uid,
    /// Full name, or empty.
    pub name: String,
    /// Address of their 50-pixel picture, if the server has named one.
    pub picture_url: Option<String>,
}

/// A change of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// Add a friend of the user.
    Add(Uid),
    /// Remove a member, as only the owner can.
    Remove(Uid),
    /// Leave.
    Leave,
    /// Alert the user of its messages no more (true), or again. Nobody else is told.
    Mute(bool),
    /// Give it another name.
    Rename(String),
}

c_enum! {
    /// What fbchat_session_change_group does.
    pub enum GroupAction as fbchat_group_actions {
        /// Add a friend of the user, who is a member at once. Every member can do this.
        Add = 1 => FBCHAT_GROUP_ADD,
        /// Remove a member, as only the owner can.
        Remove = 2 => FBCHAT_GROUP_REMOVE,
        /// Leave. Servers may refuse for some days that anybody adds the user again.
        Leave = 3 => FBCHAT_GROUP_LEAVE,
        /// Note that the user does not want to be alerted of messages, for all their programs. Nobody else is told.
        Mute = 4 => FBCHAT_GROUP_MUTE,
        /// Undo FBCHAT_GROUP_MUTE.
        Unmute = 5 => FBCHAT_GROUP_UNMUTE,
    }
}

c_enum! {
    /// What a message of a group tells of the group, if nobody wrote it; the values of FBCHAT_FIELD_NOTICE. FROM has done it,
    /// NOTICE_UIDS are those whom it concerns, and TEXT says all of it in a sentence. 0 is an ordinary message.
    pub enum NoticeKind as fbchat_group_notices {
        /// The group was created, with these members.
        Created = 1 => FBCHAT_NOTICE_CREATED,
        /// They were added.
        Added = 2 => FBCHAT_NOTICE_ADDED,
        /// They were removed.
        Removed = 3 => FBCHAT_NOTICE_REMOVED,
        /// FROM has left.
        Left = 4 => FBCHAT_NOTICE_LEFT,
        /// The group has a new name.
        Renamed = 5 => FBCHAT_NOTICE_RENAMED,
        /// Something that this library does not know.
        Other = 6 => FBCHAT_NOTICE_OTHER,
    }
}

/// What a message of a group tells of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupNotice {
    /// What happened.
    pub kind: NoticeKind,
    /// Whom it concerns.
    pub uids: Vec<Uid>,
}
