//! The advisory locks of a database, by number.

/// Held while the tables are changed.
pub const SCHEMA: i64 = 0x6662_6368_6174_0001;

/// The servers share this lock for as long as their connections last; a process that needs the database alone holds it exclusively.
pub const SERVER: i64 = 0x6662_6368_6174_0002;

/// Held by a transaction that writes. Rules that look before they write need nothing else, as with SQLite.
pub const WRITE: i64 = 0x6662_6368_6174_0003;
