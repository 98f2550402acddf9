//! The steps from login to the held long-poll.

use crate::types::Connection;

/// One exchange on the way to the long-poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    LoginPage,
    LoginPost,
    Register,
    Popout,
    Home,
    Visibility,
    BuddyList,
    /// The list of groups, so that hosts know a group before its first message.
    Groups,
    Reconnect,
    Probe,
    /// The list of groups, for those that may have lost messages in a gap.
    GroupsInGap,
    /// The history of the next conversation that may have lost messages in a gap.
    Recover,
    Poll,
}

impl Step {
    /// What the session is doing, for the middle of a sentence.
    pub fn doing(self) -> &'static str {
        match self {
            Step::LoginPage | Step::LoginPost => "logging in",
            Step::Register => "signing up",
            Step::Popout | Step::Home => "loading the chat page",
            Step::Visibility | Step::BuddyList => "asking for the buddy list",
            Step::Groups | Step::GroupsInGap => "asking for the groups",
            Step::Reconnect | Step::Probe => "opening the channel",
            Step::Recover => "looking for missed messages",
            Step::Poll => "waiting for messages",
        }
    }

    /// What hosts see of it.
    pub fn connection(self) -> Connection {
        match self {
            Step::LoginPage | Step::LoginPost | Step::Register => Connection::LoggingIn,
            Step::Popout | Step::Home => Connection::LoadingPage,
            Step::Poll => Connection::Connected,
            _ => Connection::OpeningChannel,
        }
    }

    /// The step to go on with after this one has failed.
    pub fn after_failure(self) -> Step {
        match self {
            Step::LoginPost => Step::LoginPage,
            // A quick call tells whether the server is back; a long-poll would not.
            Step::Poll | Step::Probe | Step::GroupsInGap | Step::Recover => Step::Reconnect,
            other => other,
        }
    }

    /// The session goes on without it.
    pub fn is_groups(self) -> bool {
        matches!(self, Step::Groups | Step::GroupsInGap)
    }

    pub fn is_page(self) -> bool {
        matches!(self, Step::LoginPage | Step::Popout | Step::Home)
    }

    pub fn is_login(self) -> bool {
        matches!(self, Step::LoginPage | Step::LoginPost)
    }
}
