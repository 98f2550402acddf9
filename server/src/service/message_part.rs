//! Cuts messages into parts of the size of one answer.

use crate::hub::ANSWER_BYTES;
use crate::item;
use crate::types::Message;

/// The maximum number of messages in one part.
pub const MOST: usize = 100;

/// The messages of one answer, at least one and at most `limit`, and whether there are more. With `from_end` those at the beginning are
/// left for the next part.
pub fn cut(mut messages: Vec<Message>, limit: usize, from_end: bool) -> (Vec<Message>, bool) {
    if from_end {
        messages.reverse();
    }
    let mut bytes = 0;
    let fits = messages.iter().take(limit).take_while(|message| {
        let is_first = bytes == 0;
        bytes += item::history_size(message);
        is_first || bytes <= ANSWER_BYTES
    });
    let fits = fits.count();
    let more = messages.len() > fits;
    messages.truncate(fits);
    if from_end {
        messages.reverse();
    }
    (messages, more)
}
