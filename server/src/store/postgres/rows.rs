//! The columns of users and messages, in the order in which they are read.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::connection::Db;
use crate::store::StoreError;
use crate::store::group_rules::notice_from_text;
use crate::types::{Message, Status, Uid, User};

/// The columns of a user, first in a row.
macro_rules! user_columns {
    () => {
        "users.uid, users.email, users.name, users.visible, users.picture, users.status, users.status_time, users.created, users.username"
    };
}

/// The columns of a message, first in a row.
macro_rules! message_columns {
    () => {
        "m.sender, m.recipient, m.sender_name, m.recipient_name, m.text, m.msg_id, m.client_time, m.time, m.id, m.notice, m.files"
    };
}

pub(super) use {message_columns, user_columns};

/// The value of a column by its position.
pub fn at<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    Ok(row.try_get(column)?)
}

/// The value of a column by its name.
pub fn named<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T, StoreError> {
    Ok(row.try_get(column)?)
}

/// The number of a user or group in the first column.
pub fn uid(row: &Row) -> Result<Uid, StoreError> {
    Ok(Uid(at(row, 0)?))
}

/// Reads every row.
pub fn all<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

pub fn user(row: &Row) -> Result<User, StoreError> {
    let since: i64 = at(row, 7)?;
    Ok(User {
        uid: Uid(at(row, 0)?),
        email: at(row, 1)?,
        name: at(row, 2)?,
        visible: at(row, 3)?,
        picture: at(row, 4)?,
        status: match at(row, 5)? {
            Some(text) => Some(Status {
                text,
                time: at(row, 6)?,
            }),
            None => None,
        },
        since: (since > 0).then_some(since),
        username: at(row, 8)?,
    })
}

pub fn message(row: &Row) -> Result<Message, StoreError> {
    Ok(Message {
        from: Uid(at(row, 0)?),
        to: Uid(at(row, 1)?),
        from_name: at(row, 2)?,
        to_name: at(row, 3)?,
        text: at(row, 4)?,
        msg_id: at(row, 5)?,
        client_time: at(row, 6)?,
        time: at(row, 7)?,
        id: at(row, 8)?,
        notice: at::<Option<&str>>(row, 9)?.and_then(notice_from_text),
        attachments: at::<Option<&str>>(row, 10)?
            .and_then(|files| serde_json::from_str(files).ok())
            .unwrap_or_default(),
    })
}

/// A secret of the server.
pub async fn secret(db: &Db, name: &str) -> Result<[u8; 32], StoreError> {
    let sql = "SELECT secret FROM secrets WHERE name = $1";
    let row = db.row(sql, &[&name]).await?;
    let secret = match &row {
        Some(row) => at::<&[u8]>(row, 0)?.try_into().ok(),
        None => None,
    };
    secret.ok_or_else(|| StoreError::Damaged(format!("the secret {name} is missing")))
}
