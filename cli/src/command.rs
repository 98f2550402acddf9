//! What a typed line means. Nothing is sent by guess: a line either names its recipient, or one was chosen before.

use crate::people::{Match, NoMatch, People};
use fbchat::types::Uid;

/// A line, understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing typed.
    Empty,
    /// A message. Whoever it goes to is chosen for the lines that follow.
    Send { to: Uid, text: String },
    /// Lines that follow go to this person.
    Choose(Uid),
    /// Lines that follow go to nobody.
    ChooseNobody,
    /// Show the buddy list.
    Buddies,
    /// Show the last messages.
    History(Uid),
    /// Show who and where the user is.
    Who,
    /// Show what can be typed.
    Help,
    /// Leave.
    Quit,
}

/// All commands, for completion.
pub const COMMANDS: [&str; 5] = ["/buddies", "/help", "/history", "/quit", "/who"];

pub const HELP: &str = "\
Bob: hello        writes to a buddy by name; the first letters do if only one fits, Tab completes
@bob hello        the same
1002 hello        writes by number
hello             goes to whom you wrote last, as the prompt shows
Bob:              chooses somebody without writing yet; @ alone chooses nobody
Bob: /shrug       a text that starts with / needs the name before it
/buddies          shows the buddy list
/history [name]   shows the last messages with somebody
/who              shows who you are, where, and whether you are connected
/quit             leaves; so do Ctrl-C and Ctrl-D";

/// Understands a line, or says what is wrong with it.
pub fn parse(line: &str, people: &People, chosen: Option<Uid>) -> Result<Line, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Line::Empty);
    }
    if line.starts_with('/') {
        return command(line, people, chosen);
    }
    if let Some(rest) = line.strip_prefix('@') {
        return at(rest, people);
    }
    if let Some((uid, text)) = numbered(line) {
        // "2008 was fine" to somebody chosen is no message to user 2008.
        if chosen.is_none() || people.knows(uid) {
            return Ok(addressed(uid, text));
        }
    }
    if let Some((name, text)) = named(line) {
        // With somebody chosen, "bo: text" may just be text; it must not reach Bob by accident.
        let how = if chosen.is_some() {
            Match::Whole
        } else {
            Match::Prefix
        };
        match people.find(name, how) {
            Ok(uid) => return Ok(addressed(uid, text)),
            Err(NoMatch::Nobody) if chosen.is_some() => {}
            Err(why) => return Err(people.explain(name, &why)),
        }
    }
    match chosen {
        Some(to) => Ok(Line::Send {
            to,
            text: line.to_owned(),
        }),
        None => Err(how_to_write(people)),
    }
}

fn how_to_write(people: &People) -> String {
    let (name, uid) = match people.sorted().first() {
        Some(buddy) => (people.short_name(buddy.uid), buddy.uid.to_string()),
        None => return "Your buddy list is empty: there is nobody to write to yet.".to_owned(),
    };
    format!(
        "To whom? Write \"{name}: hello\" or \"{uid} hello\"; /help says more. Nothing was sent."
    )
}

fn command(line: &str, people: &People, chosen: Option<Uid>) -> Result<Line, String> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let plain = |command: Line| {
        if rest.is_empty() {
            Ok(command)
        } else {
            Err(format!("{word} takes nothing after it. Nothing was done."))
        }
    };
    match word {
        "/buddies" => plain(Line::Buddies),
        "/who" => plain(Line::Who),
        "/help" => plain(Line::Help),
        "/quit" => plain(Line::Quit),
        "/history" => match (rest.trim_start_matches('@').trim_end_matches(':'), chosen) {
            ("", Some(with)) => Ok(Line::History(with)),
            ("", None) => Err("With whom? Write  /history NAME".to_owned()),
            (name, _) => people
                .find(name, Match::Prefix)
                .map(Line::History)
                .map_err(|why| people.explain(name, &why)),
        },
        _ => Err(format!(
            "There is no command {word}; /help lists them. Nothing was sent."
        )),
    }
}

/// `bob text`, `Bob Example text`, `bob: text`, or nothing.
fn at(rest: &str, people: &People) -> Result<Line, String> {
    if rest.trim().is_empty() {
        return Ok(Line::ChooseNobody);
    }
    // A full name may have blanks, so the longest that fits is tried before the first word.
    let mut names: Vec<String> = people
        .sorted()
        .iter()
        .map(|buddy| buddy.name.clone())
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        if let Some(text) = strip_name(rest, &name) {
            let uid = people
                .find(&name, Match::Whole)
                .map_err(|why| people.explain(&name, &why))?;
            return Ok(addressed(uid, text));
        }
    }
    let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let name = name.trim_end_matches(':');
    match people.find(name, Match::Prefix) {
        Ok(uid) => Ok(addressed(uid, text)),
        Err(why) => Err(people.explain(name, &why)),
    }
}

/// What follows `name` in `text`, if it starts with it as whole words, whatever the case of the letters.
fn strip_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for expected in name.chars() {
        let found = rest.next()?;
        if !found.to_lowercase().eq(expected.to_lowercase()) {
            return None;
        }
    }
    let rest = rest.as_str();
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
}

fn numbered(line: &str) -> Option<(Uid, &str)> {
    let (number, text) = line.split_once(char::is_whitespace)?;
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let uid = number.parse().ok().filter(|uid| digits && *uid > 0)?;
    Some((Uid(uid), text))
}

fn named(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.split_once(':')?;
    (!name.contains('\n')).then_some((name, text))
}

fn addressed(to: Uid, text: &str) -> Line {
    let text = text.trim();
    if text.is_empty() {
        return Line::Choose(to);
    }
    Line::Send {
        to,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::tests::people;

    const BOB: Uid = Uid(1002);
    const EMILE: Uid = Uid(1004);

    fn fresh(line: &str) -> Result<Line, String> {
        parse(line, &people(), None)
    }

    fn chosen(line: &str) -> Result<Line, String> {
        parse(line, &people(), Some(EMILE))
    }

    fn send(to: Uid, text: &str) -> Result<Line, String> {
        Ok(Line::Send {
            to,
            text: text.to_owned(),
        })
    }

    #[test]
    fn people_are_addressed_by_name_and_by_number() {
        for line in [
            "1002 hi",
            "Bob: hi",
            "bob:hi",
            "Bob Example: hi",
            "@bob hi",
            "@bob: hi",
            "@Bob Example hi",
            "@bob example: hi",
        ] {
            assert_eq!(fresh(line), send(BOB, "hi"), "{line}");
            assert_eq!(chosen(line), send(BOB, "hi"), "{line}");
        }
        assert_eq!(fresh("ém: hi"), send(EMILE, "hi"));
        // As in 2008: the number need not be on the list; the server decides.
        assert_eq!(fresh("77 hi"), send(Uid(77), "hi"));
    }

    #[test]
    fn bare_lines_need_somebody_chosen() {
        assert_eq!(chosen("hi"), send(EMILE, "hi"));
        let refusal = fresh("hi").unwrap_err();
        assert!(
            refusal.contains("Bob: hello") && refusal.contains("1002 hello"),
            "{refusal}"
        );
    }

    #[test]
    fn plain_text_is_not_taken_for_an_address() {
        for text in [
            "2008 was fine",
            "http://example.org",
            "ps: bring bread",
            "bobb: short",
            "42",
            "a: b",
        ] {
            assert_eq!(chosen(text), send(EMILE, text));
        }
        assert_eq!(chosen("one\nBob: two"), send(EMILE, "one\nBob: two"));
    }

    #[test]
    fn ambiguous_and_unknown_names_send_nothing() {
        assert!(
            fresh("bo: hi")
                .unwrap_err()
                .contains("Bob Example (1002) or Bobby Tables (1003)")
        );
        assert!(fresh("@bo hi").unwrap_err().contains("could be"));
        assert!(
            chosen("@nobody hi")
                .unwrap_err()
                .contains("Nobody on your buddy list")
        );
        assert!(fresh("99999999999999999999999 hi").is_err());
        assert!(fresh("0 hi").is_err());
    }

    #[test]
    fn choosing_without_text() {
        assert_eq!(fresh("Bob:"), Ok(Line::Choose(BOB)));
        assert_eq!(fresh("@bob"), Ok(Line::Choose(BOB)));
        assert_eq!(chosen("@"), Ok(Line::ChooseNobody));
    }

    #[test]
    fn commands() {
        assert_eq!(fresh("/buddies"), Ok(Line::Buddies));
        assert_eq!(fresh("/history bob"), Ok(Line::History(BOB)));
        assert_eq!(fresh("/history Bob Example"), Ok(Line::History(BOB)));
        assert_eq!(chosen("/history"), Ok(Line::History(EMILE)));
        assert!(fresh("/history").is_err());
        assert!(chosen("/shrug").unwrap_err().contains("Nothing was sent"));
        assert!(chosen("/quit now").is_err());
        assert_eq!(chosen("Bob: /shrug"), send(BOB, "/shrug"));
        assert_eq!(fresh("  "), Ok(Line::Empty));
    }

    #[test]
    fn texts_keep_their_inner_lines() {
        assert_eq!(fresh("Bob: a\n  b\nc\n"), send(BOB, "a\n  b\nc"));
    }
}
