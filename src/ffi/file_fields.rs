//! The fields of the events about files, and their values.

use super::event_data::fbchat_event;
use super::event_fields::length;
use super::event_kinds::EventKind;
use super::fields::Field;
use crate::types::File;

/// A text that the server has sent.
fn known(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl fbchat_event {
    /// The fields of a file; without one they are absent or 0.
    pub(super) fn file(&mut self, file: Option<&File>) {
        self.maybe(file.map(|file| file.id.as_str()));
        self.maybe(known(file.map(|file| file.name.as_str())));
        self.int(file.map_or(0, |file| length(file.size)));
        self.maybe(file.map(|file| file.url.as_str()));
        self.int(file.map_or(0, |file| i64::from(file.kind.code())));
        self.int(file.map_or(0, |file| i64::from(file.width)));
        self.int(file.map_or(0, |file| i64::from(file.height)));
        self.maybe(known(file.map(|file| file.content_type.as_str())));
    }

    pub(super) fn file_event(&mut self, file: &File, content: Option<&[u8]>) {
        self.kind = EventKind::File;
        self.columns = &[
            Field::FileId,
            Field::FileName,
            Field::FileSize,
            Field::FileUrl,
            Field::FileKind,
            Field::Width,
            Field::Height,
            Field::ContentType,
            Field::Content,
        ];
        self.file(Some(file));
        self.bytes(content);
    }

    pub(super) fn progress(&mut self, done: u64, total: Option<u64>) {
        self.kind = EventKind::Progress;
        self.columns = &[Field::BytesDone, Field::BytesTotal];
        self.int(length(done));
        self.int(total.map_or(-1, length));
    }
}
