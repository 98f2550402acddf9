//! Events as lines for people.

use crate::buddy_list::Match;
use crate::chat_state::ChatState;
use crate::command::HELP;
use crate::file_command;
use crate::files;
use crate::format;
use crate::group_command;
use crate::output::Severity;
use crate::sanitize::sanitize;
use crate::ui_event::UiEvent;
use fbchat::status::{Problem, Status};
use fbchat::types::{Connection, GroupChange};

/// The lines for an event; `None` if it is not shown to people.
pub fn render(event: &UiEvent, state: &mut ChatState) -> Option<(Severity, String)> {
    let buddy_list = &state.buddy_list;
    Some(match event {
        UiEvent::LoggedIn { .. } => {
            let name = buddy_list.name(buddy_list.own().uid);
            let line = format!(
                "Logged in to {} as {name} ({}). Type /help for help.",
                state.server,
                buddy_list.own().uid
            );
            (Severity::Notice, line)
        }
        UiEvent::BuddyList => (Severity::Content, format::buddies(buddy_list)),
        UiEvent::Message(message) => {
            let group = message.in_group.then_some(message.to);
            state.typing.remove(&(message.from, group));
            let line = format::message(message, buddy_list);
            (
                Severity::Content,
                with_files(line, &state.files.shown(message)),
            )
        }
        UiEvent::Typing {
            from,
            group,
            typing: true,
        } if state.typing.insert((*from, *group)) => {
            let name = buddy_list.name(*from);
            let line = match group {
                Some(gid) => format!("{name} is typing in {}…", buddy_list.name(*gid)),
                None => format!("{name} is typing…"),
            };
            (Severity::Notice, line)
        }
        UiEvent::Typing {
            from,
            group,
            typing,
        } => {
            if !typing {
                state.typing.remove(&(*from, *group));
            }
            return None;
        }
        UiEvent::Presence(buddy) => {
            let name = buddy_list.name(buddy.uid);
            (
                Severity::Notice,
                format!("{name} is {}.", format::presence(buddy)),
            )
        }
        UiEvent::Connection(connection) => {
            (Severity::Notice, connection_notice(connection, state)?)
        }
        UiEvent::Sent { .. } => return None,
        UiEvent::FileSent { to, file } => {
            let (name, size) = (sanitize(&file.name), files::size(file.size));
            let line = format!("{name} ({size}) was sent to {}.", buddy_list.name(*to));
            (Severity::Notice, line)
        }
        UiEvent::FileFailed { to, path, problem } => {
            let perhaps = match problem.status {
                Status::OutcomeUnknown => "Perhaps not sent",
                _ => "Not sent",
            };
            let (name, path) = (buddy_list.name(*to), sanitize(path));
            let line = format!("{perhaps} to {name}: {path}. {}", reason(problem));
            (Severity::Error, line)
        }
        UiEvent::Saved { path, size, .. } => {
            let path = sanitize(&path.to_string_lossy());
            let line = format!("Saved as {path} ({}).", files::size(*size));
            (Severity::Notice, line)
        }
        UiEvent::Failed { to, text, problem } => {
            // The server's words are about a person, so as not to tell who is in a group.
            let was_in = buddy_list.groups.is_former(*to);
            let reason = match problem.status {
                Status::RecipientOffline if was_in => "You are not in this group any more.".into(),
                _ => reason(problem),
            };
            let name = buddy_list.name(*to);
            (
                Severity::Error,
                match problem.status {
                    Status::OutcomeUnknown => {
                        format!(
                            "Perhaps not sent to {name}: {reason} You wrote:\n{}",
                            quoted(text)
                        )
                    }
                    _ => format!("Not sent to {name}: {reason} You wrote:\n{}", quoted(text)),
                },
            )
        }
        UiEvent::History { with, messages } => {
            let in_group = buddy_list.groups.get(*with).is_some();
            let place = if in_group { "in" } else { "with" };
            let name = format!("{place} {}", buddy_list.name(*with));
            if messages.is_empty() {
                return Some((Severity::Content, format!("No messages {name} yet.")));
            }
            let lines = messages.iter().map(|message| {
                let line = format::history_message(message, buddy_list);
                with_files(line, &state.files.shown(message))
            });
            let lines: Vec<String> = std::iter::once(format!("Last messages {name}:"))
                .chain(lines)
                .collect();
            (Severity::Content, lines.join("\n"))
        }
        UiEvent::Block { uid, blocked } => {
            let name = buddy_list.name(*uid);
            let line = if *blocked {
                format!("{name} is blocked: they see you offline, and cannot reach you.")
            } else {
                format!("{name} is no longer blocked.")
            };
            (Severity::Notice, line)
        }
        UiEvent::Blocked([]) => (Severity::Content, "Nobody is blocked.".to_owned()),
        UiEvent::Blocked(people) => {
            let lines = people
                .iter()
                .map(|person| format!("  {} ({})", sanitize(&person.name), person.uid));
            let lines: Vec<String> = std::iter::once("Blocked:".to_owned())
                .chain(lines)
                .collect();
            (Severity::Content, lines.join("\n"))
        }
        UiEvent::GroupList(groups) => (Severity::Content, format::groups(groups)),
        UiEvent::Members(gid) => (Severity::Content, format::members(*gid, buddy_list)),
        UiEvent::Group { group, gone: true } => (
            Severity::Notice,
            format!("You are no longer in {}.", sanitize(&group.name)),
        ),
        // Messages of the group tell what has changed.
        UiEvent::Group { .. } => return None,
        UiEvent::GroupCreated(group) => {
            let name = sanitize(&group.name);
            let gid = group.gid;
            // Somebody may have the same name.
            let by_name = match buddy_list.find(&name, Match::Whole) == Ok(gid) {
                true => format!("{name}: hello  or  "),
                false => String::new(),
            };
            let line = format!("{name} is there. Write to it with  {by_name}{gid} hello");
            (Severity::Notice, line)
        }
        UiEvent::GroupChanged {
            gid,
            change: GroupChange::Mute(muted),
        } => {
            let name = buddy_list.name(*gid);
            let line = match muted {
                true => format!("{name} is muted: your programs do not alert you of its messages."),
                false => format!("{name} is no longer muted."),
            };
            (Severity::Notice, line)
        }
        UiEvent::GroupChanged { .. } => return None,
        UiEvent::Who => (Severity::Content, who(state)),
        UiEvent::Help => (
            Severity::Content,
            format!(
                "{HELP}\n\n{}\n\n{}",
                file_command::HELP,
                group_command::HELP
            ),
        ),
        UiEvent::Error(sentence) => (Severity::Error, (*sentence).to_owned()),
        UiEvent::Closed(problem) => (
            Severity::Error,
            format!("The session is over: {}", reason(problem)),
        ),
    })
}

/// The line of a message, and a line for each of its files.
fn with_files(line: String, files: &[String]) -> String {
    match files {
        [] => line,
        files => format!("{}\n        {}", line.trim_end(), files.join("\n        ")),
    }
}

fn who(state: &ChatState) -> String {
    let own = state.buddy_list.own();
    let connection = match &state.connection {
        Connection::LoggingIn => "logging in.".to_owned(),
        Connection::LoadingPage | Connection::OpeningChannel => "connecting.".to_owned(),
        Connection::Connected => "connected.".to_owned(),
        Connection::Waiting { problem, .. } => format!("not connected. {}", reason(problem)),
    };
    let to = match state.chosen {
        Some(uid) => format!(
            "What you type goes to {} ({uid}).",
            state.buddy_list.name(uid)
        ),
        None => "Nobody is chosen to write to.".to_owned(),
    };
    format!(
        "You are {} ({}) at {}; {connection}\n{to}",
        state.buddy_list.name(own.uid),
        own.uid,
        state.server
    )
}

/// A lost connection and its return, each shown once. An interruption that is retried at once is not shown.
fn connection_notice(connection: &Connection, state: &mut ChatState) -> Option<String> {
    match connection {
        Connection::Waiting { wait_ms, problem } if *wait_ms > 0 && !state.trouble => {
            state.trouble = true;
            let seconds = wait_ms.div_ceil(1000);
            Some(format!(
                "Connection lost. {} Retrying in {seconds} s.",
                reason(problem)
            ))
        }
        Connection::Connected if state.trouble => {
            state.trouble = false;
            Some("Connected again.".to_owned())
        }
        _ => None,
    }
}

/// A problem's sentence, safe to print and with a full stop.
pub fn reason(problem: &Problem) -> String {
    let mut sentence = sanitize(problem.text.trim_end());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// Why the login failed; for a certificate that is not trusted, with the option that trusts it.
pub fn login_failed(problem: &Problem) -> String {
    let reason = reason(problem);
    let fingerprint = problem
        .untrusted
        .and_then(|untrusted| untrusted.fingerprint());
    match fingerprint {
        Some(sha256) => {
            format!(
                "{reason} If you know that this certificate is right, trust it with\n  --pin {sha256}"
            )
        }
        None => reason,
    }
}

/// The text of a failed message, for copying and sending again.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| format!("  {}", sanitize(line)))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::buddy_list::tests::{buddy, buddy_list};
    use fbchat::status::Status;
    use fbchat::types::{Presence, Uid};
    use std::collections::HashSet;

    pub fn state() -> ChatState {
        ChatState {
            buddy_list: buddy_list(),
            files: crate::files::Files::default(),
            server: "127.0.0.1:8080".to_owned(),
            connection: Connection::Connected,
            chosen: None,
            typing: HashSet::new(),
            trouble: false,
        }
    }

    fn refused() -> Problem {
        Problem::new(
            Status::Connect,
            "No connection to 127.0.0.1:8080: connection refused",
        )
    }

    #[test]
    fn typing_is_shown_once_per_message() {
        let mut state = state();
        let typing = UiEvent::Typing {
            from: Uid(1002),
            group: None,
            typing: true,
        };
        assert_eq!(
            render(&typing, &mut state).unwrap().1,
            "Bob Example is typing…"
        );
        assert!(render(&typing, &mut state).is_none());
        assert!(
            render(
                &UiEvent::Typing {
                    from: Uid(1002),
                    group: None,
                    typing: false
                },
                &mut state
            )
            .is_none()
        );
        assert!(render(&typing, &mut state).is_some());
    }

    #[test]
    fn lost_connection_and_its_return_are_shown_once() {
        let mut state = state();
        let wait = |wait_ms| Connection::Waiting {
            wait_ms,
            problem: refused(),
        };
        assert!(render(&UiEvent::Connection(&wait(0)), &mut state).is_none());
        let (_, line) = render(&UiEvent::Connection(&wait(5_200)), &mut state).unwrap();
        assert_eq!(
            line,
            "Connection lost. No connection to 127.0.0.1:8080: connection refused. Retrying in 6 s."
        );
        assert!(render(&UiEvent::Connection(&wait(9_000)), &mut state).is_none());
        assert!(
            render(
                &UiEvent::Connection(&Connection::OpeningChannel),
                &mut state
            )
            .is_none()
        );
        let connected = UiEvent::Connection(&Connection::Connected);
        assert_eq!(
            render(&connected, &mut state).unwrap().1,
            "Connected again."
        );
        assert!(render(&connected, &mut state).is_none());
    }

    #[test]
    fn text_of_a_failed_message_is_shown() {
        let problem = refused();
        let event = UiEvent::Failed {
            to: Uid(1002),
            text: "one\ntwo\x1b[2J",
            problem: &problem,
        };
        let (severity, line) = render(&event, &mut state()).unwrap();
        assert_eq!(severity, Severity::Error);
        assert!(
            line.starts_with("Not sent to Bob Example: No connection"),
            "{line}"
        );
        assert!(line.ends_with("You wrote:\n  one\n  two␛[2J"), "{line}");
    }

    #[test]
    fn who_shows_state_and_recipient() {
        let mut state = state();
        state.chosen = Some(Uid(1002));
        let (_, lines) = render(&UiEvent::Who, &mut state).unwrap();
        assert_eq!(
            lines,
            "You are Alice Example (1001) at 127.0.0.1:8080; connected.\nWhat you type goes to Bob Example (1002)."
        );
    }

    #[test]
    fn presence_changes_are_shown() {
        let buddy = buddy(1003, "Bobby Tables", Presence::Active);
        let (severity, line) = render(&UiEvent::Presence(&buddy), &mut state()).unwrap();
        assert_eq!(
            (severity, line.as_str()),
            (Severity::Notice, "Bobby Tables is online.")
        );
    }
}
