//! That one server at a time serves a database. Commands may use it at the same time.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::connection::Db;
use super::errors::sentence;
use super::locks;
use crate::store::StoreError;

/// How long a server waits for the end of the one before, and how often it looks.
const WAIT: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(50);

/// The right to number the items, held by the connection of the writer.
pub struct ServerLock {
    /// Drawn at the start: another number in the database means that another server has served it since.
    run: i64,
}

impl ServerLock {
    /// Takes the lock, or says that another server has it.
    pub async fn take(db: &Db) -> Result<Self, StoreError> {
        // After a crash, PostgreSQL may notice a moment later that the last server is gone.
        let deadline = Instant::now() + WAIT;
        while !try_lock(db).await? {
            if Instant::now() < deadline {
                sleep(RETRY).await;
                continue;
            }
            let name = db.name();
            return Err(sentence(format!(
                "Another fbchatd is serving the database {name}. Stop it first: several servers on one database are not supported yet."
            )));
        }
        let run = getrandom::u64().map_err(|error| StoreError::Failed {
            why: error.to_string(),
            advice: "",
        })?;
        let run = run.cast_signed();
        db.execute("UPDATE fbchatd SET run = $1", &[&run]).await?;
        Ok(ServerLock { run })
    }

    /// Takes the lock on a new connection, before which the old one may still have it for a moment.
    pub async fn take_again(&self, db: &Db) -> Result<(), StoreError> {
        if !try_lock(db).await? {
            return Err(StoreError::Away(
                "another connection serves it, or the last one has not ended yet".to_owned(),
            ));
        }
        if db.number("SELECT run FROM fbchatd", &[]).await? != self.run {
            return Err(StoreError::Away(
                "another fbchatd has served it meanwhile, so this one has to be started again"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

async fn try_lock(db: &Db) -> Result<bool, StoreError> {
    let row = db
        .row("SELECT pg_try_advisory_lock($1)", &[&locks::SERVER])
        .await?;
    match row {
        Some(row) => Ok(row.try_get(0)?),
        None => Ok(false),
    }
}
