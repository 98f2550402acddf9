//! What a client wants to be notified of, and what it was told.

use std::collections::BTreeMap;

use crate::types::Uid;

/// The address and the name of a room by the number of its group.
pub type Bookmarks = BTreeMap<Uid, (String, String)>;

/// What a client wants to be told of.
#[derive(Default)]
pub struct Interests {
    /// The name of its capabilities.
    pub capabilities: String,
    /// The id of the request for them, until it is answered.
    pub asked: Option<String>,
    pub bookmarks: bool,
    pub pictures: bool,
}
