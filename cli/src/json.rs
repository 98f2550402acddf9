//! Events as JSON, one object per line, and the object that is accepted as input. `--help` lists the fields.

mod files;
mod groups;

use crate::chat_state::ChatState;
use crate::ui_event::UiEvent;
use fbchat::status::{Problem, Status};
use fbchat::types::{self, Connection, Origin, Presence, Uid};
use files::{File, file};
use groups::{Group, group, group_changed};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Record<'a> {
    LoggedIn {
        uid: u64,
        name: Option<&'a str>,
        server: &'a str,
        message_limit: usize,
    },
    LoginFailed {
        status: String,
        reason: &'a str,
        certificate_sha256: Option<String>,
    },
    BuddyList {
        buddies: Vec<Buddy<'a>>,
    },
    Message(Message<'a>),
    Typing {
        from: u64,
        from_name: String,
        group: Option<u64>,
        typing: bool,
    },
    Presence(Buddy<'a>),
    Connection {
        state: &'a str,
        wait_ms: Option<u64>,
        status: Option<String>,
        reason: Option<&'a str>,
    },
    Sent {
        to: u64,
        text: &'a str,
    },
    Failed {
        to: u64,
        text: &'a str,
        status: String,
        reason: &'a str,
    },
    FileSent {
        to: u64,
        file: File<'a>,
    },
    FileFailed {
        to: u64,
        path: &'a str,
        status: String,
        reason: &'a str,
    },
    Saved {
        number: usize,
        path: String,
        size: u64,
    },
    History {
        with: u64,
        messages: Vec<Message<'a>>,
    },
    Block {
        uid: u64,
        blocked: bool,
    },
    Blocked {
        people: Vec<Person<'a>>,
    },
    GroupList {
        groups: Vec<Group<'a>>,
    },
    Group {
        #[serde(flatten)]
        group: Group<'a>,
        gone: bool,
    },
    GroupCreated(Group<'a>),
    GroupChanged {
        group: u64,
        change: &'static str,
        uid: Option<u64>,
        name: Option<&'a str>,
    },
    Members(Group<'a>),
    Who {
        uid: u64,
        name: Option<&'a str>,
        server: &'a str,
        state: &'a str,
        to: Option<u64>,
    },
    Error {
        reason: &'a str,
    },
    Closed {
        status: String,
        reason: &'a str,
    },
}

#[derive(Serialize)]
struct Buddy<'a> {
    uid: u64,
    name: &'a str,
    presence: &'a str,
    status_text: Option<&'a str>,
}

#[derive(Serialize)]
struct Person<'a> {
    uid: u64,
    name: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    from: u64,
    from_name: Option<&'a str>,
    to: u64,
    to_name: Option<&'a str>,
    text: &'a str,
    time: i64,
    own: bool,
    replayed: bool,
    /// The group that it was sent to.
    group: Option<u64>,
    /// What happened to the group.
    notice: Option<&'static str>,
    /// Whom that concerns.
    uids: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<File<'a>>,
}

/// The line for an event; `None` if it is not shown to scripts.
pub fn render(event: &UiEvent, state: &ChatState) -> Option<String> {
    let own = state.buddy_list.own();
    let name = known(&own.name);
    let server = state.server.as_str();
    Some(line(&match event {
        UiEvent::LoggedIn { message_limit } => Record::LoggedIn {
            uid: own.uid.0,
            name,
            server,
            message_limit: *message_limit,
        },
        UiEvent::BuddyList => Record::BuddyList {
            buddies: state.buddy_list.sorted().into_iter().map(buddy).collect(),
        },
        UiEvent::Message(one) => Record::Message(message(one, own.uid, state)),
        UiEvent::Typing {
            from,
            group,
            typing,
        } => Record::Typing {
            from: from.0,
            from_name: state.buddy_list.name(*from),
            group: group.map(|gid| gid.0),
            typing: *typing,
        },
        UiEvent::Presence(one) => Record::Presence(buddy(one)),
        UiEvent::Connection(connection) => match connection {
            Connection::Waiting { wait_ms, problem } => Record::Connection {
                state: connection_state(connection),
                wait_ms: Some(*wait_ms),
                status: Some(status(problem.status)),
                reason: Some(&problem.text),
            },
            _ => Record::Connection {
                state: connection_state(connection),
                wait_ms: None,
                status: None,
                reason: None,
            },
        },
        UiEvent::Sent { to, text } => Record::Sent { to: to.0, text },
        UiEvent::Failed { to, text, problem } => Record::Failed {
            to: to.0,
            text,
            status: status(problem.status),
            reason: &problem.text,
        },
        UiEvent::FileSent { to, file: sent } => Record::FileSent {
            to: to.0,
            file: file(sent, None),
        },
        UiEvent::FileFailed { to, path, problem } => Record::FileFailed {
            to: to.0,
            path,
            status: status(problem.status),
            reason: &problem.text,
        },
        UiEvent::Saved { number, path, size } => Record::Saved {
            number: *number,
            path: path.to_string_lossy().into_owned(),
            size: *size,
        },
        UiEvent::History { with, messages } => {
            let messages = messages.iter();
            let messages = messages.map(|one| message(one, own.uid, state)).collect();
            Record::History {
                with: with.0,
                messages,
            }
        }
        UiEvent::Block { uid, blocked } => Record::Block {
            uid: uid.0,
            blocked: *blocked,
        },
        UiEvent::Blocked(people) => Record::Blocked {
            people: people.iter().map(person).collect(),
        },
        UiEvent::GroupList(groups) => Record::GroupList {
            groups: groups.sorted().into_iter().map(group).collect(),
        },
        UiEvent::Group { group: one, gone } => Record::Group {
            group: group(one),
            gone: *gone,
        },
        UiEvent::GroupCreated(one) => Record::GroupCreated(group(one)),
        UiEvent::GroupChanged { gid, change } => group_changed(*gid, change),
        UiEvent::Members(gid) => Record::Members(group(state.buddy_list.groups.get(*gid)?)),
        UiEvent::Who => {
            let to = state.chosen.map(|uid| uid.0);
            Record::Who {
                uid: own.uid.0,
                name,
                server,
                state: connection_state(&state.connection),
                to,
            }
        }
        UiEvent::Help => return None,
        UiEvent::Error(reason) => Record::Error { reason },
        UiEvent::Closed(problem) => Record::Closed {
            status: status(problem.status),
            reason: &problem.text,
        },
    }))
}

/// The line for a login that failed.
pub fn login_failed(problem: &Problem) -> String {
    line(&Record::LoginFailed {
        status: status(problem.status),
        reason: &problem.text,
        certificate_sha256: problem
            .untrusted
            .and_then(|untrusted| untrusted.fingerprint()),
    })
}

fn line(record: &Record) -> String {
    let text = serde_json::to_string(record).unwrap_or_default();
    // JSON allows these characters, but they control terminals. They occur only in strings.
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{7f}'..='\u{9f}' => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

fn buddy(buddy: &types::Buddy) -> Buddy<'_> {
    let presence = match buddy.presence {
        Presence::Active => "active",
        Presence::Idle => "idle",
        Presence::Offline => "offline",
    };
    Buddy {
        uid: buddy.uid.0,
        name: &buddy.name,
        presence,
        status_text: buddy.status_text.as_deref(),
    }
}

fn person(person: &types::Person) -> Person<'_> {
    Person {
        uid: person.uid.0,
        name: &person.name,
    }
}

fn message<'a>(message: &'a types::Message, own: Uid, state: &ChatState) -> Message<'a> {
    Message {
        from: message.from.0,
        from_name: known(&message.from_name),
        to: message.to.0,
        to_name: known(&message.to_name),
        text: &message.text,
        time: message.time,
        own: message.origin == Origin::OwnElsewhere || message.from == own,
        replayed: message.replayed,
        group: message.in_group.then_some(message.to.0),
        notice: message
            .notice
            .as_ref()
            .map(|notice| groups::notice(notice.kind)),
        uids: message
            .notice
            .as_ref()
            .map(|notice| notice.uids.iter().map(|uid| uid.0).collect()),
        files: message
            .files
            .iter()
            .map(|one| file(one, state.files.number(&one.id)))
            .collect(),
    }
}

fn known(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}

fn connection_state(connection: &Connection) -> &'static str {
    match connection {
        Connection::LoggingIn => "logging_in",
        Connection::LoadingPage => "loading",
        Connection::OpeningChannel => "opening",
        Connection::Connected => "connected",
        Connection::Waiting { .. } => "waiting",
    }
}

/// The header's `FBCHAT_ERR_TOO_LONG` is `too_long` here.
fn status(status: Status) -> String {
    let name = status.c_name().to_str().unwrap_or_default();
    name.trim_start_matches("FBCHAT_")
        .trim_start_matches("ERR_")
        .to_lowercase()
}

/// A message that a script wants to send.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OutgoingMessage {
    pub to: u64,
    pub text: String,
}

/// Reads a line that is an object.
pub fn parse_message(line: &str) -> Result<OutgoingMessage, String> {
    let message: OutgoingMessage = serde_json::from_str(line).map_err(|error| {
        format!("This is not a message: {error}. Write {{\"to\": 1002, \"text\": \"hello\"}}")
    })?;
    if message.text.trim().is_empty() {
        return Err("The text of this message is empty. Nothing was sent.".to_owned());
    }
    Ok(message)
}

#[cfg(test)]
mod tests;
