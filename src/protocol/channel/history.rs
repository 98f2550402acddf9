//! Replies of history.php: the recent messages of a conversation (docs/protocol.md, Messages).

use crate::protocol::channel::notices::message_from;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::item::Item;
use crate::protocol::wire::json::{Flag, List, Object};
use crate::types::{Message, Uid};
use serde::Deserialize;

/// Longer histories lose their oldest messages.
const MOST: usize = 1_000;

/// Payload of history.php.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct HistoryPayload {
    history: List<Object<Item>>,
    more: Flag,
}

impl HistoryPayload {
    /// True if the server says that there are more messages in the direction that was asked for.
    pub fn has_more(&self) -> bool {
        self.more.0 == Some(true)
    }

    /// The messages, oldest first.
    pub fn messages(self, web: &WebSession, own: Uid) -> Vec<Message> {
        let items = self.history.0.unwrap_or_default().into_iter();
        let mut messages: Vec<Message> = items
            .filter_map(|item| message_from(item.0?, web, own))
            .map(|message| Message {
                replayed: true,
                ..message
            })
            .collect();
        messages.sort_by_key(|message| message.time);
        let surplus = messages.len().saturating_sub(MOST);
        messages.drain(..surplus);
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ServerAddress;
    use crate::types::Origin;

    #[test]
    fn history_of_2008_is_read_in_order() {
        let payload: HistoryPayload = serde_json::from_str(
            r#"{"history":[{"type":"msg","from":2,"to":1,"time":20,"msg":{"text":"b"}},null,{"type":"msg","from":"1","to":2,"time":10,"msg":{"text":"a"}},{"type":"typ","from":1}]}"#,
        )
        .unwrap();
        let server = ServerAddress::parse("http://127.0.0.1:1", false).unwrap();
        let messages = payload.messages(&WebSession::new(server), Uid(2));
        let brief: Vec<_> = messages
            .iter()
            .map(|m| (m.text.as_str(), m.time, m.origin, m.replayed))
            .collect();
        assert_eq!(
            brief,
            [
                ("a", 10, Origin::Incoming, true),
                ("b", 20, Origin::OwnElsewhere, true)
            ]
        );
    }
}
