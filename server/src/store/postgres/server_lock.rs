//! Servers share a database, and a process that copies it or changes its tables has it exclusively. Servers of versions that could not share a
//! database have it exclusively as well.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::connection::Db;
use super::errors::sentence;
use super::locks;
use crate::store::StoreError;

/// How long to wait for the end of other processes, and how often to check.
const WAIT: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(30);
/// How long a server checks whether it is the only one: PostgreSQL may notice a moment late that the previous one is gone.
const ALONE: Duration = Duration::from_millis(300);

/// Takes the database exclusively until the connection ends.
pub async fn take_alone(db: &Db) -> Result<(), StoreError> {
    let deadline = Instant::now() + WAIT;
    while !try_alone(db).await? {
        if Instant::now() >= deadline {
            let name = db.name();
            return Err(sentence(format!(
                "Another fbchatd is serving the database {name}. Stop every server that uses it first."
            )));
        }
        sleep(RETRY).await;
    }
    Ok(())
}

/// Shares the database with other servers until the connection ends. True if there are none; then it is not shared before
/// [`release_alone`].
pub async fn share(db: &Db) -> Result<bool, StoreError> {
    let start = Instant::now();
    loop {
        if try_alone(db).await? {
            try_share(db).await?;
            return Ok(true);
        }
        if start.elapsed() >= ALONE && try_share(db).await? {
            return Ok(false);
        }
        if start.elapsed() >= WAIT {
            let name = db.name();
            return Err(sentence(format!(
                "The database {name} is in use by a single program: `fbchatd move`, or an older fbchatd that serves it alone. Wait until it has ended, or stop it first."
            )));
        }
        sleep(RETRY).await;
    }
}

/// Shares the database on a new connection.
pub async fn share_again(db: &Db) -> Result<(), StoreError> {
    match try_share(db).await? {
        true => Ok(()),
        false => Err(StoreError::Away(
            "another program uses it alone at the moment".to_owned(),
        )),
    }
}

pub async fn try_alone(db: &Db) -> Result<bool, StoreError> {
    lock(db, "SELECT pg_try_advisory_lock($1)").await
}

async fn try_share(db: &Db) -> Result<bool, StoreError> {
    lock(db, "SELECT pg_try_advisory_lock_shared($1)").await
}

/// Lets others share the database again.
pub async fn release_alone(db: &Db) -> Result<(), StoreError> {
    lock(db, "SELECT pg_advisory_unlock($1)").await.map(drop)
}

async fn lock(db: &Db, sql: &'static str) -> Result<bool, StoreError> {
    match db.row(sql, &[&locks::SERVER]).await? {
        Some(row) => Ok(row.try_get(0)?),
        None => Ok(false),
    }
}
