//! What is copied, and in which order.

/// The types of columns. Truth values are numbers in SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    Truth,
    Text,
    Bytes,
}

use Kind::{Bytes, Number, Text, Truth};

/// A table with its columns.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// The column that numbers its rows; no number is used twice, even if its row is gone.
    pub counter: Option<&'static str>,
}

impl Table {
    /// The names of the columns, for a statement.
    pub fn list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

const fn table(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Table {
    Table {
        name,
        columns,
        counter: None,
    }
}

const fn counted(
    name: &'static str,
    counter: &'static str,
    columns: &'static [(&'static str, Kind)],
) -> Table {
    Table {
        name,
        columns,
        counter: Some(counter),
    }
}

/// The channels of the users, which SQLite has in the table of the users. After the messages: what those take is counted there.
pub const CHANNELS: &str = "channels";
/// Random numbers that every new store has, which are replaced.
pub const SECRETS: &str = "secrets";

/// Everything that both stores have, each table after those that it refers to.
pub const TABLES: &[Table] = &[
    table(SECRETS, &[("name", Text), ("secret", Bytes)]),
    counted(
        "users",
        "uid",
        &[
            ("uid", Number),
            ("email", Text),
            ("name", Text),
            ("password", Text),
            ("visible", Truth),
            ("picture", Text),
            ("status", Text),
            ("status_time", Number),
            ("created", Number),
            ("username", Text),
            ("username_key", Text),
        ],
    ),
    table("friends", &[("uid", Number), ("friend", Number)]),
    table(
        "friend_requests",
        &[
            ("sender", Number),
            ("recipient", Number),
            ("message", Text),
            ("time", Number),
            ("answer", Number),
            ("answered", Number),
        ],
    ),
    table(
        "sessions",
        &[
            ("key", Bytes),
            ("uid", Number),
            ("created", Number),
            ("client", Text),
            ("address", Text),
            ("lasts", Number),
            ("ends", Number),
            ("persistent", Truth),
            ("proof", Bytes),
        ],
    ),
    table(
        "places",
        &[("uid", Number), ("address", Text), ("time", Number)],
    ),
    table(
        "messages",
        &[
            ("id", Number),
            ("time", Number),
            ("sender", Number),
            ("recipient", Number),
            ("msg_id", Text),
            ("client_time", Number),
            ("text", Text),
            ("text_hash", Number),
            ("sender_name", Text),
            ("recipient_name", Text),
            ("notice", Text),
            ("files", Text),
        ],
    ),
    table(
        "deliveries",
        &[("owner", Number), ("seq", Number), ("message", Number)],
    ),
    table(
        CHANNELS,
        &[
            ("uid", Number),
            ("seq", Number),
            ("acked", Number),
            ("message_bytes", Number),
        ],
    ),
    table("pictures", &[("uid", Number), ("bytes", Bytes)]),
    table(
        "unread",
        &[
            ("owner", Number),
            ("peer", Number),
            ("messages", Number),
            ("time", Number),
        ],
    ),
    counted(
        "notifications",
        "id",
        &[
            ("id", Number),
            ("owner", Number),
            ("kind", Text),
            ("actor", Number),
            ("time", Number),
            ("seen", Truth),
        ],
    ),
    counted(
        "friend_lists",
        "id",
        &[("id", Number), ("owner", Number), ("name", Text)],
    ),
    table("friend_list_members", &[("list", Number), ("uid", Number)]),
    table(
        "invites",
        &[("key", Bytes), ("friend", Number), ("expires", Number)],
    ),
    table("name_words", &[("word", Text), ("uid", Number)]),
    counted(
        "outbox",
        "id",
        &[
            ("id", Number),
            ("owner", Number),
            ("item", Text),
            ("time", Number),
        ],
    ),
    counted(
        "blocks",
        "id",
        &[
            ("id", Number),
            ("uid", Number),
            ("blocked", Number),
            ("poked", Number),
        ],
    ),
    counted(
        "chat_groups",
        "gid",
        &[
            ("gid", Number),
            ("name", Text),
            ("creator", Number),
            ("create_id", Text),
            ("create_hash", Number),
        ],
    ),
    counted(
        "group_members",
        "id",
        &[
            ("id", Number),
            ("gid", Number),
            ("uid", Number),
            ("first_message", Number),
            ("last_message", Number),
            ("left_time", Number),
            ("read_message", Number),
            ("muted", Truth),
        ],
    ),
    table(
        "former_usernames",
        &[("key", Number), ("uid", Number), ("time", Number)],
    ),
    table(
        "files",
        &[
            ("id", Text),
            ("owner", Number),
            ("upload_id", Text),
            ("hash", Bytes),
            ("time", Number),
            ("name", Text),
            ("size", Number),
            ("mime", Text),
            ("width", Number),
            ("height", Number),
            ("preview_width", Number),
            ("preview_height", Number),
            ("bytes", Number),
            ("gone", Truth),
        ],
    ),
    table("message_files", &[("message", Number), ("file", Text)]),
    table("deleted_files", &[("id", Text)]),
];
