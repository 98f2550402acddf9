//! Parses lines of input. A recipient is never guessed: the line names one, or one was chosen before.

use crate::buddy_list::{BuddyList, Match, NoMatch};
use crate::file_command;
use crate::group_command;
use fbchat::types::{GroupChange, Uid};

/// A parsed line.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// An empty line.
    Empty,
    /// A message. On a terminal, its recipient is chosen for the following lines.
    Send { to: Uid, text: String },
    /// The following lines go to this person or group.
    Choose(Uid),
    /// The following lines must name their recipient.
    ChooseNobody,
    /// Shows the buddy list.
    Buddies,
    /// Shows the last messages.
    History(Uid),
    /// Blocks or unblocks somebody.
    Block { uid: Uid, blocked: bool },
    /// Shows who is blocked.
    Blocked,
    /// Shows the groups.
    Groups,
    /// Shows who is in a group.
    Members(Uid),
    /// Makes a group with these people.
    NewGroup { name: String, members: Vec<Uid> },
    /// Changes a group, one change after the other.
    ChangeGroup { gid: Uid, changes: Vec<GroupChange> },
    /// Sends a file.
    SendFile { to: Uid, path: String },
    /// Saves the file that was shown with this number.
    Get { number: usize, path: Option<String> },
    /// Shows account, server and connection.
    Who,
    /// Shows the help.
    Help,
    /// Quits the program.
    Quit,
}

/// The commands that are not for groups, for completion.
pub const COMMANDS: [&str; 9] = [
    "/block", "/blocked", "/buddies", "/help", "/history", "/me", "/quit", "/unblock", "/who",
];

/// Those that take the name of a person.
pub const WITH_NAME: [&str; 3] = ["/block ", "/history ", "/unblock "];

pub const HELP: &str = "\
Bob: hello        writes to a buddy by name or its first letters; Tab completes names
@bob hello        does the same
1002 hello        writes to the user with this number
hello             writes to the person or group in the prompt, which you wrote to last
Bob:              chooses the recipient of the next lines; @ alone clears it
/me waves         describes an action; they see: * Alice waves
Bob: /shrug       any other text that starts with / needs the name in front
/buddies          shows the buddy list
/history [name]   shows the last messages with a person or in a group
/block name       blocks a person: they see you offline, cannot reach you and are not told
/unblock name     unblocks them; people who are not on your list are named by their number
/blocked          lists the people that you have blocked
/who              shows your account, the server and the connection
/quit             quits, as do Ctrl-C and Ctrl-D";

/// Parses a line, or says what is wrong with it.
pub fn parse(line: &str, buddy_list: &BuddyList, chosen: Option<Uid>) -> Result<Command, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Command::Empty);
    }
    if line.starts_with('/') {
        return parse_command(line, buddy_list, chosen);
    }
    if let Some(rest) = line.strip_prefix('@') {
        return parse_at(rest, buddy_list);
    }
    if let Some((uid, text)) = numbered(line) {
        // With a chosen recipient, "2008 was fine" is not a message to user 2008.
        if chosen.is_none() || buddy_list.knows(uid) {
            return Ok(addressed(uid, text));
        }
    }
    if let Some((name, text)) = named(line) {
        // With a chosen recipient, "bo: text" may just be text; it must not reach Bob by accident.
        let how = if chosen.is_some() {
            Match::Whole
        } else {
            Match::Prefix
        };
        match buddy_list.find(name, how) {
            Ok(uid) => return Ok(addressed(uid, text)),
            Err(NoMatch::Nobody) if chosen.is_some() => {}
            Err(why) => return Err(buddy_list.explain(name, &why)),
        }
    }
    match chosen {
        Some(to) => Ok(Command::Send {
            to,
            text: line.to_owned(),
        }),
        None => Err(recipient_missing(buddy_list)),
    }
}

fn recipient_missing(buddy_list: &BuddyList) -> String {
    let (name, uid) = match buddy_list.sorted().first() {
        Some(buddy) => (buddy_list.short_name(buddy.uid), buddy.uid.to_string()),
        None => return "Your buddy list is empty, so there is nobody to write to.".to_owned(),
    };
    format!(
        "To whom? Write \"{name}: hello\" or \"{uid} hello\"; /help says more. Nothing was sent."
    )
}

fn parse_command(
    line: &str,
    buddy_list: &BuddyList,
    chosen: Option<Uid>,
) -> Result<Command, String> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let without_argument = |command: Command| {
        if rest.is_empty() {
            Ok(command)
        } else {
            Err(format!("{word} takes no argument. Nothing was done."))
        }
    };
    match word {
        "/buddies" => without_argument(Command::Buddies),
        "/blocked" => without_argument(Command::Blocked),
        "/block" | "/unblock" => Ok(Command::Block {
            uid: person(word, rest, buddy_list)?,
            blocked: word == "/block",
        }),
        "/who" => without_argument(Command::Who),
        "/help" => without_argument(Command::Help),
        "/quit" => without_argument(Command::Quit),
        "/history" => match (rest.trim_start_matches('@').trim_end_matches(':'), chosen) {
            ("", Some(with)) => Ok(Command::History(with)),
            ("", None) => Err("With whom? Write  /history NAME".to_owned()),
            (name, _) => buddy_list
                .find(name, Match::Prefix)
                .map(Command::History)
                .map_err(|why| buddy_list.explain(name, &why)),
        },
        // Every client shows such a text as what its author does.
        "/me" if rest.is_empty() => {
            Err("What do you do? Write, for instance,  /me waves. Nothing was sent.".to_owned())
        }
        "/me" => chosen
            .map(|to| Command::Send {
                to,
                text: format!("/me {rest}"),
            })
            .ok_or_else(|| recipient_missing(buddy_list)),
        _ => file_command::parse(word, rest, buddy_list, chosen)
            .or_else(|| group_command::parse(word, rest, buddy_list, chosen))
            .unwrap_or_else(|| {
                Err(format!(
                    "There is no command {word}; /help lists the commands. Nothing was sent."
                ))
            }),
    }
}

/// The person that a command names. Never the chosen one, since a slip would block them.
fn person(word: &str, rest: &str, buddy_list: &BuddyList) -> Result<Uid, String> {
    let name = rest.trim_start_matches('@').trim_end_matches(':');
    if name.is_empty() {
        return Err(format!("Whom? Write  {word} NAME"));
    }
    match name.parse() {
        Ok(uid) if uid > 0 => Ok(Uid(uid)),
        _ => buddy_list
            .find_buddy(name, Match::Prefix)
            .map_err(|why| buddy_list.explain_buddy(name, &why)),
    }
}

/// `bob text`, `Bob Example text`, `bob: text`, or nothing.
fn parse_at(rest: &str, buddy_list: &BuddyList) -> Result<Command, String> {
    if rest.trim().is_empty() {
        return Ok(Command::ChooseNobody);
    }
    // A full name may contain spaces, so the longest matching name is tried before the first word.
    let people = buddy_list.sorted().into_iter().map(|buddy| &buddy.name);
    let groups = buddy_list
        .groups
        .sorted()
        .into_iter()
        .map(|group| &group.name);
    let mut names: Vec<String> = people.chain(groups).cloned().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        if let Some(text) = strip_name(rest, &name) {
            let uid = buddy_list
                .find(&name, Match::Whole)
                .map_err(|why| buddy_list.explain(&name, &why))?;
            return Ok(addressed(uid, text));
        }
    }
    let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let name = name.trim_end_matches(':');
    match buddy_list.find(name, Match::Prefix) {
        Ok(uid) => Ok(addressed(uid, text)),
        Err(why) => Err(buddy_list.explain(name, &why)),
    }
}

/// The rest of `text` after `name`, if it starts with it as whole words, in upper or lower case.
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

fn addressed(to: Uid, text: &str) -> Command {
    let text = text.trim();
    if text.is_empty() {
        return Command::Choose(to);
    }
    Command::Send {
        to,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buddy_list::tests::buddy_list;

    const BOB: Uid = Uid(1002);
    const EMILE: Uid = Uid(1004);

    fn fresh(line: &str) -> Result<Command, String> {
        parse(line, &buddy_list(), None)
    }

    fn chosen(line: &str) -> Result<Command, String> {
        parse(line, &buddy_list(), Some(EMILE))
    }

    fn send(to: Uid, text: &str) -> Result<Command, String> {
        Ok(Command::Send {
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
        assert_eq!(fresh("Bob:"), Ok(Command::Choose(BOB)));
        assert_eq!(fresh("@bob"), Ok(Command::Choose(BOB)));
        assert_eq!(chosen("@"), Ok(Command::ChooseNobody));
    }

    #[test]
    fn commands() {
        assert_eq!(fresh("/buddies"), Ok(Command::Buddies));
        assert_eq!(fresh("/history bob"), Ok(Command::History(BOB)));
        assert_eq!(fresh("/history Bob Example"), Ok(Command::History(BOB)));
        assert_eq!(chosen("/history"), Ok(Command::History(EMILE)));
        assert!(fresh("/history").is_err());
        let block = |uid, blocked| Ok(Command::Block { uid, blocked });
        assert_eq!(fresh("/block @Bob Example:"), block(BOB, true));
        assert_eq!(fresh("/unblock bob"), block(BOB, false));
        assert_eq!(fresh("/block 99"), block(Uid(99), true));
        assert!(chosen("/block").unwrap_err().contains("Whom?"));
        assert!(fresh("/block 0").is_err());
        assert_eq!(fresh("/blocked"), Ok(Command::Blocked));
        assert!(chosen("/shrug").unwrap_err().contains("Nothing was sent"));
        assert!(chosen("/quit now").is_err());
        assert_eq!(chosen("Bob: /shrug"), send(BOB, "/shrug"));
        assert_eq!(chosen("/me waves  twice"), send(EMILE, "/me waves  twice"));
        assert_eq!(fresh("@bob /me waves"), send(BOB, "/me waves"));
        assert!(fresh("/me waves").unwrap_err().contains("To whom?"));
        for line in ["/me", "/me ", "/meow"] {
            assert!(chosen(line).unwrap_err().contains("Nothing was sent"));
        }
        assert_eq!(fresh("  "), Ok(Command::Empty));
    }

    #[test]
    fn texts_keep_their_inner_lines() {
        assert_eq!(fresh("Bob: a\n  b\nc\n"), send(BOB, "a\n  b\nc"));
    }
}
