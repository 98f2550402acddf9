//! What a host can ask of the server beside messages and the buddy list, and what it is told.

#![forbid(unsafe_code)]

use super::{Secret, Uid, UnixMillis};
use std::sync::Arc;

/// Something that the server does or tells at once; each has exactly one answer.
#[derive(Clone, Debug)]
pub enum Question {
    /// The messages of one conversation; answered by [`Event::History`](super::Event::History).
    History {
        /// The other side.
        with: Uid,
        /// 0 = the most recent ones; else those that the server accepted later than this.
        since: UnixMillis,
    },
    /// Somebody's picture; answered by [`Event::Picture`](super::Event::Picture).
    Picture(Uid),
    /// A new picture of the user, or none; answered by [`Event::Done`](super::Event::Done), as are all below that name no other.
    SetPicture(Option<Arc<[u8]>>),
    /// What somebody tells about themselves; answered by [`Event::Profile`](super::Event::Profile).
    Profile(Uid),
    /// People by name or e-mail address; answered by [`Event::Search`](super::Event::Search).
    Search(String),
    /// Begins or ends a friendship.
    Friend {
        /// With whom.
        uid: Uid,
        /// How.
        action: FriendAction,
    },
    /// A new status line, or none.
    SetStatus(Option<String>),
    /// What is unread; answered by [`Event::Notifications`](super::Event::Notifications).
    Notifications,
    /// Pokes a friend.
    Poke(Uid),
    /// A new name for others to see.
    SetName(String),
    /// A new password; ends all other sessions of the account.
    SetPassword {
        /// The present one.
        old: Secret,
        /// The one from now on.
        new: Secret,
    },
}

/// What can be done about a friendship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FriendAction {
    /// Ask somebody, with some words or none.
    Request(String),
    /// Accept somebody's request.
    Accept,
    /// Decline somebody's request; they are not told.
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

impl Default for Relation {
    fn default() -> Self {
        Relation::None
    }
}

/// One person, as search finds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub uid: Uid,
    /// Full name.
    pub name: String,
    /// Address of their 50-pixel picture, if the server named one.
    pub picture_url: Option<String>,
    /// How they stand to this user.
    pub relation: Relation,
}

/// What somebody tells about themselves; strangers are told less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub person: Person,
    /// First name, or empty.
    pub first_name: String,
    /// E-mail address, if it is told.
    pub email: Option<String>,
    /// Status line, if there is one and it is told.
    pub status_text: Option<String>,
    /// When it was set; 0 without one.
    pub status_time: UnixMillis,
    /// Since when the account is there; 0 if that is not told.
    pub member_since: UnixMillis,
}

/// Somebody's picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Whose.
    pub uid: Uid,
    /// Where it is, if the server named a place.
    pub url: Option<String>,
    /// The picture; `None` if they have none.
    pub image: Option<Image>,
}

/// A picture's file, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `image/png`, `image/jpeg` or `image/gif`, by content.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Arc<[u8]>,
}

/// Somebody who wants to be friends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FriendRequest {
    /// Who.
    pub uid: Uid,
    /// Their full name.
    pub name: String,
    /// What they wrote, or empty.
    pub message: String,
    /// When they asked.
    pub time: UnixMillis,
}

c_enum! {
    /// What a notification is about; the values of FBCHAT_FIELD_NOTIFICATION_KIND.
    pub enum NotificationKind as fbchat_notification_kinds {
        /// A conversation with unread messages; UNREAD counts them.
        Messages = 1 => FBCHAT_NOTIFICATION_MESSAGES,
        /// A friend request.
        FriendRequest = 2 => FBCHAT_NOTIFICATION_FRIEND_REQUEST,
        /// An accepted friend request.
        FriendAdded = 3 => FBCHAT_NOTIFICATION_FRIEND_ADDED,
        /// A poke.
        Poke = 4 => FBCHAT_NOTIFICATION_POKE,
    }
}

/// One thing that the user may not have noticed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What it is about.
    pub kind: NotificationKind,
    /// Who did it.
    pub uid: Uid,
    /// Their full name.
    pub name: String,
    /// When.
    pub time: UnixMillis,
    /// True if it is new.
    pub new: bool,
    /// How many messages are unread; 0 for other kinds.
    pub unread: u32,
}

/// What is unread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// Unread conversations, then the newest notifications.
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

/// The part of a picture's address that changes with the picture: two addresses with the same one have the same picture.
/// `None` if the address is that of the picture of everybody who has none.
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
