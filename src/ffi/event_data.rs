//! An event's fields in memory: a table with one row per item, and one buffer for all text. Which fields an event has is up to
//! `event_fields`.

use super::event_kinds::EventKind;
use super::fields::Field;
use super::types::fbchat_field;
use crate::client::SessionEvent;
use crate::status::{Problem, Status};
use crate::types::{Buddy, RequestId, Saved, Secret, Uid, clean_text};
use std::cell::OnceCell;
use std::sync::Arc;
use zeroize::Zeroize;

/// How many buddies are laid out at once: few enough not to delay the program.
const PART: usize = 64;

/// An event; freed by fbchat_event_free.
#[derive(Debug)]
pub struct fbchat_event {
    pub(super) kind: EventKind,
    pub(super) session: u64,
    pub(super) request: u64,
    pub(super) status: Status,
    pub(super) user_data: usize,
    pub(super) items: usize,
    /// Fields of the whole event, whatever the item.
    pub(super) head: &'static [Field],
    pub(super) columns: &'static [Field],
    /// `head.len()` cells, then `items` rows of `columns.len()` cells.
    cells: Vec<Cell>,
    /// All text and bytes, each piece with a NUL behind it.
    buffer: Vec<u8>,
    /// What a buddy list has instead of cells. There may be ten thousand buddies, and the program's main loop stands still
    /// while it polls, so each part is laid out when the program first reads it.
    buddies: Arc<[Arc<Buddy>]>,
    parts: Vec<OnceCell<fbchat_event>>,
    /// The messages of a saved session, taken out of it when the program first reads them.
    unsent: OnceCell<Secret>,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Absent,
    Int(i64),
    Uid(u64),
    Text { start: usize, len: usize },
    Bytes { start: usize, len: usize },
    Unsent,
}

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Absent,
    Int(i64),
    Uid(u64),
    /// UTF-8; a NUL follows.
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

impl Value<'_> {
    /// What it is, in a sentence.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Value::Absent => "absent",
            Value::Int(_) => "an integer",
            Value::Uid(_) => "a user's number",
            Value::Text(_) => "a string",
            Value::Bytes(_) => "bytes",
        }
    }
}

impl From<SessionEvent> for fbchat_event {
    fn from(found: SessionEvent) -> Self {
        let mut event = fbchat_event::empty(EventKind::Done);
        event.session = found.session.0;
        event.user_data = found.user_data;
        event.request = found.event.about().map_or(0, |RequestId(number)| number);
        event.fill(&found.event);
        event
    }
}

impl Drop for fbchat_event {
    fn drop(&mut self) {
        // As secret as the password.
        if self.kind == EventKind::SavedSession {
            self.buffer.zeroize();
        }
    }
}

impl fbchat_event {
    fn empty(kind: EventKind) -> Self {
        fbchat_event {
            kind,
            session: 0,
            request: 0,
            status: Status::Ok,
            user_data: 0,
            items: 1,
            head: &[],
            columns: &[],
            cells: Vec::new(),
            buffer: Vec::new(),
            buddies: Arc::default(),
            parts: Vec::new(),
            unsent: OnceCell::new(),
        }
    }

    /// Gives an event away; `fbchat_event_free` takes it back.
    pub(super) fn give(found: SessionEvent) -> *mut Self {
        Box::into_raw(Box::new(found.into()))
    }

    /// Reserves room for more cells, and for their text.
    pub(super) fn reserve(&mut self, cells: usize, text: usize) {
        self.cells.reserve(cells);
        self.buffer.reserve(text);
    }

    /// Reserves the buffer exactly, so that a secret leaves no copies behind while the buffer grows.
    pub(super) fn reserve_secret(&mut self, len: usize) {
        self.buffer.reserve_exact(len + 1);
    }

    /// Makes buddies the items.
    pub(super) fn buddies(&mut self, buddies: Arc<[Arc<Buddy>]>) {
        self.items = buddies.len();
        self.parts
            .resize_with(buddies.len().div_ceil(PART), OnceCell::new);
        self.buddies = buddies;
    }

    pub(super) fn uid(&mut self, uid: Uid) {
        self.cells.push(Cell::Uid(uid.0));
    }

    pub(super) fn int(&mut self, value: i64) {
        self.cells.push(Cell::Int(value));
    }

    pub(super) fn maybe(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.cells.push(Cell::Absent),
        }
    }

    /// Without characters that would end the string early, or that the program could not store.
    pub(super) fn text(&mut self, text: &str) {
        let (start, len) = self.append(clean_text(text).as_bytes());
        self.cells.push(Cell::Text { start, len });
    }

    pub(super) fn bytes(&mut self, bytes: Option<&[u8]>) {
        let cell = match bytes.map(|bytes| self.append(bytes)) {
            Some((start, len)) => Cell::Bytes { start, len },
            None => Cell::Absent,
        };
        self.cells.push(cell);
    }

    /// The messages of the saved session before it, if it has any.
    pub(super) fn unsent(&mut self, any: bool) {
        self.cells.push(match any {
            true => Cell::Unsent,
            false => Cell::Absent,
        });
    }

    fn append(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        self.buffer.push(0);
        (start, bytes.len())
    }

    /// Reads a field; one of the whole event is read with any item.
    pub(super) fn value(&self, item: usize, field: fbchat_field) -> Result<Value<'_>, Problem> {
        let position = |fields: &[Field]| fields.iter().position(|known| known.code() == field);
        if let Some(cell) = position(self.head).and_then(|place| self.cells.get(place)) {
            return Ok(self.resolve(*cell));
        }
        if item >= self.items {
            let text = format!(
                "The event has {} items; there is no item {item}",
                self.items
            );
            return Err(Problem::new(Status::Argument, text));
        }
        if let Some((part, item)) = self.part(item) {
            return part.value(item, field);
        }
        let place = position(self.columns).and_then(|column| {
            let row = item.checked_mul(self.columns.len())?;
            row.checked_add(column)?.checked_add(self.head.len())
        });
        let cell = place.and_then(|place| self.cells.get(place));
        let cell = cell.ok_or_else(|| {
            let kind = self.kind.code();
            let text = format!("An event of kind {kind} has no field {field}");
            Problem::new(Status::Key, text)
        })?;
        Ok(self.resolve(*cell))
    }

    fn resolve(&self, cell: Cell) -> Value<'_> {
        let piece = |start: usize, len: usize| {
            let rest = self.buffer.get(start..).unwrap_or_default();
            rest.get(..len).unwrap_or_default()
        };
        match cell {
            Cell::Absent => Value::Absent,
            Cell::Int(value) => Value::Int(value),
            Cell::Uid(uid) => Value::Uid(uid),
            Cell::Text { start, len } => Value::Text(piece(start, len)),
            Cell::Bytes { start, len } => Value::Bytes(piece(start, len)),
            Cell::Unsent => {
                let unsent = self.unsent.get_or_init(|| self.take_unsent());
                let text = unsent.reveal().strip_suffix('\0');
                text.map_or(Value::Absent, |text| Value::Bytes(text.as_bytes()))
            }
        }
    }

    /// What is left of the saved session without the login, and a NUL behind it; empty if there is no saved session.
    fn take_unsent(&self) -> Secret {
        let whole = match self.value(0, Field::SavedSession.code()) {
            Ok(Value::Bytes(bytes)) => std::str::from_utf8(bytes).unwrap_or_default(),
            _ => "",
        };
        let messages = Saved::messages_of(whole);
        Secret::new(messages.map_or_else(String::new, |it| format!("{}\0", it.text.reveal())))
    }

    /// The part of a buddy list that has this item, and the item's place in it; laid out now if it is read first.
    fn part(&self, item: usize) -> Option<(&Self, usize)> {
        let index = item / PART;
        let part = self.parts.get(index).filter(|_| item < self.items)?;
        let part = part.get_or_init(|| {
            let buddies = self.buddies.chunks(PART).nth(index).unwrap_or_default();
            let mut part = Self::empty(self.kind);
            part.columns = self.columns;
            part.items = buddies.len();
            buddies.iter().for_each(|buddy| part.buddy(buddy));
            part
        });
        Some((part, item % PART))
    }
}
