//! Tab completion: commands and buddies' names.

use crate::buddy_list::{BuddyList, Match};
use crate::chat::Chat;
use crate::command::{COMMANDS, WITH_NAME};
use fbchat::types::Buddy;
use rustyline::completion::{Completer, Pair};
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};
use std::sync::Arc;

/// The line editor's interface.
#[derive(Helper, Highlighter, Hinter, Validator)]
pub struct Completion(pub Arc<Chat>);

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..pos).unwrap_or(line);
        Ok(complete(typed, &self.0.state().buddy_list))
    }
}

/// The start of the completed part, and its candidates.
fn complete(typed: &str, buddy_list: &BuddyList) -> (usize, Vec<Pair>) {
    let named = WITH_NAME.iter();
    if let Some(name) = named.copied().find_map(|word| typed.strip_prefix(word)) {
        return (typed.len() - name.len(), names(name, buddy_list, ""));
    }
    if typed.starts_with('/') {
        let fits = COMMANDS.iter().filter(|command| command.starts_with(typed));
        let pair = |command: &&str| Pair {
            display: (*command).to_owned(),
            replacement: (*command).to_owned(),
        };
        return (0, fits.map(pair).collect());
    }
    match typed.strip_prefix('@') {
        Some(name) => (1, names(name, buddy_list, " ")),
        None => (0, names(typed, buddy_list, ": ")),
    }
}

fn names(typed: &str, buddy_list: &BuddyList, after: &str) -> Vec<Pair> {
    let typed = typed.to_lowercase();
    let fits = |buddy: &&Buddy| {
        let (name, first) = (buddy.name.to_lowercase(), buddy.first_name.to_lowercase());
        name.starts_with(&typed) || first.starts_with(&typed)
    };
    buddy_list
        .sorted()
        .into_iter()
        .filter(fits)
        .map(|buddy| pair(buddy, buddy_list, after))
        .collect()
}

fn pair(buddy: &Buddy, buddy_list: &BuddyList, after: &str) -> Pair {
    // A name that two buddies have, or one with a colon in it, is replaced by the uid.
    if buddy_list.find(&buddy.name, Match::Whole) == Ok(buddy.uid) && !buddy.name.contains(':') {
        Pair {
            display: buddy.name.clone(),
            replacement: format!("{}{after}", buddy.name),
        }
    } else {
        let (name, uid) = (&buddy.name, buddy.uid);
        Pair {
            display: format!("{name} ({uid})"),
            replacement: format!("{uid}{}", after.trim_start_matches(':')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buddy_list::tests::{buddy, buddy_list};
    use fbchat::types::Presence;

    fn completed(typed: &str) -> (usize, Vec<String>) {
        let mut buddy_list = buddy_list();
        buddy_list.update(&buddy(1010, "Zoe Twin", Presence::Active));
        buddy_list.update(&buddy(1011, "Zoe Twin", Presence::Active));
        let (start, pairs) = complete(typed, &buddy_list);
        (
            start,
            pairs.into_iter().map(|pair| pair.replacement).collect(),
        )
    }

    #[test]
    fn names_are_completed_to_an_address() {
        assert_eq!(completed("bob e"), (0, vec!["Bob Example: ".to_owned()]));
        assert_eq!(
            completed("bo"),
            (
                0,
                vec!["Bob Example: ".to_owned(), "Bobby Tables: ".to_owned()]
            )
        );
        assert_eq!(completed("@É"), (1, vec!["Émile Zola ".to_owned()]));
        assert_eq!(completed("hello bo"), (0, vec![]));
    }

    #[test]
    fn commands_and_their_names() {
        assert_eq!(completed("/h").1, ["/help", "/history"]);
        assert_eq!(
            completed("/history bobby"),
            (9, vec!["Bobby Tables".to_owned()])
        );
    }

    #[test]
    fn twins_are_told_apart_by_number() {
        assert_eq!(completed("zoe").1, ["1010 ", "1011 "]);
    }
}
