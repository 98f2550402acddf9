//! Limits that hold for every implementation of the store.

const DAY: i64 = 24 * 60 * 60 * 1000;
/// How long a declined request cannot be repeated, in ms. The sender does not learn that it was declined.
pub const DECLINED_FOR: i64 = 7 * DAY;
/// How long a poke that was not returned cannot be repeated, in ms.
pub const POKED_FOR: i64 = DAY;
/// The span in which requests are counted, in ms.
pub const REQUESTS_WITHIN: i64 = DAY;
/// The most requests of one user in [`REQUESTS_WITHIN`].
pub const MAX_REQUESTS: i64 = 50;
/// The most requests that wait for one user's answer.
pub const MAX_WAITING: i64 = 1000;
/// The most users whom one user can block.
pub const MAX_BLOCKED: i64 = 1000;
/// The most friends; as in 2008.
pub const MAX_FRIENDS: i64 = 5000;
/// How long an invitation can be used, in ms.
pub const VALID_FOR: i64 = 14 * 24 * 60 * 60 * 1000;
/// The most lists of one user.
pub const MAX_LISTS: usize = 100;
/// The most members of a group.
pub const MAX_MEMBERS: usize = 50;
/// The most groups of one user.
pub const MAX_GROUPS: usize = 100;
/// How long nobody can add a user to a group again who has left it, in ms.
pub const LEFT_FOR: i64 = 7 * DAY;
/// The most messages of a group that are counted as unread.
pub const MAX_UNREAD: i64 = 1000;
/// The most text of one part of a history, in bytes.
pub const HISTORY_BYTES: usize = 256 << 10;
/// The span in which the bytes that a user uploads are counted, in ms.
pub const FILES_WITHIN: i64 = DAY;
/// How long a file is kept that no message refers to, in ms.
pub const UNUSED_FILES_FOR: i64 = DAY;
/// The most notifications that are kept for one user.
pub const MAX_NOTIFICATIONS: i64 = 100;
/// How long a user name stays its former owner's, in ms.
pub const FORMER_USERNAME_FOR: i64 = 30 * DAY;
/// How often users can change their names in [`FORMER_USERNAME_FOR`], so that nobody keeps many for themselves.
pub const MAX_USERNAME_CHANGES: i64 = 3;
/// The most sessions of one user; the oldest ones make room.
pub const MAX_SESSIONS: i64 = 100;
/// How long an address counts as one of the user's own, in ms.
pub const OWN_ADDRESS_FOR: i64 = 90 * 24 * 60 * 60 * 1000;
