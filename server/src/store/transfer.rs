//! Copies everything from one store to another of the other kind: what there is to copy, and in which order.
//!
//! One side reads, the other one writes, and a short queue between them keeps the memory that this takes the same for any amount.
//! The target takes everything in one transaction, so a transfer that was interrupted has left nothing behind and is begun again.

use std::io;
use std::path::Path;

use tokio::sync::mpsc;

use super::{Address, StoreError, postgres, sqlite};

/// The types of columns. Truth values are numbers in SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    Truth,
    Text,
    Bytes,
}

use Kind::{Bytes, Number, Text, Truth};

/// A table with its columns.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// The column that numbers its rows; no number is used twice, even if its row is gone.
    pub counter: Option<&'static str>,
}

impl Table {
    /// The names of the columns, for a statement.
    pub fn list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

const fn table(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Table {
    Table {
        name,
        columns,
        counter: None,
    }
}

const fn counted(
    name: &'static str,
    counter: &'static str,
    columns: &'static [(&'static str, Kind)],
) -> Table {
    Table {
        name,
        columns,
        counter: Some(counter),
    }
}

/// The channels of the users, which SQLite has in the table of the users. After the messages: what those take is counted there.
pub const CHANNELS: &str = "channels";
/// Random numbers that every new store has, which are replaced.
pub const SECRETS: &str = "secrets";

/// Everything that both stores have, each table after those that it refers to.
pub const TABLES: &[Table] = &[
    table(SECRETS, &[("name", Text), ("secret", Bytes)]),
    counted(
        "users",
        "uid",
        &[
            ("uid", Number),
            ("email", Text),
            ("name", Text),
            ("password", Text),
            ("visible", Truth),
            ("picture", Text),
            ("status", Text),
            ("status_time", Number),
            ("created", Number),
            ("username", Text),
            ("username_key", Text),
        ],
    ),
    table("friends", &[("uid", Number), ("friend", Number)]),
    table(
        "friend_requests",
        &[
            ("sender", Number),
            ("recipient", Number),
            ("message", Text),
            ("time", Number),
            ("answer", Number),
            ("answered", Number),
        ],
    ),
    table(
        "sessions",
        &[
            ("key", Bytes),
            ("uid", Number),
            ("created", Number),
            ("client", Text),
            ("address", Text),
            ("lasts", Number),
            ("ends", Number),
            ("persistent", Truth),
            ("proof", Bytes),
        ],
    ),
    table(
        "places",
        &[("uid", Number), ("address", Text), ("time", Number)],
    ),
    table(
        "messages",
        &[
            ("id", Number),
            ("time", Number),
            ("sender", Number),
            ("recipient", Number),
            ("msg_id", Text),
            ("client_time", Number),
            ("text", Text),
            ("text_hash", Number),
            ("sender_name", Text),
            ("recipient_name", Text),
            ("notice", Text),
            ("files", Text),
        ],
    ),
    table(
        "deliveries",
        &[("owner", Number), ("seq", Number), ("message", Number)],
    ),
    table(
        CHANNELS,
        &[
            ("uid", Number),
            ("seq", Number),
            ("acked", Number),
            ("message_bytes", Number),
        ],
    ),
    table("pictures", &[("uid", Number), ("bytes", Bytes)]),
    table(
        "unread",
        &[
            ("owner", Number),
            ("peer", Number),
            ("messages", Number),
            ("time", Number),
        ],
    ),
    counted(
        "notifications",
        "id",
        &[
            ("id", Number),
            ("owner", Number),
            ("kind", Text),
            ("actor", Number),
            ("time", Number),
            ("seen", Truth),
        ],
    ),
    counted(
        "friend_lists",
        "id",
        &[("id", Number), ("owner", Number), ("name", Text)],
    ),
    table("friend_list_members", &[("list", Number), ("uid", Number)]),
    table(
        "invites",
        &[("key", Bytes), ("friend", Number), ("expires", Number)],
    ),
    table("name_words", &[("word", Text), ("uid", Number)]),
    counted(
        "outbox",
        "id",
        &[
            ("id", Number),
            ("owner", Number),
            ("item", Text),
            ("time", Number),
        ],
    ),
    counted(
        "blocks",
        "id",
        &[
            ("id", Number),
            ("uid", Number),
            ("blocked", Number),
            ("poked", Number),
        ],
    ),
    counted(
        "chat_groups",
        "gid",
        &[
            ("gid", Number),
            ("name", Text),
            ("creator", Number),
            ("create_id", Text),
            ("create_hash", Number),
        ],
    ),
    counted(
        "group_members",
        "id",
        &[
            ("id", Number),
            ("gid", Number),
            ("uid", Number),
            ("first_message", Number),
            ("last_message", Number),
            ("left_time", Number),
            ("read_message", Number),
            ("muted", Truth),
        ],
    ),
    table(
        "former_usernames",
        &[("key", Number), ("uid", Number), ("time", Number)],
    ),
    table(
        "files",
        &[
            ("id", Text),
            ("owner", Number),
            ("upload_id", Text),
            ("hash", Bytes),
            ("time", Number),
            ("name", Text),
            ("size", Number),
            ("mime", Text),
            ("width", Number),
            ("height", Number),
            ("preview_width", Number),
            ("preview_height", Number),
            ("bytes", Number),
            ("gone", Truth),
        ],
    ),
    table("message_files", &[("message", Number), ("file", Text)]),
    table("deleted_files", &[("id", Text)]),
];

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// About how much memory it takes.
    fn size(&self) -> usize {
        match self {
            Value::Null | Value::Number(_) => 32,
            Value::Text(text) => 32 + text.len(),
            Value::Bytes(bytes) => 32 + bytes.len(),
        }
    }
}

pub type Row = Vec<Value>;

/// What the reading side hands over.
#[derive(Debug)]
pub enum Part {
    /// A table follows, with this many rows, and the last number that its counter has given out.
    Table(&'static Table, i64, i64),
    Rows(Vec<Row>),
    /// That was everything.
    End,
}

/// How many parts may wait, the most rows in one, and the bytes after which no row is added.
const PARTS: usize = 4;
const ROWS: usize = 1000;
const BYTES: usize = 1 << 20;

/// Rows that are collected for a part.
#[derive(Default)]
pub struct Batch {
    rows: Vec<Row>,
    bytes: usize,
}

impl Batch {
    /// Adds a row; returns a part when it is full.
    pub fn add(&mut self, row: Row) -> Option<Part> {
        self.bytes += row.iter().map(Value::size).sum::<usize>();
        self.rows.push(row);
        (self.rows.len() >= ROWS || self.bytes >= BYTES).then(|| self.take())
    }

    /// What was collected.
    pub fn take(&mut self) -> Part {
        self.bytes = 0;
        Part::Rows(std::mem::take(&mut self.rows))
    }
}

/// Which way to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From SQLite to PostgreSQL.
    ToServer,
    /// From PostgreSQL to SQLite.
    ToDirectory,
}

/// What the writing side says and asks meanwhile.
pub trait Observer: Send {
    /// So many of the rows of a table are there.
    fn progress(&mut self, table: &str, rows: i64, of: i64);
    /// Everything is there, but not final yet. `files` is the number of files that are known. An error ends the transfer without a trace.
    fn before_commit(&mut self, files: i64) -> io::Result<()>;
}

/// Copies everything between a data directory and a database that nobody else uses at this time. The target must be empty. Returns how
/// many accounts and messages there are.
pub async fn transfer(
    direction: Direction,
    dir: &Path,
    address: &Address,
    observer: Box<dyn Observer>,
) -> Result<(i64, i64), StoreError> {
    if direction == Direction::ToServer && !super::Sqlite::file(dir).exists() {
        return Err(StoreError::Unusable(format!(
            "There are no accounts in {}. Nothing was changed.",
            dir.display()
        )));
    }
    if address.has_password()? {
        return Err(StoreError::Unusable(
            "Others can see a password on the command line. Leave it out of the URL, and put it into store_password_file or FBCHATD_STORE_PASSWORD. Nothing was changed."
                .to_owned(),
        ));
    }
    // Each side has what it uses for itself alone before anything is read or written.
    let database = postgres::transfer::Database::open(address, direction).await?;
    let directory = sqlite::transfer::Directory::open(dir, direction)?;
    let (parts, queue) = mpsc::channel(PARTS);
    let (read, written) = match direction {
        Direction::ToServer => {
            let reading = tokio::task::spawn_blocking(move || directory.read(&parts));
            let written = database.write(queue, observer).await;
            (reading.await, written)
        }
        Direction::ToDirectory => {
            let writing = tokio::task::spawn_blocking(move || directory.write(queue, observer));
            let read = database.read(parts).await;
            let written = writing.await.unwrap_or_else(|error| Err(panicked(&error)));
            (Ok(read), written)
        }
    };
    let read = read.unwrap_or_else(|error| Err(panicked(&error)));
    match (read, written?) {
        (_, Some(moved)) => Ok(moved),
        (Err(error), None) => Err(error),
        (Ok(()), None) => Err(StoreError::Closed),
    }
}

fn panicked(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Failed {
        why: error.to_string(),
        advice: "",
    }
}

/// What the writing side has got so far.
pub struct Tally {
    observer: Box<dyn Observer>,
    table: &'static str,
    rows: i64,
    expected: i64,
    accounts: i64,
    messages: i64,
    files: i64,
}

impl Tally {
    pub fn new(observer: Box<dyn Observer>) -> Self {
        Tally {
            observer,
            table: "",
            rows: 0,
            expected: 0,
            accounts: 0,
            messages: 0,
            files: 0,
        }
    }

    /// A table begins.
    pub fn begin(&mut self, table: &'static Table, expected: i64) {
        (self.table, self.rows, self.expected) = (table.name, 0, expected);
        match table.name {
            "users" => self.accounts = expected,
            "messages" => self.messages = expected,
            "files" => self.files = expected,
            _ => {}
        }
    }

    /// Rows were written.
    pub fn add(&mut self, rows: usize) {
        self.rows = self
            .rows
            .saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
        self.observer.progress(self.table, self.rows, self.expected);
    }

    /// A table is complete; `found` are the rows that the target counts.
    pub fn complete(&self, found: i64) -> Result<(), StoreError> {
        let Tally {
            table, expected, ..
        } = self;
        if found == *expected {
            return Ok(());
        }
        Err(StoreError::Unusable(format!(
            "The target has {found} rows in the table {table} where the source has {expected}. Nothing was changed."
        )))
    }

    /// Everything is there.
    pub fn finish(&mut self) -> Result<(i64, i64), StoreError> {
        let allowed = self.observer.before_commit(self.files);
        allowed.map_err(|error| StoreError::Unusable(error.to_string()))?;
        Ok((self.accounts, self.messages))
    }
}

/// Says that a target has something already.
pub fn not_empty(what: &str) -> StoreError {
    StoreError::Unusable(format!(
        "There are accounts in {what} already. Choose one that is empty. Nothing was changed."
    ))
}
