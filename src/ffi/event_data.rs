//! Events as C reads them: numbered fields in a table of one row per item, all text in one buffer.

use super::fields::*;
use crate::client::SessionEvent;
use crate::status::{Problem, Status};
use crate::types::{
    Buddy, Connection, Event, Message, Origin, Presence, RequestId, Uid, picture_hash,
};
use std::cell::OnceCell;
use std::sync::Arc;
use zeroize::Zeroize;

/// How many buddies are laid out in one go: few enough to hold nobody up.
const PART: usize = 64;

/// An event; freed by fbchat_event_free.
#[derive(Debug)]
pub struct fbchat_event {
    pub(super) kind: fbchat_kind,
    pub(super) session: u64,
    pub(super) request: u64,
    pub(super) status: Status,
    pub(super) user_data: usize,
    pub(super) items: usize,
    /// Fields of the whole event, whatever the item.
    pub(super) head: &'static [fbchat_field],
    pub(super) columns: &'static [fbchat_field],
    /// `head.len()` cells, then `items` rows of `columns.len()` cells.
    cells: Vec<Cell>,
    /// All text, each piece with a NUL behind it.
    buffer: Vec<u8>,
    /// What a buddy list has instead of cells. There may be ten thousand buddies, and the host's main loop stands still
    /// while it polls, so each part is laid out when the host first looks at it.
    buddies: Arc<[Arc<Buddy>]>,
    parts: Vec<OnceCell<fbchat_event>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Absent,
    Int(i64),
    Uid(u64),
    Text { start: usize, len: usize },
}

const BUDDY: &[fbchat_field] = &[
    FBCHAT_FIELD_UID,
    FBCHAT_FIELD_NAME,
    FBCHAT_FIELD_FIRST_NAME,
    FBCHAT_FIELD_PRESENCE,
    FBCHAT_FIELD_STATUS_TEXT,
    FBCHAT_FIELD_PICTURE_URL,
    FBCHAT_FIELD_PICTURE_HASH,
    FBCHAT_FIELD_STATUS_TIME_MS,
    FBCHAT_FIELD_IDLE_SINCE_MS,
];
pub(super) const MESSAGE: &[fbchat_field] = &[
    FBCHAT_FIELD_FROM,
    FBCHAT_FIELD_TO,
    FBCHAT_FIELD_FROM_NAME,
    FBCHAT_FIELD_TO_NAME,
    FBCHAT_FIELD_TEXT,
    FBCHAT_FIELD_TIME_MS,
    FBCHAT_FIELD_MESSAGE_ID,
    FBCHAT_FIELD_FLAGS,
];
const REASON: &[fbchat_field] = &[
    FBCHAT_FIELD_REASON,
    FBCHAT_FIELD_CERTIFICATE_SHA256,
    FBCHAT_FIELD_CERTIFICATE_PROBLEM,
];

impl From<SessionEvent> for fbchat_event {
    fn from(found: SessionEvent) -> Self {
        let mut event = fbchat_event::empty();
        event.session = found.session.0;
        event.user_data = found.user_data;
        event.fill(&found.event);
        event
    }
}

impl Drop for fbchat_event {
    fn drop(&mut self) {
        // As good as the password.
        if self.kind == FBCHAT_EVENT_SAVED_SESSION {
            self.buffer.zeroize();
        }
    }
}

impl fbchat_event {
    fn empty() -> Self {
        fbchat_event {
            kind: 0,
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
        }
    }

    /// Gives an event away; `fbchat_event_free` takes it back.
    pub(super) fn give(found: SessionEvent) -> *mut Self {
        Box::into_raw(Box::new(found.into()))
    }

    fn fill(&mut self, event: &Event) {
        match event {
            Event::LoggedIn {
                request,
                uid,
                name,
                message_limit,
                features,
            } => {
                self.answer(FBCHAT_EVENT_LOGGED_IN, Some(*request));
                self.columns = &[
                    FBCHAT_FIELD_UID,
                    FBCHAT_FIELD_NAME,
                    FBCHAT_FIELD_MESSAGE_LIMIT,
                    FBCHAT_FIELD_FEATURES,
                ];
                self.uid(*uid);
                self.text(name);
                self.int(i64::try_from(*message_limit).unwrap_or(i64::MAX));
                self.int(i64::from(features.0));
            }
            Event::LoginFailed { request, problem } => {
                self.answer(FBCHAT_EVENT_LOGIN_FAILED, Some(*request));
                self.reason(Some(problem));
            }
            Event::Challenge { request, problem } => {
                self.answer(FBCHAT_EVENT_CHALLENGE, Some(*request));
                self.reason(Some(problem));
            }
            Event::Connection(connection) => self.connection(connection),
            Event::Message(message) => {
                self.kind = FBCHAT_EVENT_MESSAGE;
                self.columns = MESSAGE;
                self.message(message);
            }
            Event::Sent {
                request,
                to,
                message_id,
            } => {
                self.answer(FBCHAT_EVENT_SENT, Some(*request));
                self.columns = &[FBCHAT_FIELD_TO, FBCHAT_FIELD_MESSAGE_ID];
                self.uid(*to);
                self.text(message_id);
            }
            Event::Failed { request, problem } => {
                self.answer(FBCHAT_EVENT_FAILED, Some(*request));
                self.reason(Some(problem));
            }
            Event::Typing { from, typing } => {
                self.kind = FBCHAT_EVENT_TYPING;
                self.columns = &[FBCHAT_FIELD_FROM, FBCHAT_FIELD_TYPING];
                self.uid(*from);
                self.int(i64::from(*typing));
            }
            Event::BuddyList { request, buddies } => {
                self.answer(FBCHAT_EVENT_BUDDY_LIST, *request);
                self.items = buddies.len();
                self.columns = BUDDY;
                self.buddies = buddies.clone();
                let parts = buddies.len().div_ceil(PART);
                self.parts.resize_with(parts, OnceCell::new);
            }
            Event::Presence(buddy) => {
                self.kind = FBCHAT_EVENT_PRESENCE;
                self.columns = BUDDY;
                self.buddy(buddy);
            }
            Event::State(state) => {
                self.kind = FBCHAT_EVENT_SAVED_SESSION;
                self.columns = &[FBCHAT_FIELD_SAVED_SESSION];
                // At once in its full size: a growing buffer would leave copies behind.
                self.buffer.reserve_exact(state.reveal().len() + 1);
                self.text(state.reveal());
            }
            Event::Overload { waiting } => {
                self.kind = FBCHAT_EVENT_OVERLOAD;
                self.columns = &[FBCHAT_FIELD_WAITING];
                self.int(i64::try_from(*waiting).unwrap_or(i64::MAX));
            }
            Event::Closed { request, problem } => {
                self.answer(FBCHAT_EVENT_CLOSED, *request);
                self.reason(problem.as_ref());
            }
            other => self.fill_social(other),
        }
    }

    pub(super) fn answer(&mut self, kind: fbchat_kind, request: Option<RequestId>) {
        self.kind = kind;
        self.request = request.map_or(0, |request| request.0);
    }

    fn reason(&mut self, problem: Option<&Problem>) {
        self.columns = REASON;
        self.problem(problem);
    }

    fn problem(&mut self, problem: Option<&Problem>) {
        self.status = problem.map_or(Status::Ok, |problem| problem.status);
        self.maybe(problem.map(|problem| problem.text.as_str()));
        let untrusted = problem.and_then(|problem| problem.untrusted);
        let fingerprint = untrusted.and_then(|untrusted| untrusted.fingerprint());
        self.maybe(fingerprint.as_deref());
        self.int(untrusted.map_or(0, |untrusted| i64::from(untrusted.why as i32)));
    }

    fn connection(&mut self, connection: &Connection) {
        self.kind = FBCHAT_EVENT_CONNECTION;
        self.columns = &[
            FBCHAT_FIELD_CONNECTION,
            FBCHAT_FIELD_WAIT_MS,
            FBCHAT_FIELD_REASON,
            FBCHAT_FIELD_CERTIFICATE_SHA256,
            FBCHAT_FIELD_CERTIFICATE_PROBLEM,
        ];
        let (state, wait, problem) = match connection {
            Connection::LoggingIn => (FBCHAT_CONNECTION_LOGGING_IN, 0, None),
            Connection::LoadingPage => (FBCHAT_CONNECTION_LOADING_PAGE, 0, None),
            Connection::OpeningChannel => (FBCHAT_CONNECTION_OPENING_CHANNEL, 0, None),
            Connection::Connected => (FBCHAT_CONNECTION_CONNECTED, 0, None),
            Connection::Waiting { wait_ms, problem } => {
                (FBCHAT_CONNECTION_WAITING, *wait_ms, Some(problem))
            }
        };
        self.int(i64::from(state));
        self.int(i64::try_from(wait).unwrap_or(i64::MAX));
        self.problem(problem);
    }

    fn buddy(&mut self, buddy: &Buddy) {
        self.uid(buddy.uid);
        self.text(&buddy.name);
        self.text(&buddy.first_name);
        self.int(i64::from(match buddy.presence {
            Presence::Offline => FBCHAT_PRESENCE_OFFLINE,
            Presence::Idle => FBCHAT_PRESENCE_IDLE,
            Presence::Active => FBCHAT_PRESENCE_ACTIVE,
        }));
        self.maybe(buddy.status_text.as_deref());
        self.place(buddy.picture_url.as_deref());
        self.int(buddy.status_time);
        self.int(buddy.idle_since);
    }

    pub(super) fn message(&mut self, message: &Message) {
        let own = match message.origin {
            Origin::Incoming => 0,
            Origin::OwnElsewhere => FBCHAT_MESSAGE_OWN,
        };
        let replayed = if message.replayed {
            FBCHAT_MESSAGE_REPLAYED
        } else {
            0
        };
        self.buffer.reserve(message.text.len() + 80);
        self.cells.reserve(MESSAGE.len());
        self.uid(message.from);
        self.uid(message.to);
        self.text(&message.from_name);
        self.text(&message.to_name);
        self.text(&message.text);
        self.int(message.time);
        self.text(&message.message_id);
        self.int(i64::from(own | replayed));
    }

    /// A picture's address and hash.
    pub(super) fn place(&mut self, url: Option<&str>) {
        self.maybe(url);
        self.maybe(url.and_then(picture_hash));
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

    /// A NUL from the network would end the string early for C: it becomes U+FFFD.
    pub(super) fn text(&mut self, text: &str) {
        let start = self.buffer.len();
        match text.contains('\0') {
            true => {
                let text = text.replace('\0', "\u{FFFD}");
                self.buffer.extend_from_slice(text.as_bytes());
            }
            false => self.buffer.extend_from_slice(text.as_bytes()),
        }
        let len = self.buffer.len() - start;
        self.buffer.push(0);
        self.cells.push(Cell::Text { start, len });
    }

    /// Bytes as they are, or nothing.
    pub(super) fn bytes(&mut self, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else {
            return self.cells.push(Cell::Absent);
        };
        let (start, len) = (self.buffer.len(), bytes.len());
        self.buffer.extend_from_slice(bytes);
        self.buffer.push(0);
        self.cells.push(Cell::Text { start, len });
    }

    pub(super) fn cell(&self, item: usize, field: fbchat_field) -> Result<Cell, Problem> {
        let position = |fields: &[fbchat_field]| fields.iter().position(|known| *known == field);
        if let Some(cell) = position(self.head).and_then(|place| self.cells.get(place)) {
            return Ok(*cell);
        }
        if item >= self.items {
            let text = format!(
                "The event has {} items; there is no item {item}",
                self.items
            );
            return Err(Problem::new(Status::Argument, text));
        }
        if let Some((part, item)) = self.part(item) {
            return part.cell(item, field);
        }
        let place = position(self.columns).and_then(|column| {
            let row = item.checked_mul(self.columns.len())?;
            row.checked_add(column)?.checked_add(self.head.len())
        });
        let cell = place.and_then(|place| self.cells.get(place));
        cell.copied().ok_or_else(|| {
            let text = format!("An event of kind {} has no field {field}", self.kind);
            Problem::new(Status::Key, text)
        })
    }

    /// Where an item of a buddy list is, which is laid out now if it was not before.
    fn part(&self, item: usize) -> Option<(&Self, usize)> {
        let index = item / PART;
        let part = self.parts.get(index).filter(|_| item < self.items)?;
        let part = part.get_or_init(|| {
            let buddies = self.buddies.chunks(PART).nth(index).unwrap_or_default();
            let mut part = Self::empty();
            part.kind = self.kind;
            part.columns = self.columns;
            part.items = buddies.len();
            buddies.iter().for_each(|buddy| part.buddy(buddy));
            part
        });
        Some((part, item % PART))
    }

    pub(super) fn piece(&self, item: usize, field: fbchat_field) -> Result<Option<&[u8]>, Problem> {
        if let Some((part, item)) = self.part(item) {
            return part.piece(item, field);
        }
        match self.cell(item, field)? {
            Cell::Text { start, len } => {
                Ok(self.buffer.get(start..).and_then(|rest| rest.get(..len)))
            }
            Cell::Absent => Ok(None),
            Cell::Int(_) | Cell::Uid(_) => Err(Problem::new(
                Status::Key,
                format!("Field {field} is an integer"),
            )),
        }
    }
}
