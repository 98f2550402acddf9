//! The servers that use a database: each has a row in which it shows that it is alive, by the clock of the database.
//!
//! The table is not logged, like all that only running servers need: after a crash of the database they enter themselves again.

use std::time::Instant;

use super::connection::Db;
use super::errors::sentence;
use super::rows::{self, at};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::store::{Node, NodeInfo, StoreError};
use crate::types::Uid;

/// How far the clock of a server may differ from that of the database, in ms.
const CLOCKS: i64 = 5_000;
/// A server is taken for dead after this long without a sign of life, if not later because its users stay online longer; in ms.
const DEAD_AFTER: i64 = 10_000;

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

impl Tx<'_> {
    /// Enters a server.
    pub async fn enter(&mut self, own: &Own) -> Result<(), StoreError> {
        let keeps = own.about.keeps.max(DEAD_AFTER);
        let sql = "INSERT INTO nodes(id, version, address, started, beat, keeps) VALUES ($1, $2, $3, $4, $4, $5)
            ON CONFLICT (id) DO UPDATE SET beat = $4, stopped = FALSE";
        let now = self.now();
        let (version, address) = (&own.about.version, &own.about.address);
        self.execute(sql, &[&own.id, version, address, &now, &keeps])
            .await?;
        Ok(())
    }

    /// A server stops. Its users stay online for as long as they would if it had died: they come back to another one.
    pub async fn leave(&mut self) -> Result<(), StoreError> {
        let Some(own) = self.own() else {
            return Ok(());
        };
        let sql = "UPDATE nodes SET stopped = TRUE, beat = $2 WHERE id = $1";
        let now = self.now();
        self.execute(sql, &[&own.id, &now]).await?;
        Ok(())
    }

    /// Takes the users of servers that have died offline, and forgets these servers.
    pub async fn bury_dead(&mut self) -> Result<(), StoreError> {
        self.begin().await?;
        let now = self.now();
        let sql = "SELECT id FROM nodes WHERE beat + keeps < $1";
        for row in self.rows(sql, &[&now]).await? {
            let dead: i64 = at(&row, 0)?;
            let sql = "SELECT uid FROM presence WHERE node = $1";
            for row in self.rows(sql, &[&dead]).await? {
                self.set_here(Uid(at(&row, 0)?), dead, None).await?;
            }
            self.execute("DELETE FROM nodes WHERE id = $1", &[&dead])
                .await?;
        }
        Ok(())
    }

    /// What is left of servers that ran before, when no other one runs.
    pub async fn forget_all_nodes(&mut self) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM nodes",
            "DELETE FROM presence",
            "DELETE FROM news",
        ] {
            self.execute(sql, &[]).await?;
        }
        Ok(())
    }
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
