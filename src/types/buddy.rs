//! Friends, and how people are shown to each other.

#![forbid(unsafe_code)]

use super::{Uid, UnixMillis};

/// Whether somebody is online.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Not connected, or invisible.
    #[default]
    Offline,
    /// Connected, but not at the keyboard.
    Idle,
    /// Connected and at the keyboard.
    Active,
}

/// How the user is shown to friends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnPresence {
    /// At the keyboard.
    #[default]
    Active,
    /// Connected, but not at the keyboard.
    Idle,
    /// Connected, but shown as offline (chat visibility off; account-wide, docs/protocol.md, Buddy list and presence).
    Invisible,
}

/// A friend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buddy {
    /// The friend's number.
    pub uid: Uid,
    /// Full name as the server has it; plain text.
    pub name: String,
    /// First name, or empty.
    pub first_name: String,
    /// Whether they are online.
    pub presence: Presence,
    /// Their last sign of activity, if they are idle and the server says so; else 0.
    pub idle_since: UnixMillis,
    /// Their status line, if any; plain text.
    pub status_text: Option<String>,
    /// When they set the status line, to the second; 0 without one.
    pub status_time: UnixMillis,
    /// Address of their 50-pixel picture, if the server gives one.
    pub picture_url: Option<String>,
}
