//! A message without an outcome, as it is posted and as it is saved.

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::request::Request;
use crate::types::UnixMillis;
use serde::{Deserialize, Serialize};

/// A message that was accepted and has no outcome yet, as it is saved. It is the same in all attempts, also in those of a
/// later session.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Unsettled {
    /// The recipient.
    pub to: u64,
    /// Plain text; may be empty if there is a file.
    pub text: String,
    /// The id of a file to be sent with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// By this the server recognises another copy.
    pub message_id: String,
    /// When the user wrote it.
    pub client_time: UnixMillis,
}

impl Unsettled {
    /// The post of the message.
    pub(in crate::protocol) fn request(&self, web: &WebSession) -> Request {
        let (to, time) = (self.to.to_string(), self.client_time.to_string());
        let mut fields = vec![
            ("msg_text", self.text.as_str()),
            ("msg_id", &self.message_id),
            ("client_time", &time),
            ("to", &to),
            ("num_tabs", "1"),
        ];
        if let Some(file) = &self.file {
            fields.push(("attachments[0]", file));
        }
        web.post("/ajax/chat/send.php", &fields)
    }
}
