//! Queries to the server besides messages and the buddy list, and their results.

#![forbid(unsafe_code)]

use super::{GroupChange, Secret, Uid, UnixMillis};
use std::sync::Arc;

/// A query or change that the server answers at once, exactly once.
#[derive(Clone, Debug)]
pub enum Query {
    /// The messages of one conversation; answered by [`Event::History`](super::Event::History).
    History {
        /// The other side.
        with: Uid,
        /// 0 = the most recent ones; else those that the server accepted after this time.
        since: UnixMillis,
    },
    /// Somebody's picture; answered by [`Event::Picture`](super::Event::Picture).
    Picture(Uid),
    /// Sets or removes the user's picture; answered by [`Event::Done`](super::Event::Done), like all below that name no other event.
    SetPicture(Option<Arc<[u8]>>),
    /// Somebody's profile; answered by [`Event::Profile`](super::Event::Profile).
    Profile(Uid),
    /// People by name or e-mail address; answered by [`Event::Search`](super::Event::Search).
    Search(String),
    /// Changes a friendship.
    Friend {
        /// The other user.
        uid: Uid,
        /// The change.
        action: FriendAction,
    },
    /// Sets or removes the status line.
    SetStatus(Option<String>),
    /// What is unread; answered by [`Event::Notifications`](super::Event::Notifications).
    Notifications,
    /// Pokes a friend.
    Poke(Uid),
    /// Blocks or unblocks somebody.
    Block {
        /// The other user.
        uid: Uid,
        /// True = block, false = unblock.
        blocked: bool,
    },
    /// Those whom the user has blocked; answered by [`Event::Blocked`](super::Event::Blocked).
    Blocked,
    /// Creates a group of the user and these friends; answered by [`Event::Group`](super::Event::Group).
    CreateGroup {
        /// Its name.
        name: String,
        /// The friends.
        members: Vec<Uid>,
        /// A number that the host has chosen: the same query with the same number creates one group. For 0 one is drawn.
        create_id: u64,
    },
    /// Changes a group.
    ChangeGroup {
        /// The group.
        gid: Uid,
        /// The change.
        change: GroupChange,
    },
    /// Changes the name that others see.
    SetName(String),
    /// Changes the password; ends all other sessions of the account.
    SetPassword {
        /// The current password.
        old: Secret,
        /// The new password.
        new: Secret,
    },
}

/// A change of a friendship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FriendAction {
    /// Send a friend request, with this text or an empty one.
    Request(String),
    /// Accept a friend request.
    Accept,
    /// Decline a friend request; the sender is not told.
    Decline,
    /// End the friendship, for both.
    Remove,
}

c_enum! {
    /// How somebody is related to this user; the values of FBCHAT_FIELD_RELATION.
    pub enum Relation as fbchat_relations {
        /// A stranger, or the server does not say.
        None = 0 => FBCHAT_RELATION_NONE,
        /// The user themselves.
        Own = 1 => FBCHAT_RELATION_SELF,
        /// A friend.
        Friend = 2 => FBCHAT_RELATION_FRIEND,
        /// The user has sent this person a friend request, which is not answered yet.
        Sent = 3 => FBCHAT_RELATION_SENT,
        /// This person has sent a friend request and waits for the user's answer.
        Received = 4 => FBCHAT_RELATION_RECEIVED,
    }
}

// The table of an enum takes no #[default].
#[expect(clippy::derivable_impls)]
impl Default for Relation {
    fn default() -> Self {
        Relation::None
    }
}

/// A person found by a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub uid: Uid,
    /// Full name.
    pub name: String,
    /// Address of their 50-pixel picture, if the server named one.
    pub picture_url: Option<String>,
    /// How they are related to this user.
    pub relation: Relation,
}

/// Somebody's profile; strangers are told less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The person.
    pub person: Person,
    /// First name, or empty.
    pub first_name: String,
    /// E-mail address, if the server gives it.
    pub email: Option<String>,
    /// Status line, if there is one and the server gives it.
    pub status_text: Option<String>,
    /// When the status line was set; 0 without one.
    pub status_time: UnixMillis,
    /// When the account was created; 0 if the server does not say.
    pub member_since: UnixMillis,
}

/// Somebody's picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Whose picture it is.
    pub uid: Uid,
    /// Its address, if the server gives one.
    pub url: Option<String>,
    /// The picture; `None` if they have none.
    pub image: Option<Image>,
}

/// The file of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `image/png`, `image/jpeg` or `image/gif`, according to the content.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Arc<[u8]>,
}

/// A friend request from somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FriendRequest {
    /// The sender.
    pub uid: Uid,
    /// Their full name.
    pub name: String,
    /// What they wrote, or empty.
    pub message: String,
    /// When they sent it.
    pub time: UnixMillis,
}

c_enum! {
    /// What a notification is about; the values of FBCHAT_FIELD_NOTIFICATION_KIND.
    pub enum NotificationKind as fbchat_notification_kinds {
        /// A conversation with one person that has unread messages; UNREAD counts them.
        Messages = 1 => FBCHAT_NOTIFICATION_MESSAGES,
        /// A friend request.
        FriendRequest = 2 => FBCHAT_NOTIFICATION_FRIEND_REQUEST,
        /// An accepted friend request.
        FriendAdded = 3 => FBCHAT_NOTIFICATION_FRIEND_ADDED,
        /// A poke.
        Poke = 4 => FBCHAT_NOTIFICATION_POKE,
        /// A group that is not muted and has unread messages: UID is the group, NAME its name; UNREAD counts them.
        Group = 5 => FBCHAT_NOTIFICATION_GROUP,
    }
}

/// A notification, or a conversation with unread messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What it is about.
    pub kind: NotificationKind,
    /// Who caused it.
    pub uid: Uid,
    /// Their full name.
    pub name: String,
    /// When it happened.
    pub time: UnixMillis,
    /// True if the user has not been shown it.
    pub new: bool,
    /// How many messages are unread; 0 for other kinds.
    pub unread: u32,
}

/// Everything unread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// Unread conversations and groups, then the newest notifications.
    pub list: Vec<Notification>,
    /// How many notifications are new.
    pub unseen: u32,
    /// How many conversations have unread messages.
    pub inbox: u32,
}

c_enum! {
    /// What not every server can do; FBCHAT_FIELD_FEATURES of LOGGED_IN is a sum of these flags.
    pub enum Feature as fbchat_features {
        /// Friend requests can be sent and answered, and arrive as events.
        Friends = 1 => FBCHAT_FEATURE_FRIENDS,
        /// Pictures can be set, and changes of them arrive as events.
        Pictures = 2 => FBCHAT_FEATURE_PICTURES,
        /// Status lines can be set, and changes of them arrive as events.
        Status = 4 => FBCHAT_FEATURE_STATUS,
        /// fbchat_session_request_profile works.
        Profile = 8 => FBCHAT_FEATURE_PROFILE,
        /// fbchat_session_request_search works.
        Search = 16 => FBCHAT_FEATURE_SEARCH,
        /// Notifications and the number of unread conversations are available.
        Notifications = 32 => FBCHAT_FEATURE_NOTIFICATIONS,
        /// History can start at a given time; without this flag, only the most recent messages are available.
        History = 64 => FBCHAT_FEATURE_HISTORY,
        /// fbchat_session_poke works.
        Poke = 128 => FBCHAT_FEATURE_POKE,
        /// fbchat_session_set_password works.
        Password = 256 => FBCHAT_FEATURE_PASSWORD,
        /// fbchat_session_register works, perhaps with an invitation only.
        Registration = 512 => FBCHAT_FEATURE_REGISTRATION,
        /// fbchat_session_set_name works, and changes of names arrive as events.
        Name = 1024 => FBCHAT_FEATURE_NAME,
        /// fbchat_session_block works.
        Block = 2048 => FBCHAT_FEATURE_BLOCK,
        /// There are group conversations.
        Groups = 4096 => FBCHAT_FEATURE_GROUPS,
        /// Files can be sent with messages, of up to FBCHAT_FIELD_FILE_LIMIT bytes.
        Files = 8192 => FBCHAT_FEATURE_FILES,
    }
}

/// A set of [`Feature`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features(pub u32);

impl Features {
    /// True if the feature is among them.
    pub fn has(self, feature: Feature) -> bool {
        self.0 & feature as u32 != 0
    }
}

/// The part of a picture's address that changes with the picture: two addresses that share it show the same picture. `None` for
/// the address of the placeholder picture.
pub fn picture_hash(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    let (name, _) = path.rsplit('/').next()?.rsplit_once('.')?;
    let (owner, hash) = name.split_once('_')?;
    let numbered = owner
        .get(1..)
        .is_some_and(|uid| !uid.is_empty() && uid.bytes().all(|b| b.is_ascii_digit()));
    (numbered && !hash.is_empty() && hash.len() <= 128).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_what_changes_with_the_picture() {
        for (url, hash) in [
            ("http://x/pics/q100001_e257.jpg", Some("e257")),
            ("/pics/n7_ab_c.png?x=1_2.gif", Some("ab_c")),
            ("http://x/pics/q_silhouette.gif", None),
            ("http://x/pics/q7_.jpg", None),
            ("http://x/a_b.jpg", None),
            ("http://x/é7_b.jpg", None),
            ("", None),
        ] {
            assert_eq!(picture_hash(url), hash, "{url}");
        }
    }
}
