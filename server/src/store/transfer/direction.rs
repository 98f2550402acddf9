//! The two ways in which a transfer can go, for the stores at its ends.

/// Which way to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From SQLite to PostgreSQL.
    ToServer,
    /// From PostgreSQL to SQLite.
    ToDirectory,
}
