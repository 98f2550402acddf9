//! The fields of messages, alone and in histories, and their values.

use super::event_data::fbchat_event;
use super::event_fields::count;
use super::fields::{Field, MessageFlag};
use crate::types::{Message, Origin, Uid};

const MESSAGE: &[Field] = &[
    Field::From,
    Field::To,
    Field::FromName,
    Field::ToName,
    Field::Text,
    Field::TimeMs,
    Field::MessageId,
    Field::Flags,
    Field::Group,
    Field::Notice,
    Field::NoticeUids,
    Field::FileId,
    Field::FileName,
    Field::FileSize,
    Field::FileUrl,
    Field::FileKind,
    Field::Width,
    Field::Height,
    Field::ContentType,
    Field::FileIndex,
];

impl fbchat_event {
    /// Messages as items; a message with several files has one for each.
    pub(super) fn messages(&mut self, messages: &[Message]) {
        self.columns = MESSAGE;
        self.items = 0;
        for message in messages {
            for index in 0..message.files.len().max(1) {
                self.items += 1;
                self.message(message, index);
            }
        }
    }

    /// The fields of [`MESSAGE`], with one of the files; the text goes with the first.
    fn message(&mut self, message: &Message, index: usize) {
        let own = match message.origin {
            Origin::Incoming => 0,
            Origin::OwnElsewhere => MessageFlag::Own.code(),
        };
        let replayed = match message.replayed {
            true => MessageFlag::Replayed.code(),
            false => 0,
        };
        let text = match index {
            0 => message.text.as_str(),
            _ => "",
        };
        self.reserve(MESSAGE.len(), text.len() + 80);
        self.uid(message.from);
        self.uid(message.to);
        self.text(&message.from_name);
        self.text(&message.to_name);
        self.text(text);
        self.int(message.time);
        self.text(&message.message_id);
        self.int(i64::from(own | replayed));
        self.uid(if message.in_group { message.to } else { Uid(0) });
        let notice = message.notice.as_ref();
        self.int(notice.map_or(0, |notice| i64::from(notice.kind.code())));
        let uids = notice.map(|notice| {
            let uids = notice.uids.iter().map(Uid::to_string);
            uids.collect::<Vec<_>>().join(" ")
        });
        self.maybe(uids.as_deref());
        self.file(message.files.get(index));
        self.int(count(index));
    }
}
