//! A database as the source or the target of a transfer.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_postgres::binary_copy::BinaryCopyOutRow;
use tokio_postgres::types::{ToSql, Type};

use super::connection::Db;
use super::errors::sentence;
use super::settings::{Address, Settings};
use super::{news, schema, server_lock};
use crate::store::StoreError;
use crate::store::transfer::direction::Direction;
use crate::store::transfer::parts::{Batch, Part, Row, Value};
use crate::store::transfer::tables::{CHANNELS, Kind, SECRETS, TABLES, Table};
use crate::store::transfer::tally::{Observer, Tally, not_empty};

/// A database that no server and no command uses.
pub struct Database {
    db: Db,
}

impl Database {
    pub async fn open(address: &Address, direction: Direction) -> Result<Self, StoreError> {
        let settings = Settings::new(address)?;
        let db = Db::connect(&settings).await?;
        if direction == Direction::ToDirectory && !schema::exists(&db).await? {
            let name = db.name();
            return Err(sentence(format!(
                "There are no accounts in the database {name}. Nothing was changed."
            )));
        }
        schema::migrate(&db).await?;
        if !schema::is_current(&db).await? {
            let name = db.name();
            return Err(sentence(format!(
                "The tables of the database {name} were extended by a newer fbchatd. Install that version to move them: this one would leave out what it does not know."
            )));
        }
        server_lock::take_alone(&db).await?;
        news::begin(&db, None).await?;
        // The other side may be slow.
        db.batch("SET LOCAL idle_in_transaction_session_timeout = 0")
            .await?;
        let database = Database { db };
        if direction == Direction::ToServer {
            database.check_target().await?;
        }
        Ok(database)
    }

    async fn check_target(&self) -> Result<(), StoreError> {
        for table in TABLES.iter().filter(|table| table.name != SECRETS) {
            if self.rows(table).await? > 0 {
                return Err(not_empty(&format!("the database {}", self.db.name())));
            }
        }
        Ok(())
    }

    async fn rows(&self, table: &Table) -> Result<i64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        self.db.number_of(&sql).await
    }

    /// The last number that the counter of a table has assigned.
    async fn last(&self, table: &Table) -> Result<i64, StoreError> {
        let Some(counter) = table.counter else {
            return Ok(0);
        };
        let sequence = format!("{}_{counter}_seq", table.name);
        let sql = format!("SELECT last_value - (NOT is_called)::int FROM {sequence}");
        self.db.number_of(&sql).await
    }

    /// Sends everything to the other side.
    pub async fn read(self, parts: Sender<Part>) -> Result<(), StoreError> {
        for table in TABLES {
            let head = Part::Table(table, self.rows(table).await?, self.last(table).await?);
            send(&parts, head).await?;
            let sql = format!("COPY ({}) TO STDOUT (FORMAT BINARY)", select(table));
            let rows = self.db.copy_out(&sql, &types(table)).await?;
            let mut rows = pin!(rows);
            let mut batch = Batch::default();
            while let Some(row) = rows.try_next().await? {
                if let Some(part) = batch.add(values(table, &row)?) {
                    send(&parts, part).await?;
                }
            }
            send(&parts, batch.take()).await?;
        }
        send(&parts, Part::End).await
    }

    /// Receives everything; `None` if the other side has ended early.
    pub async fn write(
        self,
        mut parts: Receiver<Part>,
        observer: Box<dyn Observer>,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let mut tally = Tally::new(observer);
        let Some(mut part) = parts.recv().await else {
            return Ok(None);
        };
        while let Part::Table(table, rows, last) = part {
            tally.begin(table, rows);
            if table.name == SECRETS {
                self.db.batch("DELETE FROM secrets").await?;
            }
            let sql = format!(
                "COPY {}({}) FROM STDIN (FORMAT BINARY)",
                table.name,
                table.list()
            );
            let mut copy = pin!(self.db.copy_in(&sql, &types(table)).await?);
            loop {
                let Some(next) = parts.recv().await else {
                    return Ok(None);
                };
                let Part::Rows(rows) = next else {
                    part = next;
                    break;
                };
                for row in &rows {
                    copy.as_mut().write_raw(parameters(table, row)).await?;
                }
                tally.add(rows.len());
            }
            copy.finish().await?;
            self.set_last(table, last).await?;
            tally.complete(self.rows(table).await?)?;
        }
        let moved = tally.finish()?;
        self.db.batch("COMMIT").await?;
        // Without it, PostgreSQL would plan the first queries for empty tables.
        if let Err(error) = self.db.batch("ANALYZE").await {
            log::warn!("PostgreSQL has no statistics of the tables yet: {error}");
        }
        Ok(Some(moved))
    }

    async fn set_last(&self, table: &Table, last: i64) -> Result<(), StoreError> {
        let Some(counter) = table.counter else {
            return Ok(());
        };
        let (name, next) = (table.name, last.saturating_add(1));
        let sql =
            format!("SELECT setval(pg_get_serial_sequence('{name}', '{counter}'), {next}, FALSE)");
        self.db.batch(&sql).await
    }
}

async fn send(parts: &Sender<Part>, part: Part) -> Result<(), StoreError> {
    parts.send(part).await.map_err(|_| StoreError::Closed)
}

fn select(table: &Table) -> String {
    if table.name == CHANNELS {
        // A server has recorded the exact number of each channel.
        return "SELECT uid, coalesce(next, seq), acked, message_bytes FROM channels LEFT JOIN numbers USING (uid)".to_owned();
    }
    format!("SELECT {} FROM {}", table.list(), table.name)
}

fn types(table: &Table) -> Vec<Type> {
    let kinds = table.columns.iter().map(|(_, kind)| match kind {
        Kind::Number => Type::INT8,
        Kind::Truth => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    });
    kinds.collect()
}

fn values(table: &Table, row: &BinaryCopyOutRow) -> Result<Row, StoreError> {
    let columns = table.columns.iter().enumerate();
    let values = columns.map(|(at, (_, kind))| {
        let value = match kind {
            Kind::Number => row.try_get::<Option<i64>>(at)?.map(Value::Number),
            Kind::Truth => row
                .try_get::<Option<bool>>(at)?
                .map(|truth| Value::Number(truth.into())),
            Kind::Text => row.try_get::<Option<String>>(at)?.map(Value::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>>(at)?.map(Value::Bytes),
        };
        Ok(value.unwrap_or(Value::Null))
    });
    values.collect()
}

fn parameters<'a>(table: &Table, row: &'a Row) -> Vec<Box<dyn ToSql + Sync + Send + 'a>> {
    let columns = row.iter().zip(table.columns);
    let parameters = columns.map(|(value, (_, kind))| -> Box<dyn ToSql + Sync + Send + 'a> {
        match value {
            Value::Number(number) if *kind == Kind::Truth => Box::new(*number != 0),
            Value::Number(number) => Box::new(*number),
            Value::Text(text) => Box::new(text.as_str()),
            Value::Bytes(bytes) => Box::new(bytes.as_slice()),
            Value::Null => match kind {
                Kind::Number => Box::new(None::<i64>),
                Kind::Truth => Box::new(None::<bool>),
                Kind::Text => Box::new(None::<&str>),
                Kind::Bytes => Box::new(None::<&[u8]>),
            },
        }
    });
    parameters.collect()
}
