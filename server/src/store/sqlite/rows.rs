//! The columns of users and messages, in the order in which they are read.

use rusqlite::Row;

use crate::store::group_rules::notice_from_text;
use crate::types::{Message, Status, Uid, User};

pub const USER: &str = "users.uid, users.email, users.name, users.visible, users.picture,
    users.status, users.status_time, users.created, users.username";
pub const MESSAGE: &str = "m.sender, m.recipient, m.sender_name, m.recipient_name, m.text, m.msg_id, m.client_time, m.time, m.id, m.notice, m.files";

pub fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        uid: Uid(row.get(0)?),
        email: row.get(1)?,
        name: row.get(2)?,
        visible: row.get(3)?,
        picture: row.get(4)?,
        status: match row.get(5)? {
            Some(text) => Some(Status {
                text,
                time: row.get(6)?,
            }),
            None => None,
        },
        since: row.get(7).map(|since| (since > 0).then_some(since))?,
        username: row.get(8)?,
    })
}

pub fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        from: Uid(row.get(0)?),
        to: Uid(row.get(1)?),
        from_name: row.get(2)?,
        to_name: row.get(3)?,
        text: row.get(4)?,
        msg_id: row.get(5)?,
        client_time: row.get(6)?,
        time: row.get(7)?,
        id: row.get(8)?,
        notice: row
            .get::<_, Option<String>>(9)?
            .as_deref()
            .and_then(notice_from_text),
        attachments: row
            .get::<_, Option<String>>(10)?
            .and_then(|files| serde_json::from_str(&files).ok())
            .unwrap_or_default(),
    })
}
