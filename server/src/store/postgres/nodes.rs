//! The servers that use a database: each has a row in which it shows that it is alive, by the clock of the database.
//!
//! The table is not logged, like all that only running servers need: after a crash of the database they enter themselves again.

use std::time::Instant;

use super::connection::Db;
use super::errors::sentence;
use super::rows::{self, at};
use crate::clock::now_ms;
use crate::store::{Node, NodeInfo, StoreError};

/// How far the clock of a server may differ from that of the database, in ms.
const CLOCKS: i64 = 5_000;
/// A server, as it enters itself.
#[derive(Clone)]
pub struct Own {
    /// Random, so that none is ever used again.
    pub id: i64,
    pub about: NodeInfo,
}

impl Own {
    pub fn new(about: NodeInfo) -> Result<Self, StoreError> {
        let id = getrandom::u64().map_err(|error| StoreError::Failed {
            why: error.to_string(),
            advice: "",
        })?;
        Ok(Own {
            id: (id >> 1).cast_signed(),
            about,
        })
    }
}

/// Refuses to work with a clock that differs from that of the database: times of messages and sessions would differ from server to server.
pub async fn check_clock(db: &Db) -> Result<(), StoreError> {
    let (before, start) = (now_ms(), Instant::now());
    let theirs = db.number(NOW, &[]).await?;
    let took = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    let ahead = before.saturating_add(took / 2).saturating_sub(theirs);
    compare_clocks(ahead, took, db.name())
}

/// `ahead` is how far the own clock is ahead, known to half of what asking for the other one took; in ms.
fn compare_clocks(ahead: i64, took: i64, name: &str) -> Result<(), StoreError> {
    if ahead.saturating_abs() <= CLOCKS.saturating_add(took / 2) {
        return Ok(());
    }
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    let seconds = ahead.saturating_abs() / 1000;
    Err(sentence(format!(
        "The clock of this machine is {seconds} seconds {way} that of the database {name}. Set both by NTP, then start fbchatd again."
    )))
}

/// Warns if a standby may lack what was acknowledged.
pub async fn warn_of_standbys(db: &Db) -> Result<(), StoreError> {
    let sql = "SELECT count(*) FROM pg_stat_replication WHERE current_setting('synchronous_standby_names') = ''";
    let standbys = db.number(sql, &[]).await?;
    if standbys > 0 {
        log::warn!(
            "{standbys} standbys of the database are not synchronous: if one takes over, messages can be lost that were acknowledged; set synchronous_standby_names in PostgreSQL"
        );
    }
    Ok(())
}

const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// The servers that run, the oldest first.
pub async fn nodes(db: &Db) -> Result<Vec<Node>, StoreError> {
    let now = db.number(NOW, &[]).await?;
    let sql = "SELECT id, version, address, started, beat FROM nodes WHERE NOT stopped AND beat + keeps >= $1 ORDER BY started, id";
    rows::all(&db.rows(sql, &[&now]).await?, |row| {
        let (started, beat): (i64, i64) = (at(row, 3)?, at(row, 4)?);
        Ok(Node {
            id: at(row, 0)?,
            about: NodeInfo {
                version: at(row, 1)?,
                address: at(row, 2)?,
                keeps: 0,
            },
            age: now.saturating_sub(started),
            silent: now.saturating_sub(beat),
        })
    })
}

/// Shows that a server is alive; false if the others have given it up. Outside of a transaction.
pub async fn beat(db: &Db, own: &Own) -> Result<bool, StoreError> {
    let sql = "UPDATE nodes SET beat = (extract(epoch FROM clock_timestamp()) * 1000)::bigint WHERE id = $1 AND NOT stopped";
    Ok(db.execute(sql, &[&own.id]).await? > 0)
}

/// Whether there are servers that have died, so that their users go offline.
pub async fn has_dead(db: &Db) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM nodes WHERE beat + keeps < (extract(epoch FROM clock_timestamp()) * 1000)::bigint LIMIT 1";
    db.exists(sql, &[]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_is_refused_in_one_sentence() {
        assert!(compare_clocks(4_900, 0, "chat").is_ok());
        assert!(compare_clocks(-4_900, 0, "chat").is_ok());
        // The answer took that long.
        assert!(compare_clocks(9_000, 10_000, "chat").is_ok());
        let told = |ahead| compare_clocks(ahead, 0, "chat").unwrap_err().to_string();
        assert!(told(3_600_000).contains("3600 seconds ahead of that of the database chat."));
        assert!(told(-7_000).contains("7 seconds behind"));
    }
}
