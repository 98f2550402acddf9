//! News as lines for people.

use crate::command::HELP;
use crate::news::{News, Room};
use crate::text;
use fbchat::status::Problem;
use fbchat::types::Connection;

/// How a line is meant: where it goes in pipes, how it looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// What the user came for.
    Plain,
    /// By the way.
    Notice,
    /// Something went wrong.
    Error,
}

/// Puts news into lines; `None` if they are none for a person.
pub fn render(news: &News, room: &mut Room) -> Option<(Tone, String)> {
    let people = &room.people;
    Some(match news {
        News::LoggedIn { .. } => {
            let name = people.name(people.own().uid);
            let line = format!(
                "Logged in to {} as {name} ({}). Type /help for help.",
                room.server,
                people.own().uid
            );
            (Tone::Notice, line)
        }
        News::BuddyList => (Tone::Plain, text::buddies(people)),
        News::Message(message) => {
            room.typing.remove(&message.from);
            (Tone::Plain, text::message(message, people))
        }
        News::Typing { from, typing: true } if room.typing.insert(*from) => {
            (Tone::Notice, format!("{} is typing…", people.name(*from)))
        }
        News::Typing { from, typing } => {
            if !typing {
                room.typing.remove(from);
            }
            return None;
        }
        News::Presence(buddy) => {
            let name = people.name(buddy.uid);
            (
                Tone::Notice,
                format!("{name} is {}.", text::presence(buddy)),
            )
        }
        News::Connection(connection) => (Tone::Notice, trouble(connection, room)?),
        News::Sent { .. } => return None,
        News::Failed { to, text, problem } => {
            let (name, reason) = (people.name(*to), reason(problem));
            (
                Tone::Error,
                format!("Not sent to {name}: {reason} You wrote:\n{}", quoted(text)),
            )
        }
        News::History { with, messages } => {
            let name = people.name(*with);
            if messages.is_empty() {
                return Some((Tone::Plain, format!("No messages with {name} yet.")));
            }
            let lines = messages
                .iter()
                .map(|message| text::past_message(message, people));
            let lines: Vec<String> = std::iter::once(format!("Last messages with {name}:"))
                .chain(lines)
                .collect();
            (Tone::Plain, lines.join("\n"))
        }
        News::Who => (Tone::Plain, who(room)),
        News::Help => (Tone::Plain, HELP.to_owned()),
        News::Error(sentence) => (Tone::Error, (*sentence).to_owned()),
        News::Closed(problem) => (
            Tone::Error,
            format!("The session is over: {}", reason(problem)),
        ),
    })
}

fn who(room: &Room) -> String {
    let own = room.people.own();
    let state = match &room.connection {
        Connection::LoggingIn => "logging in.".to_owned(),
        Connection::LoadingPage | Connection::OpeningChannel => "connecting.".to_owned(),
        Connection::Connected => "connected.".to_owned(),
        Connection::Waiting { problem, .. } => format!("not connected. {}", reason(problem)),
    };
    let to = match room.chosen {
        Some(uid) => format!("What you type goes to {} ({uid}).", room.people.name(uid)),
        None => "Nobody is chosen to write to.".to_owned(),
    };
    format!(
        "You are {} ({}) at {}; {state}\n{to}",
        room.people.name(own.uid),
        own.uid,
        room.server
    )
}

/// Connection troubles, told once each; a hiccup that is over at once is not worth a line.
fn trouble(connection: &Connection, room: &mut Room) -> Option<String> {
    match connection {
        Connection::Waiting { wait_ms, problem } if *wait_ms > 0 && !room.trouble => {
            room.trouble = true;
            let seconds = wait_ms.div_ceil(1000);
            Some(format!(
                "Connection lost. {} Retrying in {seconds} s.",
                reason(problem)
            ))
        }
        Connection::Connected if room.trouble => {
            room.trouble = false;
            Some("Connected again.".to_owned())
        }
        _ => None,
    }
}

/// A problem's sentence, made harmless and ended with a full stop.
pub fn reason(problem: &Problem) -> String {
    let mut sentence = text::neutral(problem.text.trim_end());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// Why nobody is logged in, with what answers the question that a strange certificate asks.
pub fn login_failed(problem: &Problem) -> String {
    let reason = reason(problem);
    let fingerprint = problem
        .untrusted
        .and_then(|untrusted| untrusted.fingerprint());
    match fingerprint {
        Some(sha256) => {
            format!("{reason} If you know that it is right, trust it with\n  --pin {sha256}")
        }
        None => reason,
    }
}

/// The user's own text, shown so that it can be copied and sent again.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| format!("  {}", text::neutral(line)))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::people::tests::{buddy, people};
    use fbchat::status::Status;
    use fbchat::types::{Presence, Uid};
    use std::collections::HashSet;

    pub fn room() -> Room {
        Room {
            people: people(),
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
    fn typing_is_told_once_per_message() {
        let mut room = room();
        let typing = News::Typing {
            from: Uid(1002),
            typing: true,
        };
        assert_eq!(
            render(&typing, &mut room).unwrap().1,
            "Bob Example is typing…"
        );
        assert!(render(&typing, &mut room).is_none());
        assert!(
            render(
                &News::Typing {
                    from: Uid(1002),
                    typing: false
                },
                &mut room
            )
            .is_none()
        );
        assert!(render(&typing, &mut room).is_some());
    }

    #[test]
    fn connection_trouble_is_told_once_and_its_end_too() {
        let mut room = room();
        let wait = |wait_ms| Connection::Waiting {
            wait_ms,
            problem: refused(),
        };
        assert!(render(&News::Connection(&wait(0)), &mut room).is_none());
        let (_, line) = render(&News::Connection(&wait(5_200)), &mut room).unwrap();
        assert_eq!(
            line,
            "Connection lost. No connection to 127.0.0.1:8080: connection refused. Retrying in 6 s."
        );
        assert!(render(&News::Connection(&wait(9_000)), &mut room).is_none());
        assert!(render(&News::Connection(&Connection::OpeningChannel), &mut room).is_none());
        let connected = News::Connection(&Connection::Connected);
        assert_eq!(render(&connected, &mut room).unwrap().1, "Connected again.");
        assert!(render(&connected, &mut room).is_none());
    }

    #[test]
    fn failed_text_is_not_lost() {
        let problem = refused();
        let news = News::Failed {
            to: Uid(1002),
            text: "one\ntwo\x1b[2J",
            problem: &problem,
        };
        let (tone, line) = render(&news, &mut room()).unwrap();
        assert_eq!(tone, Tone::Error);
        assert!(
            line.starts_with("Not sent to Bob Example: No connection"),
            "{line}"
        );
        assert!(line.ends_with("You wrote:\n  one\n  two␛[2J"), "{line}");
    }

    #[test]
    fn who_tells_state_and_recipient() {
        let mut room = room();
        room.chosen = Some(Uid(1002));
        let (_, lines) = render(&News::Who, &mut room).unwrap();
        assert_eq!(
            lines,
            "You are Alice Example (1001) at 127.0.0.1:8080; connected.\nWhat you type goes to Bob Example (1002)."
        );
    }

    #[test]
    fn coming_and_going_is_told() {
        let buddy = buddy(1003, "Bobby Tables", Presence::Active);
        let (tone, line) = render(&News::Presence(&buddy), &mut room()).unwrap();
        assert_eq!(
            (tone, line.as_str()),
            (Tone::Notice, "Bobby Tables is online.")
        );
    }
}
