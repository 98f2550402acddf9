//! What the reading side sends to the writing side: rows, in batches.

use super::tables::Table;

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// Approximately how much memory it takes.
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
    /// A table follows, with this many rows, and the last number that its counter has assigned.
    Table(&'static Table, i64, i64),
    Rows(Vec<Row>),
    /// That was everything.
    End,
}

/// The most rows in a part, and the bytes after which no row is added.
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
