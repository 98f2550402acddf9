//! One connection, with statements that are prepared once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::errors::{describe, refused, sentence};
use super::settings::Settings;
use crate::store::StoreError;
use crate::sync::lock;

/// The oldest PostgreSQL that is supported.
const OLDEST: u32 = 15;
/// The longest wait for each host, some of which may accept the connection and then say nothing.
const GREETING: Duration = Duration::from_secs(10);

/// Parameters of a statement.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection. Statements of several tasks are sent without waiting for each other and carried out in the order in which they were
/// sent.
pub struct Db {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
    name: String,
    user: String,
    driver: JoinHandle<()>,
    /// Its other end is dropped with the connection.
    alive: watch::Receiver<()>,
}

impl Drop for Db {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Db {
    /// Connects. The calling runtime drives the connection.
    pub async fn connect(settings: &Settings) -> Result<Self, StoreError> {
        let connected = settings.config.connect(settings.tls.clone());
        let hosts = settings.config.get_hosts().len().max(1);
        let limit = GREETING.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX));
        let connected = tokio::time::timeout(limit, connected).await;
        let (client, connection) = connected
            .map_err(|_| StoreError::Away("it does not answer".to_owned()))?
            .map_err(|error| refused(&error, &settings.name, &settings.user))?;
        // Before any statement: an old server would refuse some of them with errors of its own.
        check_server(
            connection.parameter("server_version").unwrap_or_default(),
            connection.parameter("server_encoding").unwrap_or_default(),
            &settings.name,
        )?;
        let (ends, alive) = watch::channel(());
        let driver = tokio::spawn(async move {
            let _ends = ends;
            if let Err(error) = connection.await {
                log::debug!("a connection to the database ended: {}", describe(&error));
            }
        });
        let db = Db {
            client,
            statements: Mutex::default(),
            name: settings.name.clone(),
            user: settings.user.clone(),
            driver,
            alive,
        };
        prepare(&db.client).await?;
        Ok(db)
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user of the database.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Ends the connection, and everything that waits for it.
    pub fn abandon(&self) {
        self.driver.abort();
    }

    /// Waits for the end of the connection.
    pub async fn ended(&self) {
        while self.alive.clone().changed().await.is_ok() {}
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    async fn prepared(&self, sql: &'static str) -> Result<Statement, StoreError> {
        let known = lock(&self.statements).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        lock(&self.statements).insert(sql, statement.clone());
        Ok(statement)
    }

    /// Sends statements without parameters.
    pub async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// All rows.
    pub async fn rows(
        &self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(sql).await?;
        Ok(self.client.query(&statement, params).await?)
    }

    /// The first row, if there is one.
    pub async fn row(
        &self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// Whether there is a row.
    pub async fn exists(&self, sql: &'static str, params: Params<'_>) -> Result<bool, StoreError> {
        Ok(self.row(sql, params).await?.is_some())
    }

    /// The number in the only row; 0 without one.
    pub async fn number(&self, sql: &'static str, params: Params<'_>) -> Result<i64, StoreError> {
        match self.row(sql, params).await? {
            Some(row) => Ok(row.try_get(0)?),
            None => Ok(0),
        }
    }

    /// The number in the only row of a statement that is executed once.
    pub async fn number_of(&self, sql: &str) -> Result<i64, StoreError> {
        let row = self.client.query_one(sql, &[]).await?;
        Ok(row.try_get(0)?)
    }

    /// Sends rows to a table with COPY, as fast as the server accepts them.
    pub async fn copy_in(
        &self,
        sql: &str,
        types: &[Type],
    ) -> Result<BinaryCopyInWriter, StoreError> {
        let sink = self.client.copy_in(sql).await?;
        Ok(BinaryCopyInWriter::new(sink, types))
    }

    /// Reads rows of a table one by one.
    pub async fn copy_out(
        &self,
        sql: &str,
        types: &[Type],
    ) -> Result<BinaryCopyOutStream, StoreError> {
        let stream = self.client.copy_out(sql).await?;
        Ok(BinaryCopyOutStream::new(stream, types))
    }

    /// How many rows were changed.
    pub async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64, StoreError> {
        let statement = self.prepared(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }
}

/// Sets how PostgreSQL treats a connection.
pub async fn prepare(client: &Client) -> Result<(), tokio_postgres::Error> {
    // Answered writes have to survive a crash, whatever the default is. The locks of a lost connection must not remain.
    client
        .batch_execute(
            "SET idle_in_transaction_session_timeout = '10s';
             SET tcp_keepalives_idle = 10;
             SET tcp_keepalives_interval = 5;
             SET tcp_keepalives_count = 2;
             SET tcp_user_timeout = '20s';
             SET client_connection_check_interval = '5s';
             SET lock_timeout = '20s';
             SET default_transaction_isolation = 'read committed';
             SELECT set_config('synchronous_commit', 'on', FALSE) WHERE current_setting('synchronous_commit') = 'off'",
        )
        .await
}

/// Refuses servers that lack a required feature. `version` is a text like `15.18 (Debian 15.18-0+deb12u1)` or `16beta1`.
fn check_server(version: &str, encoding: &str, name: &str) -> Result<(), StoreError> {
    let major = version.split(|c: char| !c.is_ascii_digit()).next();
    let major = major.and_then(|digits| digits.parse::<u32>().ok());
    if let Some(major) = major.filter(|major| *major < OLDEST) {
        return Err(sentence(format!(
            "The database is PostgreSQL {major}, and fbchatd needs {OLDEST} or later. Upgrade it, or choose another one."
        )));
    }
    if encoding != "UTF8" {
        return Err(sentence(format!(
            "The database {name} has the encoding {encoding} and cannot hold every text. Create it with: createdb --encoding=UTF8 --template=template0 {name}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_and_other_encodings_are_refused_in_one_sentence() {
        for version in ["15.18 (Debian 15.18-0+deb12u1)", "16beta1", "19devel"] {
            assert!(check_server(version, "UTF8", "chat").is_ok());
        }
        let told = |version, encoding| {
            let refused = check_server(version, encoding, "chat");
            refused.unwrap_err().to_string()
        };
        assert!(told("12.22", "UTF8").starts_with("The database is PostgreSQL 12, and"));
        assert!(told("9.6.24", "UTF8").starts_with("The database is PostgreSQL 9, and"));
        assert!(told("15.18", "SQL_ASCII").contains("--encoding=UTF8"));
    }
}
