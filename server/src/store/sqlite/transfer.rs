//! A data directory as the source or the target of a transfer.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use tokio::sync::mpsc::{Receiver, Sender};

use super::{Sqlite, lock_directory};
use crate::store::StoreError;
use crate::store::transfer::direction::Direction;
use crate::store::transfer::parts::{Batch, Part, Row, Value};
use crate::store::transfer::tables::{CHANNELS, SECRETS, TABLES, Table};
use crate::store::transfer::tally::{Observer, Tally, not_empty};

/// A data directory that no server and no command uses.
pub struct Directory {
    db: Connection,
    dir: PathBuf,
    _locked: File,
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Number(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Directory {
    pub fn open(dir: &Path, direction: Direction) -> Result<Self, StoreError> {
        let locked = lock_directory(dir)?;
        let (_, db) = Sqlite::database(dir)?;
        // Keeps commands from writing until the end.
        db.execute_batch("BEGIN IMMEDIATE")?;
        let directory = Directory {
            db,
            dir: dir.to_owned(),
            _locked: locked,
        };
        match direction {
            Direction::ToServer => directory.check_source()?,
            Direction::ToDirectory => directory.check_target()?,
        }
        Ok(directory)
    }

    fn check_source(&self) -> Result<(), StoreError> {
        if self.number("SELECT count(*) FROM unrendered_pictures")? > 0 {
            return Err(StoreError::Unusable(format!(
                "Some pictures in {dir} are still as an earlier version stored them. Run `fbchatd serve --data {dir}` for a minute, then try again. Nothing was changed.",
                dir = self.dir.display()
            )));
        }
        Ok(())
    }

    fn check_target(&self) -> Result<(), StoreError> {
        for table in TABLES.iter().filter(|table| table.name != SECRETS) {
            if self.rows(table)? > 0 {
                return Err(not_empty(&self.dir.display().to_string()));
            }
        }
        Ok(())
    }

    fn number(&self, sql: &str) -> Result<i64, StoreError> {
        Ok(self.db.query_row(sql, [], |row| row.get(0))?)
    }

    fn rows(&self, table: &Table) -> Result<i64, StoreError> {
        self.number(&format!("SELECT count(*) FROM {}", source(table)))
    }

    /// The last number that the counter of a table has assigned.
    fn last(&self, table: &Table) -> Result<i64, StoreError> {
        let Some(counter) = table.counter else {
            return Ok(0);
        };
        let name = table.name;
        self.number(&format!(
            "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{name}'), 0), coalesce((SELECT max({counter}) FROM {name}), 0))"
        ))
    }

    /// Sends everything to the other side.
    pub fn read(self, parts: &Sender<Part>) -> Result<(), StoreError> {
        let send = |part| parts.blocking_send(part).map_err(|_| StoreError::Closed);
        for table in TABLES {
            send(Part::Table(table, self.rows(table)?, self.last(table)?))?;
            let sql = format!("SELECT {} FROM {}", table.list(), source(table));
            let mut select = self.db.prepare(&sql)?;
            let mut rows = select.query([])?;
            let mut batch = Batch::default();
            while let Some(row) = rows.next()? {
                let values = (0..table.columns.len()).map(|column| value(row.get_ref(column)?));
                let values = values.collect::<Result<Row, StoreError>>()?;
                if let Some(part) = batch.add(values) {
                    send(part)?;
                }
            }
            send(batch.take())?;
        }
        send(Part::End)
    }

    /// Receives everything; `None` if the other side has ended early.
    pub fn write(
        self,
        mut parts: Receiver<Part>,
        observer: Box<dyn Observer>,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let mut tally = Tally::new(observer);
        let mut current: Option<(&'static Table, i64)> = None;
        while let Some(part) = parts.blocking_recv() {
            match part {
                Part::Rows(rows) => {
                    if let Some((table, _)) = current {
                        self.insert(table, &rows)?;
                        tally.add(rows.len());
                    }
                    continue;
                }
                Part::Table(..) | Part::End => {
                    if let Some((table, last)) = current.take() {
                        self.set_last(table, last)?;
                        tally.complete(self.rows(table)?)?;
                    }
                }
            }
            match part {
                Part::Table(table, rows, last) => {
                    tally.begin(table, rows);
                    current = Some((table, last));
                    if table.name == SECRETS {
                        self.db.execute_batch("DELETE FROM secrets")?;
                    }
                }
                _ => {
                    let moved = tally.finish()?;
                    self.db.execute_batch("COMMIT")?;
                    return Ok(Some(moved));
                }
            }
        }
        Ok(None)
    }

    fn insert(&self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let sql = if table.name == CHANNELS {
            "UPDATE users SET seq = ?2, acked = ?3, message_bytes = ?4 WHERE uid = ?1".to_owned()
        } else {
            let places = vec!["?"; table.columns.len()].join(", ");
            let (name, list) = (table.name, table.list());
            format!("INSERT INTO {name}({list}) VALUES ({places})")
        };
        let mut insert = self.db.prepare_cached(&sql)?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    fn set_last(&self, table: &Table, last: i64) -> Result<(), StoreError> {
        let counts =
            "SELECT count(*) FROM sqlite_schema WHERE name = ?1 AND sql LIKE '%AUTOINCREMENT%'";
        let counts: i64 = self.db.query_row(counts, [table.name], |row| row.get(0))?;
        if counts > 0 {
            let sql = "DELETE FROM sqlite_sequence WHERE name = ?1";
            self.db.execute(sql, [table.name])?;
            let sql = "INSERT INTO sqlite_sequence(name, seq) VALUES (?1, ?2)";
            self.db.execute(sql, (table.name, last))?;
        }
        Ok(())
    }
}

/// The table in SQLite that has the rows of a table.
fn source(table: &Table) -> &'static str {
    if table.name == CHANNELS {
        "users"
    } else {
        table.name
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        // PostgreSQL has no text with a NUL, and no version of the server has accepted one.
        ValueRef::Text(text) => {
            Value::Text(String::from_utf8_lossy(text).replace('\0', "\u{fffd}"))
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => {
            return Err(StoreError::Damaged("a number is not whole".to_owned()));
        }
    })
}

/// The tables and columns of a new database, for a test.
#[cfg(test)]
pub fn columns() -> Vec<(String, String)> {
    let dir = tempfile::tempdir().unwrap();
    let (_, db) = Sqlite::database(dir.path()).unwrap();
    let sql = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
    let mut select = db.prepare(sql).unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}
