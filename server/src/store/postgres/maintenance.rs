//! Health and statistics.

use super::connection::Db;
use super::files::total_use;
use super::rows::{self, at};
use crate::clock::now_ms;
use crate::store::limits::VALID_FOR;
use crate::store::{Stats, StoreError};

/// The accounts with most bytes that are named.
const LARGEST: i64 = 10;
const DAY: i64 = 24 * 60 * 60 * 1000;

pub async fn healthy(db: &Db) -> Result<(), StoreError> {
    db.exists("SELECT 1 FROM users LIMIT 1", &[])
        .await
        .map(drop)
}

pub async fn stats(db: &Db) -> Result<Stats, StoreError> {
    let now = now_ms();
    let largest = "SELECT email, bytes FROM (
            SELECT email, message_bytes
                + coalesce((SELECT octet_length(bytes) FROM pictures p WHERE p.uid = u.uid), 0)
                + coalesce((SELECT sum(f.bytes)::bigint FROM files f WHERE f.owner = u.uid AND NOT f.gone), 0) AS bytes
            FROM users u JOIN channels USING (uid)
        ) AS used WHERE bytes > 0 ORDER BY bytes DESC, email LIMIT $1";
    let largest = rows::all(&db.rows(largest, &[&LARGEST]).await?, |row| {
        Ok((at(row, 0)?, at(row, 1)?))
    })?;
    let groups = "SELECT count(DISTINCT gid) FROM group_members WHERE last_message IS NULL";
    let invitations = "SELECT count(*) FROM invites WHERE expires > $1 AND expires <= $1 + $2";
    let today = "SELECT count(*) FROM messages WHERE time > $1 AND time <= $2";
    Ok(Stats {
        largest,
        accounts: db.number("SELECT count(*) FROM users", &[]).await?,
        friendships: db
            .number("SELECT count(*) FROM friends WHERE uid < friend", &[])
            .await?,
        groups: db.number(groups, &[]).await?,
        logins: db
            .number("SELECT count(*) FROM sessions WHERE ends > $1", &[&now])
            .await?,
        invitations: db.number(invitations, &[&now, &VALID_FOR]).await?,
        messages: db.number("SELECT count(*) FROM messages", &[]).await?,
        messages_today: db.number(today, &[&(now - DAY), &(now + DAY)]).await?,
        files: db
            .number("SELECT count(*) FROM files WHERE NOT gone", &[])
            .await?,
        file_bytes: total_use(db).await?,
        bytes: db
            .number("SELECT pg_database_size(current_database())", &[])
            .await?,
    })
}
