//! The version of the tables, and who may use them.
//!
//! A newer program extends the tables while servers of older versions use them, if that takes additive steps only. Otherwise it needs
//! the database without servers: one that expects other tables could fail in the middle of its work, and what it writes would lack what
//! the step adds.

mod steps;

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::connection::Db;
use super::errors::sentence;
use super::{locks, server_lock};
use crate::store::StoreError;
use steps::Step;

/// How long to wait for another process that changes the tables at this moment, and how often to check.
const WAIT: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(50);
/// How long to try to extend tables that others use, and how long to let them work in between. While it waits for a table, nobody
/// else gets it.
const EXTENDING: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(3);
/// How long one attempt waits for a table. PostgreSQL ends its own maintenance of a table for others who have waited for a second.
const ATTEMPT: &str = "1500ms";

/// The table that identifies a database as ours: the version, and a counter of writes by commands.
const OURS: &str = "
CREATE TABLE fbchatd(
    version BIGINT NOT NULL,
    changes BIGINT NOT NULL DEFAULT 0           -- by commands, which the servers notice
);
INSERT INTO fbchatd(version) VALUES (0);
";

/// Whether the database has our tables.
pub async fn exists(db: &Db) -> Result<bool, StoreError> {
    db.exists(
        "SELECT 1 FROM pg_class WHERE oid = to_regclass('fbchatd') AND relkind = 'r'",
        &[],
    )
    .await
}

/// What is missing in a database.
enum Missing {
    Nothing,
    /// Additive steps.
    Additions,
    /// All tables, or steps of which one is exclusive.
    Tables,
}

/// Brings a database up to the version of this program.
pub async fn migrate(db: &Db) -> Result<(), StoreError> {
    let start = Instant::now();
    loop {
        match missing(db).await? {
            Missing::Nothing => return Ok(()),
            Missing::Additions => match in_transaction(db, extend(db)).await {
                Err(StoreError::Away(_)) if !db.is_closed() => {
                    if start.elapsed() >= EXTENDING {
                        let name = db.name();
                        return Err(sentence(format!(
                            "The tables of the database {name} have to be extended for this version, but something else has been reading them for a minute, for instance pg_dump. Start fbchatd again when it has ended."
                        )));
                    }
                    sleep(PAUSE).await;
                }
                extended => return extended,
            },
            Missing::Tables => {
                if server_lock::try_alone(db).await? {
                    in_transaction(db, create_or_change(db)).await?;
                    return server_lock::release_alone(db).await;
                }
                if start.elapsed() >= WAIT {
                    let name = db.name();
                    return Err(sentence(format!(
                        "The database {name} is used by servers of another version, and its tables have to be changed for this one. Stop all of them, then start this one."
                    )));
                }
                sleep(RETRY).await;
            }
        }
    }
}

async fn missing(db: &Db) -> Result<Missing, StoreError> {
    if !exists(db).await? {
        return Ok(Missing::Tables);
    }
    let mut steps = steps::all().iter().skip(version(db).await?).peekable();
    Ok(if steps.peek().is_none() {
        Missing::Nothing
    } else if steps.all(|step| matches!(step, Step::Additive(_))) {
        Missing::Additions
    } else {
        Missing::Tables
    })
}

/// Whether the tables are exactly those of this version.
pub async fn is_current(db: &Db) -> Result<bool, StoreError> {
    Ok(exists(db).await? && version(db).await? == steps::all().len())
}

/// Refuses a database that a running server cannot go on with.
pub async fn check_again(db: &Db) -> Result<(), StoreError> {
    match missing(db).await? {
        Missing::Nothing => Ok(()),
        _ => Err(StoreError::Away(
            "its tables are those of an older version of fbchatd".to_owned(),
        )),
    }
}

/// Refuses a database of a newer version or of another program.
pub async fn check(db: &Db) -> Result<(), StoreError> {
    match exists(db).await? {
        true => version(db).await.map(drop),
        false => refuse_foreign(db).await,
    }
}

/// The version of the tables. Refuses those that a newer program has made and this one cannot use.
async fn version(db: &Db) -> Result<usize, StoreError> {
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let known = steps::all().len();
    let version = number(db.number("SELECT version FROM fbchatd", &[]).await?);
    if version <= known {
        return Ok(version);
    }
    let row = db.row("SELECT oldest, program FROM fbchatd", &[]).await?;
    let row = row.ok_or_else(|| StoreError::Damaged("the table fbchatd is empty".to_owned()))?;
    let (oldest, program): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
    if number(oldest) > known {
        let (name, own) = (db.name(), env!("CARGO_PKG_VERSION"));
        return Err(sentence(format!(
            "The data in the database {name} was written by a newer fbchatd ({program}), and this one ({own}) is too old for it. Install {program} or later, or choose another database."
        )));
    }
    Ok(version)
}

/// Changes the tables, completely or not at all.
async fn in_transaction(
    db: &Db,
    change: impl Future<Output = Result<(), StoreError>>,
) -> Result<(), StoreError> {
    db.batch("BEGIN").await?;
    let changed = async {
        let sql = format!("SELECT pg_advisory_xact_lock({})", locks::SCHEMA);
        db.batch(&sql).await?;
        change.await?;
        db.batch("COMMIT").await
    };
    let changed = changed.await;
    if changed.is_err() {
        // The end of the connection would do the same.
        let _ = db.batch("ROLLBACK").await;
    }
    changed
}

/// Carries out additive steps while others use the tables.
async fn extend(db: &Db) -> Result<(), StoreError> {
    // Without those who write, no lock of theirs has to be waited for while some tables are locked already.
    let sql = format!(
        "SELECT pg_advisory_xact_lock({}); SET LOCAL lock_timeout = '{ATTEMPT}'",
        locks::WRITE
    );
    db.batch(&sql).await?;
    let from = version(db).await?;
    take_steps(db, from).await
}

/// Carries out all steps that are missing while no server uses the database. Afterwards only programs that know the exclusive ones can.
async fn create_or_change(db: &Db) -> Result<(), StoreError> {
    let mut from = 0;
    if exists(db).await? {
        from = version(db).await?;
    } else {
        refuse_foreign(db).await?;
        create(db, OURS).await?;
    }
    take_steps(db, from).await?;
    let exclusive = |step: &Step| matches!(step, Step::Exclusive(_));
    let oldest = steps::all().iter().rposition(exclusive);
    let sql = format!(
        "UPDATE fbchatd SET oldest = {}, program = '{}'",
        oldest.map_or(0, |last| last + 1),
        env!("CARGO_PKG_VERSION")
    );
    db.batch(&sql).await
}

async fn take_steps(db: &Db, from: usize) -> Result<(), StoreError> {
    let all = steps::all();
    for Step::Additive(sql) | Step::Exclusive(sql) in all.iter().skip(from) {
        create(db, sql).await?;
    }
    // Another program may have been faster, and newer.
    let sql = format!(
        "UPDATE fbchatd SET version = greatest(version, {})",
        all.len()
    );
    db.batch(&sql).await
}

async fn refuse_foreign(db: &Db) -> Result<(), StoreError> {
    let foreign = "SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm') LIMIT 1";
    if db.exists(foreign, &[]).await? {
        let name = db.name();
        return Err(sentence(format!(
            "The database {name} has tables of another program. Create one for fbchatd alone: createdb --encoding=UTF8 --template=template0 --owner=fbchat fbchat"
        )));
    }
    Ok(())
}

async fn create(db: &Db, sql: &str) -> Result<(), StoreError> {
    db.batch(sql).await.map_err(|error| match error {
        StoreError::Failed { why, .. } if why.starts_with("permission denied") => {
            let name = db.name();
            sentence(format!(
                "Cannot create tables in the database {name}: {why}. Make its user the owner, as a superuser: ALTER DATABASE {name} OWNER TO {}",
                db.user()
            ))
        }
        error => error,
    })
}
