//! Tab completion: commands, the names of buddies and groups, and paths.

use crate::buddy_list::{BuddyList, Match};
use crate::chat::Chat;
use crate::command::{COMMANDS, WITH_NAME};
use crate::group_command::{self, WITH_GROUP};
use crate::{file_command, files};
use fbchat::types::Uid;
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
    let after = |words: &[&'static str]| {
        let mut words = words.iter().copied();
        words.find_map(|word| typed.strip_prefix(word))
    };
    if let Some(name) = after(&WITH_NAME) {
        let people = names(name, people(buddy_list), buddy_list, "");
        return (typed.len() - name.len(), people);
    }
    if let Some(name) = after(&WITH_GROUP) {
        let groups = names(name, groups(buddy_list), buddy_list, "");
        return (typed.len() - name.len(), groups);
    }
    if let Some(rest) = after(&["/send "]) {
        return file_or_recipient(typed.len() - rest.len(), rest, buddy_list);
    }
    if let Some((_, path)) = after(&["/get "]).and_then(|rest| rest.split_once(' ')) {
        return (typed.len() - path.len(), file_pairs(path));
    }
    if typed.starts_with('/') {
        let all = COMMANDS.iter().chain(&group_command::COMMANDS);
        let all = all.chain(&file_command::COMMANDS);
        let mut fits: Vec<&str> = all.copied().filter(|it| it.starts_with(typed)).collect();
        fits.sort_unstable();
        let pair = |command: &str| Pair {
            display: command.to_owned(),
            replacement: command.to_owned(),
        };
        return (0, fits.into_iter().map(pair).collect());
    }
    let (start, name, after) = match typed.strip_prefix('@') {
        Some(name) => (1, name, " "),
        None => (0, typed, ": "),
    };
    let mut all = names(name, people(buddy_list), buddy_list, after);
    all.extend(names(name, groups(buddy_list), buddy_list, after));
    (start, all)
}

/// The arguments of `/send`: a path, or a name followed by a path.
fn file_or_recipient(start: usize, rest: &str, buddy_list: &BuddyList) -> (usize, Vec<Pair>) {
    if let Some((name, path)) = rest.split_once(": ") {
        return (start + name.len() + 2, file_pairs(path));
    }
    let mut all = file_pairs(rest);
    all.extend(names(rest, people(buddy_list), buddy_list, ": "));
    all.extend(names(rest, groups(buddy_list), buddy_list, ": "));
    (start, all)
}

fn file_pairs(typed: &str) -> Vec<Pair> {
    let pair = |path: String| Pair {
        display: path.clone(),
        replacement: path,
    };
    files::paths(typed).into_iter().map(pair).collect()
}

/// Somebody, or a group, with the names that can be typed.
type Named<'a> = (Uid, &'a str, &'a str);

fn people(buddy_list: &BuddyList) -> Vec<Named<'_>> {
    let all = buddy_list.sorted().into_iter();
    all.map(|buddy| (buddy.uid, buddy.name.as_str(), buddy.first_name.as_str()))
        .collect()
}

fn groups(buddy_list: &BuddyList) -> Vec<Named<'_>> {
    let all = buddy_list.groups.sorted().into_iter();
    all.map(|group| (group.gid, group.name.as_str(), ""))
        .collect()
}

fn names(typed: &str, all: Vec<Named<'_>>, buddy_list: &BuddyList, after: &str) -> Vec<Pair> {
    let typed = typed.to_lowercase();
    let fits = |(_, name, first): &Named<'_>| {
        name.to_lowercase().starts_with(&typed) || first.to_lowercase().starts_with(&typed)
    };
    let fits = all.into_iter().filter(fits);
    fits.map(|(uid, name, _)| pair(uid, name, buddy_list, after))
        .collect()
}

fn pair(uid: Uid, name: &str, buddy_list: &BuddyList, after: &str) -> Pair {
    // A name that two have, or one with a colon in it, is replaced by the number.
    if buddy_list.find(name, Match::Whole) == Ok(uid) && !name.contains(':') {
        Pair {
            display: name.to_owned(),
            replacement: format!("{name}{after}"),
        }
    } else {
        Pair {
            display: format!("{name} ({uid})"),
            replacement: format!("{uid}{}", after.trim_start_matches(':')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buddy_list::tests::{buddy, buddy_list, with_groups};
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
    fn groups_are_completed_like_people() {
        let completed = |typed: &str| {
            let (_, pairs) = complete(typed, &with_groups());
            let names = pairs.into_iter().map(|pair| pair.replacement);
            names.collect::<Vec<_>>()
        };
        assert_eq!(completed("lu"), ["Lunch: "]);
        assert_eq!(
            completed("bob"),
            ["Bob Example: ", "Bobby Tables: ", "Bob's party: "]
        );
        // This group has the first name of a buddy.
        assert_eq!(completed("é"), ["Émile Zola: ", "1000000002 "]);
        assert_eq!(completed("/leave bo"), ["Bob's party"]);
        assert_eq!(completed("/block bo"), ["Bob Example", "Bobby Tables"]);
        assert_eq!(completed("/m"), ["/me", "/members", "/mute"]);
    }

    #[test]
    fn twins_are_told_apart_by_number() {
        assert_eq!(completed("zoe").1, ["1010 ", "1011 "]);
    }
}
