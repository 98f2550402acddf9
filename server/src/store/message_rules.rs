//! What every store does the same way about messages.

use blake2::{Blake2s256, Digest};

use super::HistoryRange;
use super::limits::HISTORY_BYTES;
use crate::attachment::FileId;
use crate::types::Message;

/// The part of a text in the index that tells duplicates. An index of the texts themselves would double the size of the database.
pub fn text_hash(text: &str) -> i64 {
    let hash = Blake2s256::digest(text);
    hash.first_chunk()
        .map_or(0, |start| i64::from_le_bytes(*start))
}

/// The same for a text and the files with it.
pub fn content_hash(text: &str, files: &[FileId]) -> i64 {
    if files.is_empty() {
        return text_hash(text);
    }
    // Texts have no such characters.
    let files = files.iter().map(|file| format!("\0{file}"));
    text_hash(&format!("{text}{}", files.collect::<String>()))
}

/// A part of a history, in the order in which it is read: from the end where the client is.
#[derive(Default)]
pub struct Part {
    found: Vec<Message>,
    bytes: usize,
}

impl Part {
    /// The number of messages.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Adds a message; true if there is enough text.
    pub fn add(&mut self, message: Message) -> bool {
        let is_full = self.bytes > HISTORY_BYTES;
        self.bytes += message.text.len();
        self.found.push(message);
        is_full
    }

    /// The messages, oldest first.
    pub fn oldest_first(mut self, range: HistoryRange) -> Vec<Message> {
        if range.since.is_none() {
            self.found.reverse();
        }
        self.found
    }
}
