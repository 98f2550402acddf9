//! How much of what a server tells of groups is kept.

/// More groups than this are dropped; our own server stops at 100.
pub const MOST_GROUPS: usize = 500;
/// More members of one group than this are dropped; our own server stops at 50.
pub const MOST_MEMBERS: usize = 200;
/// Members of all groups together.
pub const MOST_PLACES: usize = 20_000;
