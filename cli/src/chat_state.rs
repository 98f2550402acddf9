//! The state of the conversation: buddies and groups, connection, and the person or group to whom lines go.

use crate::buddy_list::BuddyList;
use crate::files::Files;
use fbchat::types::{Connection, Uid};
use std::collections::HashSet;

#[derive(Debug)]
pub struct ChatState {
    pub buddy_list: BuddyList,
    pub files: Files,
    /// The server as sentences name it.
    pub server: String,
    pub connection: Connection,
    /// The recipient of a line that names none.
    pub chosen: Option<Uid>,
    /// Who is known to be typing, and in which group.
    pub typing: HashSet<(Uid, Option<Uid>)>,
    /// True from the notice that the connection is lost until the notice that it is back.
    pub trouble: bool,
}
