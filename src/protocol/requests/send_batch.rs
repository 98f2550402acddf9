//! Several messages in one post, for servers that take them (docs/protocol.md, Several messages at once).

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::requests::unsettled::Unsettled;
use crate::protocol::wire::json::{Int, List, Object, Text};
use crate::protocol::wire::request::Request;
use crate::types::UnixMillis;
use serde::{Deserialize, Serialize};

/// The maximum number of messages in one post, if the server takes that many.
const MOST: u64 = 100;

#[derive(Serialize)]
struct Posted<'a> {
    to: u64,
    msg_id: &'a str,
    msg_text: &'a str,
    client_time: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<[&'a str; 1]>,
}

/// The payload of the reply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Results {
    pub results: List<Object<SendResult>>,
}

/// What became of one message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SendResult {
    pub msg_id: Text,
    pub error: Int,
    #[serde(rename = "errorDescription")]
    pub description: Text,
}

/// How many of these messages the next post has: as many as the server takes, with no more text than one message may have.
pub fn size<'a>(messages: impl Iterator<Item = &'a Unsettled>, web: &WebSession) -> usize {
    let most = web.send_batch().map_or(1, |most| most.min(MOST));
    let mut room = web.message_limit();
    let fits = |message: &&Unsettled| {
        let left = room.checked_sub(message.text.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let mut messages = messages.peekable();
    let least = usize::from(messages.peek().is_some());
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    messages.take(most).take_while(fits).count().max(least)
}

/// The post of several messages.
pub fn request<'a>(messages: impl Iterator<Item = &'a Unsettled>, web: &WebSession) -> Request {
    let posted = messages.map(|message| Posted {
        to: message.to,
        msg_id: &message.message_id,
        msg_text: &message.text,
        client_time: message.client_time,
        attachments: message.file.as_deref().map(|file| [file]),
    });
    let posted: Vec<_> = posted.collect();
    // Numbers and texts always have a JSON form.
    let json = serde_json::to_string(&posted).unwrap_or_default();
    web.post("/ajax/fbchat/send.php", &[("messages", &json)])
}
